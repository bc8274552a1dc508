"""How the SIMD kernel lays out weights, and in which memory; `goosequill.weights.packing` has the formats.

A matrix is laid out once, when its model is loaded; nothing here is called for a token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import abi
from goosequill.kernels.arena import Arena
from goosequill.kernels.kernel import Floats
from goosequill.kernels.library import Library, address_of
from goosequill.weights.packing import (
    GROUPS,
    LAYOUTS,
    PANEL,
    PANELS,
    PackedMatrix,
    half_scales,
    pad_scales,
    whole_panels,
)
from goosequill.weights.quantize import QuantizedMatrix, empty_matrix, not_quantizable, transpose


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Weights:
    """A matrix and its memory.

    Attributes
    ----------
    layout
        A name in `packed.LAYOUTS`; None for a table, which is stored row by row, and for pairs of rows.
    form
        The number of bits for panels, or one of `abi.FORMS`.
    parts
        The values, in one array or, divided after simd.c's `first_part` of the rows, in two.
    """

    rows: int
    columns: int
    bits: int
    layout: str | None
    form: int
    parts: tuple[NDArray[Any], ...]
    scales: NDArray[np.float32]

    @property
    def address(self) -> int:
        """The address of the values."""
        return address_of(self.parts[0])

    @property
    def gap(self) -> int:
        """The bytes between the two parts, negative if the second one comes first."""
        return address_of(self.parts[-1]) - self.address - self.nbytes + self.parts[-1].nbytes

    @property
    def nbytes(self) -> int:
        """The size of the values in bytes."""
        return sum(part.nbytes for part in self.parts)

    @property
    def scales_address(self) -> int:
        """The address of the scales."""
        return address_of(self.scales)

    @property
    def padded(self) -> int:
        """Rows including those that pad the last panel."""
        return whole_panels(self.rows)


class Layouts:
    """The operations of a kernel on whole matrices.

    Attributes
    ----------
    matrices
        Those in panels, whose rows helper threads can share.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.matrices: WeakSet[Weights] = WeakSet()
        self._arenas = Arena(), Arena()  # for the first parts of matrices, and for the second

    def table(self, weights: Floats | QuantizedMatrix) -> Weights:
        bits, values, scales = parts_of(weights)
        rows, columns = weights.shape
        return Weights(rows, columns, bits, None, bits, (values,), scales)

    def matrix(self, weights: Floats | QuantizedMatrix) -> Weights:
        """Lay out weights [out, in] in panels (`weights.packing`).

        Packed weights are taken over, so that a large matrix is not in memory twice: their values must not be
        used afterwards.

        float32 is in panels too: the 16 rows' first numbers, then their second numbers, and so on.
        """
        matrix = self._in_panels(weights)
        self.matrices.add(matrix)
        return matrix

    def quantize(
        self, weights: NDArray[Any], bits: Literal[8, 4], name: str = "", *, dtype: str = "F32"
    ) -> QuantizedMatrix:
        rows, columns = weights.shape
        found, row = empty_matrix(rows, columns, bits), np.empty(columns, np.float32)
        weights = np.ascontiguousarray(weights)
        addresses = map(address_of, (found.values, found.scales, weights, row))
        finite = self.library.quantize(*addresses, rows, columns, abi.TYPES.index(dtype), bits)
        if not finite or not np.isfinite(found.scales).all():
            raise not_quantizable(name, bits)
        return found

    def pack(self, matrix: QuantizedMatrix, layout: str) -> PackedMatrix:
        bits, values, scales = parts_of(matrix)
        rows, columns = matrix.shape
        out = np.zeros(LAYOUTS[layout].lengths((rows, columns))[0], np.int8 if bits == 8 else np.uint8)
        within = half_scales(scales) if bits == 4 else np.empty(0, np.float16)
        apart = pad_scales(scales) if bits == 8 else np.empty(0, np.float32)
        self.library.pack(address_of(out), address_of(values), address_of(within), rows, columns, bits)
        return PackedMatrix(matrix.bits, out, apart, layout, (rows, columns))

    def _in_panels(self, weights: Floats | QuantizedMatrix) -> Weights:
        if not isinstance(weights, PackedMatrix):
            return self._lay_out(weights)
        rows, columns = weights.shape
        values = weights.values.view(np.int8)
        parts = self._room(rows, len(values))
        if self.library.turned(columns, weights.bits):
            parts = parts or (values if values.flags.writeable else np.empty_like(values),)
            start = 0
            for part in parts:
                self._turn(part, values[start:], columns, weights.bits)
                start += len(part)
        elif parts:
            parts[0][:], parts[1][:] = np.split(values, [len(parts[0])])
        parts = parts or (values,)
        return Weights(rows, columns, weights.bits, weights.layout, weights.bits, parts, weights.scales)

    def _turn(
        self, out: NDArray[np.int8], values: NDArray[np.int8], columns: int, form: int, *, back: bool = False
    ) -> None:
        """Bring a matrix into the order in which it is multiplied, or back (simd/packing.h)."""
        self.library.turn(address_of(out), address_of(values), out.size, columns, form, back)

    def _values(self, matrix: Weights) -> NDArray[Any]:
        """The values of a matrix in the order of files, or as `pack` gives it pairs of rows."""
        values = matrix.parts[0] if len(matrix.parts) == 1 else np.concatenate(matrix.parts)
        if self.library.turned(matrix.columns, matrix.form):
            values, turned = np.empty_like(values), values
            self._turn(values, turned, matrix.columns, matrix.form, back=True)
        return values

    def _lay_out(self, weights: Floats | QuantizedMatrix) -> Weights:
        bits, values, scales = parts_of(weights)
        rows, columns = weights.shape
        layout = GROUPS if bits == 4 else PANELS
        length = (
            4 * whole_panels(rows) * columns if bits == 32 else LAYOUTS[layout].lengths((rows, columns))[0]
        )
        parts = self._room(rows, length) or (np.empty(length, np.int8),)
        within = half_scales(scales) if bits == 4 else np.empty((rows, 0), np.float16)
        apart = pad_scales(scales) if bits == 8 else np.empty(0, np.float32)
        start = 0
        for part in parts:
            part[:] = 0
            end = min(rows, start + len(part) * whole_panels(rows) // length)
            addresses = address_of(part), address_of(values[start:]), address_of(within[start:])
            self.library.pack(*addresses, end - start, columns, bits)
            if self.library.turned(columns, bits):
                self._turn(part, part, columns, bits)
            start = end
        return Weights(rows, columns, bits, layout, bits, parts, apart)

    def _room(self, rows: int, length: int) -> tuple[NDArray[np.int8], ...]:
        """Memory for the parts of a matrix, beside those of the matrix before.

        None for a matrix of a single panel, and for a large one: it is read for so long that the time which
        memory needs where a stream begins hardly counts.
        """
        first = self.library.first_part(rows) * length // whole_panels(rows)
        if not first or length - first > Arena.LARGEST:
            return ()
        return self._arenas[0].take(first), self._arenas[1].take(length - first)

    def transposed(self, matrix: Weights) -> Weights:
        if stored := self.stored(matrix):
            return self.matrix(transpose(stored, self.quantize))
        panels = self._values(matrix).view(np.float32).reshape(-1, matrix.columns, PANEL)
        columns = panels.swapaxes(0, 1).reshape(matrix.columns, -1)  # [in, padded out]
        return self.matrix(np.ascontiguousarray(columns[:, : matrix.rows]))

    def bits(self, matrix: Weights) -> Literal[8, 4] | None:
        return None if matrix.bits == 32 else 8 if matrix.bits == 8 else 4

    def stored(self, matrix: Weights) -> QuantizedMatrix | None:
        bits = self.bits(matrix)
        if bits is None:
            return None
        if matrix.layout is None:
            values, scales = matrix.parts[0], matrix.scales[: matrix.rows]
            if matrix.form == abi.FORMS["pairs"]:
                pairs = self._values(matrix).reshape(
                    -1, matrix.columns, 2
                )  # of lower and upper bytes of 256 a + b + 128
                pairs = np.stack([pairs[..., 1], pairs[..., 0] ^ np.int8(-128)], axis=1)
                values = pairs.reshape(-1, matrix.columns)[: matrix.rows]
            return QuantizedMatrix(bits, values, scales)
        values = self._values(matrix).view(np.int8 if bits == 8 else np.uint8)
        return PackedMatrix(bits, values, matrix.scales, matrix.layout, (matrix.rows, matrix.columns))


def parts_of(weights: Floats | QuantizedMatrix) -> tuple[int, NDArray[Any], Floats]:
    """(bits, values, scales), contiguous; float32 has no scales."""
    if isinstance(weights, QuantizedMatrix):
        matrix = weights.by_rows()
        scales = np.ascontiguousarray(matrix.scales, np.float32)
        return weights.bits, np.ascontiguousarray(matrix.values), scales
    return 32, np.ascontiguousarray(weights, np.float32), np.empty(0, np.float32)
