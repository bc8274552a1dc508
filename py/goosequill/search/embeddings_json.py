"""The article's file of vectors, embeddings.json: a list of ``{"filename": ..., "embedding": [...]}``.

Such a file has no texts and does not name the model that made it. So a reader has to say which model that is;
`suggest` names those that are known to give vectors of so many numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.search.documents.document import Block, Document
from goosequill.search.embedder import unit_rows
from goosequill.search.index import Index
from goosequill.support.budget import Budget

MAX_BYTES = 512_000_000
"""Of a file."""
MAX_ENTRIES = 200_000
MAX_DIMENSIONS = 8_192
MAX_NUMBERS = 64_000_000
"""Entries times dimensions, 256 MB of memory."""
MAX_VALUES = MAX_NUMBERS + 8 * MAX_ENTRIES
"""Numbers, names and lists; as Python's values they take 2 GB."""
MAX_NAME = 1_000
"""Characters of a file name."""

MODELS = {
    384: ("minilm-l6",),
    768: ("endpoint:nomic-embed-text", "endpoint:text-embedding-004"),
    1024: ("endpoint:mxbai-embed-large", "endpoint:mistral-embed"),
    1536: ("endpoint:text-embedding-ada-002", "endpoint:text-embedding-3-small"),
    3072: ("endpoint:text-embedding-3-large",),
}
"""Dimensions -> models whose vectors often have them."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """What such a file contains.

    Attributes
    ----------
    names
        The names of the files, in order; one may occur more than once, if a file was embedded in parts.
    vectors
        Float32 [names, dimensions], each of length 1.
    """

    names: list[str]
    vectors: Floats

    @property
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])


def read(text: str | bytes) -> Embeddings:
    """Read the text of a file.

    Raises
    ------
    SearchError
        ``embeddings-json``: it is not such a list, is too large, or has vectors of several lengths, of no
        length, or with values that are not finite numbers. The message names the entry.
    """
    if len(text) > MAX_BYTES:
        raise _bad(f"it has {len(text):,} bytes, more than {MAX_BYTES:,}")
    budget = Budget(elements=MAX_VALUES, values=MAX_VALUES)
    try:
        entries = budget.json(text, parse_constant=_no_constant, parse_int=float)
    except ValueError as error:
        raise _bad("it is not JSON") from error
    if not isinstance(entries, list) or not entries:
        raise _bad("it is not a list of entries")
    if len(entries) > MAX_ENTRIES:
        raise _bad(f"it has {len(entries):,} entries, more than {MAX_ENTRIES:,}")
    names = [_name(entry, number) for number, entry in enumerate(entries, 1)]
    dimensions = _dimensions(entries[0]["embedding"], len(entries))
    vectors = np.zeros((len(entries), dimensions), np.float32)
    for row, entry in enumerate(entries):
        vectors[row] = _vector(entry["embedding"], dimensions, row + 1)
        entry["embedding"] = None  # the list is several times as large as the row
    return Embeddings(names, unit_rows(vectors))


def _no_constant(name: str) -> float:
    raise _bad(f"it contains {name}, which is not a number")


def _name(entry: Any, number: int) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("embedding"), list):
        raise _bad(f"entry {number:,} has no list “embedding”")
    name = entry.get("filename")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise _bad(f"entry {number:,} has no “filename” of 1 to {MAX_NAME:,} characters")
    return name.encode("utf-8", "replace").decode().replace("\0", "")  # lone surrogates are no UTF-8


def _dimensions(first: list[Any], entries: int) -> int:
    if not 1 <= len(first) <= MAX_DIMENSIONS:
        raise _bad(f"its first vector has {len(first):,} numbers, not 1 to {MAX_DIMENSIONS:,}")
    if entries * len(first) > MAX_NUMBERS:
        raise _bad(f"it has {entries * len(first):,} numbers, more than {MAX_NUMBERS:,}")
    return len(first)


def _vector(values: list[Any], dimensions: int, number: int) -> Floats:
    if len(values) != dimensions:
        raise _bad(
            f"the vector of entry {number:,} has {len(values):,} numbers, and the first {dimensions:,}"
        )
    if not all(type(value) is float for value in values):
        raise _bad(f"the vector of entry {number:,} contains a value that is not a number")
    wide = np.array(values, np.float64)
    largest = float(np.abs(wide).max())
    if not np.isfinite(largest) or largest == 0:
        raise _bad(f"the vector of entry {number:,} has no finite length above 0")
    result: Floats = (wide / largest).astype(np.float32)  # the length of the largest ones would overflow
    return result


def _bad(what: str) -> SearchError:
    return SearchError(f"The file of embeddings is invalid: {what}.", code="embeddings-json")


def suggest(dimensions: int) -> list[str]:
    """Return the names of models whose vectors have so many numbers; empty if none is known."""
    return list(MODELS.get(dimensions, ()))


def write(names: Sequence[str], vectors: Floats) -> Iterator[str]:
    """Yield the text of a file, an entry at a time, as the article's code writes it; 7 digits a number."""
    separator = "["
    for name, vector in zip(names, vectors, strict=True):
        numbers = [float(f"{value:.7g}") for value in vector.tolist()]
        yield f"{separator}\n" + json.dumps({"filename": name, "embedding": numbers}, ensure_ascii=False)
        separator = ","
    yield "\n]\n" if separator == "," else "[]\n"


def document_vectors(index: Index) -> tuple[list[str], Floats]:
    """Return the names of an index's documents, and the mean of each one's passages' vectors, of length 1.

    The article embeds each file as a whole; the mean stands for that. Documents without a vector are left
    out.
    """
    names, rows = [], []
    for number in index.documents():
        first, end = index.entries[number].passages
        end = min(end, index.embedded)
        if index.vectors is not None and first < end:
            names.append(index.entries[number].name)
            rows.append(index.vectors.restored(np.arange(first, end)).mean(axis=0))
    return names, unit_rows(np.array(rows, np.float32)) if rows else np.zeros((0, 1), np.float32)


def documents(names: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of each file, in the order in which the files first occur."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    return rows


def stand_in(name: str, parts: int) -> Document:
    """Return a document for a file whose text is not there: for each part of it a block with its name.

    Adding the file itself puts its text in the place of this. A block has `len(name)` characters, and two
    stand between blocks.
    """
    text, step = "\n\n".join([name] * parts), len(name) + 2
    headings = [(f"Part {part + 1}",) if parts > 1 else () for part in range(parts)]
    blocks = [Block(part * step, part * step + len(name), heading) for part, heading in enumerate(headings)]
    return Document(name, name, text, tuple(blocks))
