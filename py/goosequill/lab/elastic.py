"""Nearest neighbours under dynamic time warping: lower bounds and early abandoning, with the same answer.

Sequences are [features, points, sequences], so that one operation serves many pairs. What is counted are
comparisons of two points, whether for a bound or for a distance. Nothing here knows letters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHUNK = 4_000_000
"""Numbers in one array of pairs, about: it bounds the memory."""

SLACK = 1e-9
"""How far rounding may lift a lower bound above a distance, as a share of it."""

CHECK = 4
"""Anti-diagonals from one look at whether a distance can be abandoned to the next."""

GROWTH = 32
"""After so many distances, more are measured at once: a 32nd of those before. Where bounds exclude little, as
for a dot, one at a time would take a hundred times as long as all."""

METHODS: dict[str, tuple[str, ...]] = {
    "brute": (),
    "abandon": ("abandon",),
    "kim": ("kim", "abandon"),
    "keogh": ("kim", "keogh", "abandon"),
    "coarse": ("kim", "coarse", "keogh", "abandon"),
}
"""The steps of each method, in order; each method finds the same template."""


def cells(points: int, band: int) -> int:
    """Return how many pairs of points one distance compares: those at most ``band`` steps apart."""
    return points * (2 * band + 1) - band * (band + 1)


def _costs(one: Floats, other: Floats) -> Floats:
    """Return the squared distances between points, summed over the features in a fixed order."""
    total: Floats = np.square(one[0] - other[0])
    for feature in range(1, len(one)):
        total += np.square(one[feature] - other[feature])
    return total


def distances(
    one: Floats,
    other: Floats,
    *,
    band: int,
    limit: Floats | None = None,
    rest: Floats | None = None,
) -> tuple[Floats, Integers]:
    """Return the elastic distance of each pair, and how many pairs of points it has compared.

    The distance is the least sum of squared distances along a path from the first points to the last that
    advances in one sequence or both and stays within ``band`` of the diagonal (Sakoe & Chiba 1978). Cells of
    one anti-diagonal do not depend on each other, so all are computed at once.

    Parameters
    ----------
    one, other
        [features, points, pairs]; a last axis of 1 is compared with every sequence of the other.
    limit
        Distances certainly above it become infinite, and are abandoned as soon as that is known, [pairs].
    rest
        A lower bound of what the points of ``one`` from each index on cost, [points + 1, pairs].

    Returns
    -------
    distances, compared
        [pairs] each.
    """
    points, pairs = one.shape[1], max(one.shape[2], other.shape[2])
    result, compared = np.full(pairs, np.inf), np.zeros(pairs, np.int64)
    alive = np.arange(pairs)
    earlier, last = (np.full((points + 2, pairs), np.inf) for _ in range(2))
    for diagonal in range(2 * points - 1):
        low = max(0, diagonal - points + 1, (diagonal - band + 1) // 2)
        high = min(points - 1, diagonal, (diagonal + band) // 2)
        cost = _costs(one[:, low : high + 1], other[:, diagonal - high : diagonal - low + 1][:, ::-1])
        if diagonal:
            reached = np.minimum(last[low : high + 1], last[low + 1 : high + 2])
            cost = cost + np.minimum(reached, earlier[low : high + 1])
        earlier, last = last, earlier
        last[low], last[high + 2 :] = np.inf, np.inf
        last[low + 1 : high + 2] = cost
        compared[alive] += high - low + 1
        if limit is None or diagonal % CHECK:
            continue
        least = np.minimum(last[low + 1 : high + 2].min(axis=0), earlier[low : high + 3].min(axis=0))
        ahead = 0 if rest is None else rest[high + 1]
        keep = least + ahead <= limit * (1 + SLACK)
        if not keep.all():
            alive, limit, earlier, last = alive[keep], limit[keep], earlier[:, keep], last[:, keep]
            one, other = (
                each if each.shape[2] == 1 < len(keep) else each[:, :, keep] for each in (one, other)
            )
            rest = None if rest is None else rest[:, keep]
        if not len(alive):
            break
    result[alive] = last[points]
    return result, compared


def path(one: Floats, other: Floats, *, band: int) -> list[tuple[int, int]]:
    """Return which points the best path matches, in order; the diagonal first if several are equally good.

    Parameters
    ----------
    one, other
        One sequence each, [features, points].
    """
    points = one.shape[1]
    sums = np.full((points + 1, points + 1), np.inf)
    sums[0, 0] = 0
    cost = _costs(one[:, :, None], other[:, None, :])  # [points, points]
    for i in range(points):
        for j in range(max(0, i - band), min(points, i + band + 1)):
            sums[i + 1, j + 1] = cost[i, j] + min(sums[i, j], sums[i, j + 1], sums[i + 1, j])
    i = j = points
    found = []
    while i and j:
        found.append((i - 1, j - 1))
        steps = ((i - 1, j - 1), (i - 1, j), (i, j - 1))
        i, j = min(steps, key=lambda step: float(sums[step]))
    return found[::-1]


def envelope(sequences: Floats, band: int) -> tuple[Floats, Floats]:
    """Return the least and the largest value of each feature within ``band`` points, shaped as given."""
    low, high = sequences.copy(), sequences.copy()
    for step in range(1, band + 1):
        for to, source in ((np.s_[:, step:], np.s_[:, :-step]), (np.s_[:, :-step], np.s_[:, step:])):
            np.minimum(low[to], sequences[source], out=low[to])
            np.maximum(high[to], sequences[source], out=high[to])
    return low, high


def _pooled(values: Floats, segments: int) -> Floats:
    """Return the means of equal segments, [features, segments, sequences]."""
    return np.asarray(values.reshape(len(values), segments, -1, values.shape[2]).mean(axis=2))


def _outside(values: Floats, low: Floats, high: Floats) -> Floats:
    """Return how far each point lies outside an envelope, squared, [points, pairs]."""
    return _costs(values, np.clip(values, low, high))


@dataclass(frozen=True)
class Bank:
    """Templates with what their lower bounds need.

    A path matches the first points and the last (LB_Kim, as in Rakthanmanon et al. 2012). Each point of a
    query is matched with at least one of the template within the band, so its distance from the template's
    envelope is a lower bound (LB_Keogh, Keogh & Ratanamahatana 2005). The square of that distance is convex,
    so the bound between means over segments is lower still, and cheaper (LB_PAA, in the same paper).
    """

    sequences: Floats  # [features, points, templates]
    band: int
    segments: int = 8
    low: Floats = field(init=False)
    high: Floats = field(init=False)
    low_means: Floats = field(init=False)
    high_means: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Compute the envelopes."""
        low, high = envelope(self.sequences, self.band)
        found = {"low": low, "high": high}
        means = {f"{name}_means": _pooled(each, self.segments) for name, each in found.items()}
        for name, values in (found | means).items():
            object.__setattr__(self, name, values)

    @property
    def size(self) -> int:
        """How many templates there are."""
        return int(self.sequences.shape[2])

    def bound(self, step: str, queries: Floats, pairs: tuple[Integers, Integers]) -> tuple[Floats, int]:
        """Return a lower bound for each pair of a query and a template, and the comparisons for one."""
        points = self.sequences.shape[1]
        which, templates = pairs
        if step == "kim":
            ends = (queries[:, ends, which] for ends in (0, points - 1))
            others = (self.sequences[:, ends, templates] for ends in (0, points - 1))
            first, last = (_costs(one, other) for one, other in zip(ends, others, strict=True))
            return first + last, 2
        if step == "coarse":
            means = _pooled(queries, self.segments)[:, :, which]
            outside = _outside(means, self.low_means[:, :, templates], self.high_means[:, :, templates])
            return outside.sum(axis=0) * (points // self.segments), self.segments
        outside = _outside(queries[:, :, which], self.low[:, :, templates], self.high[:, :, templates])
        return outside.sum(axis=0), points

    def rest(self, queries: Floats, pairs: tuple[Integers, Integers]) -> Floats:
        """Return LB_Keogh of the points of each query from each index on, [points + 1, pairs]."""
        which, templates = pairs
        outside = _outside(queries[:, :, which], self.low[:, :, templates], self.high[:, :, templates])
        sums = np.zeros((len(outside) + 1, len(which)))
        sums[:-1] = np.cumsum(outside[::-1], axis=0)[::-1]
        return sums


@dataclass
class Found:
    """The nearest template of each query, and what finding it took."""

    index: Integers  # [queries]; of equally near ones the first
    distance: Floats  # [queries]
    comparisons: dict[str, Integers]  # of points, by step and for "distance", [queries] each
    left: dict[str, Integers]  # templates that are neither excluded nor measured after each step
    measured: Integers  # distances begun, [queries]
    finished: Integers  # distances not abandoned, [queries]


class _Search:
    """One search for all queries at once; each query keeps its own bounds and its own nearest template."""

    def __init__(self, bank: Bank, queries: Floats, method: str, without: Bools | None) -> None:
        self.bank, self.queries = bank, queries
        self.steps = METHODS[method]
        count = queries.shape[2]
        zeros = {name: np.zeros(count, np.int64) for name in (*self.steps, "distance")}
        zeros.pop("abandon", None)
        self.found = Found(
            index=np.full(count, bank.size, np.int64),
            distance=np.full(count, np.inf),
            comparisons=zeros,
            left={},
            measured=np.zeros(count, np.int64),
            finished=np.zeros(count, np.int64),
        )
        self.bounds = np.zeros((count, bank.size))
        self.open = np.ones((count, bank.size), np.bool_) if without is None else ~without

    def run(self, block: int) -> Found:
        for step in self.steps:
            if step != "abandon":
                self.exclude(step)
        counts = self.open.sum(axis=1)
        order = np.argsort(np.where(self.open, self.bounds, np.inf), axis=1, kind="stable")
        start, end = 0, 0
        while end < counts.max(initial=0):
            start, end = end, end + max(block, end // GROWTH)
            templates = order[:, start:end]
            which = np.broadcast_to(np.arange(len(order))[:, None], templates.shape)
            valid = start + np.arange(templates.shape[1]) < counts[:, None]
            valid &= self.bounds[which, templates] <= self.limits()[:, None]
            if not valid.any():
                break
            self.measure(which[valid], templates[valid])
        return self.found

    def limits(self) -> Floats:
        return self.found.distance * (1 + SLACK)

    def exclude(self, step: str) -> None:
        """Bound all that are left, measure the most promising one, and exclude what cannot be nearer."""
        pairs = self.open.nonzero()
        for part in _parts(pairs, 4 * self.queries.shape[1]):
            bounds, cost = self.bank.bound(step, self.queries, part)
            self.bounds[part] = np.maximum(self.bounds[part], bounds)
            self.found.comparisons[step] += cost * np.bincount(part[0], minlength=len(self.open))
        some = np.flatnonzero(self.open.any(axis=1))
        first = np.where(self.open, self.bounds, np.inf).argmin(axis=1)[some]
        self.measure(some, first)
        self.open[some, first] = False
        self.open &= self.bounds <= self.limits()[:, None]
        self.found.left[step] = self.open.sum(axis=1)

    def measure(self, which: Integers, templates: Integers) -> None:
        found, abandon = self.found, "abandon" in self.steps
        limits = self.limits()
        for part in _parts((which, templates), 4 * self.queries.shape[1]):
            # What LB_Keogh has found for each point is known by then, so it is not counted again.
            rest = self.bank.rest(self.queries, part) if "keogh" in found.left else None
            nearness, compared = distances(
                _chosen(self.queries, part[0]),
                self.bank.sequences[:, :, part[1]],
                band=self.bank.band,
                limit=limits[part[0]] if abandon else None,
                rest=rest,
            )
            self.take(part, nearness)
            found.comparisons["distance"] += np.bincount(part[0], compared, len(self.open)).astype(np.int64)
            found.measured += np.bincount(part[0], minlength=len(self.open))
            found.finished += np.bincount(part[0][np.isfinite(nearness)], minlength=len(self.open))

    def take(self, pairs: tuple[Integers, Integers], nearness: Floats) -> None:
        """Keep the nearest template of each query; of equally near ones the first in the bank."""
        found = self.found
        order = np.lexsort((pairs[1], nearness, pairs[0]))
        which, firsts = np.unique(pairs[0][order], return_index=True)
        templates, values = pairs[1][order][firsts], nearness[order][firsts]
        better = values < found.distance[which]
        better |= (values == found.distance[which]) & (templates < found.index[which])
        found.index[which[better]] = templates[better]
        found.distance[which[better]] = values[better]


def _chosen(values: Floats, which: Integers) -> Floats:
    """Return some sequences; if all are the same one, once: it serves all pairs."""
    return values[:, :, which[:1] if (which == which[0]).all() else which]


def _parts(pairs: tuple[Any, ...], numbers: int) -> list[tuple[Any, ...]]:
    """Return the pairs in parts of which each needs a bounded array of ``numbers`` for one pair."""
    size = max(1, CHUNK // numbers)
    return [tuple(each[start : start + size] for each in pairs) for start in range(0, len(pairs[0]), size)]


def nearest(
    bank: Bank, queries: Floats, *, method: str = "coarse", block: int = 1, without: Bools | None = None
) -> Found:
    """Return the nearest template of each query.

    Parameters
    ----------
    queries
        [features, points, queries].
    method
        A name in `METHODS`. All return the same templates and distances; they differ in what they compare.
    block
        Distances that are measured before the best one is looked at again, until there are many (`GROWTH`).
        More need fewer passes over the arrays and a few more comparisons.
    without
        Templates that a query must not find, [queries, templates].

    Returns
    -------
    Found
        ``comparisons`` are those that this method needs, not what numpy does to serve many pairs at once.
    """
    return _Search(bank, queries, method, without).run(block if METHODS[method] else bank.size)
