"""Memory for weights, in which matrices that are read one after the other are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.library import IN_BROWSER, address_of


class Arena:
    """Memory for weights: adjacent pieces of large arrays, aligned to cache lines.

    Linux gives numpy huge pages for an array of 4 MB or more, from which a matrix is read up to a quarter
    faster. A browser gives none, but there too weights that are read in sequence should be adjacent.
    """

    SIZE = 1 << 23 if IN_BROWSER else 1 << 24
    """Largest size of the arrays; the first ones are smaller, so that a small model takes little memory."""
    FIRST = 1 << 20
    """Size of the first array."""
    LARGEST = SIZE // 4
    """Largest size of a piece; larger ones would leave too much of an array unused."""
    LINE = 64  # bytes of a cache line

    def __init__(self) -> None:
        self._free = np.empty(0, np.int8)
        self._size = self.FIRST

    def take(self, length: int) -> NDArray[np.int8]:
        """Return `length` bytes of any values. What no piece takes is not written, so it takes no memory."""
        if length > self._free.size:
            array = np.empty(max(self._size, length) + self.LINE, np.int8)
            self._free = array[-address_of(array) % self.LINE :]
            self._size = min(2 * self._size, self.SIZE)
        taken, self._free = self._free[:length], self._free[-(-length // self.LINE) * self.LINE :]
        return taken
