"""The sizes of a model, and helpers to read them from the names and shapes of a checkpoint's tensors."""

from __future__ import annotations

from dataclasses import dataclass

from goosequill.errors import FileFormatError, SettingsError
from goosequill.weights.source import TensorSource

GROUP_NORM_EPS = 64e-5
"""What BlinkDL's code uses for versions 5, 6 and 7 (rwkv.cpp has 1e-5 for version 5)."""

STATE_METADATA = "goosequill.state"
"""Metadata of the files in which Goosequill saves a model's state."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a model.

    Attributes
    ----------
    version
        RWKV version: "4", "5.0", "5.1", "5.2", "6", "7" or "7a".
    layers, width, ffn_width, vocab_size
        Number of blocks, C, F and V.
    heads, head_size
        H and S; C = H S (version 4 has no heads: H = 1, S = C).
    parameters
        Number of weights in memory. RWKV-7a's file also has tables, of which only rows are read.
    group_norm_eps
        Added to the variance of each head.
    """

    version: str
    layers: int
    width: int
    ffn_width: int
    vocab_size: int
    heads: int
    head_size: int
    parameters: int
    group_norm_eps: float = GROUP_NORM_EPS


def check_eps(value: object) -> float:
    """Return a value for `group_norm_eps`, from the user or from config.json.

    Raises
    ------
    SettingsError
        ``setting-range``: it is not a number above 0 and at most 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise SettingsError(
            f"group_norm_eps is {str(value)[:40]}, but must be above 0 and at most 1.",
            code="setting-range",
            remedy="Leave it out, or use 64e-5, as in BlinkDL's code.",
        )
    return float(value)


def has_tensor(tensors: TensorSource, part: str) -> bool:
    """Return whether the name of any tensor contains this part."""
    return any(part in name for name in tensors.names())


def required_shape(tensors: TensorSource, name: str) -> tuple[int, ...]:
    """Return the shape of a tensor that must exist and have at least one axis.

    Raises
    ------
    FileFormatError
        If it does not.
    """
    if name not in tensors.names() or not tensors.shape(name):
        raise not_a_model(name)
    return tensors.shape(name)


def not_a_model(missing: str) -> FileFormatError:
    """Return the error for a file without this tensor."""
    return FileFormatError(
        f"This file does not contain an RWKV model: the tensor {missing!r} is missing.",
        code="not-a-model",
        remedy="Choose a file of RWKV weights (.pth, .safetensors, .gguf, .prefab or .bin).",
    )
