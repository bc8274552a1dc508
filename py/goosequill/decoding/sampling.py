"""Numerics over scores: normalising, choosing the largest, drawing.

Scores are float32 logits over the whole vocabulary; minus infinity marks a token that was cut. What goes
over all of them is the kernel's (`goosequill.kernels.scores`). Sums are taken in float64: BlinkDL's
float32 sum over 65,536 tokens ends at 0.9999, and its top-p fails for that.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.scores import LOWEST, ScoreOperations

Scores = NDArray[np.float32]
Ids = NDArray[np.intp]

FAINTEST = -1e30
"""The logarithm that stands for a chance of 0: it keeps sums and products finite."""


def alive(scores: Scores, operations: ScoreOperations) -> Ids:
    """Return the ids that are not cut, ascending."""
    return operations.at_least(scores, LOWEST)


def probabilities(scores: Scores, operations: ScoreOperations) -> NDArray[np.float32]:
    """Return softmax(scores); a cut token has 0."""
    weights, _, total = operations.weigh(scores)
    weights /= np.float64(total)
    return weights


def distribution(
    scores: Scores, operations: ScoreOperations
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return softmax(scores) and its natural logarithm; a cut token has 0 and `FAINTEST`."""
    weights, highest, total = operations.weigh(scores)
    logs = operations.temper(scores, highest + math.log(total), 1.0)
    np.maximum(logs, np.float32(FAINTEST), out=logs)
    return weights / total, logs


def log_total(scores: Scores, operations: ScoreOperations) -> float:
    """Return log(sum(exp(scores)))."""
    _, highest, total = operations.weigh(scores)
    return highest + math.log(total)


def log_probability(scores: Scores, token: int, operations: ScoreOperations) -> float:
    """Return the natural logarithm of a token's share of the softmax."""
    return float(scores[token]) - log_total(scores, operations)


def keep_only(scores: Scores, ids: Ids) -> Scores:
    """Return the scores with every token but ``ids`` cut."""
    kept = _nothing(len(scores)).copy()
    kept[ids] = scores[ids]
    return kept


@lru_cache(maxsize=1)
def _nothing(size: int) -> Scores:
    """Scores that are all cut. To copy them takes a fifth of what filling an array does in WebAssembly."""
    return np.full(size, -np.inf, np.float32)


def largest(values: Scores, count: int, operations: ScoreOperations) -> Ids:
    """Return the indices of the ``count`` largest that are not cut, ascending; of equal ones the first."""
    return operations.leading(values, None, count)


def best(scores: Scores, count: int, operations: ScoreOperations) -> Ids:
    """Return the same, largest first."""
    ids = largest(scores, count, operations)
    return ids[np.argsort(-scores[ids], kind="stable")]


def likeliest(scores: Scores, operations: ScoreOperations) -> Ids:
    """Return the index of the highest, or of the first of them, as an array of one."""
    return operations.at_least(scores, operations.highest(scores))[:1]


def entropy(chances: NDArray[np.float32], logs: NDArray[np.float32]) -> float:
    """Return the entropy in nats of what `distribution` returned."""
    return -float((chances * logs).sum(dtype=np.float64))


def draw(scores: Scores, uniform: float, operations: ScoreOperations) -> int:
    """Return the id where ``uniform`` (0 to 1) falls when the tokens are laid out by their chances."""
    weights, _, total = operations.weigh(scores)
    return operations.place(weights, uniform * total)
