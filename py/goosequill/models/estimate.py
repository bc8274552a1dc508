"""Estimates how much memory a model needs, from names and shapes, before its weights are read."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from goosequill.kernels import NumpyKernel, SimdKernel
from goosequill.models.detect import detect_config
from goosequill.models.versions import VERSIONS
from goosequill.weights.packing import sketched, whole_panels
from goosequill.weights.quantize import GROUP, bits_for, is_row_table
from goosequill.weights.rows import CACHE
from goosequill.weights.source import TensorSource

WORKING = 64_000_000
"""Bytes in addition to the weights: intermediate results, states, a piece of the file."""

_STORED_BITS: dict[str, Literal[8, 4]] = {"int8": 8, "int4": 4}


@dataclass(frozen=True)
class Memory:
    """Bytes that a model needs.

    Attributes
    ----------
    weights
        For the loaded model.
    largest
        For its largest tensor in float32, which is in memory too while it is converted.
    rows
        For the rows that are kept of tables which remain in their file.
    """

    weights: int
    largest: int
    rows: int = 0

    @property
    def peak(self) -> int:
        """The peak while loading."""
        return self.weights + self.largest + self.rows + WORKING


def estimate(
    tensors: TensorSource, *, quantize: Literal[8, 4] | None = None, keeps_bits: bool = True
) -> Memory:
    """Estimate the memory that `load_model` needs.

    Parameters
    ----------
    quantize
        As for `load_model`.
    keeps_bits
        Whether the kernel computes on quantized weights, as the SIMD kernels do; the numpy kernel converts
        every matrix to float32.

    Raises
    ------
    UnsupportedModelError, FileFormatError
        If the tensors are not those of a supported model.
    """
    low_rank = VERSIONS[detect_config(tensors).version].low_rank
    quantized = quantize or any(tensors.dtype(name) in _STORED_BITS for name in tensors.names())
    chunk = (SimdKernel if keeps_bits else NumpyKernel).chunk_size
    weights = largest = tables = 0
    for name in tensors.names():
        shape = tensors.shape(name)
        if is_row_table(name):  # in memory are the rows of the tokens that are read now, and a cache
            weights += 4 * chunk * (shape[-1] if shape else 1)
            tables += prod(shape) * 2
            continue
        full = 4 * prod(shape)
        bits = stored_bits(name, shape, tensors.dtype(name), quantize) if keeps_bits else None
        if keeps_bits and quantized and len(shape) == 2 and name.rpartition(".")[2] in low_rank:
            bits, shape = 8, shape[::-1]
        weights += full if bits is None else quantized_bytes(shape, bits)
        if bits and name == "head.weight" and sketched(shape, bits):
            weights += quantized_bytes(shape, 4) + 8 * shape[0]
        largest = max(largest, full)
    return Memory(weights, largest, min(tables, CACHE))


def stored_bits(
    name: str, shape: tuple[int, ...], dtype: str, quantize: Literal[8, 4] | None
) -> Literal[8, 4] | None:
    """Return the bits per weight of a tensor in memory; None for float32."""
    if dtype in _STORED_BITS or quantize is None:
        return _STORED_BITS.get(dtype)
    return bits_for(name, shape, quantize)


def quantized_bytes(shape: tuple[int, ...], bits: Literal[8, 4]) -> int:
    """Return the bytes of values and scales, including the padding of the last panel."""
    rows, columns = whole_panels(shape[0]), shape[1]
    return rows * columns + 4 * rows if bits == 8 else rows * columns // 2 + 2 * rows * (columns // GROUP)
