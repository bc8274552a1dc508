"""Operations on the logits of a whole vocabulary, for choosing a token: in numpy, and compiled from simd.c.

A decoder passes over 65,536 logits many times per token, and numpy in WebAssembly has no SIMD: there a single
exp of them takes as long as everything else. The results are small, or are weights that are computed once.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.library import Library, address_of

Logits = NDArray[np.float32]
Indices = NDArray[np.intp]

LOWEST = float(np.finfo(np.float32).min)
"""The lowest logit of a token that is not masked; masked tokens have minus infinity."""

_FLOAT32 = np.dtype(np.float32)  # created once, because that takes longer than the comparison

_FEW = 1024
"""Up to this many values are sorted."""

_BINS = 1024


class Weighed(NamedTuple):
    """A softmax before the division.

    Attributes
    ----------
    weights
        exp(logit - highest), float32 [V]; 0 for masked tokens.
    highest
        The highest logit.
    total
        The sum of the weights, computed in float64.
    """

    weights: Logits
    highest: float
    total: float

    @property
    def log_total(self) -> float:
        """log(sum(exp(logits))), natural."""
        return self.highest + math.log(self.total)


class LogitOperations(Protocol):
    """Operations on float32 arrays [V], V at least 1; none of them changes or sorts its arguments."""

    def highest(self, logits: Logits) -> float:
        """Return the largest; NaN if any is NaN."""

    def argmax(self, logits: Logits) -> int:
        """Return the index of the largest, the first if several are equal; V if any is NaN."""

    def weigh(self, logits: Logits, highest: float | None = None) -> Weighed:
        """Return the exponentials and their sum, which is NaN if the highest logit is not finite.

        It need not be looked for where it is known.
        """

    def log_total(self, logits: Logits, highest: float | None = None) -> float:
        """Return log(sum(exp(logits))), which is NaN if the highest logit is not finite."""

    def temper(self, logits: Logits, highest: float, temperature: float) -> Logits:
        """Return (logits - highest) / temperature, computed in float64; the temperature is above 0."""

    def cumulative_index(self, weights: Logits, target: float) -> int:
        """Return the first index at which the cumulative sum of the weights exceeds the target.

        If it never does, the last index whose weight is not 0.
        """

    def at_least(self, values: Logits, limit: float) -> Indices:
        """Return the indices of the values of at least ``limit`` (above minus infinity), ascending."""

    def leading(self, values: Logits, weights: Logits | None, mass: float, limit: float = LOWEST) -> Indices:
        """Return the indices of the fewest values whose weights sum to ``mass`` or more, ascending.

        The largest values are taken first, and of equal ones the first; none below ``limit``. All of those
        are taken if their weights do not reach ``mass``. Without ``weights``, each is 1. Values are finite or
        minus infinity; weights and mass are not negative.
        """


class NumpyLogits:
    """The reference."""

    def highest(self, logits: Logits) -> float:
        return float(logits.max())

    def argmax(self, logits: Logits) -> int:
        index = int(logits.argmax())
        return len(logits) if np.isnan(logits[index]) else index

    def weigh(self, logits: Logits, highest: float | None = None) -> Weighed:
        highest = self.highest(logits) if highest is None else highest
        with np.errstate(invalid="ignore"):
            weights = np.exp(logits - np.float32(highest))
        return Weighed(weights, highest, float(weights.sum(dtype=np.float64)))

    def log_total(self, logits: Logits, highest: float | None = None) -> float:
        return self.weigh(logits, highest).log_total

    def temper(self, logits: Logits, highest: float, temperature: float) -> Logits:
        with np.errstate(over="ignore"):
            return ((logits.astype(np.float64) - highest) / temperature).astype(np.float32)

    def cumulative_index(self, weights: Logits, target: float) -> int:
        sums = np.cumsum(weights, dtype=np.float64)
        index = int(np.searchsorted(sums, target, side="right"))
        return index if index < len(weights) else int(np.flatnonzero(weights)[-1])

    def at_least(self, values: Logits, limit: float) -> Indices:
        return np.flatnonzero(values >= np.float32(limit))

    def leading(self, values: Logits, weights: Logits | None, mass: float, limit: float = LOWEST) -> Indices:
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


def _edge(values: Logits, weights: Logits, mass: float) -> np.float32:
    """Return the smallest value that `leading` takes.

    A histogram of the weights over the values shows in which narrow range the mass is reached; the search
    continues with the values in that range.
    """
    while len(values) > _FEW:
        lowest, highest = float(values.min()), float(values.max())
        if lowest == highest:
            return np.float32(lowest)
        # In float64: the distance of two float32 may exceed the largest one.
        bins = ((highest - values.astype(np.float64)) * (_BINS / (highest - lowest))).astype(np.intp)
        sums = np.cumsum(np.bincount(bins, weights))
        edge = min(int(np.searchsorted(sums, mass)), len(sums) - 1)
        mass -= sums[edge - 1] if edge else 0.0
        # Selecting by a mask is five times slower than by indices in WebAssembly.
        here = np.flatnonzero(bins == edge)
        values, weights = values[here], weights[here]
    order = np.argsort(-values, kind="stable")
    index = int(np.searchsorted(np.cumsum(weights[order], dtype=np.float64), mass))
    found: np.float32 = values[order[min(index, len(order) - 1)]]
    return found


class SimdLogits:
    """The same operations, compiled.

    Parameters
    ----------
    library
        The compiled simd.c.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._indices: Indices = np.empty(0, np.intp)

    def highest(self, logits: Logits) -> float:
        found: float = self._library.highest_logit(_address(logits), len(logits))
        return found

    def argmax(self, logits: Logits) -> int:
        found: int = self._library.argmax(_address(logits), len(logits))
        return found

    def weigh(self, logits: Logits, highest: float | None = None) -> Weighed:
        highest = self.highest(logits) if highest is None else highest
        weights = np.empty_like(logits)
        total = self._library.weigh_logits(address_of(weights), _address(logits), len(logits), highest)
        return Weighed(weights, highest, total)

    def log_total(self, logits: Logits, highest: float | None = None) -> float:
        highest = self.highest(logits) if highest is None else highest
        return highest + math.log(self._library.weigh_logits(None, _address(logits), len(logits), highest))

    def temper(self, logits: Logits, highest: float, temperature: float) -> Logits:
        tempered = np.empty_like(logits)
        self._library.temper_logits(address_of(tempered), _address(logits), len(logits), highest, temperature)
        return tempered

    def cumulative_index(self, weights: Logits, target: float) -> int:
        found: int = self._library.cumulative_index(_address(weights), len(weights), target)
        return found

    def at_least(self, values: Logits, limit: float) -> Indices:
        indices = self._scratch(len(values))
        count = self._library.at_least(address_of(indices), _address(values), len(values), limit)
        return indices[:count].copy()

    def leading(self, values: Logits, weights: Logits | None, mass: float, limit: float = LOWEST) -> Indices:
        indices = self._scratch(len(values))
        addresses = address_of(indices), _address(values), None if weights is None else _address(weights)
        count = self._library.leading(*addresses, len(values), mass, limit)
        return indices[:count].copy()

    def _scratch(self, size: int) -> Indices:
        """Return memory for `size` + 1 indices; every call reuses it."""
        if len(self._indices) <= size:
            self._indices = np.empty(size + 1, np.intp)
        return self._indices


def _address(values: Logits) -> int:
    if values.dtype != _FLOAT32 or not values.flags.c_contiguous:
        raise ValueError(f"logits must be contiguous float32, not {values.dtype} {values.strides}")
    return address_of(values)
