"""What is shown of a passage that was found: its text, its best sentence, the words it shares, and why."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from goosequill.kernels.kernel import Floats
from goosequill.search.bm25 import WordIndex, term, word_matches
from goosequill.search.calibration import FITS, PERHAPS, names, state
from goosequill.search.embedder import Embedder
from goosequill.search.index import Index
from goosequill.search.sentences import sentences

SENTENCES_BY_FULL = 3
"""Hits whose sentences are compared by the full model; for the rest the static table does it."""
WORD_WEIGHT = 0.15
"""What a sentence gains that has all of the question's words, beside its cosine."""
WORDS_NAMED = 4
DISTANT = PERHAPS
"""Likelihood below which a passage is only the nearest there is."""
CLOSENESS = {
    "very close": (0.9, "Very close in meaning."),
    "close": (FITS, "Close in meaning."),
    "loose": (DISTANT, "Loosely related in meaning."),
    "distant": (0.0, "Distant in meaning."),
}
"""Least likelihood of each, and a sentence for it. site/search/why.js has the same in the page's language."""
COMMON, FEWEST_PASSAGES = 0.5, 8
"""A word in more than this share of the passages tells none from another, if there are so many passages."""
FUNCTION_STEMS = frozenset(
    term(word)
    for word in re.findall(
        r"\w+",
        "about after again all also am any because been before being between both could each ever "
        "every from get gets getting got had has have having he her here him his how i its just "
        "lot lots m many may me might more most much must my off only our out over own re really "
        "same she should so some such than them those through too under until up us ve very was "
        "we were would your yours",
    )
)
"""Of English words that are indexed but mean nothing alone, so that they explain nothing."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found. Offsets are code points of the document's text.

    Attributes
    ----------
    document, passage
        Their indices in the index.
    address
        Where a reader can open it, with the anchor of its heading; "" if nowhere.
    score
        What hits are ranked by: standard deviations above the mean.
    cosine
        Closeness in meaning to the question, -1 to 1; None without a vector.
    likelihood
        The probability that a passage of this cosine fits its question; None where that was not measured.
    words
        The BM25 score; 0 without a common word.
    sentences
        ``{"start", "end", "score"}`` of each sentence; the best one has the highest score.
    matched
        Start and end of each word that the question has too, without those that tell nothing.
    distant
        Whether it is merely near: alone it would mean that nothing fits.
    closeness
        The likelihood in a word: "very close", "close", "loose" or "distant"; "" where it was not measured.
    shared
        Words of the question that tell something and that the passage, its title or headings have too.
    common
        Whether it has any word of the question at all.
    more
        Up to two further passages of the document, from other sections, that score nearly as much.
    """

    document: int
    name: str
    title: str
    address: str
    passage: int
    score: float
    cosine: float | None
    likelihood: float | None
    words: float
    text: str
    start: int
    end: int
    heading: str
    closeness: str
    shared: list[str]
    common: bool
    distant: bool
    sentences: list[dict[str, Any]] = field(default_factory=list)
    matched: list[list[int]] = field(default_factory=list)
    more: list[Hit] = field(default_factory=list)

    @property
    def explanation(self) -> str:
        """Why it is here, in a sentence or two without figures."""
        _, level = CLOSENESS.get(self.closeness, (0.0, ""))
        return f"{level} {_shared(self.shared, others=self.common)}".strip()


class Reasons:
    """Makes the hits of one question; `static` and `full` compare their sentences with it."""

    def __init__(
        self, index: Index, words: WordIndex, question: str, *, static: Embedder | None, full: Embedder | None
    ) -> None:
        self._index, self._question = index, question
        self._weights = words.weights(question)
        self._telling = telling(words, self._weights)
        self._static, self._full = static, full
        self._asked: dict[str, Floats] = {}
        self._shown: dict[int, dict[str, str]] = {}
        self._made = 0

    def hit(self, number: int, score: float, cosine: tuple[float, float | None], words: float) -> Hit:
        """Return the hit of a passage; `cosine` comes with its likelihood, and is NaN without a vector."""
        index, passage = self._index, self._index.passage(number)
        entry, text = index.entries[passage.document], index.passage_text(number)
        matches = word_matches(text, list(self._weights))
        shown = self._shared_words(number)
        ordered = sorted(self._telling & shown.keys(), key=lambda stem: (-self._weights[stem], stem))
        self._made += 1
        return Hit(
            document=passage.document,
            name=entry.name,
            title=entry.title,
            address=index.address(number),
            passage=number,
            score=score,
            cosine=None if math.isnan(cosine[0]) else cosine[0],
            likelihood=cosine[1],
            words=float(words),
            text=text,
            start=passage.start,
            end=passage.end,
            heading=passage.heading,
            closeness=closeness(cosine[1]),
            shared=[shown[stem] for stem in ordered],
            common=bool(shown),
            distant=state(cosine[1], named=self.is_named(number)) == "nothing",
            sentences=self._sentences(text, passage.start, matches),
            matched=[
                [passage.start + start, passage.start + end]
                for start, end, stem in matches
                if stem in self._telling
            ],
        )

    def is_named(self, number: int) -> bool:
        """Whether the question is a name that a passage, its title or headings contain."""
        return names(self._weights, self._shared_words(number))

    def _shared_words(self, number: int) -> dict[str, str]:
        """Return the question's stems in a passage, its title and headings, each with a word that has it."""
        if number not in self._shown:
            text = self._index.embedded_text(number)
            found: dict[str, str] = {}
            for start, end, stem in word_matches(text, list(self._weights)):
                found.setdefault(stem, text[start:end].lower())
            self._shown[number] = found
        return self._shown[number]

    def _sentences(
        self, text: str, offset: int, matches: Sequence[tuple[int, int, str]]
    ) -> list[dict[str, Any]]:
        spans = trimmed(text)
        cosines = self._cosines([text[start:end] for start, end in spans])
        total = sum(self._weights.values()) or 1.0
        found = []
        for (start, end), cosine in zip(spans, cosines, strict=True):
            shared = {stem for first, _, stem in matches if start <= first < end}
            score = cosine + WORD_WEIGHT * sum(self._weights[stem] for stem in shared) / total
            found.append({"start": offset + start, "end": offset + end, "score": round(score, 4)})
        return found

    def _cosines(self, texts: list[str]) -> list[float]:
        full = self._full if self._made <= SENTENCES_BY_FULL else None
        embedder = full or self._static or self._full
        if embedder is None or len(texts) < 2:
            return [0.0] * len(texts)
        asked = self._asked.get(embedder.fingerprint)
        if asked is None:
            asked = self._asked[embedder.fingerprint] = embedder.question(self._question)
        products: list[float] = np.dot(embedder.embed(texts), asked).tolist()
        return products


def closeness(likelihood: float | None) -> str:
    """Return a likelihood in a word, "" for None; see `CLOSENESS`."""
    if likelihood is None:
        return ""
    return next(word for word, (least, _) in CLOSENESS.items() if likelihood >= least)


def trimmed(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences without the white space after them."""
    found = []
    for start, end in sentences(text):
        kept = text[start:end].rstrip()
        if kept.strip():
            found.append((start + len(kept) - len(kept.lstrip()), start + len(kept)))
    return found


def telling(words: WordIndex, stems: Iterable[str]) -> set[str]:
    """Return the stems that can explain why a passage is there: no function words, and not nearly everywhere.

    Function words alone are kept, so that a question such as "up" is not left without any.
    """
    most = COMMON * len(words) if len(words) >= FEWEST_PASSAGES else len(words)
    rare = {stem for stem in stems if words.frequency(stem) <= most}
    return rare - FUNCTION_STEMS or rare


def _shared(words: list[str], *, others: bool) -> str:
    """Say which telling words a passage shares with the question; `others`: it shares some at all."""
    if not words:
        return "Shares only common words." if others else "Shares none of your words."
    quoted = [f"‘{word}’" for word in words[:WORDS_NAMED]]
    if len(words) > WORDS_NAMED:
        quoted.append(f"{len(words) - WORDS_NAMED} more")
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"Shares the word{'s' if len(words) > 1 else ''} {listed}."
