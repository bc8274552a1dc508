"""Reads CSV: each row becomes a document, from the column that has the text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from goosequill.errors import SearchError
from goosequill.search.documents.document import ROW, Composer, Document
from goosequill.search.documents.limits import MOST_CELL, MOST_COLUMNS, MOST_FILE, MOST_ROWS, too_large
from goosequill.search.documents.text import decode
from goosequill.support.budget import File
from goosequill.support.line_ends import unix_lines

_SAMPLE = 20_000
_TITLES = ("title", "question", "subject", "name", "heading")
_LONGEST_HEAD = 60


def read_table(file: File, *, column: str = "") -> Iterator[Document]:
    """Yield a document for each row of a CSV file, named ``name#row``, where 1 is the file's first line.

    Parameters
    ----------
    column
        The header, or the number from 1, of the column that has the text; "" for the one with most text. A
        column named title, question, subject or name gives the titles.

    Raises
    ------
    SearchError
        ``csv-column``: there is no such column. ``document-too-large``: too many columns or rows, or too long
        a cell. ``document-corrupt``: a quotation mark is never closed. ``document-binary``.
    """
    name = file.name
    rows = _rows(name, decode(file))
    if not rows:
        return
    head = rows[0] if _is_head(rows[0]) else []
    text = _column(name, column, head, max(map(len, rows))) if column else _widest(rows[bool(head) :])
    titles = next(
        (head_index(head, title) for title in _TITLES if head_index(head, title) not in (-1, text)), -1
    )
    chosen = head[text].strip() if text < len(head) else str(text + 1)
    for number, row in enumerate(rows[bool(head) :], 1 + bool(head)):
        composer = Composer()
        for paragraph in unix_lines(row[text] if text < len(row) else "").split("\n\n"):
            composer.paragraph(paragraph)
        if composer.has_text:
            title = row[titles].strip() if 0 <= titles < len(row) else ""
            document = composer.document(f"{name}#{number}", title=title or ROW.format(_short(name), number))
            yield replace(document, column=chosen, row=number - bool(head), rows=len(rows) - bool(head))


def columns(file: File) -> list[str]:
    """Return the names of a file's columns, or their numbers from 1 if its first row does not name them.

    The first kilobytes of the file are enough.
    """
    data = file.bytes(MOST_FILE)
    whole = data[: data.rfind(b"\n") + 1] or data  # the last line may end within a character
    text = decode(File(file.name, whole, file.budget))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        first = next(reader, [])[:MOST_COLUMNS]
    except csv.Error:
        return []
    return [cell.strip() for cell in first] if _is_head(first) else [str(at + 1) for at in range(len(first))]


def head_index(head: list[str], name: str) -> int:
    """Return the index of a column by its header, whatever its case; -1 if there is none."""
    return next((index for index, cell in enumerate(head) if cell.strip().casefold() == name), -1)


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _delimiter(text: str) -> str:
    """Return the delimiter that the first lines have most of."""
    lines = text[:_SAMPLE].splitlines()[:20]
    return max(",;\t", key=lambda each: sum(line.count(each) for line in lines))


def _rows(name: str, text: str) -> list[list[str]]:
    """Return all rows."""
    delimiter = _delimiter(text)
    rows: list[list[str]] = []
    limit = csv.field_size_limit(MOST_CELL)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if len(row) > MOST_COLUMNS:
                remedy = "Remove columns that you do not search."
                raise too_large(name, f"{len(row):,} columns", f"{MOST_COLUMNS:,}", remedy)
            if len(rows) == MOST_ROWS:
                raise too_large(name, f"more than {MOST_ROWS:,} rows", "that many", "Split the file.")
            rows.append(row)
    except csv.Error as error:
        if "limit" in str(error):
            remedy = "A quotation mark may be unclosed. Correct it, or shorten the cell."
            raise too_large(name, "a cell that is too long", f"{MOST_CELL:,} characters", remedy) from error
        raise SearchError(
            f"{name} is not valid CSV: {error} (after row {len(rows):,}).", code="document-corrupt"
        ) from error
    finally:
        csv.field_size_limit(limit)
    return rows


def _is_head(row: list[str]) -> bool:
    """Return whether the first row has the columns' names: short, different, and none a number."""
    cells = [cell.strip() for cell in row]
    named = all(cell and len(cell) <= _LONGEST_HEAD and not _is_number(cell) for cell in cells)
    return bool(cells) and named and len(set(cells)) == len(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _widest(rows: list[list[str]]) -> int:
    """Return the column with most characters that are not numbers."""
    totals: dict[int, int] = {}
    for row in rows:
        for index, cell in enumerate(row):
            if len(cell) > _LONGEST_HEAD or not _is_number(cell):
                totals[index] = totals.get(index, 0) + len(cell)
    return max(totals, key=lambda index: (totals[index], -index), default=0)


def _column(name: str, column: str, head: list[str], count: int) -> int:
    index = head_index(head, column.strip().casefold())
    if index < 0 and column.isdecimal() and 1 <= int(column[:9]) <= count:
        index = int(column) - 1
    if index < 0:
        known = ", ".join(cell.strip() for cell in head[:20]) or f"1 to {count}"
        raise SearchError(
            f"{name} has no column {column[:_LONGEST_HEAD]!r}.",
            code="csv-column",
            remedy=f"Choose one of its columns: {known}.",
        )
    return index
