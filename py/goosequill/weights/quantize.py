"""Quantizes weights to 8 or 4 bits. A token takes one pass over the weights, so fewer bytes are faster.

8 bits: one scale per row. 4 bits: one scale per group of 64 columns. Neither has a zero point, and both
round to nearest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError

GROUP = 64
"""Columns that share a scale with 4 bits."""

CHUNK = 1 << 20
"""Weights that are quantized at a time."""


@dataclass(frozen=True)
class QuantizedMatrix:
    """A quantized matrix [out, in].

    Attributes
    ----------
    bits
        8 or 4.
    values
        8 bits: int8 [out, in]. 4 bits: uint8 [out, in / 2]; a byte contains two columns, the even
        one in its low half, each stored as q + 8 with q from -8 to 7.
    scales
        float32. 8 bits: [out]. 4 bits: [out, in / 64], of either sign, and exact in 16 bits.
    """

    bits: Literal[8, 4]
    values: NDArray[Any]
    scales: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in) of the weights."""
        rows, columns = self.values.shape
        return (rows, columns if self.bits == 8 else 2 * columns)

    @property
    def scales_shape(self) -> tuple[int, ...]:
        """The shape that `scales` must have."""
        rows, columns = self.shape
        return (rows,) if self.bits == 8 else (rows, columns // GROUP)

    @property
    def nbytes(self) -> int:
        """Bytes that values and scales take."""
        return self.values.nbytes + self.scales.nbytes

    def by_rows(self) -> QuantizedMatrix:
        """Return the matrix in the order described here; `packing` has other orders."""
        return self

    def dequantize(self) -> NDArray[np.float32]:
        """Return the weights, float32 [out, in]."""
        matrix = self.by_rows()
        if self.bits == 8:
            return matrix.values.astype(np.float32) * matrix.scales[:, None]
        rows, columns = self.shape
        weights = np.empty((rows, columns), np.float32)
        weights[:, 0::2] = matrix.values & np.uint8(15)
        weights[:, 1::2] = matrix.values >> np.uint8(4)
        weights -= 8
        groups = weights.reshape(rows, -1, GROUP)
        groups *= matrix.scales[:, :, None]
        return weights


def is_row_table(name: str) -> bool:
    """Whether a tensor is a table of which a token needs one row: DeepEmbed's, in RWKV-7a.

    The tables are most of such a model's file. They are never quantized nor in memory as a whole: rows are
    read from the file when they are needed.
    """
    return name.endswith(".ffn.s_emb.weight")


def bits_for(name: str, shape: tuple[int, ...], bits: Literal[8, 4]) -> Literal[8, 4] | None:
    """The bits that a tensor is quantized to if `bits` are asked for; None if it is not quantized.

    Only the large matrices are quantized. The embedding has 8 bits at least, because a token reads only
    one row of it, and so has a matrix whose columns do not fill whole groups.
    """
    if len(shape) != 2 or not name.endswith(".weight") or is_row_table(name):
        return None
    return 8 if name == "emb.weight" or shape[1] % GROUP else bits


def quantize(weights: NDArray[np.float32], bits: Literal[8, 4], name: str = "") -> QuantizedMatrix:
    """Quantize weights [out, in] to 8 bits by row, or 4 bits by group of 64 columns.

    `name` is the tensor's, for errors.

    Raises
    ------
    FileFormatError
        ``tensor-values``: a weight is not finite or, with 4 bits, whose scales have 16, above 524,000.
    ValueError
        With 4 bits, if the number of columns is not a multiple of 64.

    Examples
    --------
    >>> matrix = quantize(np.eye(256, dtype=np.float32), 8)
    >>> matrix.bits
    8
    """
    rows, columns = weights.shape
    matrix = empty_matrix(rows, columns, bits)
    values, scales = matrix.values, matrix.scales
    # In chunks of rows, so that no intermediate result is as large as the matrix.
    for start in range(0, rows, step := max(1, CHUNK // max(1, columns))):
        part = slice(start, start + step)
        with np.errstate(invalid="ignore", over="ignore"):
            values[part], scales[part] = (_quantize_rows if bits == 8 else _quantize_groups)(weights[part])
    if not np.isfinite(scales).all():
        raise not_quantizable(name, bits)
    return matrix


def transpose(
    matrix: QuantizedMatrix, quantize: Callable[[NDArray[np.float32], Literal[8]], QuantizedMatrix]
) -> QuantizedMatrix:
    """Return the transpose of a matrix, in 8 bits; few more than `CHUNK` weights are in float32 at a time."""
    matrix = matrix.by_rows()
    rows, columns = matrix.shape
    found = empty_matrix(columns, rows, 8)
    width = 2 if matrix.bits == 4 else 1  # columns that share a byte
    for start in range(0, columns, step := max(1, CHUNK // max(1, rows) // GROUP) * GROUP):
        values = matrix.values[:, start // width : (start + step) // width]
        scales = matrix.scales[:, start // GROUP : (start + step) // GROUP] if width == 2 else matrix.scales
        weights = QuantizedMatrix(matrix.bits, values, scales).dequantize()
        part = quantize(np.ascontiguousarray(weights.T), 8)
        found.values[start : start + step], found.scales[start : start + step] = part.values, part.scales
    return found


def empty_matrix(rows: int, columns: int, bits: Literal[8, 4]) -> QuantizedMatrix:
    """Return memory for a matrix that is quantized; `quantize` has the errors."""
    if bits == 4 and columns % GROUP:
        raise ValueError(f"4 bits need a multiple of {GROUP} columns, not {columns}")
    values = np.empty((rows, columns), np.int8) if bits == 8 else np.empty((rows, columns // 2), np.uint8)
    return QuantizedMatrix(
        bits, values, np.empty((rows,) if bits == 8 else (rows, columns // GROUP), np.float32)
    )


def not_quantizable(name: str, bits: int) -> FileFormatError:
    """Return the error for a tensor with weights that cannot be quantized."""
    return FileFormatError(
        f"The tensor {name!r} contains values that are not finite, or too large for {bits} bits.",
        code="tensor-values",
    )


def _quantize_rows(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scales = np.abs(weights).max(axis=1, initial=0) / np.float32(127)
    steps = np.where(scales > 0, scales, np.float32(1))[:, None]
    return np.clip(np.rint(weights / steps), -127, 127).astype(np.int8), scales


def _quantize_groups(weights: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    groups = weights.reshape(len(weights), -1, GROUP)
    # The value of largest magnitude becomes -8, whatever its sign: steps are smaller than with -7 to 7.
    low, high = groups.min(axis=2), groups.max(axis=2)
    largest = np.where(-low > high, low, high)
    # Files store these scales in 16 bits; rounding them first makes the files exact.
    scales = (largest / np.float32(-8)).astype(np.float16).astype(np.float32)
    steps = np.where(scales != 0, scales, np.float32(1))[:, :, None]
    stored = (np.clip(np.rint(groups / steps), -8, 7) + 8).astype(np.uint8).reshape(weights.shape)
    return stored[:, 0::2] | (stored[:, 1::2] << np.uint8(4)), scales
