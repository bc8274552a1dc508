"""Reads single rows of large matrices from their files, and keeps those that were needed last.

For matrices of which a token needs one row each (`quantize.is_row_table`): together they would take more
memory than the rest of the model.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.elements import READ, STORED, all_finite, not_finite, to_float32
from goosequill.weights.quantize import is_row_table
from goosequill.weights.source import ByteSource, Extent, TensorSource

JOINED = "s_emb.weight"
"""Name of RWKV-7a's tables in one: row t has the rows t of all layers' tables, one after the other."""
CACHE = 32_000_000
"""Bytes of rows that are kept: those of 1,300 different tokens for a model of 12 layers."""
GAP = 16_384
"""Rows that are no further apart than so many bytes are read at once."""


class RowCache:
    """Rows of several matrices that have the same number of rows and columns, and the same type.

    The rows of one index are needed together, one of each matrix, so they are kept and dropped together.

    Parameters
    ----------
    matrices
        Name -> where its rows are.
    columns
        Of each matrix.
    size
        Most bytes that are kept, as they are stored; the rows of one call of `read` are in memory anyway.

    Raises
    ------
    ValueError
        The matrices have different types.
    """

    def __init__(self, matrices: dict[str, list[Extent]], columns: int, *, size: int = CACHE) -> None:
        types = {extent.dtype for extents in matrices.values() for extent in extents}
        if len(types) != 1:
            raise ValueError(f"rows of different types: {sorted(types)}")
        self._dtype = types.pop()
        self._names = list(matrices)
        self._extents = list(matrices.values())
        self._ends = [list(accumulate(extent.rows for extent in extents)) for extents in self._extents]
        sources = [extent.source for extents in self._extents for extent in extents]
        self.files = list({id(source): source for source in sources}.values())
        """The files that rows are read from."""
        self._columns = columns
        self._row_bytes = columns * STORED[self._dtype].itemsize
        self._capacity = size // (self._row_bytes * len(self._names))
        self._kept: dict[int, NDArray[Any]] = {}  # the rows [L, C] that were needed last are the last

    @property
    def nbytes(self) -> int:
        """Bytes that are kept now."""
        return sum(rows.nbytes for rows in self._kept.values())

    def read(self, indices: Sequence[int], out: NDArray[np.float32]) -> None:
        """Write the rows of `indices` [T] to the beginning of `out`, float32 [L, at least T, C].

        Raises
        ------
        FileFormatError
            ``tensor-values``: they contain numbers that are not finite. ``file-truncated``.
        """
        wanted = dict.fromkeys(indices)
        found = {index: self._kept.pop(index) for index in wanted if index in self._kept}
        self._kept |= found
        missing = sorted(index for index in wanted if index not in found)
        if missing:
            # Copies, because each would keep all of them in memory.
            found |= {index: rows.copy() for index, rows in zip(missing, self.fetch(missing), strict=True)}
        for position, index in enumerate(indices):
            out[:, position] = to_float32(found[index], self._dtype)
        self._kept |= {index: found[index] for index in missing}
        for index in list(self._kept)[: max(0, len(self._kept) - self._capacity)]:
            del self._kept[index]

    def fetch(self, indices: Sequence[int]) -> NDArray[Any]:
        """Read rows, in the order of the files, and return them as they are stored, [T, L, C].

        Raises
        ------
        FileFormatError
            As `read`.
        """
        count = len(self._names)
        rows = np.empty((len(indices), count, self._columns), STORED[self._dtype])
        out = rows.reshape(-1, self._columns).view(np.uint8)
        places: dict[int, list[tuple[int, int]]] = {}  # by file: (offset, row of `out`)
        for matrix in range(count):
            for position, index in enumerate(indices):
                extent, offset = self._locate(matrix, index)
                places.setdefault(id(extent.source), []).append((offset, position * count + matrix))
        for source in self.files:
            if id(source) in places:
                read_pieces(source, sorted(places[id(source)]), out)
        if not all_finite(rows, self._dtype):
            parts = zip(self._names, rows.swapaxes(0, 1), strict=True)
            raise not_finite(next(name for name, part in parts if not all_finite(part, self._dtype)))
        return rows

    def _locate(self, matrix: int, index: int) -> tuple[Extent, int]:
        """(extent, offset in its file) of a row."""
        ends = self._ends[matrix]
        number = bisect_right(ends, index)
        extent = self._extents[matrix][number]
        row = index - ends[number] + extent.rows
        return extent, extent.offset + row * (extent.stride or self._row_bytes)


def joinable(tensors: TensorSource) -> list[str]:
    """The tables of which `JOINED` can be made, in the order of the layers; none if they differ."""
    tables = [name for name in tensors.names() if is_row_table(name)]
    kinds = {(tensors.shape(name), tensors.dtype(name)) for name in tables}
    if len(kinds) != 1 or not all(tensors.extents(name) for name in tables):
        return []
    ordered = [f"blocks.{layer}.ffn.s_emb.weight" for layer in range(len(tables))]
    return ordered if set(ordered) == set(tables) else []


def joined_rows(tensors: TensorSource, first: int, end: int) -> Iterator[NDArray[Any]]:
    """Yield rows of `JOINED` as they are stored, in pieces of some megabytes."""
    names = joinable(tensors)
    columns = tensors.shape(names[0])[1]
    tables = RowCache({name: tensors.extents(name) for name in names}, columns, size=0)
    step = max(1, READ // (len(names) * columns * STORED[tensors.dtype(names[0])].itemsize))
    for start in range(first, end, step):
        yield tables.fetch(range(start, min(end, start + step)))


def read_pieces(source: ByteSource, places: Sequence[tuple[int, int]], out: NDArray[np.uint8]) -> None:
    """Read pieces as long as a row of `out`; those near each other at once.

    Parameters
    ----------
    places
        (offset in the file, row of `out` to write) of each, in ascending order.
    """
    length = out.shape[1]
    offsets = [offset for offset, _ in places]
    if pieces := getattr(source, "pieces", None):  # a file of a page, of which each read takes long
        data = np.frombuffer(pieces(offsets, length), np.uint8)
        out[[row for _, row in places]] = data.reshape(-1, length)
        return
    first = 0
    for last, offset in enumerate(offsets):
        if last + 1 < len(offsets) and offsets[last + 1] <= offset + length + GAP:
            continue
        start = offsets[first]
        data = np.frombuffer(source.read(start, offset + length - start), np.uint8)
        for at, row in places[first : last + 1]:
            out[row] = data[at - start : at - start + length]
        first = last + 1
