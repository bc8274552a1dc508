"""An answer that is quoted: the sentences of the passages found that fit the question best.

For models that are too small to reword passages. Nothing is made up, but sentences out of their context may
mislead, so each keeps the number of its passage.

The rule. How close a text is to the question is its cosine, by the embedder that ranked the passages, and a
share for the question's words. A sentence that is close at all scores its own closeness and that of its
passage, since one such as "Rest helps." is close to many questions. The best is taken. Another follows, up to
`MOST` in all, if it scores at least `NEAR` of the best and is no more than `ALIKE` like one that was taken;
each time it is the one whose score, less `REPEATS` times its likeness to those, is highest. They are put in
the order of the passages, and within a passage of the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.kernels.kernel import Floats
from goosequill.search.answer import MOST_CHARACTERS, Sentence, Source, read_sources, shares, stems
from goosequill.search.embedder import Embedder, unit_rows
from goosequill.search.hits import WORD_WEIGHT, trimmed
from goosequill.search.sentences import count_words

MOST = 3
NEAR = 0.8
ALIKE = 0.85
REPEATS = 0.3
FEWEST_WORDS = 3
"""A sentence with fewer words is a heading or a remnant."""


@dataclass(frozen=True, slots=True)
class _Quote:
    passage: int
    start: int
    end: int
    text: str


def extract_answer(
    question: str,
    passages: Sequence[Mapping[str, Any]],
    *,
    static: Embedder | None = None,
    embedder: Embedder | None = None,
) -> dict[str, Any]:
    """Quote the sentences of passages that fit a question best.

    Returns
    -------
    dict
        ``text``, and its ``sentences`` as `goosequill.search.answer.attribute_answer` has them. Sentences
        that do not follow each other in their passage are lines of their own.

    Raises
    ------
    SearchError
        ``answer-passages``.
    """
    sources = read_sources(passages)
    found = [
        _Quote(passage, start, end, " ".join(source.text[start:end].strip("| ").split()))
        for passage, source in enumerate(sources)
        for start, end in trimmed(source.text)
    ]
    # A FAQ's questions are near to the visitor's, and answer nothing.
    found = [each for each in found if count_words(each.text) >= FEWEST_WORDS and each.text[-1] not in "?？"]
    if not found:
        return {"text": "", "sentences": []}
    wholes = [f"{source.title}. {source.text}" for source in sources]
    scores, vectors = _scores(
        question[:MOST_CHARACTERS], [*(each.text for each in found), *wholes], embedder or static
    )
    owners = [len(found) + each.passage for each in found]
    scores = np.where(scores[: len(found)] > 0, scores[: len(found)] + scores[owners], 0)
    taken = sorted(_taken(scores, vectors[: len(found)] @ vectors[: len(found)].T))
    return _joined([found[at] for at in taken], scores[taken].tolist(), sources)


def _scores(question: str, texts: list[str], model: Embedder | None) -> tuple[Floats, Floats]:
    """Return how close texts are to a question [n], and their vectors, which without a model are of words."""
    words = [stems(text) for text in texts]
    asked = stems(question)
    if model is not None:
        vectors, question_vector = model.embed(texts), model.question(question)
    else:
        known = sorted(asked.union(*words))
        rows = [[float(word in each) for word in known] for each in (*words, asked)]
        units = unit_rows(np.array(rows, np.float32).reshape(len(rows), -1))
        vectors, question_vector = units[:-1], units[-1]
    shared = np.array(shares(asked, words), np.float32)
    return vectors @ question_vector + np.float32(WORD_WEIGHT) * shared, vectors


def _taken(scores: Floats, likeness: Floats) -> list[int]:
    """Return which sentences are quoted."""
    best = float(scores.max())
    taken = [int(scores.argmax())] if best > 0 else []
    while 0 < len(taken) < MOST:
        like = likeness[:, taken].max(axis=1)
        fit = (scores >= NEAR * best) & (like <= ALIKE)
        fit[taken] = False
        if not fit.any():
            break
        taken.append(int(np.where(fit, scores - REPEATS * like, -np.inf).argmax()))
    return taken


def _joined(quotes: Sequence[_Quote], scores: Sequence[float], sources: Sequence[Source]) -> dict[str, Any]:
    """Return what a page shows; sentences that follow each other in one line stay in one."""
    text, sentences, last = "", [], None
    for quote, score in zip(quotes, scores, strict=True):
        follows = last is not None and last.passage == quote.passage
        between = sources[quote.passage].text[last.end : quote.start] if last and follows else "\n"
        text += "" if last is None else " " if not between.strip(" ") else "\n"
        sentences.append(Sentence(len(text), len(text) + len(quote.text), quote.passage, score, []))
        text, last = text + quote.text, quote
    return {"text": text, "sentences": sentences}
