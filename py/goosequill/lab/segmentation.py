"""Which strokes of a scribble form a letter: the best grouping by dynamic programming.

A group is some strokes drawn one after another. What a group is worth as a letter is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Group = tuple[int, int]
"""The first stroke and the one after the last."""

MOST_STROKES = 4
"""Strokes of one letter, at most."""


def groups(count: int, most: int = MOST_STROKES) -> list[Group]:
    """Return all groups of neighbouring strokes, by their first stroke."""
    return [(start, end) for start in range(count) for end in range(start + 1, min(count, start + most) + 1)]


def spacing(strokes: Sequence[Floats]) -> dict[Group, float]:
    """Return how unlikely each group is by its place alone, in heights of the scribble.

    Gaps between strokes of one group count, and so does what a group shares horizontally with the strokes
    before it, as far as these reach.
    """
    low = np.array([stroke[:, 0].min() for stroke in strokes])
    high = np.array([stroke[:, 0].max() for stroke in strokes])
    every = np.concatenate(strokes)
    height = max(float(np.ptp(every[:, 1])), float(np.ptp(every[:, 0])) / 8, 1e-9)
    found = {}
    for start, end in groups(len(strokes)):
        right = np.maximum.accumulate(high[start:end])
        gaps = np.maximum(0, low[start + 1 : end] - right[:-1]).sum()
        before = max(0.0, float(high[:start].max() - low[start:end].min())) if start else 0.0
        found[start, end] = float(gaps + min(before, float(np.ptp(low[start:end])) + height)) / height
    return found


def best(count: int, costs: Mapping[Group, float]) -> list[Group]:
    """Return the grouping of all strokes with the least sum of costs; of equal ones that with the first cut.

    Each stroke is in one group. With n strokes and groups of at most m there are n m sums to form.
    """
    sums, last = [0.0], [0]
    for end in range(1, count + 1):
        starts = [start for start in range(end) if (start, end) in costs]
        totals = [sums[start] + costs[start, end] for start in starts]
        choice = int(np.argmin(totals))
        sums.append(totals[choice])
        last.append(starts[choice])
    found, end = [], count
    while end:
        found.append((last[end], end))
        end = last[end]
    return found[::-1]
