"""Numerics over scores: normalising, choosing the largest, drawing.

Scores are float32 logits over the whole vocabulary; minus infinity marks a token that was cut. What goes
over all of them is the kernel's (`goosequill.kernels.logits`). Sums are taken in float64: BlinkDL's
float32 sum over 65,536 tokens ends at 0.9999, and its top-p fails for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.logits import LOWEST, LogitOperations, Weighed

Scores = NDArray[np.float32]
Ids = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Candidates:
    """What can still be written.

    Attributes
    ----------
    scores
        Of the candidates, float32.
    ids
        Which tokens they are, ascending; None: the whole vocabulary.
    """

    scores: Scores
    ids: Ids | None = None

    def keep(self, places: Ids) -> Candidates:
        """Return those at some places, which ascend."""
        return Candidates(self.scores[places], places if self.ids is None else self.ids[places])

    def over(self, size: int) -> Scores:
        """Return the scores over a vocabulary; every other token is cut."""
        if self.ids is None:
            return self.scores
        scores = np.full(size, -np.inf, np.float32)
        scores[self.ids] = self.scores
        return scores

    def place(self, token: int) -> int:
        """Return where a candidate stands."""
        return token if self.ids is None else int(np.searchsorted(self.ids, token))

    def token(self, place: int) -> int:
        """Return which token stands at a place."""
        return place if self.ids is None else int(self.ids[place])


FAINTEST = -1e30
"""The logarithm that stands for a chance of 0: it keeps sums and products finite."""


class OnceWeighed:
    """A kernel's operations that weigh an array of scores once, since no step changes what it is given.

    Top-p, the draw and the log probability each want the weights, and two of them often of one array.
    """

    def __init__(self, operations: LogitOperations) -> None:
        self._operations = operations
        self._known: tuple[tuple[Scores, Weighed], ...] = ()

    def weigh(self, scores: Scores) -> Weighed:
        for known, weighed in self._known:
            if known is scores:
                return weighed
        weighed = self._operations.weigh(scores)
        weighed.weights.flags.writeable = False
        self._known = (*self._known[-1:], (scores, weighed))
        return weighed

    def highest(self, scores: Scores) -> float:
        return self._operations.highest(scores)

    def argmax(self, scores: Scores) -> int:
        return self._operations.argmax(scores)

    def temper(self, scores: Scores, highest: float, temperature: float) -> Scores:
        return self._operations.temper(scores, highest, temperature)

    def cumulative_index(self, weights: Scores, target: float) -> int:
        return self._operations.cumulative_index(weights, target)

    def at_least(self, values: Scores, limit: float) -> Ids:
        return self._operations.at_least(values, limit)

    def leading(self, values: Scores, weights: Scores | None, mass: float, limit: float = LOWEST) -> Ids:
        return self._operations.leading(values, weights, mass, limit)


def alive(scores: Scores, operations: LogitOperations) -> Ids:
    """Return the ids that are not cut, ascending."""
    return operations.at_least(scores, LOWEST)


def probabilities(scores: Scores, operations: LogitOperations) -> NDArray[np.float32]:
    """Return softmax(scores); a cut token has 0."""
    weights, _, total = operations.weigh(scores)
    return (weights / np.float64(total)).astype(np.float32)


def distribution(
    scores: Scores, operations: LogitOperations
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return softmax(scores) and its natural logarithm; a cut token has 0 and `FAINTEST`."""
    weights, highest, total = operations.weigh(scores)
    logs = operations.temper(scores, highest + math.log(total), 1.0)
    np.maximum(logs, np.float32(FAINTEST), out=logs)
    return weights / total, logs


def log_total(scores: Scores, operations: LogitOperations) -> float:
    """Return log(sum(exp(scores)))."""
    _, highest, total = operations.weigh(scores)
    return highest + math.log(total)


def log_probability(scores: Scores, token: int, operations: LogitOperations) -> float:
    """Return the natural logarithm of a token's share of the softmax."""
    return float(scores[token]) - log_total(scores, operations)


def largest(values: Scores, count: int, operations: LogitOperations) -> Ids:
    """Return the indices of the ``count`` largest that are not cut, ascending; of equal ones the first."""
    return operations.leading(values, None, count)


def best(scores: Scores, count: int, operations: LogitOperations) -> Ids:
    """Return the same, largest first."""
    ids = largest(scores, count, operations)
    return ids[np.argsort(-scores[ids], kind="stable")]


def likeliest(scores: Scores, operations: LogitOperations) -> Ids:
    """Return the index of the highest, or of the first of them, as an array of one; of none if one is NaN."""
    place = operations.argmax(scores)
    return np.arange(place, min(place + 1, len(scores)))


def entropy(chances: NDArray[np.float32], logs: NDArray[np.float32]) -> float:
    """Return the entropy in nats of what `distribution` returned."""
    return -float((chances * logs).sum(dtype=np.float64))


def draw(candidates: Candidates, uniform: float, operations: LogitOperations) -> int:
    """Return the token where ``uniform`` (0 to 1) falls when the candidates are laid out by their chances."""
    weights, _, total = operations.weigh(candidates.scores)
    return candidates.token(operations.cumulative_index(weights, uniform * total))
