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
from goosequill.search.storage import Buffer, Storage, too_short

FORMAT = "goosequill-index"
VERSION = 1
DESCRIPTION = "index.json"
WORDS = "words.bin"
APPENDED = (
    "documents.jsonl",
    "texts.bin",
    "passages.bin",
    "blocks.bin",
    "headings.jsonl",
    "vectors.bin",
    "scales.bin",
)
"""Files that only grow; index.json has the committed length of each."""

MAX_DESCRIPTION = 64_000_000
"""Size limit of index.json, in bytes: it lists the deleted documents."""
MAX_LINES = 1 << 31
"""Size limit of documents.jsonl and of headings.jsonl, in bytes."""
MAX_DIMENSIONS = 16_384
MAX_PASSAGES = 1 << 28

PASSAGE = 6
"""Numbers a passage: document, start, end (code points), heading, start, end (bytes of the document)."""
BLOCK = 3
"""Numbers a block: start, end (code points), heading."""

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
    """A document in the index, as its line in documents.jsonl has it.

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
    """index.json, validated."""

    name: str
    model: IndexModel | None
    documents: int
    passages: int
    vectors: int
    deleted: tuple[int, ...]
    lengths: Mapping[str, int]
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
    try:
        found = json.loads(bytes(storage.read(DESCRIPTION, 0, size)))
    except (ValueError, RecursionError) as error:
        raise corrupt(f"{DESCRIPTION} is not JSON") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise SearchError("This is not an index of Goosequill's.", code="index-missing")
    if found.get("version") != VERSION:
        raise SearchError(
            f"The index has version {str(found.get('version'))[:20]}, but this Goosequill reads {VERSION}.",
            code="index-version",
        )
    return _description(found)


def _description(found: dict[str, Any]) -> Description:
    documents = count(found.get("documents"), "the number of documents", MAX_PASSAGES)
    passages = count(found.get("passages"), "the number of passages", MAX_PASSAGES)
    vectors = count(found.get("vectors"), "the number of vectors", passages)
    deleted, lengths = found.get("deleted"), found.get("bytes")
    if not isinstance(deleted, list) or not isinstance(lengths, dict):
        raise corrupt("index.json lacks its lists")
    model = _model(found.get("model"))
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
        found.get("web"),
    )


def _model(found: Any) -> IndexModel | None:
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


def read_entries(storage: Storage, description: Description, blocks: int) -> list[Entry]:
    """Read and validate documents.jsonl: its texts, passages and blocks follow one another."""
    lines = read_lines(storage, description, "documents.jsonl")
    if len(lines) != description.documents:
        raise corrupt(f"documents.jsonl has {len(lines):,} lines instead of {description.documents:,}")
    entries = [_entry(line) for line in lines]
    ends = (description.lengths["texts.bin"], description.passages, blocks)
    spans = [
        np.array([getattr(entry, field) for entry in entries]) for field in ("text", "passages", "blocks")
    ]
    for span, end in zip(spans, ends, strict=True):
        bounds = span.reshape(-1)
        if len(bounds) and (bounds[0] or bounds[-1] != end or (bounds[1:-1:2] != bounds[2::2]).any()):
            raise corrupt("documents do not follow one another")
        if (np.diff(bounds) < 0).any() or (not len(bounds) and end):
            raise corrupt("a document ends before it starts")
    return entries


def _entry(line: Any) -> Entry:
    if not isinstance(line, dict):
        raise corrupt("a line of documents.jsonl is not an object")
    name, title, address, digest = (
        text(line.get(field), f"a document's {field}") for field in ("name", "title", "address", "hash")
    )
    texts, passages, blocks = (_span(line.get(field)) for field in ("text", "passages", "blocks"))
    return Entry(name, title, address, digest, texts, passages, blocks)


def _span(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise corrupt("a document's span is not two numbers")
    return count(value[0], "the start of a document"), count(value[1], "the end of a document")


def read_headings(storage: Storage, description: Description) -> list[Heading]:
    """Read and validate headings.jsonl: a line is ``[trail, anchor]``."""
    found = []
    for line in read_lines(storage, description, "headings.jsonl"):
        if not isinstance(line, list) or len(line) != 2 or not isinstance(line[0], list):
            raise corrupt("a line of headings.jsonl is not a trail and an anchor")
        found.append(Heading(tuple(text(each, "a heading") for each in line[0]), text(line[1], "an anchor")))
    return found


def read_lines(storage: Storage, description: Description, name: str) -> list[Any]:
    """Return the values in a file of JSON lines, parsed at once, which is faster than line by line."""
    length = description.lengths[name]
    if length > MAX_LINES:
        raise corrupt(f"{name} has {length:,} bytes")
    data = bytes(storage.read(name, 0, length)) if length else b""
    try:
        found = json.loads(b"[" + data.rstrip(b"\n").replace(b"\n", b",") + b"]")
    except (ValueError, RecursionError) as error:
        raise corrupt(f"{name} is not JSON lines") from error
    if not isinstance(found, list):
        raise corrupt(f"{name} is not JSON lines")
    return found


def check_passages(passages: Table, entries: list[Entry], headings: int) -> None:
    """Check that every passage is in its document."""
    spans = np.array([entry.passages for entry in entries], np.int64).reshape(-1, 2)
    sizes = np.array([entry.text[1] - entry.text[0] for entry in entries], np.int64)
    counts = (spans[:, 1] - spans[:, 0]).astype(np.intp)  # which has 32 bits in a browser
    owners = np.repeat(np.arange(len(entries)), counts)
    document, start, end, heading, first, last = (passages[:, column] for column in range(PASSAGE))
    if len(owners) != len(passages) or (document != owners).any():
        raise corrupt("a passage is not of its document")
    limits = sizes[owners]
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
