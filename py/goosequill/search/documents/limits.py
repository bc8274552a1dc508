"""How much a reader accepts: bounds of work and memory, each with the error that names the figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from time import process_time
from typing import Literal

from goosequill.errors import SearchError

MEBIBYTE = 1 << 20

MOST_FILE = 50 * MEBIBYTE
"""Bytes of one text, Markdown, HTML, CSV or DOCX file, and of a PDF's text. The Bible has 4.5 million."""
MOST_PDF = 200 * MEBIBYTE
"""Bytes of a PDF, most of which are pictures."""
MOST_ARCHIVE = 256 * MEBIBYTE
"""Bytes of a zip."""
MOST_UNPACKED = 1024 * MEBIBYTE
"""Bytes of everything in a zip, unpacked: the files in it, and what is packed in these."""
MOST_ENTRIES = 50_000
"""Files in a zip."""
MOST_DIRECTORY = 16 * MEBIBYTE
"""Bytes of a zip's list of its files, names included."""
MOST_NESTING = 2
"""Zips within zips: the outermost is the first."""
MOST_COLUMNS = 1_000
"""Columns of a CSV file."""
MOST_ROWS = 200_000
"""Rows of a CSV file; each is a document of its own."""
MOST_CELL = MEBIBYTE
"""Characters of one cell."""
MOST_PAGES = 10_000
"""Pages of a PDF, of a folder's site, and of a site that is read over the network."""
MOST_FILES = 200_000
"""Files in a folder, or in a zip with the zips and DOCX files in it."""
MOST_PARAGRAPHS = 1_000_000
"""Paragraphs of a document, except of plain text, where short ones cost nothing."""
DISTINCT_SENTENCES = 500_000
"""Sentences of a document that are told apart; of one that may have more, neighbours are joined."""
MOST_XML = 400 * MEBIBYTE
"""Bytes of the unpacked XML of a DOCX file."""
MOST_ELEMENTS = 3_000_000
"""Elements and attributes of a DOCX file's XML, or lines of a PDF. A thousand pages have a million."""
MOST_DEPTH = 250_000
"""XML elements within each other: expat keeps about 135 bytes of each that is open."""
MOST_NAMES = MEBIBYTE
"""Characters of the different names of XML elements and attributes, all of which expat keeps."""
MOST_TAG = 8 * MEBIBYTE
"""Bytes of one XML tag or comment, which expat has in memory at once; pictures may be in attributes."""
MOST_SECONDS = 1_800
"""Of work on a PDF or a DOCX file; ten thousand pages take minutes."""

_KINDS = {"unpacked": "unpacked", "text": "of text", "elements": "elements", "files": "files"}
"""What is counted, and how it is called in an error."""


@dataclass(slots=True)
class Budget:
    """What may be taken from one file, and how much of that was.

    The file that a person gives has one, whatever is in it. A document within has its own, smaller one, which
    spends from that as well: see `within`.

    Parameters
    ----------
    unpacked
        Bytes.
    text
        Bytes, in UTF-8, of text that is not in the file as it is, but unpacked or decoded.
    elements
        XML elements and attributes, or lines of a PDF.
    files
        Entries of zips.
    name
        The file, for the error.
    since
        The processor's time, in seconds, at which work on a document began; it has `MOST_SECONDS`.
    """

    unpacked: int = MOST_UNPACKED
    text: int = MOST_UNPACKED
    elements: int = 4 * MOST_ELEMENTS
    files: int = MOST_FILES
    name: str = "The file"
    outer: Budget | None = None
    spent: Counter[str] = field(default_factory=Counter)
    since: float = field(default_factory=process_time)

    def within(self, name: str) -> Budget:
        """Return the budget of a document in this file, or of the file itself if it is one."""
        return Budget(MOST_XML, MOST_FILE, MOST_ELEMENTS, self.files, name, self)

    def spend(self, what: Literal["unpacked", "text", "elements", "files"], count: int) -> None:
        """Take from what is left, before more is kept in memory; see `check` for the error."""
        if self.outer is not None:
            self.outer.spend(what, count)
        self.spent[what] += count
        self.check()

    def check(self) -> None:
        """Refuse a file that has spent more than it had, or a document that takes too long.

        Raises
        ------
        SearchError
            ``document-too-large``.
        """
        for what, kind in _KINDS.items():
            most: int = getattr(self, what)
            if self.spent[what] > most:
                has = f"{most:,}" if what in ("elements", "files") else figure(most)
                raise too_large(self.name, f"more than {has} {kind}", "that much", "Split it.")
        if self.outer is not None and process_time() - self.since > MOST_SECONDS:
            message = f"{self.name} takes more than {MOST_SECONDS // 60} minutes to read."
            raise SearchError(message, code="document-too-large", remedy="Split it.")


class File:
    """A file as readers get it: its bytes, and the budget from which they take what they make of these.

    No reader takes bytes, so that none can forget how many it may have, or whose budget it spends. The files
    of an archive have its budget.
    """

    __slots__ = ("_data", "budget", "name")

    def __init__(self, name: str, data: bytes, budget: Budget | None = None) -> None:
        self.name, self._data, self.budget = name, data, budget or Budget(name=name)

    @property
    def head(self) -> bytes:
        """The first bytes, which tell its format."""
        return self._data[:4096]

    def bytes(self, most: int) -> bytes:
        """Return the bytes, unless there are more than `most`; see `check_size` for the error."""
        check_size(self.name, len(self._data), most)
        return self._data

    def within(self) -> File:
        """Return the file with the budget of a document."""
        return File(self.name, self._data, self.budget.within(self.name))


def figure(size: int) -> str:
    """Return a number of bytes as people write it: 12 kB, 3.4 MB."""
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (1000, "kB")):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{size} bytes"


def utf8_size(text: str) -> int:
    """Return how many bytes a text has in a file."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def too_large(name: str, has: str, most: str, remedy: str | None = None) -> SearchError:
    """Return the error for a file that exceeds a bound: "has 60 MB", "at most 52 MB"."""
    message = f"{name} has {has}, and Goosequill reads at most {most}."
    return SearchError(message, code="document-too-large", remedy=remedy)


def check_size(name: str, size: int, most: int) -> None:
    """Refuse a file of more than `most` bytes.

    Raises
    ------
    SearchError
        ``document-too-large``.
    """
    if size > most:
        raise too_large(name, figure(size), figure(most))
