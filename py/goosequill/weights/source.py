"""Sources of weights: bytes that can be read by range, and the tensors in them.

A model reads one tensor at a time from a `TensorSource`, so that loading never needs the whole file in
memory beside the model.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.weights.quantize import QuantizedMatrix

MAX_TENSORS = 5_000
"""Tensors in a file; the largest RWKV models have 2,200, and a split matrix counts for each part."""
MAX_ELEMENTS = 1 << 42
"""Elements of a tensor, more than any file can have: products of numbers from a file stay within 64 bits."""


class ByteSource(Protocol):
    """Bytes that can be read in any order: a file, a buffer, a Blob, a URL with range requests.

    One that can fill a contiguous array without a copy of the bytes has also ``read_into(offset, array)``.
    """

    name: str
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`; FileFormatError if there are fewer."""


@dataclass(frozen=True)
class Extent:
    """Where consecutive rows of a matrix are in a file, one after the other.

    Attributes
    ----------
    offset
        Of the first row, in bytes.
    dtype
        One of `goosequill.weights.elements.FLOATS`.
    rows
        How many there are.
    stride
        Bytes from one row to the next; 0 if they are adjacent.
    """

    source: ByteSource
    offset: int
    dtype: str
    rows: int
    stride: int = 0


@dataclass(frozen=True)
class ByteRange:
    """Bytes of a file, from `start` to before `end`."""

    source: ByteSource
    start: int
    end: int


class TensorSource(Protocol):
    """Tensors by name, whatever the file format; names are those of BlinkDL's releases."""

    format: str
    metadata: dict[str, Any]

    def names(self) -> list[str]:
        """Names of all tensors, in the order of the file."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, without reading it."""

    def dtype(self, name: str) -> str:
        """The element type of a tensor in the file, for example ``"F16"``."""

    def read(self, name: str) -> NDArray[np.float32] | QuantizedMatrix:
        """Read the values of a tensor."""

    def extents(self, name: str) -> list[Extent]:
        """Where the rows of a matrix are, to read some of them; none if single rows cannot be read.

        Nothing outside the tensor's `ranges` is read.
        """

    def ranges(self, name: str) -> list[ByteRange]:
        """The bytes that contain a tensor, found without reading any; none if that is unknown."""


def truncated(name: str, size: int, needed: int) -> FileFormatError:
    """Return the error for a file that is shorter than its header says."""
    return FileFormatError(
        f"{name} is truncated: it has {size:,} bytes, but needs at least {needed:,}.",
        code="file-truncated",
        remedy="Download it again, and compare its size with the publisher's.",
    )


def is_count(value: object) -> bool:
    """Whether a value from a file is a whole number from 0 on: True is none, though Python counts with it."""
    return type(value) is int and value >= 0


def is_shape(shape: Sequence[Any]) -> bool:
    """Whether a shape from a file is one that an array can have, even where one of its axes is empty."""
    return all(map(is_count, shape)) and prod(max(size, 1) for size in shape) <= MAX_ELEMENTS


class BytesSource:
    """A ByteSource over a buffer in memory."""

    def __init__(self, buffer: bytes | bytearray | memoryview, name: str = "file") -> None:
        self._view = memoryview(buffer).cast("B")
        self.name = name
        self.size = len(self._view)

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise truncated(self.name, self.size, offset + length)
        return bytes(self._view[offset : offset + length])


class FileSource:
    """A ByteSource over a file on disk.

    Raises
    ------
    FileFormatError
        ``file-missing``: it does not exist, cannot be opened, or is a device or a pipe, which may never end.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = Path(path).name
        try:
            mode = os.stat(path).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise OSError("it is not a regular file")
            self._file = open(path, "rb")  # noqa: SIM115 (kept open for as long as tensors are read)
        except (OSError, ValueError) as error:  # a path with a NUL is a ValueError
            raise FileFormatError(
                f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.", code="file-missing"
            ) from error
        self.size = self._file.seek(0, 2)

    def read(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise truncated(self.name, self.size, offset + length)
        self._file.seek(offset)
        return self._file.read(length)

    def close(self) -> None:
        """Close the file; it cannot be read afterwards."""
        self._file.close()
