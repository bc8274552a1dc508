"""Numerics over logits: normalizing, finding the largest, sampling.

Logits are float32 over the whole vocabulary; minus infinity marks a token that was removed. Operations over
the whole vocabulary belong to the kernel (`goosequill.kernels.logits`). Sums are taken in float64: BlinkDL's
float32 sum over 65,536 tokens ends at 0.9999, which breaks its top-p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.logits import LOWEST, LogitOperations, Weighed
from goosequill.kernels.logits import Logits as Logits

Ids = NDArray[np.intp]

LOG_ZERO = -1e30
"""Stands for the logarithm of a probability of 0, so that sums and products stay finite."""


@dataclass(slots=True)  # frozen ones take longer to make
class Candidates:
    """The tokens that can still be chosen. Nobody changes them.

    Attributes
    ----------
    logits
        Of the candidates, float32.
    ids
        The candidates' token ids, ascending; None for the whole vocabulary.
    """

    logits: Logits
    ids: Ids | None = None

    def keep(self, indices: Ids) -> Candidates:
        """Return the candidates at the indices, which ascend."""
        return Candidates(self.logits[indices], indices if self.ids is None else self.ids[indices])

    def over(self, size: int) -> Logits:
        """Return logits over a whole vocabulary; tokens that are not candidates get minus infinity."""
        if self.ids is None:
            return self.logits
        logits = np.full(size, -np.inf, np.float32)
        logits[self.ids] = self.logits
        return logits

    def index(self, token: int) -> int:
        """Return the index of a token among the candidates."""
        return token if self.ids is None else int(np.searchsorted(self.ids, token))

    def token(self, index: int) -> int:
        """Return the token at an index."""
        return index if self.ids is None else int(self.ids[index])


class WeighOnce:
    """A kernel's operations that weigh each array of logits once, since no step changes its input.

    Top-p, the sampler and the log probability all need weights or their sum, often of the same array, and
    greedy decoding the index that the check of the logits has found.
    """

    def __init__(self, operations: LogitOperations) -> None:
        self._operations = operations
        self._known: tuple[tuple[Logits, Weighed], ...] = ()
        self._peak: tuple[Logits, int] | None = None

    def weigh(self, logits: Logits, highest: float | None = None) -> Weighed:
        for known, weighed in self._known:
            if known is logits:
                return weighed
        weighed = self._operations.weigh(logits, self.highest(logits) if highest is None else highest)
        self._known = (*self._known[-1:], (logits, weighed))
        return weighed

    def log_total(self, logits: Logits, highest: float | None = None) -> float:
        for known, weighed in self._known:
            if known is logits:
                return weighed.log_total
        return self._operations.log_total(logits, self.highest(logits) if highest is None else highest)

    def highest(self, logits: Logits) -> float:
        if self._peak is None or self._peak[0] is not logits:
            return self._operations.highest(logits)
        index = self._peak[1]
        return float(logits[index]) if index < len(logits) else math.nan

    def argmax(self, logits: Logits) -> int:
        if self._peak is None or self._peak[0] is not logits:
            self._peak = logits, self._operations.argmax(logits)
        return self._peak[1]

    def temper(self, logits: Logits, highest: float, temperature: float) -> Logits:
        return self._operations.temper(logits, highest, temperature)

    def cumulative_index(self, weights: Logits, target: float) -> int:
        return self._operations.cumulative_index(weights, target)

    def at_least(self, values: Logits, limit: float) -> Ids:
        return self._operations.at_least(values, limit)

    def leading(self, values: Logits, weights: Logits | None, mass: float, limit: float = LOWEST) -> Ids:
        return self._operations.leading(values, weights, mass, limit)


def alive(logits: Logits, operations: LogitOperations) -> Ids:
    """Return the indices that were not removed, ascending."""
    return operations.at_least(logits, LOWEST)


def probabilities(logits: Logits, operations: LogitOperations) -> NDArray[np.float32]:
    """Return softmax(logits); a removed token has 0."""
    weights, _, total = operations.weigh(logits)
    return (weights / np.float64(total)).astype(np.float32)


def distribution(
    logits: Logits, operations: LogitOperations
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return softmax(logits) and its natural logarithm; a removed token has 0 and `LOG_ZERO`."""
    weights, highest, total = operations.weigh(logits)
    logs = operations.temper(logits, highest + math.log(total), 1.0)
    np.maximum(logs, np.float32(LOG_ZERO), out=logs)
    return weights / total, logs


def log_probability(logits: Logits, index: int, operations: LogitOperations) -> float:
    """Return the natural logarithm of softmax(logits)[index]."""
    return float(logits[index]) - operations.log_total(logits)


def largest(values: Logits, count: int, operations: LogitOperations) -> Ids:
    """Return the indices of the ``count`` largest values that were not removed, ascending.

    Of equal values the first are taken.
    """
    return operations.leading(values, None, count)


def best(logits: Logits, count: int, operations: LogitOperations) -> Ids:
    """Return the same indices, the largest value first."""
    ids = largest(logits, count, operations)
    return ids[np.argsort(-logits[ids], kind="stable")]


def most_likely(logits: Logits, operations: LogitOperations) -> Ids:
    """Return the index of the first highest logit, as an array of one; an empty one if any logit is NaN."""
    index = operations.argmax(logits)
    return np.arange(index, min(index + 1, len(logits)))


def entropy(probabilities: NDArray[np.float32], logs: NDArray[np.float32]) -> float:
    """Return the entropy in nats of what `distribution` returned."""
    return -float((probabilities * logs).sum(dtype=np.float64))


def draw(candidates: Candidates, uniform: float, operations: LogitOperations) -> int:
    """Return the token at which the cumulative probability exceeds ``uniform``, a number in [0, 1)."""
    if len(candidates.logits) == 1:  # as in greedy decoding, for each token
        return candidates.token(0)
    weights, _, total = operations.weigh(candidates.logits)
    return candidates.token(operations.cumulative_index(weights, uniform * total))
