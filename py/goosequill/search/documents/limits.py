"""How much a reader accepts: bounds of work and memory, each with the error that names the figures."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from goosequill.errors import SearchError
from goosequill.support.budget import Budget, File, Kind

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


@dataclass(slots=True)
class DocumentBudget(Budget):
    """The budget of a file of documents; its error is a `SearchError`, ``document-too-large``."""

    name: str = "The file"
    packed: int = MOST_ARCHIVE
    unpacked: int = MOST_UNPACKED
    text: int = MOST_UNPACKED
    elements: int = 4 * MOST_ELEMENTS
    files: int = MOST_FILES
    seconds: float = inf

    def within(self, name: str) -> DocumentBudget:
        """Return the budget of a document in this file, or of the file itself if it is one."""
        return DocumentBudget(
            name, MOST_ARCHIVE, MOST_XML, MOST_FILE, MOST_ELEMENTS, self.files, MOST_SECONDS, outer=self
        )

    def error(self, kind: Kind, count: float, most: float) -> SearchError:
        if kind == "packed":
            return too_large(self.name, figure(count), figure(most))
        if kind == "seconds":
            message = f"{self.name} takes more than {most // 60} minutes to read."
            return SearchError(message, code="document-too-large", remedy="Split it.")
        has = f"{most:,}" if kind in ("elements", "files") else figure(most)
        what = "of text" if kind == "text" else kind
        return too_large(self.name, f"more than {has} {what}", "that much", "Split it.")


def given_file(name: str, data: bytes) -> File:
    """Return a file that a person gives, with the budget of all that is in it."""
    return File(name, data, DocumentBudget(name))


def figure(size: float) -> str:
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
