"""Arrays that rows are added to: the memory doubles when it is full, so that adding is cheap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Growing:
    """Rows of one shape and type, in memory.

    Parameters
    ----------
    rows
        The first rows [n, ...]; they are not copied before a row is added, so they may be a mapped file.
    """

    def __init__(self, rows: NDArray[Any]) -> None:
        self._memory, self._count = rows, len(rows)

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> NDArray[Any]:
        """The rows, not copied; valid until the next call of `add`."""
        return self._memory[: self._count]

    def add(self, rows: NDArray[Any]) -> None:
        """Append rows."""
        end = self._count + len(rows)
        if end > len(self._memory):
            grown = np.zeros((max(end, 2 * self._count, 64), *self._memory.shape[1:]), self._memory.dtype)
            grown[: self._count] = self.rows
            self._memory = grown
        self._memory[self._count : end] = rows
        self._count = end
