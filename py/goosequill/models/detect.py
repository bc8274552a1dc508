"""Detects the RWKV version and the sizes of a checkpoint from the names and shapes of its tensors.

No file format states the version reliably, but each version has parameters that no other has.
`Model.identify` of the classes in `versions.MODELS` looks for them.
"""

from __future__ import annotations

import re
from math import prod

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.models.config import GROUP_NORM_EPS, STATE_METADATA, ModelConfig, not_a_model
from goosequill.models.versions import MODELS
from goosequill.weights.source import TensorSource

_UNSUPPORTED = (
    (r"ffn\.s_emb", "an RWKV-7a model"),
    (r"blocks\.\d+\.qkv", "an RWKV-7b model"),
    (r"ffn\.enn", "an RWKV-8 model"),
    (r"^_strategy$", "a file converted by the rwkv package"),
    (r"\.weight_(mx|rx|my|ry)$", "a file in the rwkv package's own int8"),
)
"""A pattern that only this variant's tensor names match, and its name."""


def detect_config(tensors: TensorSource, *, group_norm_eps: float = GROUP_NORM_EPS) -> ModelConfig:
    """Read version and sizes from the names and shapes of a checkpoint.

    Raises
    ------
    UnsupportedModelError
        For RWKV variants that are not supported, by name.
    FileFormatError
        If the tensors are not those of an RWKV model.
    """
    names = set(tensors.names())
    _refuse_unsupported(names)
    _refuse_states(names, tensors)
    for required in ("emb.weight", "blocks.0.ln1.weight", "blocks.0.ffn.key.weight", "head.weight"):
        if required not in names:
            raise not_a_model(required)
    if len(tensors.shape("emb.weight")) != 2 or len(tensors.shape("blocks.0.ffn.key.weight")) != 2:
        raise not_a_model("emb.weight (as a matrix)")
    version, heads = _identify(tensors)
    vocab_size, width = tensors.shape("emb.weight")
    ffn_width = tensors.shape("blocks.0.ffn.key.weight")[0]
    if min(vocab_size, width, ffn_width, heads) < 1 or width % heads:
        raise FileFormatError(
            f"This model is invalid: width {width}, channel mix {ffn_width}, vocabulary {vocab_size} and "
            f"{heads} heads do not fit together.",
            code="not-a-model",
            remedy="Download it again.",
        )
    blocks = [int(match[1]) for name in names if (match := re.match(r"blocks\.(\d{1,6})\.", name))]
    return ModelConfig(
        version=version,
        layers=max(blocks) + 1,
        width=width,
        ffn_width=ffn_width,
        vocab_size=vocab_size,
        heads=heads,
        head_size=width // heads,
        parameters=sum(prod(tensors.shape(name)) for name in names),
        group_norm_eps=group_norm_eps,
    )


def _identify(tensors: TensorSource) -> tuple[str, int]:
    """Return the version and the number of heads, from the first class that recognizes the checkpoint."""
    return next(found for model in MODELS if (found := model.identify(tensors)))


def _refuse_unsupported(names: set[str]) -> None:
    for pattern, variant in _UNSUPPORTED:
        for name in names:
            if re.search(pattern, name):
                raise UnsupportedModelError(
                    f"This is {variant} (it contains {name!r}), which Goosequill does not support.",
                    code="unsupported-variant",
                )


def _refuse_states(names: set[str], tensors: TensorSource) -> None:
    tuned = any(name.endswith(".att.time_state") for name in names)
    if "emb.weight" not in names and (tuned or STATE_METADATA in tensors.metadata):
        raise UnsupportedModelError(
            "This file contains a state, not a model.",
            code="not-a-model",
            remedy="Load the model that it belongs to, then choose this file in the chat to resume from it.",
        )
