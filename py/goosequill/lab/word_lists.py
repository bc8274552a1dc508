"""Reading words with a list of known ones: the likeliest by a search over a trie, and Norvig's corrector.

Letters come as log-probabilities, [letters, 26]. A word that is not on the list stays possible. Also how far
two texts are apart. Nothing here sees a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.lab.letters_data import ALPHABET

Floats = NDArray[np.floating[Any]]

UNKNOWN = 0.03
"""The probability that a word is not on the list; then each letter is as likely as another."""
MOST_WORDS = 100_000
LONGEST = 24


class Level(NamedTuple):
    """The nodes of a trie that are equally deep."""

    parents: NDArray[np.intp]
    letters: NDArray[np.intp]
    ends: NDArray[np.intp]
    """Nodes at which a word ends."""
    words: NDArray[np.intp]
    """The word that ends there."""


@dataclass(frozen=True)
class WordList:
    """Known words, in alphabetical order.

    Attributes
    ----------
    words
        In capitals.
    logs
        The logarithm of each one's share of all words, float64.
    levels
        The trie, from the first letters on.
    codes
        The letters of each word as 0 to 25, and -1 after its end, [words, longest].
    lengths
        How many letters each has.
    """

    words: list[str]
    logs: NDArray[np.float64]
    levels: list[Level]
    codes: NDArray[np.int8]
    lengths: NDArray[np.intp]

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each word in the list."""
        return {word: place for place, word in enumerate(self.words)}

    @property
    def nodes(self) -> int:
        """How many nodes the trie has."""
        return sum(len(level.letters) for level in self.levels)


def read(content: bytes) -> WordList:
    """Return the list of a file with a word and its count in each line.

    Raises
    ------
    SettingsError
        ``lab-data``: the file is not such a list.
    """
    try:
        pairs = [line.split(" ") for line in content.decode("ascii").splitlines()]
        counts = {word.upper(): int(count) for word, count in pairs}
        if not 1 <= len(counts) <= MOST_WORDS or not all(_is_known(*pair) for pair in counts.items()):
            raise ValueError("it has another form")
    except ValueError as error:
        raise SettingsError(
            f"The list of words cannot be read: {error}.", code="lab-data", remedy="Load the page again."
        ) from error
    return make(counts)


def _is_known(word: str, count: int) -> bool:
    return 1 <= len(word) <= LONGEST and set(word) <= set(ALPHABET) and count > 0


def make(counts: Mapping[str, int]) -> WordList:
    """Return a list of words in capitals with their counts."""
    words = sorted(counts)
    lengths = np.array([len(word) for word in words])
    codes = np.full((len(words), int(lengths.max())), -1, np.int8)
    for row, word in zip(codes, words, strict=True):
        row[: len(word)] = [ord(letter) - ord("A") for letter in word]
    total = sum(counts.values())
    logs = np.log(np.array([counts[word] for word in words]) / total)
    return WordList(words, logs, _trie(codes, lengths), codes, lengths)


def _trie(codes: NDArray[np.int8], lengths: NDArray[np.intp]) -> list[Level]:
    """Return the levels: among sorted words, a node begins where the first letters change."""
    levels: list[Level] = []
    above = np.zeros(len(codes), np.intp)  # the node of each word in the level before
    for depth in range(codes.shape[1]):
        members = np.flatnonzero(lengths > depth)
        prefix = codes[members, : depth + 1]
        begins = np.append(True, (prefix[1:] != prefix[:-1]).any(axis=1))
        nodes = np.cumsum(begins) - 1
        first = members[begins]
        is_end = lengths[members] == depth + 1
        levels.append(
            Level(above[first], codes[first, depth].astype(np.intp), nodes[is_end], members[is_end])
        )
        above[members] = nodes
    return levels


def best_word(known: WordList, letters: Floats) -> tuple[str, float]:
    """Return the likeliest word for some letters, and its log-probability with theirs.

    Parameters
    ----------
    letters
        log p(letter | picture), [n, 26].

    Notes
    -----
    Viterbi over the trie: each node's score is its parent's and that of its letter, so a beginning that
    words share is read once. The letters' classes are equally frequent in training, so that their
    probabilities stand for likelihoods, and words are weighted by their frequency. A word that is not on the
    list has the probability `UNKNOWN` / 26^n.
    """
    count = len(letters)
    raw = "".join(ALPHABET[index] for index in letters.argmax(axis=1))
    unknown = float(letters.max(axis=1).sum()) + np.log(UNKNOWN) - count * np.log(len(ALPHABET))
    if count > len(known.levels):
        return raw, unknown
    scores = np.zeros(1)
    for level, row in zip(known.levels, letters, strict=False):
        scores = scores[level.parents] + row[level.letters]
    last = known.levels[count - 1]
    if not len(last.ends):
        return raw, unknown
    totals = scores[last.ends] + known.logs[last.words] + np.log1p(-UNKNOWN)
    best = int(totals.argmax())
    return (known.words[last.words[best]], float(totals[best])) if totals[best] > unknown else (raw, unknown)


def corrected(known: WordList, word: str) -> str:
    """Return the most frequent known word that is the fewest edits away, at most two; else the word itself.

    Norvig's corrector (2007) with the same edits (a letter less, more or other, or two neighbours swapped),
    but the distances to all words are computed at once, instead of all words at that distance.
    """
    if word in known.places:
        return word
    apart = _distances(known, word, most=2)
    for edits in (1, 2):
        near = np.flatnonzero(apart == edits)
        if len(near):
            return known.words[int(near[known.logs[near].argmax()])]
    return word


def _distances(known: WordList, word: str, most: int) -> NDArray[np.int8]:
    """Return the number of edits (optimal string alignment) to each word; `most` + 1 for all that are far."""
    found = np.full(len(known.words), most + 1, np.int8)
    near = np.flatnonzero(np.abs(known.lengths - len(word)) <= most)
    columns = np.ascontiguousarray(known.codes[near, : len(word) + most].T)  # [letters, words]
    letters = [ord(letter) - ord("A") for letter in word]
    before = last = np.repeat(np.arange(len(columns) + 1, dtype=np.int8)[:, None], len(near), axis=1)
    for i, letter in enumerate(letters):
        row = np.empty_like(last)
        row[0] = i + 1
        for j, column in enumerate(columns):
            row[j + 1] = np.minimum(np.minimum(last[j + 1], row[j]) + 1, last[j] + (column != letter))
            if i and j:
                swapped = (column == letters[i - 1]) & (columns[j - 1] == letter)
                np.minimum(row[j + 1], before[j - 1] + 1, out=row[j + 1], where=swapped)
        before, last = last, row
    found[near] = np.minimum(last[known.lengths[near], np.arange(len(near))], most + 1)
    return found


def distance(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return how many items must be removed, added or replaced (Levenshtein 1966)."""
    while one and other and one[-1] == other[-1]:  # what is the same at an end costs nothing
        one, other = one[:-1], other[:-1]
    last = list(range(len(other) + 1))
    for i, item in enumerate(one):
        row = [i + 1]
        for j, beside in enumerate(other):
            row.append(min(last[j + 1] + 1, row[j] + 1, last[j] + (item != beside)))
        last = row
    return last[-1]


def error_rates(wanted: str, read_as: str) -> tuple[float, float]:
    """Return the character and the word error rate: edits over the length of what was wanted.

    A space is a character. Both can exceed 1.
    """
    words = wanted.split()
    return (
        distance(wanted, read_as) / max(1, len(wanted)),
        distance(words, read_as.split()) / max(1, len(words)),
    )
