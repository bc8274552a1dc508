"""How closeness in meaning and shared words become one score, by which passages are ranked.

Both are measured in standard deviations above their mean over all passages (z-scores), and added with a
weight. scripts/search/quality.py measures what that is worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from goosequill.kernels.kernel import Floats

FULL_WEIGHT = 0.15
"""Weight of the words beside the vectors of the model that made the index."""
STATIC_WEIGHT = 0.3
"""Weight of the words beside the static table's vectors, which are less certain."""


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
