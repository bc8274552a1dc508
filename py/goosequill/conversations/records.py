"""The records of a file: one JSON value a line, or one JSON value in all; also compressed with gzip.

A file of lines is parsed line by line, so that its memory is that of its longest line.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any, NoReturn

from goosequill.errors import FileFormatError
from goosequill.support.budget import MOST_BYTES, MOST_ELEMENTS, Budget, File

MOST_LINE = 64_000_000
"""Bytes of one line."""
MOST_RECORDS = 1_000_000
"""Lines that are not empty: each becomes a conversation, of 2 kB at least."""
MOST_DEPTH = 500
"""Lists and objects within each other: each reply in a tree is two deeper."""

BOM = b"\xef\xbb\xbf \t\r\n"

Record = tuple[int, dict[str, Any]]
"""The number of a line, or of an element of a list, from 1, and the object there."""


def file_of(data: bytes, most: int = MOST_BYTES) -> File:
    """Return a file of at most `most` bytes, unpacked too, with its budget."""
    return File("the file", data, Budget("the file", most, most, elements=MOST_ELEMENTS, depth=MOST_DEPTH))


def records(file: File) -> Iterator[Record]:
    """Yield the objects of a file.

    Raises
    ------
    FileFormatError
        ``conversations``: it is too large, or not UTF-8, JSON or gzip; the message names the line.
    """
    try:
        raw: Any = io.BytesIO(file.bytes())
    except ValueError as error:
        fail(1, str(error))
    packed = file.head[:2] == b"\x1f\x8b"
    try:
        yield from _records(file.budget.stream(gzip.GzipFile(fileobj=raw) if packed else raw), file.budget)
    except (EOFError, OSError, zlib.error) as error:
        raise FileFormatError(f"The gzip file is damaged: {error}.", code="conversations") from error


def _records(stream: io.BufferedReader, budget: Budget) -> Iterator[Record]:
    first = _line(stream, 1)
    if first.lstrip(BOM)[:1] == b"{" and first.rstrip()[-1:] == b"}":
        yield from _lines(first, stream, budget)
        return
    value = _parse(first + _line(stream, 1, budget.unpacked), 1, budget)
    for number, found in enumerate(value if isinstance(value, list) else [value], 1):
        yield number, _object(found, number)


def _lines(line: bytes, stream: io.BufferedReader, budget: Budget) -> Iterator[Record]:
    number, found = 1, 0
    while line:
        if line.strip():
            found += 1
            if found > MOST_RECORDS:
                fail(number, f"the file has more than {MOST_RECORDS:,} conversations")
            yield number, _object(_parse(line, number, budget), number)
        number += 1
        line = _line(stream, number)


def _line(stream: io.BufferedReader, number: int, rest: int = 0) -> bytes:
    try:
        line = stream.read(rest) if rest else stream.readline(MOST_LINE + 1)
    except ValueError as error:
        fail(number, str(error))
    if len(line) > MOST_LINE and number > 1:
        fail(number, f"it has more than {MOST_LINE:,} bytes")
    return line


def _parse(text: bytes, number: int, budget: Budget) -> Any:
    try:
        return budget.json(text.decode("utf-8-sig"))
    except ValueError as error:
        fail(number, str(error))


def _object(value: Any, number: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        fail(number, "it is not an object")
    return value


def fail(number: int, why: str) -> NoReturn:
    """Refuse a file because of one of its lines."""
    raise FileFormatError(f"Line {number:,} of the conversations: {why}.", code="conversations")
