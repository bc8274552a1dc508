"""Reads zip files: each file in one, within bounds whatever the file says of itself."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace

from goosequill.errors import SearchError
from goosequill.search.documents.limits import (
    MOST_ARCHIVE,
    MOST_DIRECTORY,
    MOST_ENTRIES,
    DocumentBudget,
    too_large,
)
from goosequill.support.budget import Budget, File
from goosequill.support.zip_faults import ZIP_FAULTS

_END, _END_SIZE = b"PK\x05\x06", 22
_END64_PLACE, _END64_PLACE_SIZE = b"PK\x06\x07", 20
_ENCRYPTED = 1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""`zipfile` unpacks those in pieces; of bzip2 one piece may become gigabytes."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a zip; nothing is unpacked before `read`."""

    name: str
    size: int
    budget: Budget
    """That of the zip."""
    _zip: zipfile.ZipFile
    _info: zipfile.ZipInfo

    def read(self, most: int) -> File:
        """Return the entry as a file with the zip's budget; see `chunks` for the errors."""
        return File(self.name, b"".join(self.chunks(most)), self.budget)

    def chunks(self, most: int) -> Iterator[bytes]:
        """Yield the entry's bytes in pieces of at most a mebibyte.

        Raises
        ------
        SearchError
            ``document-too-large``: there are more than `most`, or more than are left of the budget.
            ``document-encrypted``, ``document-corrupt``, ``document-format``: another method of compression.
        """
        if self._info.flag_bits & _ENCRYPTED:
            raise SearchError(f"{self.name} is protected with a password.", code="document-encrypted")
        budget = DocumentBudget(self.name, most)
        budget.allow("packed", self._info.file_size)
        if self._info.compress_type not in _METHODS:
            raise SearchError(
                f"{self.name} is compressed with a method other than Deflate.",
                code="document-format",
                remedy="Create the zip again with the usual method, Deflate.",
            )
        size = 0
        try:
            with self._zip.open(self._info) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    self.budget.spend("unpacked", len(chunk))
                    budget.allow("packed", size)
                    yield chunk
        except ZIP_FAULTS as error:
            raise SearchError(f"{self.name} is damaged: {error}.", code="document-corrupt") from error


def entries(file: File, most: int = MOST_ARCHIVE) -> list[Entry]:
    """Return the files of a zip in its order, named by their paths; hidden ones and folders are left out.

    All of them are spent from its budget.

    Raises
    ------
    SearchError
        ``document-corrupt``: it is not a zip, or damaged. ``document-too-large``: it has more than `most`
        bytes, or too many entries.
    """
    name, data, budget = file.name, file.bytes(most), file.budget
    _check_directory(file, most)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except ZIP_FAULTS as error:
        raise SearchError(f"{name} is not a valid zip: {error}.", code="document-corrupt") from error
    found = [info for info in archive.infolist() if info.filename and not info.is_dir()]
    if len(found) > MOST_ENTRIES:
        raise too_large(name, f"{len(found):,} files", f"{MOST_ENTRIES:,}", "Split it.")
    budget.spend("files", len(found))
    named = ((_path(info.filename), info) for info in found)
    return [Entry(path, info.file_size, budget, archive, info) for path, info in named if not is_hidden(path)]


def is_hidden(path: str) -> bool:
    """Return whether a file, or a folder around it, is hidden or one that macOS adds."""
    return any(not part or part.startswith(".") or part == "__MACOSX" for part in path.split("/"))


def _path(name: str) -> str:
    """Return an entry's path with plain slashes, which never leads out of the zip."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _check_directory(file: File, most: int) -> None:
    """Refuse a list of entries so long that reading it would fill the memory."""
    name, data = file.name, file.bytes(most)
    end = data.rfind(_END, max(0, len(data) - _END_SIZE - 0xFFFF))
    if end < 0 or end + _END_SIZE > len(data):
        raise SearchError(f"{name} is not a valid zip, or its end is missing.", code="document-corrupt")
    (size,) = struct.unpack_from("<I", data, end + 12)
    place = end - _END64_PLACE_SIZE
    if place >= 0 and data.startswith(_END64_PLACE, place):
        record = place - 56  # the size of a record without extensions, where `zipfile` looks for it
        size = struct.unpack_from("<Q", data, record + 40)[0] if record >= 0 else 0
    DocumentBudget(f"The list of files in {name}", MOST_DIRECTORY).allow("packed", size)


def walk(file: File) -> Iterator[Entry]:
    """Yield the entries of a zip, their names below its own."""
    for entry in entries(file):
        yield replace(entry, name=f"{file.name}/{entry.name}")
