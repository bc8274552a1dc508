"""What is done over the scores of a whole vocabulary when a token is chosen: in numpy, and by simd.c.

A decoder's steps look at 65,536 scores many times over, and numpy in WebAssembly knows no SIMD: one exp
over them takes as long there as all the rest may. What these return is small, or is weighed once.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.library import Library, address_of

Scores = NDArray[np.float32]
Places = NDArray[np.intp]

LOWEST = float(np.finfo(np.float32).min)
"""The lowest score that is not cut; minus infinity is."""

_FLOAT32 = np.dtype(np.float32)  # to make one of the type anew for each comparison takes time

_FEW = 1024
"""So many are sorted without ado."""

_BINS = 1024


class Weighed(NamedTuple):
    """A softmax before the division.

    Attributes
    ----------
    weights
        exp(score - highest), float32 [V]; 0 for what was cut.
    highest
        The highest score.
    total
        The sum of the weights, in float64.
    """

    weights: Scores
    highest: float
    total: float


class LogitOperations(Protocol):
    """Operations on float32 arrays [V], V at least 1, none of which is changed or sorted."""

    def highest(self, scores: Scores) -> float:
        """Return the largest; NaN if any is NaN."""

    def argmax(self, scores: Scores) -> int:
        """Return the first place of the largest; V if any is NaN."""

    def weigh(self, scores: Scores) -> Weighed:
        """Return the exponentials and their sum, which is NaN unless the highest score is finite."""

    def temper(self, scores: Scores, highest: float, temperature: float) -> Scores:
        """Return (scores - highest) / temperature, computed in float64; the temperature is above 0."""

    def cumulative_index(self, weights: Scores, target: float) -> int:
        """Return the first place where the sum of the weights up to it is above the target.

        Where none is, the last whose weight is not 0.
        """

    def at_least(self, values: Scores, limit: float) -> Places:
        """Return the places of the values from ``limit`` on (a float32 above minus infinity), ascending."""

    def leading(self, values: Scores, weights: Scores | None, mass: float, limit: float = LOWEST) -> Places:
        """Return the places of the fewest values whose weights sum to ``mass`` or more, ascending.

        The largest values are taken first, and of equal ones the first. All from ``limit`` on, where the
        whole is less than ``mass``; none below it. Without ``weights`` each is 1. Values are finite or minus
        infinity, weights and mass not negative.
        """


class NumpyLogits:
    """The reference."""

    def highest(self, scores: Scores) -> float:
        return float(scores.max())

    def argmax(self, scores: Scores) -> int:
        place = int(scores.argmax())
        return len(scores) if np.isnan(scores[place]) else place

    def weigh(self, scores: Scores) -> Weighed:
        highest = scores.max()
        with np.errstate(invalid="ignore"):
            weights = np.exp(scores - highest)
        return Weighed(weights, float(highest), float(weights.sum(dtype=np.float64)))

    def temper(self, scores: Scores, highest: float, temperature: float) -> Scores:
        with np.errstate(over="ignore"):
            return ((scores.astype(np.float64) - highest) / temperature).astype(np.float32)

    def cumulative_index(self, weights: Scores, target: float) -> int:
        sums = np.cumsum(weights, dtype=np.float64)
        place = int(np.searchsorted(sums, target, side="right"))
        return place if place < len(weights) else int(np.flatnonzero(weights)[-1])

    def at_least(self, values: Scores, limit: float) -> Places:
        return np.flatnonzero(values >= np.float32(limit))

    def leading(self, values: Scores, weights: Scores | None, mass: float, limit: float = LOWEST) -> Places:
        ids = self.at_least(values, limit)
        values = values[ids]
        weights = np.ones_like(values) if weights is None else weights[ids]
        if not len(ids):
            return ids
        edge = _edge(values, weights, mass)
        taken = values > edge
        ties = np.flatnonzero(values == edge)
        sums = weights[taken].sum(dtype=np.float64) + np.cumsum(weights[ties], dtype=np.float64)
        taken[ties[: int(np.searchsorted(sums, mass)) + 1]] = True
        return ids[np.flatnonzero(taken)]


def _edge(values: Scores, weights: Scores, mass: float) -> np.float32:
    """Return the smallest value that `leading` takes.

    A histogram of the weights over the values tells in which narrow range the mass is reached, and only
    what lies in that range is looked at further.
    """
    while len(values) > _FEW:
        lowest, highest = float(values.min()), float(values.max())
        if lowest == highest:
            return np.float32(lowest)
        bins = ((highest - values) * (_BINS / (highest - lowest))).astype(np.intp)
        sums = np.cumsum(np.bincount(bins, weights))
        edge = min(int(np.searchsorted(sums, mass)), len(sums) - 1)
        mass -= sums[edge - 1] if edge else 0.0
        # By their places: picking by a mask is five times slower in WebAssembly.
        here = np.flatnonzero(bins == edge)
        values, weights = values[here], weights[here]
    order = np.argsort(-values, kind="stable")
    place = int(np.searchsorted(np.cumsum(weights[order], dtype=np.float64), mass))
    found: np.float32 = values[order[min(place, len(order) - 1)]]
    return found


class SimdLogits:
    """The same by compiled code.

    Parameters
    ----------
    library
        The compiled simd.c.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._places: Places = np.empty(0, np.intp)

    def highest(self, scores: Scores) -> float:
        found: float = self._library.highest_logit(_address(scores), len(scores))
        return found

    def argmax(self, scores: Scores) -> int:
        found: int = self._library.argmax(_address(scores), len(scores))
        return found

    def weigh(self, scores: Scores) -> Weighed:
        weights, address, size = np.empty_like(scores), _address(scores), len(scores)
        highest = self._library.highest_logit(address, size)
        total = self._library.weigh_logits(address_of(weights), address, size, highest)
        return Weighed(weights, highest, total)

    def temper(self, scores: Scores, highest: float, temperature: float) -> Scores:
        tempered = np.empty_like(scores)
        self._library.temper_logits(address_of(tempered), _address(scores), len(scores), highest, temperature)
        return tempered

    def cumulative_index(self, weights: Scores, target: float) -> int:
        found: int = self._library.cumulative_index(_address(weights), len(weights), target)
        return found

    def at_least(self, values: Scores, limit: float) -> Places:
        places = self._room(len(values))
        count = self._library.at_least(address_of(places), _address(values), len(values), limit)
        return places[:count].copy()

    def leading(self, values: Scores, weights: Scores | None, mass: float, limit: float = LOWEST) -> Places:
        places = self._room(len(values))
        addresses = address_of(places), _address(values), None if weights is None else _address(weights)
        count = self._library.leading(*addresses, len(values), mass, limit)
        return places[:count].copy()

    def _room(self, size: int) -> Places:
        """Return memory for so many places and one more, the same each time."""
        if len(self._places) <= size:
            self._places = np.empty(size + 1, np.intp)
        return self._places


def _address(values: Scores) -> int:
    if values.dtype != _FLOAT32 or not values.flags.c_contiguous:
        raise ValueError(f"scores must be contiguous float32, not {values.dtype} {values.strides}")
    return address_of(values)
