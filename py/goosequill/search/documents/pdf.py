"""Makes documents of a PDF's pages, whose lines natively come from pypdf and in a page from pdf.js.

A PDF has lines, not paragraphs: hyphenated words and wrapped lines are joined, and what stands at the head or
foot of most pages is left out.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from goosequill.errors import SearchError
from goosequill.search.documents.document import PAGE, Composer, Document, stem, tidy
from goosequill.search.documents.limits import MOST_PAGES, MOST_PDF, too_large, utf8_size
from goosequill.search.documents.text import paragraphs, unwrap
from goosequill.support.budget import Budget, File

_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]\n\s*(?=[^\W\d_])")
_NUMBER = re.compile(r"\d+")
_END = re.compile(r"[.!?…:]['\"’”)\]]*$")
_EDGE = 2
"""So many lines at a page's head and foot may repeat."""
_FEWEST = 4
"""Of fewer pages nothing is taken for a running head."""


def from_pages(name: str, pages: Sequence[str], title: str = "", *, budget: Budget) -> Document:
    """Return a PDF as a document; `pages` are the texts of its pages, line by line.

    Parameters
    ----------
    budget
        That of the outermost file: the document has its own, from which the text of its pages is spent.

    Raises
    ------
    SearchError
        ``document-scanned``: no page has text. ``document-too-large``: there are too many pages.
    """
    if len(pages) > MOST_PAGES:
        raise too_large(name, f"{len(pages):,} pages", f"{MOST_PAGES:,}", "Split it.")
    budget = budget.within(name)
    for page in pages:
        budget.spend("text", utf8_size(page))
    return _document(name, pages, title, budget)


def _document(name: str, pages: Iterable[str], title: str, budget: Budget) -> Document:
    """Return a document of pages whose text is spent already; see `from_pages`."""
    texts = [paragraphs_of(page) for page in _without_running_lines([_lines(page, budget) for page in pages])]
    _join_across(texts)
    composer = Composer()
    for number, found in enumerate(texts, 1):
        composer.heading(PAGE.format(number), 1, anchor=f"page={number}")  # where browsers open it
        for text in found:
            composer.paragraph(text)
    if not composer.has_text:
        raise SearchError(f"{name} has no text: its pages are pictures.", code="document-scanned")
    first = next(text for found in texts for text in found)
    return composer.document(name, title=title or _heading(first) or stem(name))


def _heading(first: str) -> str:
    """Return a document's first line, if it may be a title."""
    return first if 3 < len(first) < 100 and not _END.search(first) and "\n" not in first else ""


def _lines(page: str, budget: Budget) -> list[str]:
    lines = [line.rstrip() for line in tidy(page).splitlines()]
    budget.spend("elements", len(lines))
    return lines


def _without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """Return pages without the lines that stand on most of them at the same edge, numbers aside."""
    if len(pages) < _FEWEST:
        return pages
    edges = [{_NUMBER.sub("#", line.strip()) for line in _edges(lines)} for lines in pages]
    counts = Counter(line for found in edges for line in found)
    running = {line for line, count in counts.items() if line and count > len(pages) / 2}

    def kept(lines: list[str]) -> list[str]:
        first, last = 0, len(lines)
        while first < min(last, _EDGE) and _NUMBER.sub("#", lines[first].strip()) in running:
            first += 1
        while last > max(first, len(lines) - _EDGE) and _NUMBER.sub("#", lines[last - 1].strip()) in running:
            last -= 1
        return lines[first:last]

    return [kept(lines) for lines in pages]


def _edges(lines: list[str]) -> list[str]:
    return lines[:_EDGE] + lines[-_EDGE:]


def paragraphs_of(lines: list[str]) -> list[str]:
    """Return the paragraphs of a page, hyphenated words and wrapped lines joined."""
    text = _HYPHEN.sub("", "\n".join(lines))
    return ["\n".join(unwrap(group)) for group in paragraphs(text.split("\n"))]


def _join_across(pages: list[list[str]]) -> None:
    """Move the rest of a sentence that a page's end interrupts back to that page."""
    for before, after in pairwise(pages):
        if not before or not after or _END.search(before[-1]) or not after[0][:1].islower():
            continue
        end = re.search(r"[.!?…]['\"’”)\]]*(?=\s|$)", after[0])
        rest = after[0][: end.end()] if end else after[0]
        before[-1] = f"{before[-1]} {rest}"
        after[0] = after[0][len(rest) :].strip()


def read_pdf(file: File) -> Document:
    """Return a PDF, read with the package pypdf; the text of its pages is spent while it is extracted.

    Raises
    ------
    SearchError
        ``no-pypdf``: it is not installed. ``document-encrypted``, ``document-scanned``,
        ``document-corrupt``, ``document-too-large``.
    """
    name = file.name
    try:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError
    except ImportError as error:
        raise SearchError(f"Reading {name} needs the package pypdf.", code="no-pypdf") from error
    data, budget = file.bytes(MOST_PDF), file.budget.within(name)

    def spend(text: str, *_: object) -> None:  # a form that a page draws is unpacked each time
        budget.spend("text", utf8_size(text))

    def check(*_: object) -> None:  # a form may draw others without end, and no text
        budget.check()

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise SearchError(f"{name} is protected with a password.", code="document-encrypted")
        if len(reader.pages) > MOST_PAGES:
            raise too_large(name, f"{len(reader.pages):,} pages", f"{MOST_PAGES:,}", "Split it.")
        title = str((reader.metadata.title if reader.metadata else "") or "")
        pages = []
        for page in reader.pages:
            pages.append(page.extract_text(visitor_text=spend, visitor_operand_before=check))
            budget.check()  # pypdf continues after an error in a form
    except (SearchError, MemoryError):
        raise
    except DependencyError as error:
        raise SearchError(
            f"{name} is encrypted, and pypdf lacks a package for that.", code="document-encrypted"
        ) from error
    except Exception as error:  # pypdf raises what its code meets, failed assertions among it
        raise SearchError(
            f"{name} is damaged: {error or type(error).__name__}.", code="document-corrupt"
        ) from error
    return _document(name, pages, title, budget)
