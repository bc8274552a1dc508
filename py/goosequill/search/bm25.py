"""Search by words: BM25 over stemmed words, to which texts can be added and from which they can be removed.

The postings are kept in segments as Lucene keeps them: adding texts makes a new segment, and segments of like
size are merged, so that adding n texts one by one costs O(n log n). The formula is BM25 as in Lucene
(Kamphuis et al. 2020, "Which BM25 do you mean?"), with the defaults of the package bm25s, the oracle in the
tests.

Which words a text has is a rule that JavaScript repeats: runs of letters and digits with their marks, each
lower-cased; no stop words; of those in the letters a to z alone the stem. Where a word of Unicode's (UAX #29)
joins such runs, as in "file.name", each part is a word here, so that it is found alone.
"""

from __future__ import annotations

import functools
import json
import math
import re
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.kernel import Floats
from goosequill.search.growing import Growing
from goosequill.search.porter import stem
from goosequill.search.sentences import RUN
from goosequill.support.budget import Budget

K1 = 1.5
"""How soon more occurrences of a word stop to count; 0 and up."""
B = 0.75
"""How much long texts are discounted, 0 (not) to 1."""
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for if in into is it no not of on or such that the their then there "
        "these they this to was will with "
        "what how when where which who why do does did can i you my me s t",
    )
)
"""Words that are neither indexed nor looked for: Lucene's English ones, and those that make a question.

With the latter, .40 and .48 of the questions of two FAQs find their answer first; without, .36 of both
(scripts/search/quality_data.py has them)."""

_MAGIC = b"GQWORDS2"
"""With another number when the same text has other words than before: older files are made again."""
_TOKEN = re.compile(RUN)
_ENGLISH = re.compile(r"[a-z]+").fullmatch
_MOST_COUNTED = 65_535
_LONGEST_KEPT = 40
"""Characters of a word whose stem is kept, so that those that are kept stay small."""
_STOP = -1
_PART = 1 << 20
"""Postings that are moved at once."""
_Ids = NDArray[np.uint32]


def tokens(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end (code points) and lower-case form of each word that is not a stop word."""
    for found in _TOKEN.finditer(text):
        word = found[0].lower()
        if word not in STOP_WORDS:
            yield found.start(), found.end(), word


def term(word: str) -> str:
    """Return what a lower-case word is indexed as."""
    if len(word) > _LONGEST_KEPT:
        return stem(word) if _ENGLISH(word) else word
    return _kept_term(word)


@lru_cache(maxsize=1 << 15)
def _kept_term(word: str) -> str:
    """The same; stems of the passages that are shown take most of the time of a question."""
    return stem(word) if _ENGLISH(word) else word


def stems(text: str) -> list[str]:
    """Return the distinct stems of a text's words, in order of appearance."""
    return list(dict.fromkeys(term(word) for _, _, word in tokens(text)))


@dataclass(frozen=True, slots=True)
class Segment:
    """Postings of a run of texts, by word.

    Attributes
    ----------
    words
        Ids of the words that occur, ascending [w].
    starts
        Where each word's postings start, and the end of the last one's [w + 1].
    texts, counts
        Of each posting the text, ascending within a word, and how often the word occurs in it [e].
    """

    words: _Ids
    starts: NDArray[np.int64]
    texts: _Ids
    counts: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.texts)

    @staticmethod
    def sorted(entries: _Ids, texts: _Ids, counts: NDArray[np.uint16]) -> Segment:
        """Make a segment of postings in any order of words; of one word they are in the order of texts."""
        order = np.argsort(entries, kind="stable")
        words, starts = np.unique(entries[order], return_index=True)
        return Segment(words, np.append(starts, len(order)).astype(np.int64), texts[order], counts[order])

    def entries(self) -> _Ids:
        """Return the word of each posting [e]."""
        return np.repeat(self.words, np.diff(self.starts).astype(np.intp))  # 32 bits in a browser

    def find(self, word: int) -> slice:
        """Return where the postings of a word are."""
        at = int(np.searchsorted(self.words, word))
        if at == len(self.words) or self.words[at] != word:
            return slice(0, 0)
        return slice(int(self.starts[at]), int(self.starts[at + 1]))


def _merged(first: Segment, second: Segment) -> Segment:
    """Return the postings of two segments, whose texts follow one another, in linear time."""
    words = np.union1d(first.words, second.words)
    places = [np.searchsorted(words, each.words) for each in (first, second)]
    sizes = np.zeros((2, len(words)), np.int64)
    for size, each, at in zip(sizes, (first, second), places, strict=True):
        size[at] = np.diff(each.starts)
    starts = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))]).astype(np.int64)
    merged = Segment(words, starts, np.empty(starts[-1], np.uint32), np.empty(starts[-1], np.uint16))
    _place(first, starts[:-1][places[0]], merged)
    _place(second, (starts[:-1] + sizes[0])[places[1]], merged)
    return merged


def _place(segment: Segment, starts: NDArray[np.int64], target: Segment) -> None:
    """Copy postings; `starts` is where those of each word go [w]. A part at a time, to save memory."""
    shifts = starts - segment.starts[:-1]
    for first in range(0, len(segment), _PART):
        numbers = np.arange(first, min(first + _PART, len(segment)))
        moved = numbers + shifts[np.searchsorted(segment.starts, numbers, side="right") - 1]
        target.texts[moved] = segment.texts[numbers]
        target.counts[moved] = segment.counts[numbers]


class _Known(dict[str, int]):
    """The number of each word's stem, by the word as it is written; `_STOP` for stop words."""

    def __init__(self, ids: dict[str, int]) -> None:
        super().__init__()
        self._ids = ids

    def __missing__(self, written: str) -> int:
        word = written.lower()
        found = _STOP if word in STOP_WORDS else self._ids.setdefault(term(word), len(self._ids))
        self[written] = found
        return found


class WordIndex:
    """Which texts contain which words, and how well each fits a question. Texts are numbered from 0."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}  # of stems
        self._known = _Known(self._ids)
        self._segments: list[Segment] = []
        self._lengths = Growing(np.zeros(0, np.uint32))
        self._removed = Growing(np.zeros(0, bool))
        self._frequencies = Growing(np.zeros(0, np.int64))  # of stems: how many texts contain each

    def __len__(self) -> int:
        """Return how many texts have been added, with those removed since."""
        return len(self._lengths)

    def add(self, texts: Iterable[str]) -> None:
        """Add texts; their numbers follow those of the texts that are there."""
        words: list[int] = []
        numbers: list[int] = []
        counts: list[int] = []
        lengths: list[int] = []
        for number, text in enumerate(texts, len(self)):
            found = Counter(map(self._known.__getitem__, _TOKEN.findall(text)))
            found.pop(_STOP, None)
            lengths.append(found.total())
            words += found.keys()
            counts += (min(count, _MOST_COUNTED) for count in found.values())
            numbers += [number] * len(found)
        self._lengths.add(np.array(lengths, np.uint32))
        self._removed.add(np.zeros(len(lengths), bool))
        self._frequencies.add(np.zeros(len(self._ids) - len(self._frequencies), np.int64))
        entries = np.array(words, np.uint32)
        np.add.at(self._frequencies.rows, entries, 1)
        self._push(Segment.sorted(entries, np.array(numbers, np.uint32), np.array(counts, np.uint16)))

    def remove(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Forget the texts from first to end, exclusive: scores are as if they had never been added."""
        gone = np.zeros(len(self), bool)
        for first, end in ranges:
            gone[first:end] = True
        gone &= ~self._removed.rows
        for segment in self._segments if gone.any() else ():
            np.subtract.at(self._frequencies.rows, segment.entries()[gone[segment.texts]], 1)
        self._removed.rows[gone] = True

    def compacted(self) -> WordIndex:
        """Return the index without the removed texts; the others are numbered anew, in their order."""
        live = ~self._removed.rows
        numbers = (np.cumsum(live) - 1).astype(np.uint32)
        fresh = WordIndex()
        fresh._ids.update(self._ids)
        fresh._lengths = Growing(self._lengths.rows[live])
        fresh._removed = Growing(np.zeros(len(fresh._lengths), bool))
        fresh._frequencies = Growing(self._frequencies.rows.copy())
        for each in self._segments:
            kept = live[each.texts]
            texts = numbers[each.texts[kept]]
            fresh._push(Segment.sorted(each.entries()[kept], texts, each.counts[kept]))
        return fresh

    def scores(self, question: str) -> Floats:
        """Return how well each text fits a question, [texts]: 0 without a common word or if it is removed."""
        scores = np.zeros(len(self), np.float64)
        live = ~self._removed.rows
        texts = int(live.sum())
        if not texts:
            return scores.astype(np.float32)
        average = max(1e-9, float(self._lengths.rows[live].mean()))
        for word in stems(question):
            weight = self._weight(self._ids.get(word), texts)
            for segment in self._segments if weight else ():
                at = segment.find(self._ids[word])
                scores[segment.texts[at]] += weight * self._saturation(segment, at, average)
        scores[~live] = 0
        return scores.astype(np.float32)

    def _saturation(self, segment: Segment, at: slice, average: float) -> NDArray[np.float64]:
        """Return what each posting in a slice contributes to a score, before the word's weight."""
        counts = segment.counts[at].astype(np.float64)
        lengths = self._lengths.rows[segment.texts[at]] / average
        result: NDArray[np.float64] = counts / (counts + K1 * (1 - B + B * lengths))
        return result

    def terms(self) -> Iterator[tuple[str, NDArray[np.uint32], Floats]]:
        """Yield each stem, in the order of its characters, with the texts that have it and what it adds to
        the score of each. Removed texts are left out.
        """
        live = ~self._removed.rows
        average = max(1e-9, float(self._lengths.rows[live].mean())) if live.any() else 1.0
        count = int(live.sum())
        for word in sorted(self._ids):
            weight = self._weight(self._ids[word], count)
            parts = [(segment, segment.find(self._ids[word])) for segment in self._segments if weight]
            if parts:
                texts = np.concatenate([segment.texts[at] for segment, at in parts])
                values = np.concatenate([self._saturation(segment, at, average) for segment, at in parts])
                yield word, texts[live[texts]], (weight * values[live[texts]]).astype(np.float32)

    def weights(self, question: str) -> dict[str, float]:
        """Return the inverse document frequency of each of a question's stems; 0 for one in no text."""
        texts = int((~self._removed.rows).sum())
        return {word: self._weight(self._ids.get(word), texts) for word in stems(question)}

    def frequency(self, stem: str) -> int:
        """Return how many texts have a stem."""
        word = self._ids.get(stem)
        return 0 if word is None else int(self._frequencies.rows[word])

    def _weight(self, word: int | None, texts: int) -> float:
        frequency = 0 if word is None else int(self._frequencies.rows[word])
        if not frequency:
            return 0.0
        return math.log(1 + (texts - frequency + 0.5) / (frequency + 0.5))

    def _push(self, segment: Segment) -> None:
        if not len(segment):
            return
        while self._segments and len(self._segments[-1]) <= 2 * len(segment):
            segment = _merged(self._segments.pop(), segment)
        self._segments.append(segment)

    def save(self, stamp: int) -> bytes:
        """Return the index as bytes, as `load` reads it; removed texts are in it again when it is loaded.

        `stamp` is any number of 32 bits that says which texts these are.
        """
        empty = Segment.sorted(np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros(0, np.uint16))
        whole = functools.reduce(_merged, self._segments or [empty])
        self._segments = [whole] if len(whole) else []
        vocabulary = "\n".join(self._ids).encode()
        sizes = {
            "texts": len(self),
            "stamp": stamp,
            "stems": len(self._ids),
            "words": len(whole.words),
            "postings": len(whole),
            "vocabulary": len(vocabulary),
        }
        header = json.dumps(sizes).encode()
        header += b" " * (-len(header) % 4)
        arrays = (whole.starts, self._lengths.rows, whole.words, whole.texts, whole.counts)
        little = (array.astype(array.dtype.newbyteorder("<"), copy=False) for array in arrays)
        head = _MAGIC + struct.pack("<I", len(header)) + header
        return b"".join([head, *(array.view(np.uint8).data for array in little), vocabulary])

    @classmethod
    def load(cls, data: Any, *, stamp: Callable[[int], int | None]) -> WordIndex | None:
        """Return the index in a buffer; None if it is corrupt, or not of these texts.

        `stamp` returns, for a number of texts, the stamp that `save` must have been given; None for too many.
        """
        try:
            return cls._loaded(memoryview(data), stamp)
        except (ValueError, KeyError, TypeError, struct.error, OverflowError, RecursionError):
            return None

    @classmethod
    def _loaded(cls, data: memoryview, stamp: Callable[[int], int | None]) -> WordIndex | None:
        (length,) = struct.unpack_from("<I", data, len(_MAGIC))
        sizes = Budget(values=100).json(bytes(data[len(_MAGIC) + 4 : len(_MAGIC) + 4 + length]))
        texts = sizes["texts"]
        if bytes(data[: len(_MAGIC)]) != _MAGIC or stamp(texts) != sizes["stamp"]:
            return None
        reader = _Arrays(data, len(_MAGIC) + 4 + length)
        starts = reader.take("<i8", sizes["words"] + 1)
        lengths = reader.take("<u4", texts)
        words, numbers = reader.take("<u4", sizes["words"]), reader.take("<u4", sizes["postings"])
        segment = Segment(words, starts, numbers, reader.take("<u2", sizes["postings"]))
        vocabulary = bytes(data[reader.at : reader.at + sizes["vocabulary"]]).decode().split("\n")
        index = cls()
        index._ids.update((word, number) for number, word in enumerate(vocabulary) if sizes["stems"])
        if len(index._ids) != sizes["stems"] or not _is_valid(segment, texts, sizes["stems"]):
            return None
        index._lengths, index._removed = Growing(lengths), Growing(np.zeros(texts, bool))
        index._frequencies.add(np.zeros(sizes["stems"], np.int64))
        index._frequencies.rows[words] = np.diff(starts)
        index._segments = [segment] if len(segment) else []
        return index


class _Arrays:
    """Reads arrays one after the other; ValueError where the buffer ends before an array."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self.at = data, at

    def take(self, dtype: str, count: int) -> NDArray[Any]:
        if not isinstance(count, int) or count < 0:
            raise ValueError("not a count")
        array = np.frombuffer(self._data, dtype, count, self.at) if count else np.zeros(0, dtype)
        self.at += array.nbytes
        return array.astype(array.dtype.newbyteorder("="), copy=False)


def _is_valid(segment: Segment, texts: int, stems: int) -> bool:
    """Whether every number in a segment from a file is in its range."""
    starts, words = segment.starts, segment.words
    inside = not len(segment) or (segment.texts.max() < texts and segment.counts.min() > 0)
    ordered = bool(np.all(np.diff(starts) > 0)) and bool(np.all(np.diff(words.astype(np.int64)) > 0))
    ends = starts[0] == 0 and starts[-1] == len(segment)
    return bool(inside and ordered and ends and (not len(words) or words[-1] < stems))


def word_matches(text: str, wanted: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return start and end (code points) of the words of a text whose stems are wanted, and each stem."""
    chosen = set(wanted)
    found = ((start, end, term(word)) for start, end, word in tokens(text))
    return [match for match in found if match[2] in chosen]
