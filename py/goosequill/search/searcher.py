"""Asks an index: ranks its passages for a question, and says why each is there.

Passages that have no vector yet are ranked by the static table's, which are made here and kept in memory.
The best of all passages are found without scoring each: those near in meaning by a scan, those with the
question's words by their postings, and their neighbours, until no other can be better (the threshold
algorithm of Fagin et al., 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.kernels.search import SearchOperations
from goosequill.search.bm25 import WordIndex
from goosequill.search.calibration import JUDGED, State, likelihood, state
from goosequill.search.embedder import Embedder
from goosequill.search.fusion import FULL_WEIGHT, NEIGHBOURS, STATIC_WEIGHT, Moments, around, with_neighbours
from goosequill.search.hits import Hit, Reasons
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.vectors import QuantizedVectors, Rows, Vectors, quantize

Stage = Literal["static", "full"]

MAX_QUESTION = 4000
"""Characters of a question that are read."""
MAX_COUNT = 1000
"""Documents that are returned at most."""
MOST_MORE, NEAR = 2, 0.7
"""Further passages of a document that are shown below its best, at most, and the least share of its score.
They are among the first of all passages, as many as documents are wanted."""
_USUAL = np.linspace(-0.05, 0.35, 8, dtype=np.float32)
"""Cosines that keep the spread of a few pending passages sensible; beside many they count for nothing."""


@dataclass(frozen=True, slots=True)
class Results:
    """What was found.

    Attributes
    ----------
    hits
        The best passage of each document, best first; with the next best of its other sections in `Hit.more`.
    state
        Whether one of them ``"fits"``, fits ``"perhaps"``, or ``"nothing"`` does, so that they are merely the
        nearest; `goosequill.search.calibration` has the rule.
    likelihood
        The probability that the passage closest in meaning answers, 0 to 1; None where that was not measured
        for the models.
    stage
        ``"static"`` or ``"full"``: the model that the question was embedded with; ``"words"`` without one.
    """

    hits: list[Hit]
    state: State
    likelihood: float | None
    stage: str

    @property
    def nothing_fits(self) -> bool:
        """Whether the hits are merely the nearest."""
        return self.state == "nothing"


@dataclass(frozen=True, slots=True)
class _Part:
    """Passages whose vectors are of one model, and the question in that model's space."""

    vectors: Vectors
    offset: int  # the passage of vector 0
    start: int  # the first vector that counts
    question: Floats
    moments: Moments
    weight: float
    models: tuple[str, str]  # of the passages and the question

    def holds(self, numbers: Rows) -> NDArray[np.bool_]:
        """Return which passages are of this part."""
        return (numbers >= self.offset + self.start) & (numbers < self.offset + len(self.vectors))


class _Ranked(NamedTuple):
    """A passage that was found; `cosine` comes with its likelihood, `more` are others of its document."""

    number: int
    score: float
    cosine: tuple[float, float | None]
    more: list[_Ranked]


class Searcher:
    """Asks one index; what is added to the index meanwhile is found as well.

    Parameters
    ----------
    static
        The static table, for the first stage and for passages without a vector; None if there is none.
    full
        The model that made the index's vectors; None if only the first stage is asked for.
    search
        The kernel's scans.
    """

    def __init__(
        self,
        index: Index,
        search: SearchOperations,
        *,
        static: Embedder | None = None,
        full: Embedder | None = None,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.index, self.static, self.full = index, static, full
        self.words: WordIndex = index.words(on_progress)
        self._search = search
        self._removed = set(index.deleted)
        self._pending: QuantizedVectors | None = None
        self._first = 0  # the passage of the first vector in `_pending`

    @property
    def unread(self) -> int:
        """How many passages without a vector the static table has not read; they are found by words."""
        return 0 if self._pending is None else len(self.index) - self._first - len(self._pending)

    def refresh(self, patience: int | None = None) -> None:
        """Take in what was added to the index, and removed from it, since the last time.

        Parameters
        ----------
        patience
            How many passages the static table may read for that, at most; None for all.
        """
        self.index.update_words(self.words)
        gone = [self.index.entries.span(number) for number in self.index.deleted - self._removed]
        self.words.remove(gone)
        self._removed = set(self.index.deleted)
        self._embed_pending(patience)
        self._forget_pending(gone)

    def _embed_pending(self, patience: int | None) -> None:
        """Give the static table's vectors to passages without a vector."""
        index = self.index
        if self.static is None or index.embedded == len(index):
            self._pending = None
            return
        if self._pending is None or index.embedded > self._first + len(self._pending):
            self._first = index.embedded
            empty = np.zeros((0, self.static.dimensions), np.int8)
            self._pending = QuantizedVectors(empty, np.zeros(0, np.float32), self._search)
        first = self._first + len(self._pending)
        end = len(index) if patience is None else min(len(index), first + patience)
        for start in range(first, end, 512):
            texts = [index.embedded_text(number) for number in range(start, min(end, start + 512))]
            self._pending.add(*quantize(self.static.embed(texts)))
        gone = index.deleted.intersection(index.owners(np.arange(first, end)).tolist())
        self._forget_pending([index.entries.span(number) for number in gone])

    def _forget_pending(self, ranges: list[tuple[int, int]]) -> None:
        if self._pending is None:
            return
        for first, end in ranges:
            self._pending.forget(max(0, first - self._first), max(0, end - self._first))

    def ask(
        self,
        question: str,
        *,
        count: int = 10,
        stage: Stage = "full",
        vector: Floats | None = None,
        within: int | None = None,
        patience: int | None = None,
    ) -> Results:
        """Return the documents that fit a question best, each with its best passage.

        Parameters
        ----------
        question
            Up to 4,000 characters; the rest is ignored.
        count
            Documents to return, 1 to 1,000.
        stage
            ``"full"`` asks with the model that made the index, if it is there.
        vector
            The question's vector, if it was made elsewhere; that is the full stage.
        within
            Index of a document: its passages are returned, best first, and no others.
        patience
            See `refresh`.

        Raises
        ------
        SearchError
            ``index-model``: the model is not the one that made the index. ``question``: `count` is out of
            range. ``vectors``: `vector` does not fit. ``document``: there is none of the index `within`.
        """
        if not 1 <= count <= MAX_COUNT:
            raise SearchError(f"{count:,} is not a possible number of results.", code="question")
        question = question[:MAX_QUESTION]
        self.refresh(patience)
        parts, used = self._parts(question, stage, vector)
        words = self.words.scores(question)
        most = max(count, JUDGED)
        if within is None:
            found, best = self._ranked(parts, words, most)
        else:
            found, best = self._ranked_within(within, parts, words, most)
        full = self.full if used == "full" else None
        reasons = Reasons(self.index, self.words, question, static=self.static, full=full)
        hits = [reasons.hit(*each[:3], words[each.number]) for each in found[:count]]
        for hit, ranked in zip(hits, found[:count], strict=True):
            others = (reasons.hit(*each[:3], words[each.number]) for each in ranked.more)
            hit.more.extend(each for each in others if not each.distant)
        first = found[:JUDGED]
        if not first or not (parts or any(words[each.number] for each in first)):
            return Results(hits, "nothing", None, used)
        named = any(reasons.is_named(each.number) for each in first)
        return Results(hits, state(best, named=named), best, used)

    def _parts(self, question: str, stage: Stage, vector: Floats | None) -> tuple[list[_Part], str]:
        """Return the passages by the model of their vectors, and which stage this is."""
        parts, used = [], "words"
        if self.index.vectors is not None and (part := self._indexed_part(question, stage, vector)):
            parts.append(part)
            used = "full" if part.weight == FULL_WEIGHT else "static"
        if self._pending is not None and self.static is not None:
            start = max(0, self.index.embedded - self._first)
            asked = self.static.question(question)
            moments = Moments.of(np.append(self._pending.sample(asked, start=start), _USUAL))
            models = (self.static.name, self.static.name)
            parts.append(_Part(self._pending, self._first, start, asked, moments, STATIC_WEIGHT, models))
            used = "static" if used == "words" else used
        return parts, used

    def _indexed_part(self, question: str, stage: Stage, vector: Floats | None) -> _Part | None:
        index, static = self.index, self.static
        assert index.vectors is not None and index.model is not None
        model = index.model
        if vector is not None:
            if vector.shape != (model.dimensions,) or not np.isfinite(vector).all():
                raise SearchError("The question's vector does not match the index.", code="vectors")
            asked, name, weight = np.asarray(vector, np.float32), model.name, FULL_WEIGHT
        elif stage == "full" and self.full is not None:
            index.check_model(IndexModel.of(self.full))
            asked, name, weight = self.full.question(question), self.full.name, FULL_WEIGHT
        elif static is not None and _compares(static, model):
            asked, name, weight = static.question(question), static.name, STATIC_WEIGHT
        else:
            return None
        moments = Moments.of(index.vectors.sample(asked))
        return _Part(index.vectors, 0, 0, asked, moments, weight, (model.name, name))

    def _ranked(self, parts: list[_Part], words: Floats, count: int) -> tuple[list[_Ranked], float | None]:
        """Return the best passage of each document, and the likelihood of the closest passage of all."""
        word_moments = Moments.of(words)
        depth = max(128, 8 * count)
        while True:
            near = [part.vectors.scan(part.question, depth, start=part.start) for part in parts]
            scans = [numbers + part.offset for part, (numbers, _) in zip(parts, near, strict=True)]
            worded, last_word = _most(words, depth)
            numbers = np.unique(np.concatenate([worded, *scans])).astype(np.intp)
            if parts:  # what is not near any of these has no neighbour that could lift it over them
                numbers = around(numbers, len(self.index))
            scores, cosines = self._scores(parts, numbers, words, word_moments)
            found = self._best_of_documents(numbers, scores, count)
            bounds = [
                float(part.moments.z(values[-1:])[0]) + part.weight * float(word_moments.z(last_word)[0])
                for part, (_, values) in zip(parts, near, strict=True)
                if len(values) == depth
            ]
            bounds += [float(last_word[0])] if not parts and len(worded) == depth else []
            enough = len(found) == count and scores[found[-1][0]] >= max(bounds, default=-np.inf)
            if enough or not bounds or depth >= len(self.index):
                closest = [
                    likelihood(float(values[0]), *part.models)
                    for part, (_, values) in zip(parts, near, strict=True)
                    if len(values)
                ]
                hits = self._found(parts, numbers, scores, cosines, found)
                return hits, _most_likely(closest)
            depth *= 4

    def _ranked_within(
        self, document: int, parts: list[_Part], words: Floats, count: int
    ) -> tuple[list[_Ranked], float | None]:
        """Return the best passages of one document, and the likelihood of the closest of them."""
        if not 0 <= document < len(self.index.entries) or document in self.index.deleted:
            raise SearchError("The document is no longer in the collection.", code="document")
        numbers = np.arange(*self.index.entries[document].passages, dtype=np.intp)
        scores, cosines = self._scores(parts, numbers, words, Moments.of(words))
        order = np.lexsort((numbers, -scores))[:count]
        hits = self._found(parts, numbers, scores, cosines, [[at] for at in order.tolist()])
        return hits, _most_likely(hit.cosine[1] for hit in hits)

    @staticmethod
    def _found(
        parts: list[_Part], numbers: Rows, scores: Floats, cosines: Floats, groups: list[list[int]]
    ) -> list[_Ranked]:
        """Return the first passage of each group with the others, their cosines with the likelihoods."""

        def ranked(at: int) -> _Ranked:
            part = next((part for part in parts if part.holds(numbers[at : at + 1])[0]), None)
            chance = None if part is None else likelihood(float(cosines[at]), *part.models)
            return _Ranked(int(numbers[at]), float(scores[at]), (float(cosines[at]), chance), [])

        return [ranked(first)._replace(more=[*map(ranked, others)]) for first, *others in groups]

    def _scores(
        self, parts: list[_Part], numbers: Rows, words: Floats, moments: Moments
    ) -> tuple[Floats, Floats]:
        """Return the scores of some passages, with meaning those of their neighbours too, and their cosines;
        NaN without a vector."""
        near = around(numbers, len(self.index)) if parts else numbers
        worded = moments.z(words[near]) if parts else words[near]
        scores = np.float32(STATIC_WEIGHT) * worded if parts else worded.copy()
        cosines = np.full(len(near), np.nan, np.float32)
        for part in parts:
            held = np.flatnonzero(part.holds(near))
            cosines[held] = part.vectors.cosines(near[held] - part.offset, part.question)
            scores[held] = part.moments.z(cosines[held]) + part.weight * worded[held]
        if parts:
            scores = with_neighbours(near, self.index.sections(near), scores)
        scores[np.isin(self.index.owners(near), list(self._removed))] = -np.inf
        wanted = np.searchsorted(near, numbers)
        return scores[wanted], cosines[wanted]

    def _best_of_documents(self, numbers: Rows, scores: Floats, count: int) -> list[list[int]]:
        """Return where the best passages of the best documents are, best first, each with further ones."""
        owners, values = self.index.owners(numbers).tolist(), scores.tolist()
        sections = self.index.sections(numbers).tolist()

        def are_apart(one: int, other: int) -> bool:
            if sections[one] != sections[other]:
                return True
            apart = abs(int(numbers[one]) - int(numbers[other])) > NEIGHBOURS
            return apart and not self.index.passage(int(numbers[one])).heading

        found: dict[int, list[int]] = {}
        for place, at in enumerate(np.lexsort((numbers, -scores)).tolist()):
            if values[at] == -np.inf or len(found) == count:
                break
            group = found.setdefault(owners[at], [])
            if not group:
                group.append(at)
            elif place < count and len(group) <= MOST_MORE and values[at] >= NEAR * values[group[0]]:
                group += [at] * all(are_apart(at, other) for other in group)
        return list(found.values())


def _compares(static: Embedder, model: IndexModel) -> bool:
    """Whether a question's vector from the static table ranks the vectors of a model."""
    same = static.fingerprint == model.fingerprint
    return same or (bool(model.space) and static.space == model.space)


def _most_likely(chances: Iterable[float | None]) -> float | None:
    return max((chance for chance in chances if chance is not None), default=None)


def _most(words: Floats, depth: int) -> tuple[Rows, Floats]:
    """Return the passages with the highest scores for words, and the last one's score [1]; 0 if fewer."""
    found = np.flatnonzero(words)
    if len(found) <= depth:
        return found, np.zeros(1, np.float32)
    chosen = found[np.argpartition(-words[found], depth - 1)[:depth]]
    return chosen, words[chosen].min(keepdims=True)
