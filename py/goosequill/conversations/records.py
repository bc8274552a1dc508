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
from goosequill.support import bounded_json

MOST_BYTES = 256_000_000
"""Of a file, after unpacking: twice what Open Assistant published in 2023."""
MOST_LINE = 64_000_000
"""Bytes of one line."""
MOST_VALUES = 16_000_000
"""In all of a file, about 1.6 GB of memory; Open Assistant's largest has 10 million."""
MOST_RECORDS = 1_000_000
"""Lines that are not empty: each becomes a conversation, of 2 kB at least."""
MOST_DEPTH = 500
"""Lists and objects within each other: each reply in a tree is two deeper."""

BOM = b"\xef\xbb\xbf \t\r\n"

Record = tuple[int, dict[str, Any]]
"""The number of a line, or of an element of a list, from 1, and the object there."""


def records(data: bytes, most: int | None = None) -> Iterator[Record]:
    """Yield the objects of a file, which has at most `most` bytes after unpacking, `MOST_BYTES` by default.

    Raises
    ------
    FileFormatError
        ``conversations``: it is too large, or not UTF-8, JSON or gzip; the message names the line.
    """
    raw: Any = io.BytesIO(data)
    packed = data[:2] == b"\x1f\x8b"
    try:
        stream = io.BufferedReader(gzip.GzipFile(fileobj=raw) if packed else raw)
        yield from _records(stream, MOST_BYTES if most is None else most)
    except (EOFError, OSError, zlib.error) as error:
        raise FileFormatError(f"The gzip file is damaged: {error}.", code="conversations") from error


def _records(stream: io.BufferedReader, most: int) -> Iterator[Record]:
    first = _line(stream, 1)
    if first.lstrip(BOM)[:1] == b"{" and first.rstrip()[-1:] == b"}":
        yield from _lines(first, stream, most)
        return
    text = first + stream.read(max(0, most + 1 - len(first)))
    if len(text) > most:
        fail(1, f"the file has more than {most:,} bytes")
    value = _parse(text, 1)
    for number, found in enumerate(value if isinstance(value, list) else [value], 1):
        yield number, _object(found, number)


def _lines(line: bytes, stream: io.BufferedReader, most: int) -> Iterator[Record]:
    number, total, values, found = 1, 0, MOST_VALUES, 0
    while line:
        total += len(line)
        if total > most:
            fail(number, f"the file has more than {most:,} bytes")
        if line.strip():
            found += 1
            if found > MOST_RECORDS:
                fail(number, f"the file has more than {MOST_RECORDS:,} conversations")
            yield number, _object(_parse(line, number, values), number)
        values -= sum(map(line.count, (b",", b"[", b"{")))
        number += 1
        line = _line(stream, number)


def _line(stream: io.BufferedReader, number: int) -> bytes:
    line = stream.readline(MOST_LINE + 1)
    if len(line) > MOST_LINE and number > 1:
        fail(number, f"it has more than {MOST_LINE:,} bytes")
    return line


def _parse(text: bytes, number: int, most: int = bounded_json.MOST_VALUES) -> Any:
    most = min(most, bounded_json.MOST_VALUES)
    try:
        return bounded_json.parse(text.decode("utf-8-sig"), most=most, depth=MOST_DEPTH)
    except ValueError as error:
        fail(number, str(error))


def _object(value: Any, number: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        fail(number, "it is not an object")
    return value


def fail(number: int, why: str) -> NoReturn:
    """Refuse a file because of one of its lines."""
    raise FileFormatError(f"Line {number:,} of the conversations: {why}.", code="conversations")
