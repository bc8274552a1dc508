"""How closeness in meaning and shared words become one score, by which passages are ranked.

Both are measured in standard deviations above their mean over all passages (z-scores), and added with a
weight. Then each passage's score is averaged with its neighbours' under the same headings, because an answer
is often longer than a passage. scripts/search/quality.py and held_out.py measure what that is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.kernel import Floats

FULL_WEIGHT = 0.15
"""Weight of the words beside the vectors of the model that made the index."""
STATIC_WEIGHT = 0.3
"""Weight of the words beside the static table's vectors, which are less certain."""
NEIGHBOURS = 2
"""Passages before and after one that count with it, if they stand under the same headings."""
NEIGHBOUR_WEIGHT = 0.6
"""Weight of their mean beside the passage's own score."""
MISSING = 0.8
"""What stands for a neighbour that is not there, as a share of the passage's own score: short sections must
not lose to long ones, nor win."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of one measure over all passages."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Return the mean and deviation of values, or of a sample of them."""
        if not len(values):
            return cls(0.0, 0.0)
        return cls(float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64)))

    def z(self, values: Floats) -> Floats:
        """Return how many deviations above the mean values are; 0 where all are equal."""
        if self.deviation < 1e-9:
            return np.zeros(len(values), np.float32)
        return ((values - self.mean) / self.deviation).astype(np.float32)


def fuse(cosines: Floats, words: Floats, weight: float) -> Floats:
    """Return z(cosines) + weight z(words), the scores of all passages, [n]."""
    return Moments.of(cosines).z(cosines) + np.float32(weight) * Moments.of(words).z(words)


def around(numbers: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return passages [n] and those within `NEIGHBOURS` of them, ascending; there are `count` in all."""
    near = np.unique(numbers[:, None] + np.arange(-NEIGHBOURS, NEIGHBOURS + 1))
    return near[(near >= 0) & (near < count)]


def with_neighbours(numbers: NDArray[np.intp], sections: NDArray[np.int64], scores: Floats) -> Floats:
    """Return the scores of passages averaged with those of their neighbours.

    Parameters
    ----------
    numbers
        Of the passages, ascending [n]; neighbours that are not among them do not count.
    sections
        Equal for passages under the same headings of one document [n].
    scores
        [n], or [questions, n].
    """
    totals, counts = np.zeros_like(scores), np.zeros(len(numbers), np.float32)
    for distance in range(1, NEIGHBOURS + 1):
        at = np.minimum(np.searchsorted(numbers, numbers + distance), len(numbers) - 1)
        before = np.flatnonzero((numbers[at] == numbers + distance) & (sections[at] == sections))
        after = at[before]
        totals[..., before] += scores[..., after]
        totals[..., after] += scores[..., before]
        counts[before] += 1
        counts[after] += 1
    missing = np.float32(MISSING) * (2 * NEIGHBOURS - counts) * scores
    weight = np.float32(NEIGHBOUR_WEIGHT)
    averaged = (scores + weight * (totals + missing) / (2 * NEIGHBOURS)) / (1 + weight)
    return averaged.astype(np.float32)
