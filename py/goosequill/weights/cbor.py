"""Indexes a CBOR file (RFC 8949): reads everything but its byte strings, of which only the places are noted.

It knows what serde writes: definite lengths, no tags. Fractions are skipped.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from goosequill.weights.source import ByteSource, truncated

MAX_DEPTH = 16
MAX_ITEMS = 60_000
"""Values and keys in a file; the largest RWKV models have 31,000."""
MAX_TEXT = 256
"""Bytes of a text."""
_READ = 4096
"""Bytes that are read at a time, if there are as many."""
_SIMPLE = {20: False, 21: True}


class CborError(ValueError):
    """Why a file is not of the kind that is read here."""


@dataclass(frozen=True, slots=True)
class Span:
    """A byte string, by its place in the file."""

    offset: int
    length: int


def index(source: ByteSource) -> Any:
    """Return the value that a file contains, with a `Span` for each byte string.

    Raises
    ------
    CborError
        If it is invalid or too large, or contains anything that serde does not write.
    FileFormatError
        ``file-truncated``.
    """
    reader = _CborReader(source)
    value = reader.value(0)
    if reader.position != source.size:
        raise CborError("there are bytes after its end")
    return value


class _CborReader:
    def __init__(self, source: ByteSource) -> None:
        self.position = 0
        self._source = source
        self._buffer, self._start = b"", 0
        self._items = 0

    def _take(self, length: int) -> bytes:
        begin = self.position - self._start
        if begin + length > len(self._buffer):
            self._require(length)
            self._buffer = self._source.read(self.position, min(_READ, self._source.size - self.position))
            self._start, begin = self.position, 0
        self.position += length
        return self._buffer[begin : begin + length]

    def _require(self, length: int) -> None:
        if self.position + length > self._source.size:
            raise truncated(self._source.name, self._source.size, self.position + length)

    def value(self, depth: int) -> Any:
        """Read the next value."""
        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise CborError(f"it has more than {MAX_DEPTH} levels or {MAX_ITEMS:,} values")
        first = self._take(1)[0]
        kind, number = first >> 5, first & 31
        if number > 27:
            raise CborError("it contains a value without a length")
        if number > 23:
            number = int.from_bytes(self._take(1 << (number - 24)), "big")
        if kind < 2:
            return -1 - number if kind else number
        if kind == 7:
            return _SIMPLE.get(first & 31)
        if kind == 2:
            return self._span(number)
        if kind == 3:
            return self._text(number)
        if kind == 6:
            raise CborError("it contains a tag")
        if number > MAX_ITEMS:
            raise CborError(f"it claims {number:,} values")
        return self._map(number, depth) if kind == 5 else [self.value(depth + 1) for _ in range(number)]

    def _span(self, length: int) -> Span:
        self._require(length)
        span = Span(self.position, length)
        self.position += length
        return span

    def _text(self, length: int) -> str:
        if length > MAX_TEXT:
            raise CborError(f"it contains a text of {length:,} bytes")
        return sys.intern(self._take(length).decode("utf-8", "replace"))  # most keys occur in every layer

    def _map(self, count: int, depth: int) -> dict[str | int, Any]:
        found: dict[str | int, Any] = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, str | int) or key in found:
                raise CborError("a key is neither a text nor a number, or occurs twice")
            found[key] = self.value(depth + 1)
        return found
