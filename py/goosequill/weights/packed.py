"""Rounded matrices in the order in which a kernel reads them, so that loading one is reading its bytes.

A layout is known by its name, matrix by matrix. Each can be taken apart again into rows, so that a
file in any layout is read by every kernel; the SIMD kernel computes on ``panels8`` as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.quantize import GROUP, QuantizedMatrix

VERSION = 1
"""Raised when a layout is added or a matrix gets another one; readers know all of this and below."""

PANELS = "panels8"
"""Name of the layout `Panels`."""
PANEL = 8
"""Rows of a panel."""


@dataclass(frozen=True)
class PackedMatrix(QuantizedMatrix):
    """A rounded matrix whose values and scales lie, flat, in a layout.

    Attributes
    ----------
    layout
        A name in `LAYOUTS`.
    size
        (out, in) of the weights that this stands for.
    """

    layout: str
    size: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        return self.size

    def by_rows(self) -> QuantizedMatrix:
        return LAYOUTS[self.layout].unpack(self)


class Layout(Protocol):
    """An order of a matrix's bytes."""

    multiple: int
    """Where a matrix may be cut into parts that are laid out by themselves: after so many rows."""

    def lengths(self, shape: tuple[int, int], bits: Literal[8, 4]) -> tuple[int, int]:
        """(bytes of the values, number of the scales) of a matrix."""

    def pack(self, matrix: QuantizedMatrix) -> PackedMatrix:
        """Lay out a matrix."""

    def unpack(self, matrix: PackedMatrix) -> QuantizedMatrix:
        """The same matrix, row by row."""


class Panels:
    """Panels of 8 rows, the last filled up with zeros.

    A panel is, with 8 bits: columns 0 and 1 of row 0, of row 1, ... of row 7, then columns 2 and 3;
    an odd number of columns is filled up with zeros. 4 bits: four bytes of row 0, ... four bytes of
    row 7, where byte j holds column j in its low half and column 4 + j in its high half, each as
    q + 8; then the next 8 columns. Scales are float32: those of 8 rows, for 4 bits those of the first
    group and then of the next.
    """

    multiple = PANEL

    def lengths(self, shape: tuple[int, int], bits: Literal[8, 4]) -> tuple[int, int]:
        rows, columns = shape
        padded = _up(rows, PANEL)
        if bits == 8:
            return padded * _up(columns, 2), padded
        return padded * columns // 2, padded * (columns // GROUP)

    def pack(self, matrix: QuantizedMatrix) -> PackedMatrix:
        rows, columns = matrix.shape
        run = 2 if matrix.bits == 8 else 4  # bytes of a row that lie together
        values = matrix.values if matrix.bits == 8 else _pair(_halves(matrix.values))
        whole = np.zeros((_up(rows, PANEL), _up(values.shape[1], run)), values.dtype)
        whole[:rows, : values.shape[1]] = values
        panels = whole.reshape(len(whole) // PANEL, PANEL, -1, run).swapaxes(1, 2)  # [panels, runs, 8, run]
        scales = pack_scales(matrix.scales, rows)
        return PackedMatrix(matrix.bits, panels.reshape(-1), scales, PANELS, (rows, columns))

    def unpack(self, matrix: PackedMatrix) -> QuantizedMatrix:
        rows, columns = matrix.shape
        panels, run = _up(rows, PANEL) // PANEL, 2 if matrix.bits == 8 else 4
        whole = matrix.values.reshape(panels, -1, PANEL, run).swapaxes(1, 2).reshape(panels * PANEL, -1)
        scales = matrix.scales.reshape(panels, -1, PANEL).swapaxes(1, 2).reshape(panels * PANEL, -1)[:rows]
        if matrix.bits == 8:
            return QuantizedMatrix(8, np.ascontiguousarray(whole[:rows, :columns]), scales.reshape(rows))
        return QuantizedMatrix(4, _unhalve(_unpair(whole[:rows])), np.ascontiguousarray(scales))


LAYOUTS: Mapping[str, Layout] = {PANELS: Panels()}


def pack_scales(scales: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """The scales of a matrix of so many rows, [rows] or [rows, groups], in panels, flat."""
    whole = np.zeros((_up(rows, PANEL), scales.size // rows), np.float32)
    whole[:rows] = scales.reshape(rows, -1)
    return whole.reshape(len(whole) // PANEL, PANEL, -1).swapaxes(1, 2).reshape(-1)


def layout_for(name: str, bits: Literal[8, 4] | None) -> str | None:
    """The layout in which the SIMD kernel holds a tensor that has so many bits; None: row by row.

    The embedding is looked up row by row, and what is not rounded stays as it is.
    """
    return None if bits is None or name == "emb.weight" else PANELS


def _up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _halves(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[rows, n] bytes of two columns each -> [rows, 2 n] columns."""
    columns = np.empty((len(values), 2 * values.shape[1]), np.uint8)
    columns[:, 0::2] = values & np.uint8(15)
    columns[:, 1::2] = values >> np.uint8(4)
    return columns


def _unhalve(columns: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return columns[:, 0::2] | (columns[:, 1::2] << np.uint8(4))


def _pair(columns: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[rows, 8 n] columns -> [rows, 4 n] bytes: columns j and 4 + j of every eight in one."""
    eights = columns.reshape(len(columns), -1, 8)
    return (eights[..., :4] | (eights[..., 4:] << np.uint8(4))).reshape(len(columns), -1)


def _unpair(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    fours = values.reshape(len(values), -1, 4)
    return np.concatenate([fours & np.uint8(15), fours >> np.uint8(4)], axis=2).reshape(len(values), -1)
