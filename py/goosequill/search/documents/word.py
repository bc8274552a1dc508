"""Reads DOCX: paragraphs, headings, lists and tables of a Word document's main text.

A DOCX file is a zip with XML. The XML goes through expat, which the package `xml` wraps and the browser's
library lacks; a document type, without which there are no entities to expand, is refused.
"""

from __future__ import annotations

import pyexpat
import re
from collections.abc import Callable

from goosequill.errors import SearchError
from goosequill.search.documents.archive import Budget, Entry, entries
from goosequill.search.documents.document import Composer, Document
from goosequill.search.documents.limits import MOST_XML

_MAIN = re.compile(r"http://(?:schemas\.openxmlformats\.org|purl\.oclc\.org/ooxml)/wordprocessingml/\S* ")
_COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006 "
_TITLE = "http://purl.org/dc/elements/1.1/ title"
_HEADING = re.compile(r"heading ([1-9])|title$|subtitle$", re.IGNORECASE)
_LEVEL = 6

Attributes = dict[str, str]


def read_word(name: str, data: bytes) -> Document:
    """Return a Word document; its title is that of its properties, otherwise its first heading.

    Raises
    ------
    SearchError
        ``document-corrupt``: it is not a Word document, or damaged. ``document-too-large``,
        ``document-encrypted``.
    """
    parts, budget = {entry.name: entry for entry in entries(name, data)}, Budget(MOST_XML)
    if "word/document.xml" not in parts:
        raise SearchError(f"{name} is not a Word document.", code="document-corrupt")
    styles, title = _Styles(), _Title()
    for part, reader in (("word/styles.xml", styles), ("docProps/core.xml", title)):
        if part in parts:
            _parse(name, parts[part], budget, reader)
    body = _Body(styles.levels)
    _parse(name, parts["word/document.xml"], budget, body)
    return body.composer.document(name, title=title.text)


class _Handler:
    """What is called for each element and text; `name` is local if the element is WordprocessingML's."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def characters(self, text: str) -> None:
        """Text, perhaps in pieces."""


def _parse(name: str, entry: Entry, budget: Budget, handler: _Handler) -> None:
    parser = pyexpat.ParserCreate(None, " ")
    parser.StartDoctypeDeclHandler = _refuse(name)
    parser.StartElementHandler = lambda tag, attributes: handler.start(_local(tag), attributes)
    parser.EndElementHandler = lambda tag: handler.end(_local(tag))
    parser.CharacterDataHandler = handler.characters
    parser.buffer_text = True
    try:
        parser.Parse(entry.read(MOST_XML, budget), True)
    except pyexpat.ExpatError as error:
        raise SearchError(f"{name} is damaged: {error}.", code="document-corrupt") from error


def _refuse(name: str) -> Callable[..., None]:
    def refuse(*_: object) -> None:
        raise SearchError(
            f"{name} declares XML entities, which no Word document does.", code="document-corrupt"
        )

    return refuse


def _local(tag: str) -> str:
    return _MAIN.sub("", tag, count=1)


def _value(attributes: Attributes, name: str = "val") -> str:
    return next((value for key, value in attributes.items() if _local(key) == name), "")


class _Title(_Handler):
    """The title among a document's properties."""

    def __init__(self) -> None:
        self.text = ""
        self._inside = False

    def start(self, name: str, attributes: Attributes) -> None:
        self._inside = name == _TITLE

    def end(self, name: str) -> None:
        self._inside = False

    def characters(self, text: str) -> None:
        if self._inside:
            self.text += text


class _Styles(_Handler):
    """Which styles are headings: Word translates their ids, but not these names."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "style":
            self._style = _value(attributes, "styleId")
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
        if name == f"{_COMPATIBLE}Fallback":
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
            self._text.append(text)

    def end(self, name: str) -> None:
        if name == "t":
            self._inside = False
        elif name == f"{_COMPATIBLE}Fallback":
            self._fallback -= 1
        elif name == "p" and not self._fallback:
            self._paragraph(" ".join("".join(self._text).split()))
        elif name == "tr":
            self._lines.append(" | ".join(self._cells))
            self._cells = []
        elif name == "tbl":
            self._tables -= 1
            self._flush()
        elif name == "body":
            self._flush()

    def _paragraph(self, text: str) -> None:
        level, item = self._level, self._item
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
            self.composer.paragraph(text)

    def _flush(self) -> None:
        if not self._tables:
            self.composer.paragraph("\n".join(line for line in self._lines if line))
            self._lines = []
