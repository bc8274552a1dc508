"""The jobs that read a page's files: what `reading` returns, as parts that cross to JavaScript."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from goosequill.errors import SearchError
from goosequill.search.documents.document import Document
from goosequill.search.documents.limits import MOST_PDF, DocumentBudget, given_file
from goosequill.search.documents.pdf import from_pages
from goosequill.search.documents.reading import ReadOptions, Skipped, expand
from goosequill.search.documents.table import columns

Fields = dict[str, Any]
Parts = Generator[Fields, None, Fields]


def read_documents(name: str, data: bytes, options: Mapping[str, Any] | None = None) -> Parts:
    """Yield what is in a file or a zip.

    Parameters
    ----------
    options
        ``column`` of CSV files, see `ReadOptions`; ``known``, a dict from names of sources, and of rows, to
        their hashes, which are not read again; and ``size``, the file's if it is so large that `data` is
        empty.

    Yields
    ------
    dict
        A document's ``name``, ``title``, ``text``, ``blocks`` and ``address``, with the ``source`` and
        ``hash`` that it is from; or these two and ``unchanged``, or ``pdf``, a file's bytes, whose pages
        `read_pages` takes. A row of a table also has a ``row_hash``; after the last one come the names of
        those that are unchanged as ``kept``, if there are any.

    Returns
    -------
    dict
        How many ``documents`` there were, and what was ``skipped``.
    """
    given = dict(options or {})
    known, skipped, count = given.get("known") or {}, list[Skipped](), 0
    reading = ReadOptions(column=str(given.get("column") or ""))
    try:
        DocumentBudget(name).allow("packed", given.get("size") or 0)
    except SearchError as error:
        return _end(0, [Skipped.because(name, error)])
    for source in expand(given_file(name, bytes(data)), skipped, options=reading):
        described = {"source": source.name, "hash": source.hash}
        if known.get(source.name) == source.hash:
            yield {**described, "unchanged": True}
        elif source.kind == "pdf":
            yield {**described, "pdf": source.file.bytes(MOST_PDF)}
        else:
            try:
                kept = []
                for document in source.documents():
                    count += 1
                    digest = source.digest(document) if source.has_rows else ""
                    if digest and known.get(document.name) == digest:
                        kept.append(document.name)
                    else:
                        yield {**described, **_fields(document), "row_hash": digest}
                if kept:
                    yield {**described, "kept": kept}
            except SearchError as error:
                skipped.append(Skipped.because(source.name, error))
    return _end(count, skipped)


def read_pages(
    name: str,
    hash: str,
    pages: Sequence[str],
    title: str = "",
    failure: str = "",
    outermost: str = "",
    spent: int = 0,
) -> Parts:
    """Yield the document that a PDF's pages make; parts and end are those of `read_documents`.

    Parameters
    ----------
    failure
        Why there are no pages: "encrypted", or what is wrong with the file.
    outermost
        The file that it is in, by default the PDF itself.
    spent
        Characters of the PDFs that came before it in that file.
    """
    try:
        if failure:
            raise _refused(name, failure)
        budget = DocumentBudget(outermost or name)
        budget.spend("text", spent)
        document = from_pages(name, pages, title, budget=budget)
    except SearchError as error:
        return _end(0, [Skipped.because(name, error)])
    yield {"source": name, "hash": hash, **_fields(document)}
    return _end(1, [])


def table_columns(name: str, data: bytes) -> list[str]:
    """Return the columns of a CSV file to choose from, given its first bytes; empty if it is not one."""
    try:
        return columns(given_file(name, bytes(data)))
    except SearchError:
        return []


def _refused(name: str, failure: str) -> SearchError:
    if failure == "encrypted":
        return SearchError(f"{name} is protected with a password.", code="document-encrypted")
    return SearchError(f"{name} is damaged: {failure}", code="document-corrupt")


def _fields(document: Document) -> Fields:
    return asdict(document)


def _end(documents: int, skipped: Sequence[Skipped]) -> Fields:
    return {"documents": documents, "skipped": [each.to_dict() for each in skipped]}
