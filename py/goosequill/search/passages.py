"""Passages: the pieces of a document that are embedded, ranked and shown, of two to four sentences.

A passage lies within one block, so that one trail of headings stands above it. Where sentences are short, as
in lists, tables and code, a passage has more of them; one that is too long for the embedder is split at
spaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from goosequill.search.documents.document import PAGE, ROW, Document
from goosequill.search.documents.limits import DISTINCT_SENTENCES
from goosequill.search.sentences import ENDS, count_words, sentences

FEWEST_WORDS, MOST_WORDS = 40, 120
"""A passage is ended at two sentences only with so many words; it is ended before it has more than these."""
MOST_SENTENCES = 4
MOST_PIECES = 190
"""MiniLM reads 256 pieces of words; the rest is for its two marks, the title and the headings."""
_PIECE = re.compile(r"[A-Za-z]{1,7}|[0-9]{1,3}|[^\sA-Za-z0-9]")
"""About one piece of WordPiece each: outside ASCII its vocabulary has few pieces longer than a character."""
_JOINED = re.compile(rf"(?s).{{1,60}}[^{ENDS}]{{0,140}}+[{ENDS}]{{0,20}}+\s*+")
"""What counts as a sentence of a document that has too many: 60 characters, and those to the next end."""
_PAGE = re.compile(PAGE.format(r"\d+$"))
"""A heading that says nothing of what stands below it."""
_ROW = re.compile(ROW.format("", r"\d+$"))
"""What says where a row is, which may change though the row does not."""
MOST_TITLE, MOST_HEADING = 90, 120
"""Characters of the title and of the trail of headings that are embedded with each passage."""
SEPARATOR = " › "
"""Stands between the headings of a trail."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document.

    Parameters
    ----------
    document
        Index of the document in its collection.
    start, end
        Offsets into the document's text, in code points; no white space at either end.
    heading
        The trail of headings without the document's title, joined by `SEPARATOR`; "" if there is none.
    """

    document: int
    start: int
    end: int
    heading: str


@dataclass(slots=True)
class _Run:
    """Sentences that follow one another: their span, and how much there is in it."""

    start: int
    end: int
    words: int
    pieces: int
    sentences: int = 1
    opens: bool = False  # a paragraph begins here

    def with_next(self, other: _Run) -> _Run:
        total = self.words + other.words, self.pieces + other.pieces, self.sentences + other.sentences
        return _Run(self.start, other.end, *total, self.opens)

    @property
    def fits(self) -> bool:
        return self.words <= MOST_WORDS and self.pieces <= MOST_PIECES

    @property
    def complete(self) -> bool:
        return self.words >= FEWEST_WORDS and self.sentences >= MOST_SENTENCES


def passages(document: Document, index: int = 0) -> list[Passage]:
    """Return the passages of a document, in its order; `index` is the document's in its collection."""
    found = []
    split = _joined_sentences if _has_too_many(document.text) else sentences
    for block in document.blocks:
        heading = trail(document.title, block.headings)
        runs = _groups(_sentences(document.text[block.start : block.end], block.start, split))
        found += [Passage(index, run.start, run.end, heading) for run in runs]
    return found


def _has_too_many(text: str) -> bool:
    """Return whether a text may have more sentences than are told apart."""
    if len(text) <= DISTINCT_SENTENCES:
        return False
    ends = re.compile(f"[{ENDS}]")
    return sum(text.count(each) for each in set(text) if ends.match(each)) > DISTINCT_SENTENCES


def _joined_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield spans that cover a text and have about 60 characters or more, which is quick for any text."""
    return (match.span() for match in _JOINED.finditer(text))


def trail(title: str, headings: tuple[str, ...]) -> str:
    """Return headings as one line, without a first one that repeats the title."""
    if headings and headings[0].casefold() == title.casefold():
        headings = headings[1:]
    return SEPARATOR.join(headings)


def embedded_text(title: str, heading: str, text: str) -> str:
    """Return what stands for a passage in the index: the title and the trail of headings, then its text."""
    above = [
        _cut(_ROW.sub("", title), MOST_TITLE),
        "" if _PAGE.match(heading) else _cut(heading, MOST_HEADING),
    ]
    return "".join(f"{part} " if part[-1] in ".?!:" else f"{part}. " for part in above if part) + text


def _cut(text: str, most: int) -> str:
    """Return a text of at most `most` characters, without its last words if it is longer."""
    return text if len(text) <= most else text[:most].rpartition(" ")[0] or text[:most]


def _sentences(block: str, start: int, split: Callable[[str], Iterable[tuple[int, int]]]) -> Iterator[_Run]:
    """Yield the sentences of a block; one that is too long comes in parts."""
    opens = True
    for first, last in split(block):
        sentence = block[first:last]
        kept = sentence.strip()
        if not kept:
            opens = True  # an empty line
            continue
        at = start + first + len(sentence) - len(sentence.lstrip())
        run = _run(kept, at, opens=opens)
        yield from [run] if run.fits else _parts(kept, at, opens=opens)
        opens = False


def _run(text: str, at: int, *, opens: bool = False) -> _Run:
    return _Run(at, at + len(text), count_words(text), len(_PIECE.findall(text)), 1, opens)


def _parts(text: str, at: int, *, opens: bool) -> Iterator[_Run]:
    """Yield a sentence without full stops in parts that fit, split at spaces, otherwise anywhere."""
    atoms = [(match.start(), match.end()) for match in re.finditer(r"\S{1,160}", text)]
    first, count = 0, 0
    for index, (start, end) in enumerate(atoms):
        pieces = sum(1 for _ in _PIECE.finditer(text, start, end))
        if index > first and (count + pieces > MOST_PIECES or index - first >= MOST_WORDS):
            yield _run(text[atoms[first][0] : atoms[index - 1][1]], at + atoms[first][0], opens=opens)
            first, count, opens = index, 0, False
        count += pieces
    yield _run(text[atoms[first][0] :], at + atoms[first][0], opens=opens)


def _groups(runs: Iterator[_Run]) -> list[_Run]:
    """Return sentences joined to passages, ended rather between paragraphs than within one."""
    groups: list[_Run] = []
    for run in runs:
        last = groups[-1] if groups else None
        if last is None or not last.with_next(run).fits or last.complete or (_may_end(last) and run.opens):
            groups.append(run)
        else:
            groups[-1] = last.with_next(run)
    if len(groups) > 1 and groups[-1].words < FEWEST_WORDS and groups[-2].with_next(groups[-1]).fits:
        groups[-2:] = [groups[-2].with_next(groups[-1])]
    return groups


def _may_end(run: _Run) -> bool:
    """Return whether a passage may end here, because a paragraph does."""
    return run.words >= FEWEST_WORDS and run.sentences >= 2
