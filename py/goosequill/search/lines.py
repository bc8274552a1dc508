"""Files of JSON lines of which a line is parsed when it is asked for, so that a large one opens at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from goosequill.errors import SearchError
from goosequill.search.storage import Buffer
from goosequill.support.budget import Budget

_TOGETHER = 1_000
"""Lines."""


class Lines:
    """Values by number: those in a file, and those that were added.

    Parameters
    ----------
    data
        The file's bytes; each line ends with a line feed.
    name
        The file's, for errors.
    """

    def __init__(self, data: Buffer, name: str) -> None:
        self._data, self._name = data, name
        self._ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        self._added: list[Any] = []
        if len(data) and (not len(self._ends) or self._ends[-1] != len(data) - 1):
            raise self._corrupt()

    def __len__(self) -> int:
        return len(self._ends) + len(self._added)

    def __getitem__(self, number: int) -> Any:
        if number >= len(self._ends):
            return self._added[number - len(self._ends)]
        start = int(self._ends[number - 1]) + 1 if number else 0
        return self._parsed(bytes(self._data[start : int(self._ends[number])]))

    def __iter__(self) -> Iterator[Any]:
        """Yield all values; many lines are parsed at once, which is faster than each alone."""
        start = 0
        for ends in np.split(self._ends, range(_TOGETHER, len(self._ends), _TOGETHER)):
            end = int(ends[-1]) if len(ends) else 0
            found = self._parsed(b"[" + bytes(self._data[start:end]).replace(b"\n", b",") + b"]")
            if len(found) != len(ends):
                raise self._corrupt()
            yield from found
            start = end + 1
        yield from self._added

    def add(self, value: Any) -> bytes:
        """Add a value and return its line."""
        self._added.append(value)
        return json.dumps(value).encode() + b"\n"

    def _parsed(self, data: bytes) -> Any:
        try:
            return Budget().json(data)
        except ValueError as error:
            raise self._corrupt() from error

    def _corrupt(self) -> SearchError:
        return SearchError(f"The index is damaged: {self._name} is not JSON lines.", code="index-corrupt")
