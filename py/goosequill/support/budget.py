"""What a reader may take of what comes from outside: bytes, text, elements, depth and time, of one budget.

A reader takes a `File`, not bytes, so that it cannot forget how many it may have, or whose budget it spends;
and JSON is parsed by a budget. A few bytes of JSON become a hundred of Python's, and nesting overflows the
stack of whatever walks through it later: `json` itself bounds neither.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import process_time
from typing import Any, Literal, Self

MOST_BYTES = 256_000_000
"""Of a file, unpacked: twice what Open Assistant published in 2023."""
MOST_VALUES = 4_000_000
"""Values in one text of JSON, about 400 MB of memory; the largest tokenizers have 1,500,000."""
MOST_ELEMENTS = 16_000_000
"""Values in all of a file, about 1.6 GB of memory; Open Assistant's largest has 10 million."""

Kind = Literal["packed", "unpacked", "text", "elements", "files", "values", "depth", "seconds"]
_EXCEEDED: dict[Kind, str] = {
    "packed": "{0} has more than {1:,} bytes",
    "unpacked": "{0} has more than {1:,} bytes",
    "text": "{0} has more than {1:,} bytes of text",
    "elements": "{0} has more than {1:,} values",
    "files": "{0} has more than {1:,} files",
    "seconds": "{0} takes more than {1:,} seconds to read",
    "values": "it has more than {1:,} values",
    "depth": "it is nested too deep: more than {1:,} lists and objects within each other",
}

_TEXT = r'"[^"\\]*+(?:\\.?+[^"\\]*+)*+(?:"|\Z)'
_BRACKETS = re.compile(rf'(?:[^"\[\]{{}}]++|{_TEXT})*+([\[{{]++|[\]}}]++|\Z)', re.DOTALL)
"""Brackets of one direction, after what they mean nothing in: texts. It matches wherever it is tried."""


@dataclass(slots=True)
class Budget:
    """What may be taken from one file, and how much of that was.

    The file that a person gives has one, whatever is in it. What is within may have its own, smaller one,
    which spends from that as well: see `within`.

    Parameters
    ----------
    name
        The file, for the error.
    packed
        Bytes of the file as it is.
    unpacked
        Bytes.
    text
        Bytes, in UTF-8, of text that is not in the file as it is, but unpacked or decoded.
    elements
        Values of JSON, XML elements and attributes, lines of a PDF, rows of a recording.
    files
        Entries of zips.
    seconds
        Of the processor's time, after `since`.
    values
        Values of one text of JSON; commas within its strings count too.
    depth
        Lists and objects of JSON within each other.
    """

    name: str = "it"
    packed: int = MOST_BYTES
    unpacked: int = MOST_BYTES
    text: int = MOST_BYTES
    elements: int = MOST_ELEMENTS
    files: int = 0
    seconds: float = 1_800
    values: int = MOST_VALUES
    depth: int = 100
    outer: Budget | None = None
    spent: Counter[Kind] = field(default_factory=Counter)
    since: float = field(default_factory=process_time)

    def within(self, name: str) -> Self:
        """Return the budget of something in this file, or of the file itself."""
        return replace(self, name=name, outer=self, spent=Counter(), since=process_time())

    def error(self, kind: Kind, count: float, most: float) -> Exception:
        """Return the error for more of something than `most`: a `ValueError`, or that of a room."""
        return ValueError(_EXCEEDED[kind].format(self.name, most))

    def allow(self, kind: Kind, count: float) -> None:
        """Raise `error` if there is more of something than the budget says."""
        if count > (most := getattr(self, kind)):
            raise self.error(kind, count, most)

    def spend(self, kind: Kind, count: int) -> None:
        """Take from what is left, before more is kept in memory; what is too much raises `error`."""
        if self.outer is not None:
            self.outer.spend(kind, count)
        self.spent[kind] += count
        self.check(kind)

    def check(self, *kinds: Kind) -> None:
        """Raise `error` if more was spent of something than there was, or if reading takes too long."""
        for kind in kinds or ("unpacked", "text", "elements", "files"):
            self.allow(kind, self.spent[kind])
        self.allow("seconds", process_time() - self.since)

    def json(self, text: str | bytes, **options: Any) -> Any:
        """Return the value of a JSON text, whose values are spent; `options` are those of `json.loads`.

        Raises
        ------
        ValueError
            It is not JSON. What is too much raises `error`.
        """
        count = sum(map(text.count, ",[{")) if isinstance(text, str) else sum(map(text.count, b",[{"))
        self.allow("values", count)
        self.spend("elements", count)
        if not isinstance(text, str):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        level = 0  # counted beforehand: in a page, `json` ends Python when it has recursed too deep
        for found in _BRACKETS.finditer(text) if sum(map(text.count, "[{")) > self.depth else ():
            level += len(run) if (run := found[1])[:1] in ("[", "{") else -len(run)
            if level > self.depth:
                self.allow("depth", level)
        return json.loads(text, **options)

    def stream(self, raw: io.BufferedIOBase) -> io.BufferedReader:
        """Return a stream that spends, as unpacked, what it reads of another one."""
        return io.BufferedReader(_Spending(raw, self), _PIECE)


_PIECE = 1 << 16
"""Bytes that are unpacked before they are spent."""


class _Spending(io.RawIOBase):
    def __init__(self, raw: io.BufferedIOBase, budget: Budget) -> None:
        self._raw, self._budget = raw, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(memoryview(buffer)[:_PIECE])
        self._budget.spend("unpacked", count)
        return count


class File:
    """A file as readers get it: its bytes, and the budget from which they take what they make of these.

    The files of an archive have its budget.
    """

    __slots__ = ("_data", "budget", "name")

    def __init__(self, name: str, data: bytes, budget: Budget) -> None:
        self.name, self._data, self.budget = name, data, budget

    @classmethod
    def open(cls, path: str | Path, budget: Budget, name: str = "") -> File:
        """Return a file on the disk, of which no more is read than it may have: /dev/zero never ends.

        Raises
        ------
        OSError
            It cannot be read, or has more bytes.
        """
        try:
            with open(path, "rb") as file:
                found = cls(name or str(path), file.read(budget.packed + 1), budget)
                found.bytes()
                return found
        except ValueError as error:  # also of a NUL in the path
            raise OSError(str(error)) from error

    @property
    def head(self) -> bytes:
        """The first bytes, which tell its format."""
        return self._data[:4096]

    def within(self) -> File:
        """Return the file with a budget of its own within that which it has."""
        return File(self.name, self._data, self.budget.within(self.name))

    def bytes(self, most: int | None = None) -> bytes:
        """Return the bytes; more than `most`, by default what the budget says, raise its error."""
        most = self.budget.packed if most is None else most
        if len(self._data) > most:
            raise self.budget.within(self.name).error("packed", len(self._data), most)
        return self._data

    def json(self, **options: Any) -> Any:
        """Return the value of a file of JSON; see `Budget.json`."""
        return self.budget.json(self.bytes(), **options)
