"""What lies in the files of an index, and whether it is valid.

The format is in docs/reference/search-index.md. Every number from a file is checked before it is used: an
index may come from a stranger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SearchError
from goosequill.search.embedder import Embedder
from goosequill.search.growing import Growing
from goosequill.search.lines import Lines
from goosequill.search.storage import Buffer, Storage, too_short
from goosequill.support.budget import Budget

FORMAT = "goosequill-index"
VERSION = 1
DESCRIPTION = "index.json"
WORDS = "words.bin"
APPENDED = (
    "documents.jsonl",
    "documents.bin",
    "texts.bin",
    "passages.bin",
    "blocks.bin",
    "headings.jsonl",
    "vectors.bin",
    "scales.bin",
    "signs.bin",
)
"""Files that only grow; index.json has the committed length of each."""
OF_VECTORS = ("vectors.bin", "scales.bin", "signs.bin")
"""Those that have a row for each vector."""

MAX_DESCRIPTION = 64_000_000
"""Size limit of index.json, in bytes: it lists the deleted documents."""
MAX_DIMENSIONS = 16_384
MAX_PASSAGES = 1 << 28

PASSAGE = 6
"""Numbers a passage: document, start, end (code points), heading, start, end (bytes of the document)."""
BLOCK = 3
"""Numbers a block: start, end (code points), heading."""

TEXT, PASSAGES, BLOCKS = range(3)
"""Columns of documents.bin."""
_FIELDS = ("name", "title", "address", "hash")
"""What a line of documents.jsonl has."""

Table = NDArray[np.uint32]
Trail = tuple[str, ...]
"""The headings above a block, outermost first."""


class Heading(NamedTuple):
    """What stands above a passage: the headings, and the id of the innermost one in its page."""

    trail: Trail = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class IndexModel:
    """The model that made an index's vectors.

    Attributes
    ----------
    space
        SHA-256 of the axes that its vectors share with another model's; "" if they share none.
    """

    name: str
    dimensions: int
    fingerprint: str
    space: str = ""

    @classmethod
    def of(cls, embedder: Embedder) -> IndexModel:
        """Return an embedder's."""
        return cls(embedder.name, embedder.dimensions, embedder.fingerprint, embedder.space)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in the index.

    Attributes
    ----------
    hash
        SHA-256 of the source, in hexadecimal; "" if unknown.
    text
        First and last byte, exclusive, in texts.bin.
    passages, blocks
        First and last one, exclusive.
    """

    name: str
    title: str
    address: str
    hash: str
    text: tuple[int, int]
    passages: tuple[int, int]
    blocks: tuple[int, int]


@dataclass(frozen=True)
class Description:
    """index.json, validated.

    Attributes
    ----------
    live
        How many passages are of documents that are not deleted.
    sources
        As in `goosequill.search.index.Index`.
    """

    name: str
    model: IndexModel | None
    documents: int
    passages: int
    vectors: int
    deleted: tuple[int, ...]
    lengths: Mapping[str, int]
    live: int
    sources: Mapping[str, str]
    web: Any = None

    def to_json(self) -> str:
        """Return the text of index.json."""
        model = self.model and {
            "name": self.model.name,
            "dimensions": self.model.dimensions,
            "fingerprint": self.model.fingerprint,
            "space": self.model.space,
        }
        value = {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "model": model,
            "documents": self.documents,
            "passages": self.passages,
            "vectors": self.vectors,
            "deleted": list(self.deleted),
            "bytes": dict(self.lengths),
            "live": self.live,
            "sources": dict(self.sources),
            "web": self.web,
        }
        return json.dumps(value)


def corrupt(what: str) -> SearchError:
    """Return the error for an index that breaks its own rules."""
    return SearchError(f"The index is damaged: {what}.", code="index-corrupt")


def count(value: Any, what: str, most: int = 1 << 53) -> int:
    """Return a whole number from 0 to `most`; SearchError ``index-corrupt`` for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise corrupt(f"{what} is not a number from 0 to {most:,}")
    return value


def text(value: Any, what: str) -> str:
    """Return a text; SearchError ``index-corrupt`` for anything else."""
    if not isinstance(value, str):
        raise corrupt(f"{what} is not a text")
    return value


def read_description(storage: Storage) -> Description:
    """Read and validate index.json.

    Raises
    ------
    SearchError
        ``index-missing``: there is none. ``index-version``: it is of another version. ``index-corrupt``.
    """
    size = storage.size(DESCRIPTION)
    if not size:
        raise SearchError("There is no index here: index.json is missing.", code="index-missing")
    if size > MAX_DESCRIPTION:
        raise corrupt(f"{DESCRIPTION} has {size:,} bytes")
    budget = Budget(elements=MAX_DESCRIPTION, values=MAX_DESCRIPTION)
    try:
        found = budget.json(bytes(storage.read(DESCRIPTION, 0, size)))
    except ValueError as error:
        raise corrupt(f"{DESCRIPTION} is not JSON") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise SearchError("This is not a Goosequill index.", code="index-missing")
    if found.get("version") != VERSION:
        raise SearchError(
            f"The index has version {str(found.get('version'))[:20]}, but this version of Goosequill "
            f"reads {VERSION}.",
            code="index-version",
        )
    return _description(found)


def _description(found: dict[str, Any]) -> Description:
    documents = count(found.get("documents"), "the number of documents", MAX_PASSAGES)
    passages = count(found.get("passages"), "the number of passages", MAX_PASSAGES)
    vectors = count(found.get("vectors"), "the number of vectors", passages)
    deleted, lengths, sources = found.get("deleted"), found.get("bytes"), found.get("sources", {})
    if not isinstance(deleted, list) or not isinstance(lengths, dict) or not isinstance(sources, dict):
        raise corrupt("index.json lacks its lists")
    model = model_of(found.get("model"))
    if vectors and model is None:
        raise corrupt("its vectors are of no model")
    return Description(
        text(found.get("name"), "the name"),
        model,
        documents,
        passages,
        vectors,
        tuple(count(document, "a deleted document", documents - 1) for document in deleted),
        {name: count(lengths.get(name, 0), f"the length of {name}") for name in APPENDED},
        count(found.get("live", passages), "the number of passages that are not deleted", passages),
        {name: text(digest, "the hash of a source") for name, digest in sources.items()},
        found.get("web"),
    )


def model_of(found: Any) -> IndexModel | None:
    """Return the model that a description names, or None; SearchError ``index-corrupt`` if it is invalid."""
    if found is None:
        return None
    if not isinstance(found, dict):
        raise corrupt("its model is not described")
    dimensions = count(found.get("dimensions"), "the number of dimensions", MAX_DIMENSIONS)
    if not dimensions:
        raise corrupt("its vectors have no dimensions")
    return IndexModel(
        text(found.get("name"), "the model's name"),
        dimensions,
        text(found.get("fingerprint"), "the model's fingerprint"),
        text(found.get("space", ""), "the model's space"),
    )


def view(storage: Storage, name: str, length: int) -> Buffer:
    """Return the first bytes of a file: mapped, where the storage can, otherwise read."""
    if storage.size(name) < length:
        raise too_short(name, storage.size(name), length)
    mapped = getattr(storage, "map", None)
    result: Buffer = mapped(name, length) if mapped else storage.read(name, 0, length)
    return result


def read_table(storage: Storage, description: Description, name: str, columns: int) -> Table:
    """Read a table of uint32 [rows, columns]."""
    length = description.lengths[name]
    if length % (4 * columns):
        raise corrupt(f"{name} does not end after a row")
    table = np.frombuffer(view(storage, name, length), "<u4").reshape(-1, columns)
    return table.astype(np.uint32, copy=False)


class Entries:
    """The documents of an index, by number; a document's line is parsed when it is asked for.

    Parameters
    ----------
    lines
        Name, title, address and hash of each.
    ends
        Where each one's text ends, and its passages and blocks: uint64 [documents, 3]. Each starts where the
        one before it ends.
    """

    def __init__(self, lines: Lines, ends: Growing) -> None:
        self._lines, self._ends = lines, ends
        self._last: tuple[int, Entry] | None = None  # most ask for one passage after the other

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, number: int) -> Entry:
        if self._last is None or self._last[0] != number:
            names = _names(self._lines[number])
            text, passages, blocks = (self.span(number, column) for column in (TEXT, PASSAGES, BLOCKS))
            self._last = number, Entry(*names, text, passages, blocks)
        return self._last[1]

    def names(self) -> list[str]:
        """Return the names of all documents."""
        return [_names(line)[0] for line in self._lines]

    def hash(self, number: int) -> str:
        """Return the hash of a document."""
        return _names(self._lines[number])[3]

    def span(self, number: int, column: int = 1) -> tuple[int, int]:
        """Return where a document's text (`TEXT`), passages (`PASSAGES`) or blocks (`BLOCKS`) are."""
        rows = self._ends.rows
        return (int(rows[number - 1, column]) if number else 0), int(rows[number, column])

    def sizes(self, column: int) -> NDArray[np.int64]:
        """Return how long each document's text is, in bytes, or how many passages or blocks it has."""
        ends = self._ends.rows[:, column].astype(np.int64)
        return np.diff(ends, prepend=np.int64(0))

    def add(self, entry: Entry) -> tuple[bytes, bytes]:
        """Add a document; return what to append to documents.jsonl and to documents.bin."""
        row = np.array([[entry.text[1], entry.passages[1], entry.blocks[1]]], np.uint64)
        self._ends.add(row)
        fields = {field: getattr(entry, field) for field in _FIELDS}
        return self._lines.add(fields), row.astype("<u8").tobytes()

    def add_from(
        self, other: Entries, first: int, end: int, shifts: tuple[int, int, int]
    ) -> tuple[bytes, bytes]:
        """Add documents of another index, whose texts, passages and blocks move; return the same of them."""
        rows = (other._ends.rows[first:end].astype(np.int64) + shifts).astype(np.uint64)
        self._ends.add(rows)
        lines = b"".join(self._lines.add(other._lines[number]) for number in range(first, end))
        return lines, rows.astype("<u8").tobytes()


def _names(line: Any) -> tuple[str, str, str, str]:
    if not isinstance(line, dict):
        raise corrupt("a line of documents.jsonl is not an object")
    name, title, address, digest = (text(line.get(field), f"a document's {field}") for field in _FIELDS)
    return name, title, address, digest


def read_entries(storage: Storage, description: Description, blocks: int) -> Entries:
    """Open documents.jsonl and documents.bin, and check that documents follow one another."""
    lines = read_lines(storage, description, "documents.jsonl")
    length = description.lengths["documents.bin"]
    if len(lines) != description.documents or length != 24 * description.documents:
        raise corrupt(f"it does not have {description.documents:,} documents")
    ends = np.frombuffer(view(storage, "documents.bin", length), "<u8").reshape(-1, 3).astype(np.uint64)
    lasts = (description.lengths["texts.bin"], description.passages, blocks)
    if (ends[1:] < ends[:-1]).any() or (ends[-1:] != np.array(lasts, np.uint64)).any():
        raise corrupt("documents do not follow one another")
    if not len(ends) and any(lasts):
        raise corrupt("it has no documents for its texts")
    return Entries(lines, Growing(ends))


class Headings:
    """The headings of an index, by number; a line is parsed when it is asked for."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._ids: dict[Heading, int] | None = None
        self._last: tuple[int, Heading] | None = None

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, number: int) -> Heading:
        if self._last is None or self._last[0] != number:
            self._last = number, _heading(self._lines[number])
        return self._last[1]

    def add(self, heading: Heading) -> tuple[int, bytes]:
        """Return the number of a heading, and what to append to headings.jsonl: nothing if it is there."""
        if self._ids is None:
            self._ids = {_heading(line): number for number, line in enumerate(self._lines)}
        if heading in self._ids:
            return self._ids[heading], b""
        self._ids[heading] = len(self)
        return self._ids[heading], self._lines.add(heading)


def _heading(line: Any) -> Heading:
    if not isinstance(line, list | tuple) or len(line) != 2 or not isinstance(line[0], list | tuple):
        raise corrupt("a line of headings.jsonl is not a trail and an anchor")
    return Heading(tuple(text(each, "a heading") for each in line[0]), text(line[1], "an anchor"))


def read_lines(storage: Storage, description: Description, name: str) -> Lines:
    """Open a file of JSON lines."""
    return Lines(view(storage, name, description.lengths[name]), name)


def check_passages(passages: Table, entries: Entries, headings: int) -> None:
    """Check that every passage is in its document."""
    counts = entries.sizes(PASSAGES).astype(np.intp)  # which has 32 bits in a browser
    owners = np.repeat(np.arange(len(entries)), counts)
    document, start, end, heading, first, last = (passages[:, column] for column in range(PASSAGE))
    if len(owners) != len(passages) or (document != owners).any():
        raise corrupt("a passage is not of its document")
    limits = entries.sizes(TEXT)[owners]
    if (start > end).any() or (first > last).any() or (last > limits).any() or (end > limits).any():
        raise corrupt("a passage is outside its document")
    if (heading >= headings).any():
        raise corrupt("a passage has a heading that does not exist")


def check_blocks(blocks: Table, headings: int) -> None:
    """Check that every block has an order and a heading."""
    if (blocks[:, 0] > blocks[:, 1]).any() or (blocks[:, 2] >= headings).any():
        raise corrupt("a block is invalid")


def check_scales(scales: NDArray[np.float32]) -> None:
    """Check that the vectors are numbers."""
    if not np.isfinite(scales).all() or (scales < 0).any():
        raise corrupt("a vector is not a number")
