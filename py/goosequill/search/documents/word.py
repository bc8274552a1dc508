"""Reads DOCX: paragraphs, headings, lists and tables of a Word document's main text.

A DOCX file is a zip with XML. The XML goes through expat, which the package `xml` wraps and the browser's
library lacks; a document type, without which there are no entities to expand, is refused. It is unpacked and
parsed in pieces, so that what it costs is known before it is paid.
"""

from __future__ import annotations

import pyexpat
import re
from itertools import chain
from typing import Any

from goosequill.errors import SearchError
from goosequill.search.documents.archive import Entry, entries
from goosequill.search.documents.document import Composer, Document
from goosequill.search.documents.limits import (
    MOST_DEPTH,
    MOST_FILE,
    MOST_NAMES,
    MOST_TAG,
    MOST_XML,
    figure,
    too_large,
    utf8_size,
)
from goosequill.support.budget import Budget, File

_MAIN = re.compile(r"http://(?:schemas\.openxmlformats\.org|purl\.oclc\.org/ooxml)/wordprocessingml/\S* ")
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"
_TITLE = "http://purl.org/dc/elements/1.1/ title"
_HEADING = re.compile(r"heading ([1-9])|title$|subtitle$", re.IGNORECASE)
_LEVEL = 6
_LONGEST_NAMESPACE = 1_000
"""Characters: each element's name arrives with its namespace."""

Attributes = dict[str, str]


def read_word(file: File) -> Document:
    """Return a Word document; its title is that of its properties, otherwise its first heading.

    Raises
    ------
    SearchError
        ``document-corrupt``: it is not a Word document, or damaged. ``document-too-large``,
        ``document-encrypted``.
    """
    name = file.name
    parts = {entry.name: entry for entry in entries(file.within(), MOST_FILE)}
    if "word/document.xml" not in parts:
        raise SearchError(f"{name} is not a Word document.", code="document-corrupt")
    styles, title = _Styles(), _Title()
    for part, reader in (("word/styles.xml", styles), ("docProps/core.xml", title)):
        if part in parts:
            _parse(name, parts[part], reader)
    body = _Body(styles.levels)
    _parse(name, parts["word/document.xml"], body)
    return body.composer.document(name, title=title.text)


class _Handler:
    """What is called for each element and text; `name` is local if the element is WordprocessingML's."""

    taken = 0
    """Bytes of the text that was kept since they were last spent."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def characters(self, text: str) -> None:
        """Text, in pieces of at most a mebibyte."""

    def take(self, text: str) -> str:
        """Count a text that is kept."""
        self.taken += utf8_size(text)
        return text


class _Guard:
    """Stands between expat and a handler, and counts what comes."""

    def __init__(self, name: str, handler: _Handler) -> None:
        self._name, self._handler = name, handler
        self._elements = self._depth = 0
        self._locals: dict[str, str] = {}

    def spend(self, budget: Budget) -> None:
        """Spend what has come since this was last called."""
        budget.spend("elements", self._elements)
        budget.spend("text", self._handler.taken)
        self._elements = self._handler.taken = 0

    def start(self, tag: str, attributes: Attributes) -> None:
        """An element begins."""
        self._elements += 1 + len(attributes)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise too_large(self._name, f"more than {MOST_DEPTH:,} elements within each other", "that many")
        self._handler.start(self._local(tag), attributes)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._depth -= 1
        self._handler.end(self._local(tag))

    def namespace(self, _prefix: str | None, address: str | None) -> None:
        """A namespace is declared."""
        if len(address or "") > _LONGEST_NAMESPACE:
            raise too_large(self._name, "too long a namespace", f"{_LONGEST_NAMESPACE:,} characters")

    def doctype(self, *_: object) -> None:
        """A document type begins."""
        raise SearchError(
            f"{self._name} declares XML entities, which no Word document does.", code="document-corrupt"
        )

    def _local(self, tag: str) -> str:
        return self._locals.get(tag) or self._locals.setdefault(tag, _local(tag))


def _parse(name: str, entry: Entry, handler: _Handler) -> None:
    """Give an entry's XML to a handler piece by piece, and spend after each what it had."""
    guard, fed = _Guard(name, handler), 0
    names: dict[Any, str] = {}  # all that occur: expat and `pyexpat` keep each once
    parser = pyexpat.ParserCreate(None, " ", names)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = guard.doctype
    parser.StartNamespaceDeclHandler = guard.namespace
    parser.StartElementHandler = guard.start
    parser.EndElementHandler = guard.end
    parser.CharacterDataHandler = handler.characters
    try:
        for piece in chain(entry.chunks(MOST_XML), [b""]):
            parser.Parse(piece, not piece)
            guard.spend(entry.budget)
            fed += len(piece)
            if fed - parser.CurrentByteIndex > MOST_TAG:
                raise too_large(name, f"a tag of more than {figure(MOST_TAG)}", "that much")
            if sum(len(each or "") for each in names) > MOST_NAMES:
                raise too_large(name, "too many different names of elements", figure(MOST_NAMES))
    except pyexpat.ExpatError as error:
        raise SearchError(f"{name} is damaged: {error}.", code="document-corrupt") from error


def _local(tag: str) -> str:
    return _MAIN.sub("", tag, count=1)


def _value(attributes: Attributes, name: str = "val") -> str:
    return next((value for key, value in attributes.items() if _local(key) == name), "")


class _Title(_Handler):
    """The title among a document's properties."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._inside = False

    @property
    def text(self) -> str:
        """The title."""
        return "".join(self._parts)

    def start(self, name: str, attributes: Attributes) -> None:
        self._inside = name == _TITLE

    def end(self, name: str) -> None:
        self._inside = False

    def characters(self, text: str) -> None:
        if self._inside:
            self._parts.append(self.take(text))


class _Styles(_Handler):
    """Which styles are headings: Word translates their ids, but not these names."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "style":
            self._style = self.take(_value(attributes, "styleId"))
        elif name == "name" and (found := _HEADING.match(_value(attributes))):
            self.levels[self._style] = int(found[1] or 1)
        elif name == "outlineLvl" and _value(attributes) in set("012345678"):
            self.levels.setdefault(self._style, int(_value(attributes)) + 1)


class _Body(_Handler):
    """The main text, paragraph by paragraph; lists and tables become lines of one paragraph."""

    def __init__(self, levels: dict[str, int]) -> None:
        self.composer = Composer()
        self._levels = levels
        self._text: list[str] = []
        self._lines: list[str] = []  # of a list or table
        self._cells: list[str] = []
        self._tables = self._fallback = 0
        self._level, self._item, self._inside = 0, False, False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == _FALLBACK:
            self._fallback += 1  # it repeats a text box
        elif name == "tbl":
            self._flush()
            self._tables += 1
        elif name == "pStyle":
            self._level = self._levels.get(_value(attributes), 0)
        elif name == "outlineLvl" and _value(attributes) in set("012345678"):
            self._level = int(_value(attributes)) + 1
        elif name == "numPr":
            self._item = True
        elif name in ("t", "tab", "br", "cr"):
            self._inside = name == "t"
            if name != "t" and not self._fallback:
                self._text.append(" ")

    def characters(self, text: str) -> None:
        if self._inside and not self._fallback:
            self._text.append(_single_spaces(self.take(text)))

    def end(self, name: str) -> None:
        if name == "t":
            self._inside = False
        elif name == _FALLBACK:
            self._fallback -= 1
        elif name == "p" and not self._fallback:
            self._paragraph("".join(self._text))
        elif name == "tr":
            self._lines.append(" | ".join(self._cells))
            self._cells = []
        elif name == "tbl":
            self._tables -= 1
            self._flush()
        elif name == "body":
            self._flush()

    def _paragraph(self, text: str) -> None:
        while "  " in text:  # where pieces meet
            text = text.replace("  ", " ")
        text, level, item = text.strip(), self._level, self._item
        self._text, self._level, self._item = [], 0, False
        if self._tables:
            self._cells += [text] if text else []
        elif level and text:
            self._flush()
            self.composer.heading(text, min(level, _LEVEL))
        elif item:
            self._lines.append(text)
        else:
            self._flush()
            if text:
                self.composer.paragraph(text)

    def _flush(self) -> None:
        if self._lines and not self._tables:
            self.composer.paragraph("\n".join(line for line in self._lines if line))
            self._lines = []


def _single_spaces(piece: str) -> str:
    """Return a piece of text with its white space as single spaces, those at its ends kept."""
    return f"{piece[:1].isspace() * ' '}{' '.join(piece.split())}{piece[-1:].isspace() * ' '}"
