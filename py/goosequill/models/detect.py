"""Detects the RWKV version and the sizes of a checkpoint from the names and shapes of its tensors.

No file format states the version reliably, but each version has parameters that no other has.
`Model.identify` of the classes in `versions.MODELS` looks for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.models.config import GROUP_NORM_EPS, STATE_METADATA, ModelConfig, not_a_model
from goosequill.models.versions import MODELS
from goosequill.weights.quantize import is_row_table
from goosequill.weights.source import TensorSource

_Refusal = Callable[[str], UnsupportedModelError]
_UNSUPPORTED: tuple[tuple[str, _Refusal], ...] = (
    (
        r"blocks\.\d+\.qkv",
        lambda name: UnsupportedModelError(
            f"This is an RWKV-7b model (it contains {name!r}), which is not supported: its attention keeps "
            "the keys and values of every token, so its memory grows with the text.",
            code="unsupported-variant",
        ),
    ),
    (
        r"ffn\.enn",
        lambda name: UnsupportedModelError(
            f"This is an RWKV-8 model (it contains {name!r}), which is not supported: neither a model for "
            "chats nor a file format has been published.",
            code="unsupported-variant",
        ),
    ),
    (
        r"^_strategy$|\.weight_(mx|rx|my|ry)$",
        lambda name: UnsupportedModelError(
            f"This file was converted by the rwkv package (it contains {name!r}), whose own formats are not "
            "supported.",
            code="unsupported-variant",
        ),
    ),
)
"""A pattern that only this variant's tensor names match, and the error for such a name."""


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
    lines = "\n".join(names)  # in which a pattern is looked for once
    _refuse_unsupported(names, lines)
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
            f"This model is invalid: width {width}, channel mix {ffn_width}, vocabulary {vocab_size} "
            f"and {heads} heads are incompatible.",
            code="not-a-model",
            remedy="Download it again.",
        )
    blocks = map(int, re.findall(r"^blocks\.(\d{1,6})\.", lines, re.MULTILINE))
    return ModelConfig(
        version=version,
        layers=max(blocks) + 1,
        width=width,
        ffn_width=ffn_width,
        vocab_size=vocab_size,
        heads=heads,
        head_size=width // heads,
        parameters=count_parameters(tensors),
        group_norm_eps=group_norm_eps,
    )


def count_parameters(tensors: TensorSource) -> int:
    """The number of weights in memory: those of tables that are read by rows do not count."""
    return sum(prod(tensors.shape(name)) for name in tensors.names() if not is_row_table(name))


def _identify(tensors: TensorSource) -> tuple[str, int]:
    """Return the version and the number of heads, from the first class that recognizes the checkpoint."""
    return next(found for model in MODELS if (found := model.identify(tensors)))


def _refuse_unsupported(names: set[str], lines: str) -> None:
    for pattern, refusal in _UNSUPPORTED:
        if re.search(pattern, lines, re.MULTILINE):
            raise refusal(next(name for name in names if re.search(pattern, name, re.MULTILINE)))


def _refuse_states(names: set[str], tensors: TensorSource) -> None:
    tuned = any(name.endswith(".att.time_state") for name in names)
    if "emb.weight" not in names and (tuned or STATE_METADATA in tensors.metadata):
        raise UnsupportedModelError(
            "This file contains a state, not a model.",
            code="not-a-model",
            remedy="Load the model that it belongs to, then choose this file in Chat to resume from it.",
        )
