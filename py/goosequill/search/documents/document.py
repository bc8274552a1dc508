"""What a reader returns: a document's plain text, and which headings stand above which part of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from goosequill.search.documents.limits import MOST_PARAGRAPHS, too_large

PAGE = "Page {}"
"""The heading of a PDF's page."""
ROW = "{}, row {}"
"""The title of a table's row that has none of its own: the table's name, and the row's number."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text under one trail of headings.

    Parameters
    ----------
    start, end
        Offsets into the document's text, in code points.
    headings
        The trail, outermost first; empty if there is none. The headings themselves are not in the text.
    anchor
        The id in the page of the nearest heading above that has one; "" if none has.
    """

    start: int
    end: int
    headings: tuple[str, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as plain text.

    Parameters
    ----------
    name
        Its path within a folder or zip, its file's name, or its address; unique within a collection.
    title
        From the document itself, otherwise the file's name without its ending.
    text
        In Unicode's form NFC, without NULs. Paragraphs are separated by an empty line; a single end of line
        is one of the document's own: an item of a list, a row of a table, a line of code. Rows of Markdown's
        tables begin and end with a bar, which pages show as tables.
    blocks
        In the order of the text, not overlapping.
    address
        Where a reader can open it, relative to its site; "" if nowhere.
    column
        Of a row of a table: the header, or the number from 1, of the column that the text is from.
    row, rows
        Of a row of a table: its number, from 1, and how many the table has.
    """

    name: str
    title: str
    text: str
    blocks: tuple[Block, ...]
    address: str = ""
    column: str = ""
    row: int = 0
    rows: int = 0


_JOINED = 1 << 14
"""Parts of a text that are kept apart, because each takes far more memory than its characters."""


class Composer:
    """Puts a document together from headings and paragraphs, in the order in which they come."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._joined: list[str] = []
        self._length = self._paragraphs = 0
        self._blocks: list[Block] = []  # without the one that is open
        self._open: tuple[int, tuple[str, ...], str] | None = None
        self._trail: list[tuple[int, str]] = []
        self._anchor, self._new = "", True
        self.first_heading = ""

    @property
    def has_text(self) -> bool:
        """Whether there is a paragraph."""
        return self._length > 0

    def heading(self, text: str, level: int, *, anchor: str = "") -> None:
        """Begin a section; it ends at the next heading of the same or a higher level.

        `anchor` is the heading's id in its page, "" if it has none.
        """
        text = tidy(text).replace("\n", " ")
        if not text:
            return
        self.first_heading = self.first_heading or text
        self._trail = [(depth, above) for depth, above in self._trail if depth < level] + [(level, text)]
        self._anchor, self._new = anchor or self._anchor, True

    def paragraph(self, text: str) -> None:
        """Add a paragraph, a list, a table or a piece of code; one without text is ignored.

        Raises
        ------
        SearchError
            ``document-too-large``: there are too many.
        """
        text = tidy(text)
        if not text:
            return
        self._paragraphs += 1
        if self._paragraphs > MOST_PARAGRAPHS:
            raise too_large("The document", "too many paragraphs", f"{MOST_PARAGRAPHS:,}", "Split it.")
        start = self._length + 2 if self._length else 0
        self._parts += ["\n\n", text] if self._length else [text]
        if len(self._parts) > _JOINED:
            self._joined.append("".join(self._parts))
            self._parts = []
        if self._new:
            self._close()
            self._open = start, tuple(above for _, above in self._trail), self._anchor
        self._length, self._new = start + len(text), False

    def _close(self) -> None:
        """End the block that is open."""
        if self._open is not None:
            start, trail, anchor = self._open
            self._blocks.append(Block(start, self._length, trail, anchor))

    def document(self, name: str, *, title: str = "", address: str = "") -> Document:
        """Return the document, to which nothing may be added any more.

        Without a title it has its first heading's, or its file's name.
        """
        self._close()
        self._open = None
        title = tidy(title).replace("\n", " ") or self.first_heading or stem(name)
        return Document(name, title, "".join(self._joined + self._parts), tuple(self._blocks), address)


def tidy(text: str) -> str:
    """Return a text in NFC, trimmed, without what is never seen: NULs, soft hyphens, lone surrogates."""
    if not text.isascii():
        text = text.replace("\u00ad", "").encode("utf-8", "replace").decode("utf-8")
        text = unicodedata.normalize("NFC", text)
    return text.replace("\0", "").strip()


def stem(name: str) -> str:
    """Return a file's name without its folder and its ending."""
    last = name.rstrip("/").rpartition("/")[2] or name
    return last.rpartition(".")[0] or last


def source_of(name: str) -> str:
    """Return the name of the file that a document is from: without the number of a table's row."""
    return re.sub(r"#\d+\Z", "", name)


def joined(lines: Iterable[str]) -> str:
    """Return the lines of a paragraph as one line."""
    return " ".join(line.strip() for line in lines if line.strip())
