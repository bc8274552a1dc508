"""Which RWKV a checkpoint holds, and how large it is, read from names and shapes alone.

No file says its version reliably, but each version added parameters that no other has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.weights.source import TensorSource

Version = Literal["4", "5.0", "5.1", "5.2", "6", "7"]

GROUP_NORM_EPS = 64e-5
"""What BlinkDL's code uses for versions 5, 6 and 7 (rwkv.cpp has 1e-5 for version 5)."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a model.

    Attributes
    ----------
    version
        RWKV version.
    layers, width, ffn_width, vocab_size
        Number of blocks, C, F and V.
    heads, head_size
        H and S; C = H S (version 4 has no heads: H = 1, S = C).
    parameters
        Number of weights in the file.
    group_norm_eps
        Added to the variance of each head.
    """

    version: Version
    layers: int
    width: int
    ffn_width: int
    vocab_size: int
    heads: int
    head_size: int
    parameters: int
    group_norm_eps: float = GROUP_NORM_EPS


def _refuse(variant: str, sign: str) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"This is {variant} (it holds {sign}), which Goosequill does not run.",
        code="unsupported-variant",
        remedy="Use a release of RWKV 4, 5, 6 or 7 as its author published it.",
    )


_UNSUPPORTED = (
    (r"ffn\.s_emb", "an RWKV-7a model"),
    (r"blocks\.\d+\.qkv", "an RWKV-7b model"),
    (r"ffn\.enn", "an RWKV-8 model"),
    (r"^_strategy$", "a file converted by the rwkv package"),
    (r"\.weight_(mx|rx|my|ry)$", "a file in the rwkv package's own int8"),
)


STATE_METADATA = "goosequill.state"
"""Metadata of the files in which Goosequill saves a model's state."""


def _is_state(names: set[str]) -> bool:
    return any(name.endswith(".att.time_state") for name in names)


def _detect_version(names: set[str], tensors: TensorSource) -> Version:
    def has(part: str) -> bool:
        return any(part in name for name in names)

    if has("att.r_k"):
        return "7"
    if has("time_maa"):
        return "6"
    if has("att.ln_x"):
        decay = _shape(tensors, "blocks.0.att.time_decay")
        if len(decay) > 1 and decay[1] > 1:
            return "5.2"
        return "5.1" if has("att.gate.weight") else "5.0"
    return "4"


def _shape(tensors: TensorSource, name: str) -> tuple[int, ...]:
    """The shape of a tensor that must be there, and have at least one axis."""
    if name not in tensors.names() or not tensors.shape(name):
        raise _missing(name)
    return tensors.shape(name)


def _heads(version: Version, tensors: TensorSource) -> int:
    if version == "4":
        return 1
    if version == "7":
        return _shape(tensors, "blocks.0.att.r_k")[0]
    if version in ("5.0", "5.1"):
        return _shape(tensors, "blocks.0.att.time_decay")[0]
    older = "blocks.0.att.time_first" in tensors.names()
    return _shape(tensors, f"blocks.0.att.{'time_first' if older else 'time_faaaa'}")[0]


def _missing(name: str) -> FileFormatError:
    return FileFormatError(
        f"This file holds no RWKV model: the tensor {name!r} is missing.",
        code="not-a-model",
        remedy="Choose a file of RWKV weights (.pth, .safetensors, .gguf or .bin).",
    )


def detect_config(tensors: TensorSource, *, group_norm_eps: float = GROUP_NORM_EPS) -> ModelConfig:
    """Read version and sizes from the names and shapes of a checkpoint.

    Raises
    ------
    UnsupportedModelError
        For RWKV variants that are not run here, by name.
    FileFormatError
        If the tensors are not those of an RWKV model.
    """
    names = set(tensors.names())
    for pattern, variant in _UNSUPPORTED:
        for name in names:
            if re.search(pattern, name):
                raise _refuse(variant, f"the tensor {name!r}")
    if "emb.weight" not in names and (_is_state(names) or STATE_METADATA in tensors.metadata):
        raise UnsupportedModelError(
            "This file holds a state, not a model.",
            code="not-a-model",
            remedy="Load the model that it belongs to, then choose this file in the chat, to go on from it.",
        )
    for required in ("emb.weight", "blocks.0.ln1.weight", "blocks.0.ffn.key.weight", "head.weight"):
        if required not in names:
            raise _missing(required)
    if len(tensors.shape("emb.weight")) != 2 or len(tensors.shape("blocks.0.ffn.key.weight")) != 2:
        raise _missing("emb.weight (as a matrix)")
    version = _detect_version(names, tensors)
    vocab_size, width = tensors.shape("emb.weight")
    heads, ffn_width = _heads(version, tensors), tensors.shape("blocks.0.ffn.key.weight")[0]
    if min(vocab_size, width, ffn_width, heads) < 1 or width % heads:
        raise FileFormatError(
            f"This model is unsound: width {width}, channel mix {ffn_width}, vocabulary {vocab_size} and "
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
        parameters=sum(_size(tensors.shape(name)) for name in names),
        group_norm_eps=group_norm_eps,
    )


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size
