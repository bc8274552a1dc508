"""Reads zip files: each file in one, within bounds whatever the file says of itself."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from goosequill.errors import SearchError
from goosequill.search.documents.limits import (
    MOST_DIRECTORY,
    MOST_ENTRIES,
    MOST_UNPACKED,
    check_size,
    figure,
    too_large,
)
from goosequill.zip_faults import ZIP_FAULTS

_END, _END_SIZE = b"PK\x05\x06", 22
_END64_PLACE, _END64_PLACE_SIZE = b"PK\x06\x07", 20
_ENCRYPTED = 1
_CHUNK = 1 << 20


@dataclass(slots=True)
class Budget:
    """How many bytes may still be unpacked from one zip and those within it."""

    left: int = MOST_UNPACKED


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a zip; nothing is unpacked before `read`."""

    name: str
    size: int
    _zip: zipfile.ZipFile
    _info: zipfile.ZipInfo

    def read(self, most: int, budget: Budget) -> bytes:
        """Return the entry's bytes.

        Raises
        ------
        SearchError
            ``document-too-large``: there are more than `most`, or more than are left of the budget.
            ``document-encrypted``, ``document-corrupt``.
        """
        if self._info.flag_bits & _ENCRYPTED:
            raise SearchError(f"{self.name} is protected with a password.", code="document-encrypted")
        check_size(self.name, self._info.file_size, most)
        parts, size = [], 0
        try:
            with self._zip.open(self._info) as stream:
                while chunk := stream.read(_CHUNK):
                    parts.append(chunk)
                    size += len(chunk)
                    budget.left -= len(chunk)
                    check_size(self.name, size, most)
                    if budget.left < 0:
                        raise too_large("The zip", "more unpacked", figure(MOST_UNPACKED), "Split it.")
        except ZIP_FAULTS as error:
            raise SearchError(f"{self.name} is damaged: {error}.", code="document-corrupt") from error
        return b"".join(parts)


def entries(name: str, data: bytes) -> list[Entry]:
    """Return the files of a zip in its order, named by their paths; hidden ones and folders are left out.

    Raises
    ------
    SearchError
        ``document-corrupt``: it is not a zip, or damaged. ``document-too-large``: it has too many entries.
    """
    _check_directory(name, data)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except ZIP_FAULTS as error:
        raise SearchError(f"{name} is not a valid zip: {error}.", code="document-corrupt") from error
    found = [info for info in archive.infolist() if info.filename and not info.is_dir()]
    if len(found) > MOST_ENTRIES:
        raise too_large(name, f"{len(found):,} files", f"{MOST_ENTRIES:,}", "Split it.")
    named = ((_path(info.filename), info) for info in found)
    return [Entry(path, info.file_size, archive, info) for path, info in named if not is_hidden(path)]


def is_hidden(path: str) -> bool:
    """Return whether a file, or a folder around it, is hidden or one that macOS adds."""
    return any(not part or part.startswith(".") or part == "__MACOSX" for part in path.split("/"))


def _path(name: str) -> str:
    """Return an entry's path with plain slashes, which never leads out of the zip."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _check_directory(name: str, data: bytes) -> None:
    """Refuse a list of entries so long that reading it would fill the memory."""
    end = data.rfind(_END, max(0, len(data) - _END_SIZE - 0xFFFF))
    if end < 0 or end + _END_SIZE > len(data):
        raise SearchError(f"{name} is not a valid zip, or its end is missing.", code="document-corrupt")
    (size,) = struct.unpack_from("<I", data, end + 12)
    place = end - _END64_PLACE_SIZE
    if place >= 0 and data.startswith(_END64_PLACE, place):
        record = place - 56  # the size of a record without extensions, where `zipfile` looks for it
        size = struct.unpack_from("<Q", data, record + 40)[0] if record >= 0 else 0
    check_size(f"The list of files in {name}", size, MOST_DIRECTORY)


def walk(name: str, data: bytes) -> Iterator[Entry]:
    """Yield the entries of a zip, their names below its own."""
    for entry in entries(name, data):
        yield Entry(f"{name}/{entry.name}", entry.size, entry._zip, entry._info)
