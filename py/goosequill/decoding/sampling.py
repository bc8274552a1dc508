"""Numerics over scores: normalising, choosing the largest, drawing.

Scores are float32 logits over the whole vocabulary; minus infinity marks a token that was cut. Sums are
taken in float64: BlinkDL's float32 sum over 65,536 tokens ends at 0.9999, and its top-p fails for that.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Ids = NDArray[np.intp]

_FEW = 1024
"""So many are sorted without ado."""

_BINS = 1024

_LEAST = np.float32(-1e30)
"""A log weight beyond which it makes no difference: it keeps sums and products finite."""


def alive(scores: Scores) -> Ids:
    """Return the ids that are not cut, ascending."""
    return np.flatnonzero(scores > -np.inf)


def probabilities(scores: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return softmax(scores); a cut token has 0."""
    weights = np.exp(scores - scores.max())
    weights /= weights.sum(dtype=np.float64)
    return np.asarray(weights, np.float32)


def distribution(scores: Scores) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return softmax(scores) and its natural logarithm, which is finite; no token may be cut."""
    with np.errstate(over="ignore"):
        shifted = np.maximum(scores - scores.max(), _LEAST)
    weights = np.exp(shifted)
    total = float(weights.sum(dtype=np.float64))
    return weights / total, shifted - math.log(total)


def log_total(scores: Scores) -> float:
    """Return log(sum(exp(scores)))."""
    highest = scores.max()
    return float(highest) + float(np.log(np.exp(scores - highest).sum(dtype=np.float64)))


def log_probability(scores: Scores, token: int) -> float:
    """Return the natural logarithm of a token's share of the softmax."""
    return float(scores[token]) - log_total(scores)


def keep_only(scores: Scores, ids: Ids) -> Scores:
    """Return the scores with every token but ``ids`` cut."""
    kept = np.full_like(scores, -np.inf)
    kept[ids] = scores[ids]
    return kept


def largest(values: NDArray[np.floating], count: int) -> Ids:
    """Return the indices of exactly ``count`` largest values, ascending; of equal ones the first.

    By partition, not by sorting: linear in the length.
    """
    if count >= len(values):
        return np.arange(len(values))
    edge = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > edge)
    ties = np.flatnonzero(values == edge)[: count - len(above)]
    return np.sort(np.concatenate([above, ties]))


def best(scores: NDArray[np.floating], count: int) -> Ids:
    """Return the indices of the ``count`` largest, largest first; of equal ones the first."""
    ids = largest(scores, count)
    return ids[np.argsort(-scores[ids], kind="stable")]


def covering(order: NDArray[np.floating], weights: NDArray[np.floating], mass: float) -> Ids:
    """Return the fewest indices, largest ``order`` first, whose weights sum to ``mass`` or more.

    Of equal ones the first are taken; all, where the whole is less than ``mass``. Nothing long is sorted: a
    histogram of the weights over ``order`` tells in which narrow range the mass is reached, and only what
    lies in that range is looked at further.
    """
    ids = np.arange(len(order))
    taken: list[Ids] = []
    while len(ids) > _FEW:
        values = order[ids]
        lowest, highest = float(values.min()), float(values.max())
        if lowest == highest:
            break
        bins = ((highest - values) * (_BINS / (highest - lowest))).astype(np.intp)
        sums = np.cumsum(np.bincount(bins, weights[ids]))
        edge = int(np.searchsorted(sums, mass))
        # By their places: picking by a mask is five times slower in WebAssembly.
        taken.append(ids[np.flatnonzero(bins < edge)])
        ids = ids[np.flatnonzero(bins == edge)]
        mass -= sums[edge - 1] if edge else 0.0
    ids = ids[np.argsort(-order[ids], kind="stable")]
    sums = np.cumsum(weights[ids], dtype=np.float64)
    return np.concatenate([*taken, ids[: int(np.searchsorted(sums, mass)) + 1]])


def entropy(chances: NDArray[np.float32], logs: NDArray[np.float32]) -> float:
    """Return the entropy in nats of what `distribution` returned."""
    return -float((chances * logs).sum(dtype=np.float64))


def draw(scores: Scores, uniform: float) -> int:
    """Return the id where ``uniform`` (0 to 1) falls when the tokens are laid out by their chances."""
    ids = alive(scores)
    kept = scores[ids]
    sums = np.cumsum(np.exp(kept - kept.max()), dtype=np.float64)
    place = int(np.searchsorted(sums, uniform * sums[-1], side="right"))
    return int(ids[min(place, len(ids) - 1)])
