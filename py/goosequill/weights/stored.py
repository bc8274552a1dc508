"""The tensors of a file that stores each one as a run of elements, as ggml's formats do.

A format reads its header into entries and derives from `StoredTensors`, which reads the tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from goosequill.weights.elements import FLOATS, read_elements, stored_bytes
from goosequill.weights.mapped import Floats
from goosequill.weights.source import ByteRange, ByteSource, Extent


@dataclass(frozen=True)
class Entry:
    """Where a tensor is; the offset is in bytes from the beginning of the data."""

    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def bytes(self) -> int:
        return stored_bytes(prod(self.shape), self.dtype)


class StoredTensors:
    """Reads tensors by their entries, under the file's own names."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._entries: dict[str, Entry] = {}
        self._start = 0

    def names(self) -> list[str]:
        return list(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._entries[name].shape

    def dtype(self, name: str) -> str:
        return self._entries[name].dtype

    def read(self, name: str) -> Floats:
        entry = self._entries[name]
        flat = read_elements(self._source, self._start + entry.offset, prod(entry.shape), entry.dtype, name)
        result: Floats = flat.reshape(entry.shape)
        return result

    def extents(self, name: str) -> list[Extent]:
        entry = self._entries[name]
        if entry.dtype not in FLOATS or len(entry.shape) != 2:
            return []
        return [Extent(self._source, self._start + entry.offset, entry.dtype, entry.shape[0])]

    def ranges(self, name: str) -> list[ByteRange]:
        start = self._start + self._entries[name].offset
        return [ByteRange(self._source, start, start + self._entries[name].bytes)]
