"""What is shown of a passage that was found: its text, its best sentence, the words it shares, and why."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from goosequill.kernels.kernel import Floats
from goosequill.search.bm25 import word_matches
from goosequill.search.sentences import sentences

if TYPE_CHECKING:
    from goosequill.search.searcher import Searcher

SENTENCES_BY_FULL = 3
"""Hits whose sentences are compared by the full model; for the rest the static table does it."""
WORD_WEIGHT = 0.15
"""What a sentence gains that has all of the question's words, beside its cosine."""
WORDS_NAMED = 4
LEVELS = (
    (0.9, "Very close in meaning."),
    (0.5, "Close in meaning."),
    (0.15, "Loosely related in meaning."),
    (0.0, "Distant in meaning."),
)
"""Likelihood from which a sentence is said."""


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
        Start and end of each word that the question has too.
    explanation
        Why it is here, in a sentence or two without figures.
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
    explanation: str
    sentences: list[dict[str, Any]] = field(default_factory=list)
    matched: list[list[int]] = field(default_factory=list)


class Reasons:
    """Makes the hits of one question."""

    def __init__(self, searcher: Searcher, question: str, *, stage: str) -> None:
        self._index = searcher.index
        self._question = question
        self._weights = searcher.words.weights(question)
        self._static = searcher.static
        self._full = searcher.full if stage == "full" else None
        self._asked: dict[str, Floats] = {}
        self._made = 0

    def hit(self, number: int, score: float, cosine: tuple[float, float | None], words: float) -> Hit:
        """Return the hit of a passage; `cosine` comes with its likelihood, and is NaN without a vector."""
        index, passage = self._index, self._index.passage(number)
        entry, text = index.entries[passage.document], index.passage_text(number)
        matches = word_matches(text, list(self._weights))
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
            explanation=self._explanation(number, cosine[1]),
            sentences=self._sentences(text, passage.start, matches),
            matched=[[passage.start + start, passage.start + end] for start, end, _ in matches],
        )

    def has_all_words(self, hit: Hit) -> bool:
        """Whether a passage, with its title and headings, has every word of the question."""
        found = {
            match[2] for match in word_matches(self._index.embedded_text(hit.passage), list(self._weights))
        }
        return bool(self._weights) and found == set(self._weights)

    def _explanation(self, number: int, chance: float | None) -> str:
        level = "" if chance is None else next(sentence for least, sentence in LEVELS if chance >= least)
        text = self._index.embedded_text(number)
        shown: dict[str, str] = {}
        for start, end, stem in word_matches(text, list(self._weights)):
            shown.setdefault(stem, text[start:end].lower())
        ordered = sorted(shown, key=lambda stem: -self._weights[stem])
        return f"{level} {_shared([shown[stem] for stem in ordered])}".strip()

    def _sentences(
        self, text: str, offset: int, matches: Sequence[tuple[int, int, str]]
    ) -> list[dict[str, Any]]:
        spans = _trimmed(text)
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


def _trimmed(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences without the white space after them."""
    found = []
    for start, end in sentences(text):
        kept = text[start:end].rstrip()
        if kept.strip():
            found.append((start + len(kept) - len(kept.lstrip()), start + len(kept)))
    return found


def _shared(words: list[str]) -> str:
    """Say which words a passage shares with the question."""
    if not words:
        return "Shares none of your words."
    quoted = [f"‘{word}’" for word in words[:WORDS_NAMED]]
    if len(words) > WORDS_NAMED:
        quoted.append(f"{len(words) - WORDS_NAMED} more")
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"Shares the word{'s' if len(words) > 1 else ''} {listed}."
