"""How much a reader accepts: bounds of work and memory, each with the error that names the figures."""

from __future__ import annotations

from goosequill.errors import SearchError

MEBIBYTE = 1 << 20

MOST_FILE = 50 * MEBIBYTE
"""Bytes of one text, Markdown, HTML, CSV or DOCX file, and of a PDF's text. The Bible has 4.5 million."""
MOST_PDF = 200 * MEBIBYTE
"""Bytes of a PDF, most of which are pictures."""
MOST_ARCHIVE = 256 * MEBIBYTE
"""Bytes of a zip."""
MOST_UNPACKED = 1024 * MEBIBYTE
"""Bytes of everything in a zip, unpacked."""
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
"""Files in a folder."""
MOST_PARAGRAPHS = 1_000_000
"""Paragraphs of a document, except of plain text, where short ones cost nothing."""
DISTINCT_SENTENCES = 500_000
"""Sentences of a document that are told apart; of one that may have more, neighbours are joined."""
MOST_XML = 400 * MEBIBYTE
"""Bytes of the unpacked XML of a DOCX file."""


def figure(size: int) -> str:
    """Return a number of bytes as people write it: 12 kB, 3.4 MB."""
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (1000, "kB")):
        if size >= factor:
            value = size / factor
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{size} bytes"


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
