"""How much memory a model will take, told from names and shapes before its weights are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import prod
from typing import Literal

from goosequill.errors import LoadError
from goosequill.models.config import detect_config
from goosequill.weights.formats.packed import sketched, whole_panels
from goosequill.weights.quantize import GROUP, bits_for
from goosequill.weights.source import TensorSource

WORKING = 64_000_000
"""Bytes besides the weights: intermediate results, states, a stretch of the file."""

_LOW_RANK = re.compile(r"\.att\.([wavg]|time_decay_w)[12]$")
"""Names of the factors that a rounded model holds transposed and in 8 bits."""

_STORED_BITS: dict[str, Literal[8, 4]] = {"int8": 8, "int4": 4}


@dataclass(frozen=True)
class Memory:
    """Bytes that a model needs.

    Attributes
    ----------
    weights
        Of the loaded model.
    largest
        Of its largest tensor in float32, which is held besides while it is turned into its form.
    """

    weights: int
    largest: int

    @property
    def peak(self) -> int:
        """The most that is needed at any moment."""
        return self.weights + self.largest + WORKING


def estimate(
    tensors: TensorSource, *, quantize: Literal[8, 4] | None = None, keeps_bits: bool = True
) -> Memory:
    """Memory that `load_model` will take.

    Parameters
    ----------
    quantize
        As for `load_model`.
    keeps_bits
        Whether the kernel computes on few bits, as the SIMD kernels do; the numpy kernel turns
        every matrix into float32.

    Raises
    ------
    UnsupportedModelError, FileFormatError
        If the tensors are not those of a model that runs here.
    """
    detect_config(tensors)
    few = quantize or any(tensors.dtype(name) in _STORED_BITS for name in tensors.names())
    rounded = keeps_bits and few
    weights = largest = 0
    for name in tensors.names():
        shape = tensors.shape(name)
        full = 4 * prod(shape)
        bits = stored_bits(name, shape, tensors.dtype(name), quantize) if keeps_bits else None
        if rounded and _LOW_RANK.search(name):
            bits, shape = 8, shape[::-1]
        weights += full if bits is None else quantized_bytes(shape, bits)
        if bits and name == "head.weight" and sketched(shape, bits):
            weights += prod(shape) // 2
        largest = max(largest, full)
    return Memory(weights, largest)


def require_memory(memory: Memory, available: int) -> None:
    """Refuse a model that will not fit.

    Raises
    ------
    LoadError
        ``model-too-large``, with the figures.
    """
    if memory.peak > available:
        raise LoadError(
            f"This model needs {memory.peak / 1e6:,.0f} MB of memory ({memory.weights / 1e6:,.0f} MB for its "
            f"weights, the rest while loading), but {available / 1e6:,.0f} MB are available.",
            code="model-too-large",
        )


def stored_bits(
    name: str, shape: tuple[int, ...], dtype: str, quantize: Literal[8, 4] | None
) -> Literal[8, 4] | None:
    """Bits in which a tensor will be held; None for float32."""
    if dtype in _STORED_BITS or quantize is None:
        return _STORED_BITS.get(dtype)
    return bits_for(name, shape, quantize)


def quantized_bytes(shape: tuple[int, ...], bits: Literal[8, 4]) -> int:
    """Bytes of values and scales, the last panel's missing rows among them."""
    rows, columns = whole_panels(shape[0]), shape[1]
    return rows * columns + 4 * rows if bits == 8 else rows * columns // 2 + 2 * rows * (columns // GROUP)
