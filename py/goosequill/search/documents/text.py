"""Reads plain text: bytes to characters, and lines to paragraphs."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator
from itertools import pairwise

from goosequill.errors import SearchError
from goosequill.search.documents.document import Composer, Document, joined
from goosequill.search.documents.limits import MOST_FILE
from goosequill.support.budget import File

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_SAMPLE = 1 << 16
CODE = frozenset(
    "bash c cc cfg conf cpp cs css go h hpp ini java js json jsonl kt log lua mjs php pl ps1 "  # noqa: SIM905
    "py r rb rs scala sh sql swift toml ts tsx vue xml yaml yml".split()
)
"""Endings of files whose lines stay as they are."""
_HUGE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_ITEM = re.compile(r"\s*(?:[-*+•–·]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s")
_COLUMNS = re.compile(r"\S(?:\t| {3,})\S")
_NARROW = 40
"""Where no line of a paragraph is longer, as in a poem or an address, its lines stay."""
_EMPTY, _EMPTY_LINES = re.compile(r"\n[^\S\n]*+\n"), re.compile(r"\n{3,}")
_SLAB, _LONGEST_PARAGRAPH = 1 << 16, 1 << 20
"""Characters whose lines are in memory at once, at least and at most."""
_FULL = 0.6
"""A line so long, relative to the longest, was wrapped; after a shorter one the text begins a new line."""


def decode(file: File, declared: str = "") -> str:
    """Return the characters of a file: by its byte order mark, as UTF-8, as declared, or as Windows-1252.

    Raises
    ------
    SearchError
        ``document-binary``: it is not text. ``document-too-large``.
    """
    data = file.bytes(MOST_FILE)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    sample = data[:_SAMPLE]
    if len(sample) - len(sample.translate(None, _CONTROL)) > len(sample) // 200:
        raise SearchError(f"{file.name} is not text: it looks like a binary file.", code="document-binary")
    for encoding in ("utf-8", declared):
        try:
            return data.decode(encoding) if encoding else data.decode("cp1252", "replace")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


def unescape(text: str) -> str:
    """Return a text with HTML's character references replaced; none is too long for Python's integers."""
    return html.unescape(_HUGE.sub("\ufffd", text)) if "&" in text else text


def read_text(file: File) -> Document:
    """Return a plain text: paragraphs end at empty lines, and hard-wrapped lines are joined."""
    composer, keep = Composer(), file.name.rpartition(".")[2].lower() in CODE
    for lines in slabs(decode(file)):
        if not keep and _is_plain(lines):
            composer.paragraph(_EMPTY_LINES.sub("\n\n", "\n".join(map(str.strip, lines))))
            continue
        for paragraph in paragraphs(lines):
            composer.paragraph("\n".join(paragraph if keep else unwrap(paragraph)))
    return composer.document(file.name)


def slabs(text: str) -> Iterator[list[str]]:
    """Yield the lines of a text in parts that end at an empty line, so that not all are in memory at once.

    A paragraph of more than a million characters is divided, too.
    """
    text, at = text.replace("\r\n", "\n").replace("\r", "\n"), 0
    while at < len(text):
        end = _EMPTY.search(text, at + _SLAB, at + _LONGEST_PARAGRAPH)
        stop = end.end() if end else text.find("\n", at + _LONGEST_PARAGRAPH) + 1
        if not end and (not stop or at + _LONGEST_PARAGRAPH >= len(text)):
            stop = len(text)
        yield text[at:stop].splitlines()
        at = stop


def _is_plain(lines: list[str]) -> bool:
    """Return whether no line is joined with the next: all are short, or each is a paragraph."""
    return max(map(len, lines)) <= _NARROW or not any(
        first and not first.isspace() and second and not second.isspace() for first, second in pairwise(lines)
    )


def paragraphs(lines: list[str]) -> list[list[str]]:
    """Return lines in groups, divided at the empty ones."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return groups if groups[-1] else groups[:-1]


def unwrap(lines: list[str]) -> list[str]:
    """Return the lines of a paragraph with those joined that were one before it was wrapped."""
    width = max((len(line.rstrip()) for line in lines), default=0)
    if width <= _NARROW:
        return [line.strip() for line in lines]
    found: list[list[str]] = []
    wrapped = False
    for line in lines:
        columns = bool(_COLUMNS.search(line.strip()))
        if wrapped and not columns and not _ITEM.match(line):
            found[-1].append(line)
        else:
            found.append([line])
        wrapped = len(line.rstrip()) >= _FULL * width and not columns
    return [joined(group) for group in found]
