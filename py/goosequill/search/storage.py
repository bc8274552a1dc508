"""Where an index's files lie: a folder, memory, files that the page holds, a zip.

An index writes at an offset that it knows, never "at the end", so that what a killed run left behind is
overwritten. Only `replace` must be atomic.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from io import UnsupportedOperation
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SearchError
from goosequill.support.links import leads_out
from goosequill.support.zip_faults import ZIP_FAULTS
from goosequill.weights.source import ByteSource

Buffer = bytes | memoryview
Rows = NDArray[np.int8]
Numbers = NDArray[np.intp]


class Storage(Protocol):
    """Files by name, without folders."""

    def names(self) -> list[str]:
        """Names of the files."""

    def size(self, name: str) -> int:
        """Length of a file in bytes; 0 if there is none."""

    def read(self, name: str, offset: int, length: int) -> Buffer:
        """Return exactly `length` bytes from `offset`; SearchError ``index-corrupt`` if there are fewer."""

    def rows(self, name: str, width: int, numbers: Numbers) -> Rows:
        """Return some of the rows of `width` bytes that a file consists of, [numbers, width]."""

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write into a file, which is made if need be; `offset` is at most its length."""

    def replace(self, name: str, data: bytes) -> None:
        """Put a whole file in place of the one with this name, at once or not at all."""


def too_short(name: str, size: int, needed: int) -> SearchError:
    """Return the error for a file that is shorter than the index says."""
    return SearchError(
        f"The index is damaged: {name} has {size:,} bytes, but needs {needed:,}.", code="index-corrupt"
    )


def read_runs(read: Callable[[int, int], Buffer], width: int, numbers: Numbers) -> Rows:
    """Return rows that are read one by one, neighbours at once; `read` gets an offset and a length."""
    found = np.empty((len(numbers), width), np.int8)
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    for run in np.split(np.arange(len(numbers)), breaks) if len(numbers) else ():
        data = read(int(numbers[run[0]]) * width, len(run) * width)
        found[run] = np.frombuffer(data, np.int8).reshape(-1, width)
    return found


class MemoryStorage:
    """Files in memory."""

    def __init__(self) -> None:
        self._files: dict[str, bytearray] = {}

    def names(self) -> list[str]:
        return list(self._files)

    def size(self, name: str) -> int:
        return len(self._files.get(name, b""))

    def read(self, name: str, offset: int, length: int) -> Buffer:
        if offset + length > self.size(name):
            raise too_short(name, self.size(name), offset + length)
        return bytes(self._files.get(name, b"")[offset : offset + length])

    def rows(self, name: str, width: int, numbers: Numbers) -> Rows:
        return read_runs(lambda offset, length: self.read(name, offset, length), width, numbers)

    def write(self, name: str, offset: int, data: bytes) -> None:
        self._files.setdefault(name, bytearray())[offset : offset + len(data)] = data

    def replace(self, name: str, data: bytes) -> None:
        self._files[name] = bytearray(data)


class FolderStorage:
    """Files in a folder on a disk.

    Parameters
    ----------
    path
        The folder; it is made when the first file is written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def names(self) -> list[str]:
        return [entry.name for entry in self.path.iterdir() if entry.is_file()] if self.path.is_dir() else []

    def file(self, name: str) -> Path:
        """Return the path of a file, unless it is a link that leads out of the folder (``link-outside``)."""
        path = self.path / name
        if path.is_symlink() and leads_out(self.path, path):
            raise SearchError(f"{path} is a link to something outside the folder.", code="link-outside")
        return path

    def size(self, name: str) -> int:
        try:
            return self.file(name).stat().st_size
        except OSError:
            return 0

    def read(self, name: str, offset: int, length: int) -> Buffer:
        if offset + length > self.size(name):
            raise too_short(name, self.size(name), offset + length)
        with open(self.path / name, "rb") as file:
            file.seek(offset)
            return file.read(length)

    def map(self, name: str, length: int) -> Buffer:
        """Return the first bytes of a file, which are read when they are needed."""
        if length > self.size(name):
            raise too_short(name, self.size(name), length)
        return np.memmap(self.path / name, np.uint8, "r", shape=(length,)).data if length else b""

    def rows(self, name: str, width: int, numbers: Numbers) -> Rows:
        mapped = self.map(name, (int(numbers.max(initial=-1)) + 1) * width)
        found: Rows = np.frombuffer(mapped, np.int8).reshape(-1, width)[numbers]
        return found

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        path = self.file(name)
        with open(path, "r+b" if path.exists() else "w+b") as file:
            file.seek(offset)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def replace(self, name: str, data: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        temporary = self.file(f"{name}.new")
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink(missing_ok=True)


class SourceStorage:
    """Files that others hold, such as the page; they are only read."""

    def __init__(self, files: Mapping[str, ByteSource]) -> None:
        self._files = dict(files)

    def names(self) -> list[str]:
        return list(self._files)

    def size(self, name: str) -> int:
        return self._files[name].size if name in self._files else 0

    def read(self, name: str, offset: int, length: int) -> Buffer:
        if offset + length > self.size(name):
            raise too_short(name, self.size(name), offset + length)
        return self._files[name].read(offset, length) if length else b""

    def rows(self, name: str, width: int, numbers: Numbers) -> Rows:
        at_once = getattr(self._files.get(name), "rows", None)
        if at_once is None:
            return read_runs(lambda offset, length: self.read(name, offset, length), width, numbers)
        if (needed := (int(numbers.max(initial=-1)) + 1) * width) > self.size(name):
            raise too_short(name, self.size(name), needed)
        return np.frombuffer(at_once(numbers, width), np.int8).reshape(-1, width)

    def update(self, files: Mapping[str, ByteSource]) -> None:
        """Read these files from other sources from now on."""
        self._files.update(files)

    def write(self, name: str, offset: int, data: bytes) -> None:
        raise UnsupportedOperation("these files are only read")

    def replace(self, name: str, data: bytes) -> None:
        raise UnsupportedOperation("these files are only read")


class Overlay:
    """What was written since another storage was opened, over that storage, which is only read.

    `take` returns what was written since it was last called, for whoever keeps the files. The bytes stay here
    as well, because the storage below goes on showing what it did.
    """

    def __init__(self, below: Storage) -> None:
        self._below = below
        self._tails: dict[str, tuple[int, bytearray]] = {}
        self._replaced = MemoryStorage()
        self._appended: dict[str, tuple[int, bytearray]] = {}
        self._new: dict[str, bytes] = {}

    def names(self) -> list[str]:
        return list(dict.fromkeys([*self._below.names(), *self._tails, *self._replaced.names()]))

    def size(self, name: str) -> int:
        if name in self._replaced.names():
            return self._replaced.size(name)
        start, tail = self._tails.get(name, (self._below.size(name), b""))
        return start + len(tail)

    def read(self, name: str, offset: int, length: int) -> Buffer:
        if name in self._replaced.names():
            return self._replaced.read(name, offset, length)
        if offset + length > self.size(name):
            raise too_short(name, self.size(name), offset + length)
        start, tail = self._tails.get(name, (self._below.size(name), b""))
        before = self._below.read(name, offset, min(length, start - offset)) if offset < start else b""
        rest = length - len(before)
        at = max(0, offset - start)
        return bytes(before) + bytes(tail[at : at + rest]) if rest else before

    def rows(self, name: str, width: int, numbers: Numbers) -> Rows:
        start, tail = self._tails.get(name, (self._below.size(name), bytearray()))
        fresh = numbers >= start // width
        found = np.empty((len(numbers), width), np.int8)
        found[~fresh] = self._below.rows(name, width, numbers[~fresh])
        written = np.frombuffer(tail, np.int8)  # a view, which must not outlive a call
        found[fresh] = written.reshape(-1, width)[numbers[fresh] - start // width]
        return found

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Append; `offset` is where the committed bytes end, so the first one says what is kept below."""
        start, tail = self._tails.setdefault(name, (offset, bytearray()))
        tail[offset - start :] = data
        first, fresh = self._appended.setdefault(name, (offset, bytearray()))
        fresh[offset - first :] = data

    def replace(self, name: str, data: bytes) -> None:
        self._replaced.replace(name, data)
        self._new[name] = data

    def take(self) -> tuple[dict[str, tuple[int, bytes]], dict[str, bytes]]:
        """Return the appended bytes of each file with their offset, and the replaced files."""
        appended = {name: (offset, bytes(data)) for name, (offset, data) in self._appended.items()}
        replaced, self._appended, self._new = self._new, {}, {}
        return appended, replaced


class ZipStorage:
    """The files in a zip whose entries are stored, not compressed; they are only read.

    Raises
    ------
    SearchError
        ``index-corrupt``: the file is not such a zip.
    """

    MOST_FILES = 100

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._starts: dict[str, tuple[int, int]] = {}
        try:
            with zipfile.ZipFile(SourceFile(source)) as archive:
                entries = archive.infolist()
        except ZIP_FAULTS as error:
            raise SearchError(f"{source.name} is not a zip file.", code="index-corrupt") from error
        if len(entries) > self.MOST_FILES:
            raise SearchError(
                f"{source.name} has {len(entries):,} files; an index has at most {self.MOST_FILES}.",
                code="index-corrupt",
            )
        for entry in entries:
            self._starts[entry.filename] = self._locate(entry)

    def _locate(self, entry: zipfile.ZipInfo) -> tuple[int, int]:
        """Return where an entry's bytes start, and their number."""
        head = entry.header_offset
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise SearchError(f"{entry.filename[:80]} in the zip is compressed.", code="index-corrupt")
        if not 0 <= head <= self._source.size - 30:
            raise SearchError("The zip is damaged.", code="index-corrupt")
        local = self._source.read(head, 30)
        start = head + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
        if start + entry.file_size > self._source.size:
            raise too_short(entry.filename[:80], self._source.size - start, entry.file_size)
        return start, entry.file_size

    def names(self) -> list[str]:
        return list(self._starts)

    def size(self, name: str) -> int:
        return self._starts.get(name, (0, 0))[1]

    def read(self, name: str, offset: int, length: int) -> Buffer:
        start, size = self._starts.get(name, (0, 0))
        if offset + length > size:
            raise too_short(name, size, offset + length)
        return self._source.read(start + offset, length)

    def rows(self, name: str, width: int, numbers: Numbers) -> Rows:
        return read_runs(lambda offset, length: self.read(name, offset, length), width, numbers)

    def write(self, name: str, offset: int, data: bytes) -> None:
        raise UnsupportedOperation("a zip is only read")

    def replace(self, name: str, data: bytes) -> None:
        raise UnsupportedOperation("a zip is only read")


class SourceFile:
    """A ByteSource as the file object whose list of files `zipfile` reads."""

    MOST = 1 << 20
    """Bytes that are read in all."""

    def __init__(self, source: ByteSource) -> None:
        self._source, self._at, self._left = source, 0, self.MOST

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._at, self._source.size)[whence]
        if base + offset < 0:
            raise ValueError("a position before the start")
        self._at = base + offset
        return self._at

    def read(self, length: int = -1) -> bytes:
        left = max(0, self._source.size - self._at)
        length = left if length < 0 else min(length, left)
        self._left -= length
        if self._left < 0:
            raise ValueError("its list of files is too long")
        data = self._source.read(self._at, length) if length else b""
        self._at += length
        return data
