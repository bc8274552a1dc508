"""Packs quantized matrices in the order in which the SIMD kernel reads them, so that loading one is a copy.

Each matrix has a layout by name, and can be unpacked into rows again, so that every kernel can read
files in any layout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.quantize import GROUP, QuantizedMatrix

VERSION = 3
"""Incremented when a layout is added or a matrix gets another one; readers refuse later versions."""

PANELS = "panels16"
"""Name of the layout `Panels`."""
GROUPS = "groups16"
"""Name of the layout `Groups`."""
PANEL = 16
"""Rows in a panel."""
SKETCHED = 1 << 14
"""Rows from which a head has a sketch; with fewer, a sketch is no faster."""


@dataclass(frozen=True)
class PackedMatrix(QuantizedMatrix):
    """A quantized matrix whose values and scales are flat, in a layout.

    Attributes
    ----------
    layout
        A name in `LAYOUTS`.
    size
        (out, in) of the weights.
    """

    layout: str
    size: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        return self.size

    def by_rows(self) -> QuantizedMatrix:
        return LAYOUTS[self.layout].unpack(self)


class Layout(Protocol):
    """An order of the bytes of a matrix."""

    bits: Literal[8, 4]
    """Of the matrices in this layout."""
    multiple: int
    """A matrix can be split after any multiple of this number of rows."""

    def lengths(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return (bytes of the values, number of the scales that are stored separately) of a matrix."""

    def pack(self, matrix: QuantizedMatrix) -> PackedMatrix:
        """Pack a matrix."""

    def unpack(self, matrix: PackedMatrix) -> QuantizedMatrix:
        """Return the matrix by rows."""

    def inner_scales(self, matrix: PackedMatrix) -> NDArray[np.float16]:
        """Return the scales that lie among the values, flat; none if they are stored separately."""


class Panels:
    """8 bits in panels of 16 rows, the last padded with zero bytes.

    A panel has, for each pair of columns: four bytes of rows 4 and 0, of 5 and 1, of 6 and 2, of 7 and 3, of
    12 and 8, ... of 15 and 11. Of the four, two belong to each column: the former row's weight plus 128, then
    the latter row's. An odd number of columns is padded with zero weights. There is one float32 scale per
    row.
    """

    bits: Literal[8, 4] = 8
    multiple = PANEL

    def lengths(self, shape: tuple[int, int]) -> tuple[int, int]:
        rows, columns = shape
        padded = whole_panels(rows)
        return padded * (columns + columns % 2), padded

    def pack(self, matrix: QuantizedMatrix) -> PackedMatrix:
        rows, columns = matrix.shape
        whole = np.zeros((whole_panels(rows), (columns + columns % 2)), np.int8)
        whole[:rows, :columns] = matrix.values
        whole[:rows] ^= _offsets(rows)
        # [panels, two eights of rows, their upper and lower four, four rows, pairs, two columns]
        parts = whole.reshape(len(whole) // PANEL, 2, 2, 4, -1, 2)
        panels = parts[:, :, ::-1].transpose(0, 4, 1, 3, 5, 2)
        return PackedMatrix(8, panels.reshape(-1), pad_scales(matrix.scales), PANELS, (rows, columns))

    def unpack(self, matrix: PackedMatrix) -> QuantizedMatrix:
        rows, columns = matrix.shape
        panels = matrix.values.reshape(whole_panels(rows) // PANEL, -1, 2, 4, 2, 2)
        whole = panels.transpose(0, 2, 5, 3, 1, 4)[:, :, ::-1].reshape(whole_panels(rows), -1)
        return QuantizedMatrix(8, whole[:rows, :columns] ^ _offsets(rows), matrix.scales[:rows])

    def inner_scales(self, matrix: PackedMatrix) -> NDArray[np.float16]:
        return np.empty(0, np.float16)


class Groups:
    """4 bits in panels of 16 rows, the last padded with zeros; each group of columns follows its scales.

    A panel has, for each group of 64 columns: the scales of the 16 rows in 16 bits; then, for each 8 columns,
    four bytes of row 0, ... four bytes of row 15, where byte j has column j in its low half and column 4 + j
    in its high half, each as q + 8.
    """

    bits: Literal[8, 4] = 4
    multiple = PANEL

    def lengths(self, shape: tuple[int, int]) -> tuple[int, int]:
        rows, columns = shape
        return whole_panels(rows) * (columns // GROUP) * (GROUP // 2 + 2), 0

    def pack(self, matrix: QuantizedMatrix) -> PackedMatrix:
        rows, columns = matrix.shape
        padded, groups = whole_panels(rows), columns // GROUP
        values = np.zeros((padded, columns // 2), np.uint8)
        values[:rows] = _pair(_halves(matrix.values))
        # [panels, groups, eights of columns, rows, 4 bytes]
        panels = values.reshape(-1, PANEL, groups, GROUP // 8, 4).transpose(0, 2, 3, 1, 4)
        scales = np.zeros((padded, groups), "<f2")
        scales[:rows] = half_scales(matrix.scales)
        first = scales.reshape(-1, PANEL, groups).swapaxes(1, 2)  # [panels, groups, rows]
        parts = (np.ascontiguousarray(first).view(np.uint8), panels.reshape(*first.shape[:2], -1))
        packed = np.concatenate(parts, axis=2).reshape(-1)
        return PackedMatrix(4, packed, np.empty(0, np.float32), GROUPS, (rows, columns))

    def unpack(self, matrix: PackedMatrix) -> QuantizedMatrix:
        rows, columns = matrix.shape
        groups = columns // GROUP
        scales = self.inner_scales(matrix).reshape(-1, groups, PANEL).swapaxes(1, 2)
        whole = matrix.values.reshape(-1, groups, PANEL * (GROUP // 2 + 2))
        panels = whole[..., 2 * PANEL :].reshape(-1, groups, GROUP // 8, PANEL, 4)
        values = panels.transpose(0, 3, 1, 2, 4).reshape(-1, columns // 2)[:rows]
        flat = scales.reshape(-1, groups)[:rows].astype(np.float32)
        return QuantizedMatrix(4, _unhalve(_unpair(values)), flat)

    def inner_scales(self, matrix: PackedMatrix) -> NDArray[np.float16]:
        # As records: numpy copies those three times as fast as rows of bytes.
        group = np.dtype([("scales", f"V{2 * PANEL}"), ("values", f"V{PANEL * GROUP // 2}")])
        return np.ascontiguousarray(matrix.values.view(group)["scales"]).view("<f2")


LAYOUTS: Mapping[str, Layout] = {PANELS: Panels(), GROUPS: Groups()}


def pad_scales(scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pad scales with zeros for the padding rows of the last panel."""
    whole = np.zeros(whole_panels(len(scales)), np.float32)
    whole[: len(scales)] = scales
    return whole


def half_scales(scales: NDArray[np.float32]) -> NDArray[np.float16]:
    """Return the scales of groups in 16 bits, which is exact."""
    return np.ascontiguousarray(scales, np.float16)


def _offsets(rows: int) -> NDArray[np.int8]:
    """128, as a signed byte, for the rows that are stored with an offset in `Panels`; [rows, 1]."""
    return np.where(np.arange(rows) // 4 % 2, np.int8(-128), np.int8(0))[:, None]


def layout_for(name: str, bits: Literal[8, 4] | None) -> str | None:
    """The layout that the SIMD kernel uses for a tensor with these bits; None for rows.

    The embedding is read by rows, and so may be a head in 8 bits (see `sketched`).
    """
    if bits is None or name == "emb.weight" or (name == "head.weight" and bits == 8):
        return None
    return PANELS if bits == 8 else GROUPS


def sketched(shape: tuple[int, ...], bits: int) -> bool:
    """Whether the SIMD kernel makes a sketch of a head: if it has 8 bits and is large enough."""
    return bits == 8 and len(shape) == 2 and shape[0] >= SKETCHED and shape[1] % GROUP == 0


def whole_panels(rows: int) -> int:
    """Round a number of rows up to whole panels."""
    return -(-rows // PANEL) * PANEL


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
