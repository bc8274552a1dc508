"""Search a list of names by handwriting: every reading stays open, and few distances are computed.

Nobody says where a letter ends, so each name has its own division of the strokes into letters: the cheapest
alignment of any division with the name. A distance is computed only if one of the best names needs it.
Distances are in `elastic`, sequences in `strokes`, gaps between strokes in `segmentation`.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goosequill.lab import elastic, segmentation
from goosequill.lab.segmentation import MOST_STROKES, Group
from goosequill.lab.strokes import Strokes, sequence

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

LABELS = string.ascii_lowercase + string.digits
"""What can be written; capitals are searched as small letters."""

SPELLED = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
"""Letters that are not a letter of `LABELS` with an accent."""

POINTS, BAND = 32, 3
"""Of a letter, half as many as in `handwriting`: distances take a quarter of the comparisons."""

KEPT = 50
"""How many names are ranked."""

LETTER_PRICE = 0.01
"""What a letter more costs, beside mean squared distances of points: as in `handwriting`."""

SPACING_PRICE = 0.1
"""What a gap inside a letter, or an overlap of two letters, of one height costs: as in `handwriting`."""

WORD_PRICE = 0.01
"""What it costs to go on, or to begin, at the first letter of another word."""

INSIDE_PRICE = 0.04
"""What it costs to go on, or to begin, at any other letter that is not the next one."""


def spelled(name: str, most: int = 40) -> list[tuple[str, bool]]:
    """Return what of a name can be written: each letter or digit, and whether a word begins with it.

    Accents are left out; what is not in `LABELS` after that separates words. Of a longer name the first
    ``most`` letters count.
    """
    found: list[tuple[str, bool]] = []
    begins = True
    for character in unicodedata.normalize("NFKD", name.lower()):
        if unicodedata.combining(character):
            continue
        for letter in SPELLED.get(character, character):
            if letter in LABELS:
                found.append((letter, begins))
            begins = letter not in LABELS
    return found[:most]


class Names:
    """Names as arrays.

    Attributes
    ----------
    letters
        Each letter as an index of `LABELS`; past the end of a name `len(LABELS)`, [names, longest].
    jumps
        What it costs to come to a letter from any before it but the last, or to begin there.
    begins
        The same for the first letter written: nothing, if it is the first of the name.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Spell the names."""
        found = [spelled(name) for name in names]
        longest = max([1, *map(len, found)])
        self.letters = np.full((len(found), longest), len(LABELS), np.int64)
        self.jumps = np.full((len(found), longest), INSIDE_PRICE)
        for row, name in enumerate(found):
            for at, (letter, begins) in enumerate(name):
                self.letters[row, at] = LABELS.index(letter)
                if begins:
                    self.jumps[row, at] = WORD_PRICE
        self.begins = self.jumps.copy()
        self.begins[:, 0] = 0


@dataclass
class Alignments:
    """The cheapest alignments of the strokes with every name, by dynamic programming.

    With D(e, p) for the first e strokes as letters of which the last is the name's letter p,
    D(e, p) = min over s of B(s, p) + C(s, e, p), where C is what the strokes s to e cost as that letter and
    B(s, p) = min(D(s, p - 1), min over q < p - 1 of D(s, q) + jump(p)); B(0, p) is the price to begin at p.
    """

    sums: list[Floats]  # D(e, p) of each e, [names, letters]
    origins: list[Integers]  # the s that was best
    jumps: Floats

    @property
    def scores(self) -> Floats:
        """The cost of each name, [names]; infinite where nothing can be aligned."""
        scores: Floats = self.sums[-1].min(axis=1)
        return scores

    def path(self, name: int) -> list[tuple[Group, int]]:
        """Return the strokes of each letter written, and the place of that letter in the name."""
        found = []
        end, at = len(self.sums) - 1, int(self.sums[-1][name].argmin())
        while True:
            start = int(self.origins[end][name, at])
            found.append(((start, end), at))
            if start == 0:
                return found[::-1]
            before = self.sums[start][name, :at]
            farther = int(before.argmin())
            at = at - 1 if before[at - 1] <= before[farther] + self.jumps[name, at] else farther
            end = start


def aligned(count: int, costs: Mapping[Group, Floats], names: Names) -> Alignments:
    """Return the cheapest alignments.

    Parameters
    ----------
    count
        How many strokes there are, at least 1.
    costs
        What each group of strokes costs as each of `LABELS`, and as nothing: infinite, [labels + 1].
    """
    none = np.full(names.letters.shape, np.inf)
    found = Alignments([none], [np.zeros(names.letters.shape, np.int64)], names.jumps)
    entries = [names.begins]
    for end in range(1, count + 1):
        best, origin = none, np.zeros(names.letters.shape, np.int64)
        for start in range(max(0, end - MOST_STROKES), end):
            cost = entries[start] + costs[start, end][names.letters]
            origin = np.where(cost < best, start, origin)
            best = np.minimum(cost, best)
        found.sums.append(best)
        found.origins.append(origin)
        entry = none.copy()
        least = np.minimum.accumulate(best, axis=1)[:, :-1]
        entry[:, 1:] = np.minimum(best[:, :-1], least + names.jumps[:, 1:])
        entries.append(entry)
    return found


class Templates:
    """Letters that a scribble is compared with."""

    def __init__(self, letters: Sequence[tuple[str, Strokes]]) -> None:
        """Make sequences of letters, each with its label in `LABELS` and its strokes in one order."""
        ordered = sorted(letters, key=lambda each: LABELS.index(each[0]))
        self.labels = np.array([LABELS.index(label) for label, _ in ordered])
        self.bank = elastic.Bank(np.stack([sequence(each, POINTS) for _, each in ordered], axis=-1), BAND)
        self.present, self.firsts = np.unique(self.labels, return_index=True)

    @property
    def comparisons(self) -> int:
        """Comparisons of points in one distance."""
        return elastic.cells(POINTS, self.bank.band)

    def least(self, values: Floats) -> Floats:
        """Return the least value of each label, from one for each template, [groups, labels]."""
        found = np.full((len(values), len(LABELS)), np.inf)
        found[:, self.present] = np.minimum.reduceat(values, self.firsts, axis=1)
        return found


@dataclass
class Ranking:
    """The names after a stroke."""

    order: Integers  # the best names, as indices, at most as many as are kept
    scores: Floats  # what each costs
    best: list[tuple[Group, int]]  # how the best one is written, see `Alignments.path`
    distances: int  # elastic distances that this stroke has taken
    comparisons: int  # comparisons of two points, for bounds and distances
    everything: int  # the distances from each new group of strokes to every template


class Search:
    """A search that goes on with each stroke.

    With ``method`` "brute" every distance is computed, with "cascade" those that the best names need: both
    rank the same names with the same scores. A group of strokes costs as a letter what its nearest template
    of that letter says; until a name needs to know, the least lower bound of these templates stands for it.
    Where the names that seem best depend on a bound, the distance replaces it, until they do not. Then their
    scores are right, and no other name can be better.
    """

    def __init__(
        self, templates: Templates, names: Names, *, method: str = "cascade", kept: int = KEPT
    ) -> None:
        """Begin with an empty pad."""
        self.templates, self.names, self.method, self.kept = templates, names, method, kept
        self.strokes: Strokes = []
        self.queries: dict[Group, Floats] = {}
        self.nearness: dict[Group, Floats] = {}  # distances or bounds, [labels]
        self.known: dict[Group, Bools] = {}
        self.distances = self.comparisons = 0

    def add(self, stroke: Floats) -> Ranking:
        """Take another stroke, and rank the names anew."""
        self.strokes.append(stroke)
        self.distances = self.comparisons = 0
        end = len(self.strokes)
        new = [(start, end) for start in range(max(0, end - MOST_STROKES), end)]
        for start, _ in new:
            self.queries[start, end] = sequence(self.strokes[start:], POINTS)
        (self._measure if self.method == "brute" else self._bound)(new)
        return self._rank(len(new) * self.templates.bank.size)

    def undo(self) -> None:
        """Take the last stroke back."""
        end = len(self.strokes)
        self.strokes.pop()
        for found in (self.queries, self.nearness, self.known):
            for group in [group for group in found if group[1] == end]:
                del found[group]

    def _stacked(self, groups: Sequence[Group]) -> Floats:
        return np.stack([self.queries[group] for group in groups], axis=-1)

    def _measure(self, groups: Sequence[Group]) -> None:
        """Compute the distance of each group to every template."""
        bank = self.templates.bank
        for group in groups:
            found, compared = elastic.distances(self._stacked([group]), bank.sequences, band=bank.band)
            self.nearness[group] = self.templates.least(found[None])[0]
            self.known[group] = np.ones(len(LABELS), np.bool_)
            self.distances += bank.size
            self.comparisons += int(compared.sum())

    def _bound(self, groups: Sequence[Group]) -> None:
        """Bound the distance of each group to the nearest template of every letter."""
        bank, count = self.templates.bank, len(groups)
        pairs = (np.repeat(np.arange(count), bank.size), np.tile(np.arange(bank.size), count))
        queries, bounds = self._stacked(groups), np.zeros(count * bank.size)
        for step in ("kim", "coarse"):
            found, cost = bank.bound(step, queries, pairs)
            bounds = np.maximum(bounds, found)
            self.comparisons += cost * len(bounds)
        least = self.templates.least(bounds.reshape(count, -1)) * (1 - elastic.SLACK)
        for group, bound in zip(groups, least, strict=True):
            self.nearness[group], self.known[group] = bound, np.isinf(bound)

    def _refine(self, wanted: Sequence[tuple[Group, int]]) -> None:
        """Compute what some groups cost as some letters."""
        without = self.templates.labels != np.array([[label] for _, label in wanted])
        queries = self._stacked([group for group, _ in wanted])
        found = elastic.nearest(self.templates.bank, queries, without=without)
        for (group, label), distance in zip(wanted, found.distance, strict=True):
            self.nearness[group][label], self.known[group][label] = distance, True
        self.distances += int(found.measured.sum())
        self.comparisons += sum(int(found.comparisons[step].sum()) for step in ("keogh", "distance"))

    def _rank(self, everything: int) -> Ranking:
        places = segmentation.spacing(self.strokes)
        prices = {group: LETTER_PRICE + SPACING_PRICE * places[group] for group in self.nearness}
        while True:
            costs = {
                group: np.append(each / POINTS + prices[group], np.inf)
                for group, each in self.nearness.items()
            }
            found = aligned(len(self.strokes), costs, self.names)
            scores = found.scores
            order = np.argsort(scores, kind="stable")[: self.kept]
            order = order[np.isfinite(scores[order])]
            paths = {name: found.path(name) for name in order.tolist()}
            wanted = {
                (group, int(self.names.letters[name, at]))
                for name, path in paths.items()
                for group, at in path
            }
            missing = sorted((group, label) for group, label in wanted if not self.known[group][label])
            if not missing:
                break
            self._refine(missing)
        best = paths[int(order[0])] if len(order) else []
        return Ranking(order, scores[order], best, self.distances, self.comparisons, everything)
