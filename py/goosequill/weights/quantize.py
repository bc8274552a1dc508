"""Weights in 8 or 4 bits: a token costs one pass over them, so fewer bytes are more speed.

8 bits: one scale a row. 4 bits: one scale for every group of 64 columns. Both are symmetric
(no zero point) and round to the nearest value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

GROUP = 64
"""Columns that share a scale in 4 bits."""


@dataclass(frozen=True)
class QuantizedMatrix:
    """Weights [out, in] in few bits.

    Attributes
    ----------
    bits
        8 or 4.
    values
        8 bits: int8 [out, in]. 4 bits: uint8 [out, in / 2]; a byte holds two columns, the even
        one in its low half, each stored as q + 8 with q from -7 to 7.
    scales
        float32. 8 bits: [out]. 4 bits: [out, in / 64].
    """

    bits: Literal[8, 4]
    values: NDArray[Any]
    scales: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in) of the weights that this stands for."""
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

    def dequantize(self) -> NDArray[np.float32]:
        """Return the weights that this stands for, float32 [out, in]."""
        if self.bits == 8:
            return self.values.astype(np.float32) * self.scales[:, None]
        rows, columns = self.shape
        halves = np.stack([self.values & 15, self.values >> 4], axis=-1).astype(np.float32) - 8
        return (halves.reshape(rows, -1, GROUP) * self.scales[:, :, None]).reshape(rows, columns)


def can_quantize(shape: tuple[int, ...], bits: int) -> bool:
    """Whether weights of this shape have a form in `bits` bits (4 bits need whole groups)."""
    return len(shape) == 2 and (bits == 8 or shape[1] % GROUP == 0)


def quantize(weights: NDArray[np.float32], bits: Literal[8, 4]) -> QuantizedMatrix:
    """Round weights [out, in] to 8 bits a row or 4 bits a group of 64 columns.

    Raises
    ------
    ValueError
        If 4 bits are asked for and the columns are no multiple of 64.
    """
    rows, columns = weights.shape
    if not can_quantize(weights.shape, bits):
        raise ValueError(f"4 bits need a multiple of {GROUP} columns, not {columns}")
    groups = weights.reshape(rows, -1, GROUP if bits == 4 else columns)
    limit = 2 ** (bits - 1) - 1
    scales = (np.abs(groups).max(axis=-1) / np.float32(limit)).astype(np.float32)
    if bits == 4:  # Files keep these in 16 bits; rounding first makes the file exact.
        scales = scales.astype(np.float16).astype(np.float32)
    steps = np.where(scales > 0, scales, np.float32(1))[:, :, None]
    rounded = np.clip(np.rint(groups / steps), -limit, limit).reshape(rows, columns)
    if bits == 8:
        return QuantizedMatrix(8, rounded.astype(np.int8), scales[:, 0])
    stored = (rounded + 8).astype(np.uint8)
    return QuantizedMatrix(4, stored[:, 0::2] | (stored[:, 1::2] << 4), scales)
