"""Vectors of passages in 8 bits, and the scan for those nearest to a question.

`QuantizedVectors` has them all in memory and its scans are exact. `StoredVectors` is for more bytes than
`MEMORY`: it keeps their signs, 48 bytes a vector of 384, and reads the rows that agree most from the storage.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.kernel import Floats
from goosequill.kernels.search import Bits, SearchOperations, pack_signs
from goosequill.search.growing import Growing

Bytes = NDArray[np.int8]
Rows = NDArray[np.intp]

MEMORY = 1 << 28
"""Bytes of vectors that are kept in memory: 700,000 vectors of 384. Of more than these only the signs are."""
SAMPLE = 4096
"""Vectors from which the mean and the deviation of the cosines with a question are estimated, at most."""
CANDIDATES = 2000
"""Vectors whose signs agree most with the question's, of which the rows are read."""
_ROTATED = 512


def quantize(vectors: Floats) -> tuple[Bytes, Floats]:
    """Return vectors [n, d] as int8 [n, d], and what to multiply each row by, float32 [n]."""
    tops = np.abs(vectors).max(axis=1, initial=0)
    scales = (tops / 127).astype(np.float32)
    steps = np.where(tops > 0, scales, 1)[:, None]
    return np.rint(vectors / steps).astype(np.int8), scales


def signs(rows: Bytes | Floats) -> Bits:
    """Return the signs of rows [n, d] after a rotation that is the same for all, as `pack_signs` does.

    A model's axes differ in how much they tell apart, and every sign counts alike. A random rotation makes
    the axes alike; it changes no cosine.
    """
    return pack_signs(rotated(rows))


def rotated(rows: Bytes | Floats) -> Floats:
    """Return rows [n, d] in that rotation, which is of 512 dimensions at a time."""
    found = np.empty(rows.shape, np.float32)
    for start in range(0, rows.shape[1], _ROTATED):
        part = rows[:, start : start + _ROTATED].astype(np.float32)
        found[:, start : start + _ROTATED] = part @ _rotation(part.shape[1])
    return found


@functools.cache
def _rotation(dimensions: int) -> Floats:
    """Return a random orthogonal matrix; a sign that rounding changes elsewhere costs nothing."""
    drawn = np.random.default_rng(dimensions).standard_normal((dimensions, dimensions))
    result: Floats = np.linalg.qr(drawn)[0].astype(np.float32)
    return result


class Vectors(Protocol):
    """Vectors of one length, by number, which can be added to and forgotten, but not changed."""

    dimensions: int

    def __len__(self) -> int:
        """Return how many there are, with the forgotten ones."""

    def add(self, vectors: Bytes, scales: Floats) -> None:
        """Append vectors [n, d] and their scales [n]."""

    def forget(self, first: int, end: int) -> None:
        """Never find the vectors of a range again."""

    def scan(self, question: Floats, count: int, *, start: int = 0) -> tuple[Rows, Floats]:
        """Return numbers and cosines of those nearest to a question, best first, from `start` on.

        A question shorter than the vectors is compared with their first dimensions. There may be fewer than
        `count`: as many as there are, without the forgotten ones.
        """

    def cosines(self, numbers: Rows, question: Floats) -> Floats:
        """Return the cosines of some vectors with a question, [numbers]; NaN for forgotten ones."""

    def rows(self, numbers: Rows) -> Bytes:
        """Return some vectors as they are kept, [numbers, d], also forgotten ones."""

    def restored(self, numbers: Rows) -> Floats:
        """Return some vectors as numbers, [numbers, d]."""

    def sample(self, question: Floats, *, start: int = 0) -> Floats:
        """Return the cosines of an evenly spaced sample; of all up to `SAMPLE` vectors."""


class QuantizedVectors:
    """Vectors in memory.

    Parameters
    ----------
    vectors, scales
        The first ones, int8 [n, d] and float32 [n], which may be a mapped file; only the scales are copied.
    search
        The kernel's scans.
    """

    def __init__(self, vectors: Bytes, scales: Floats, search: SearchOperations) -> None:
        self.dimensions = vectors.shape[1]
        self._search = search
        self._base = vectors
        self._tail = Growing(np.zeros((0, self.dimensions), np.int8))
        self._scales = Growing(np.array(scales, np.float32))

    def __len__(self) -> int:
        return len(self._scales)

    @property
    def scales(self) -> Floats:
        """What each vector is multiplied by; NaN for forgotten ones."""
        return self._scales.rows

    def add(self, vectors: Bytes, scales: Floats) -> None:
        self._tail.add(vectors)
        self._scales.add(scales)

    def forget(self, first: int, end: int) -> None:
        self._scales.rows[first:end] = np.nan

    def scan(self, question: Floats, count: int, *, start: int = 0) -> tuple[Rows, Floats]:
        question, base = _padded(question, self.dimensions), len(self._base)
        parts = []
        for first, rows in ((0, self._base), (base, self._tail.rows)):
            skipped = min(max(0, start - first), len(rows))
            left = rows[skipped:]
            if len(left):
                scales = self._scales.rows[first + skipped : first + len(rows)]
                found = self._search.nearest(left, scales, question, count)
                parts.append((found.indices + first + skipped, found.scores.astype(np.float32)))
        return _best(parts, count)

    def cosines(self, numbers: Rows, question: Floats) -> Floats:
        return _cosines(self.rows(numbers), self._scales.rows[numbers], question)

    def restored(self, numbers: Rows) -> Floats:
        return _restored(self.rows(numbers), self._scales.rows[numbers])

    def sample(self, question: Floats, *, start: int = 0) -> Floats:
        found = self.cosines(_spaced(start, len(self)), question)
        return found[np.isfinite(found)]

    def rows(self, numbers: Rows) -> Bytes:
        """Return some rows, [numbers, d]."""
        numbers = np.asarray(numbers, np.intp)
        base = len(self._base)
        found = np.empty((len(numbers), self.dimensions), np.int8)
        old = numbers < base
        found[old] = self._base[numbers[old]]
        found[~old] = self._tail.rows[numbers[~old] - base]
        return found


class StoredVectors:
    """Vectors of which only the signs are in memory.

    Parameters
    ----------
    scales
        Of the vectors that are there, float32 [n].
    bits
        Their `signs`, uint8 [n, ceil(dimensions / 8)].
    dimensions
        Their length.
    read
        numbers [m] -> those rows, int8 [m, dimensions]; also of rows that are added later.
    search
        The kernel's scans.
    """

    def __init__(
        self,
        scales: Floats,
        bits: Bits,
        dimensions: int,
        read: Callable[[Rows], Bytes],
        search: SearchOperations,
    ) -> None:
        self.dimensions = dimensions
        self._read, self._search = read, search
        self._scales = Growing(np.array(scales, np.float32))
        self._forgotten = int(np.count_nonzero(~np.isfinite(self._scales.rows)))
        self._bits = Growing(bits)
        self._sample: tuple[Rows, Bytes] | None = None

    def __len__(self) -> int:
        return len(self._scales)

    def add(self, vectors: Bytes, scales: Floats) -> None:
        self._bits.add(signs(vectors))
        self._scales.add(scales)

    def forget(self, first: int, end: int) -> None:
        self._forgotten += int(np.count_nonzero(np.isfinite(self._scales.rows[first:end])))
        self._scales.rows[first:end] = np.nan

    def scan(self, question: Floats, count: int, *, start: int = 0) -> tuple[Rows, Floats]:
        padded = _padded(question, self.dimensions)
        near = self._agreeing(padded, max(CANDIDATES, 4 * count), start)
        if not len(near):
            return _best([], count)
        found = self._search.nearest(self._read(near), self._scales.rows[near], padded, count)
        return near[found.indices], found.scores.astype(np.float32)

    def _agreeing(self, padded: Floats, count: int, start: int) -> Rows:
        """Return the vectors whose signs agree most with a question's, in their order, without forgotten."""
        bits, live = self._bits.rows[start:], len(self) - self._forgotten
        if not len(bits) or not live:
            return np.zeros(0, np.intp)
        # Forgotten ones are among the nearest as often as elsewhere.
        asked = rotated(padded[None])[0]
        near = self._search.nearest_bits(bits, asked, -(-count * len(self) // live)).indices + start
        return np.sort(near[np.isfinite(self._scales.rows[near])][:count])

    def cosines(self, numbers: Rows, question: Floats) -> Floats:
        return _cosines(self.rows(numbers), self._scales.rows[numbers], question)

    def restored(self, numbers: Rows) -> Floats:
        return _restored(self.rows(numbers), self._scales.rows[numbers])

    def rows(self, numbers: Rows) -> Bytes:
        """Return some rows, [numbers, d]."""
        return self._read(np.asarray(numbers, np.intp))

    def sample(self, question: Floats, *, start: int = 0) -> Floats:
        numbers = _spaced(start, len(self))
        if self._sample is None or not np.array_equal(self._sample[0], numbers):
            self._sample = numbers, self.rows(numbers)  # which every question would read
        found = _cosines(self._sample[1], self._scales.rows[numbers], question)
        return found[np.isfinite(found)]


def _padded(question: Floats, dimensions: int) -> Floats:
    padded = np.zeros(dimensions, np.float32)
    padded[: len(question)] = question
    return padded


def _cosines(rows: Bytes, scales: Floats, question: Floats) -> Floats:
    """scale (row · question) of each row, [n]."""
    products = np.einsum("nd,d->n", rows[:, : len(question)].astype(np.float32), question)
    result: Floats = products * scales
    return result


def _restored(rows: Bytes, scales: Floats) -> Floats:
    result: Floats = rows * scales[:, None]
    return result


def _spaced(start: int, end: int) -> Rows:
    step = max(1, -(-(end - start) // SAMPLE))
    return np.arange(start, end, step, dtype=np.intp)


def _best(parts: list[tuple[Rows, Floats]], count: int) -> tuple[Rows, Floats]:
    """Return the best of several scans, best first; of equal scores the first number first."""
    numbers = np.concatenate([np.zeros(0, np.intp), *(part[0] for part in parts)])
    scores = np.concatenate([np.zeros(0, np.float32), *(part[1] for part in parts)])
    order = np.lexsort((numbers, -scores))[:count]
    return numbers[order], scores[order]
