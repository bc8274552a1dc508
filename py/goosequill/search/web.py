"""Write the files that let a web page search an index by ranges, without Python: the folder web/ of an index.

site/search/static/ reads them. A first answer needs every passage's vector in 4 bits (in 2 if they are many),
but only those words of the index and those pieces of the static table that the question contains. So words
and pieces are sorted and cut into blocks of a few kilobytes, each of which can be read alone. The question's
vector comes from the table, the passages' vectors from the index; both use the first 192 dimensions of one
rotated space.

Numbers are little-endian, "varint" is LEB128, strings are UTF-8, and the order of strings is that of UTF-16
code units, which is how JavaScript compares them:

    search.json  what the other files are, and all single numbers
    head         sections: passages of each document, bytes of each text, first keys and sizes of all blocks
    words        blocks of stems; each with the passages that contain it and its weight in each, in 8 bits
    pieces       blocks of WordPiece pieces with their rows in 4 bits
    vectors      [passages, 96 or 48] bytes: two or four dimensions a byte, the first in the lowest bits
    texts        for each passage the JSON of [title, heading trail, address, text]

The names of all but search.json contain a hash of the content (words-0123456789ab.bin). So a cache may keep
them for ever, and a page whose index is replaced misses its files instead of reading another version's.

Every block of pieces starts with the pieces that are beginnings of its first piece. Together with the sorted
rest they contain the longest beginning of any word that sorts into the block, so that longest-match
tokenization takes one read a piece.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.search.bm25 import STOP_WORDS
from goosequill.search.calibration import CURVES, FITS, JUDGED, NAME_WORDS, PERHAPS, Curve
from goosequill.search.fusion import FULL_WEIGHT, STATIC_WEIGHT
from goosequill.search.index import Index
from goosequill.search.storage import FolderStorage

ELEMENT = ("goose-search.js", "goose-better.js")
"""The scripts of <goose-search>."""
Ints = npt.NDArray[np.integer[Any]]

FORMAT = "goosequill-web-search"
VERSION, EARLIER = 3, 2
"""The latter is written if vectors have 4 bits, so that older pages can read it."""
DIMENSIONS = 192
STEPS = {4: 0.335, 2: 0.996}
"""The step, in standard deviations, with which equal steps of so many bits reproduce a normal distribution
best (Max 1960, table II)."""
MANY = 2000
"""Passages from which on their vectors have 2 bits instead of 4, so that a first answer stays small."""
PIECES_PER_BLOCK = 16
WORDS_BLOCK_BYTES = 1500
"""A block of words is at least this large; larger if there would be more than `MAX_WORD_BLOCKS` of them."""
MAX_WORD_BLOCKS = 2000
LIKELY = {"minilm-l6": Curve(0.28, 24), "static-minilm": Curve(0.36, 17)}
"""The likelihood of a cosine in these 192 dimensions and 4 bits, by the model of the passages;
scripts/search/fits.py fits them."""
MAX_TEXT_CHARACTERS = 8000
MAX_TITLE_CHARACTERS, MAX_ADDRESS_CHARACTERS = 300, 4000
"""The most characters of a passage's text that a page shows, of its title and headings, and of its address,
which is left out if it is longer."""


class Table(Protocol):
    """What is needed of a static table (`goosequill.search.static_table`)."""

    @property
    def rows(self) -> Floats:
        """Float32 [pieces, dimensions]."""

    @property
    def pieces(self) -> list[str]:
        """The vocabulary."""


@dataclass(frozen=True, slots=True)
class WebPassage:
    """What a page shows of a passage."""

    title: str
    heading: str
    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Postings:
    """One stem: the passages that contain it, ascending, and its contribution to each one's score."""

    stem: str
    passages: Ints
    weights: Floats


def order(text: str) -> bytes:
    """A sort key: the order in which JavaScript compares strings."""
    return text.encode("utf-16-be", "surrogatepass")


def varint(number: int) -> bytes:
    """LEB128 of a number that is not negative."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def varints(numbers: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """The LEB128 of numbers, one after the other."""
    return _varints(np.asarray(numbers, np.int64))[0]


def _varints(numbers: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """The same, and where each one's bytes end."""
    sizes = np.ones(len(numbers), np.intp)
    for bits in range(7, 63, 7):
        sizes += numbers >> bits > 0
    ends = np.cumsum(sizes)
    found = np.zeros(int(sizes.sum()), np.uint8)
    for place in range(int(sizes.max(initial=0))):
        has = sizes > place
        more = (sizes[has] > place + 1).astype(np.uint8) << 7
        found[(ends - sizes)[has] + place] = (numbers[has] >> 7 * place & 127).astype(np.uint8) | more
    return found, ends


def front_coded(keys: Iterable[str]) -> bytes:
    """Each key as the bytes it shares with the one before, the bytes that follow, and those bytes."""
    out, before = [], b""
    for key in keys:
        data = key.encode()
        shared = 0
        while shared < min(len(before), len(data)) and before[shared] == data[shared]:
            shared += 1
        out.append(varint(shared) + varint(len(data) - shared) + data[shared:])
        before = data
    return b"".join(out)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Sorted keys cut into blocks: the first key of each, and its bytes."""

    firsts: list[str]
    blocks: list[bytes]

    @property
    def directory(self) -> bytes:
        """The section of head.bin: the number of blocks, their sizes, their first keys."""
        sizes = varints([len(block) for block in self.blocks]).tobytes()
        return varint(len(self.blocks)) + sizes + front_coded(self.firsts)


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal steps around the mean of each dimension, four or sixteen.

    A step is a fixed part of the dimension's standard deviation. Dimensions of a rotated space differ in
    size by tens of times; one step for all would lose the small ones.
    """

    means: Floats  # [dimensions]
    steps: Floats  # [dimensions]
    bits: int

    @classmethod
    def fitted(cls, rows: Floats, bits: int = 4) -> Grid:
        """The grid for these rows [n, dimensions]."""
        if not len(rows):
            zeros = np.zeros(rows.shape[1], np.float32)
            return cls(zeros, zeros + 1, bits)
        deviations = rows.std(axis=0)
        smallest = max(float(deviations.max()) * 1e-4, 1e-12)
        steps = STEPS[bits] * np.maximum(deviations, smallest)
        return cls(rows.mean(axis=0, dtype=np.float64).astype(np.float32), steps.astype(np.float32), bits)

    def pack(self, rows: Floats) -> bytes:
        """Rows [n, dimensions] as [n, dimensions bits / 8] bytes."""
        half, each = 1 << self.bits - 1, 8 // self.bits
        levels = np.floor((rows - self.means) / self.steps + half)
        numbers = np.clip(levels, 0, 2 * half - 1).astype(np.uint8)
        packed = np.zeros((len(rows), rows.shape[1] // each), np.uint8)
        for place in range(each):
            packed |= numbers[:, place::each] << place * self.bits
        return packed.tobytes()

    def facts(self) -> dict[str, Any]:
        return {
            "bits": self.bits,
            "means": [float(f"{x:.6g}") for x in self.means],
            "steps": [float(f"{x:.6g}") for x in self.steps],
        }


def bits_for(passages: int) -> int:
    """The bits of a number in the vectors of so many passages."""
    return 4 if passages <= MANY else 2


def piece_blocks(pieces: Sequence[str], rows: Floats) -> tuple[Blocks, Grid]:
    """Cut the static table into blocks.

    Parameters
    ----------
    pieces
        The vocabulary, each piece once.
    rows
        [pieces, dimensions]: the vector that each piece adds to a text's.
    """
    norms = np.linalg.norm(rows, axis=1)
    scales = norms.astype(np.float16).astype(np.float32)
    units = (rows / np.where(scales > 0, scales, 1)[:, None]).astype(np.float32)
    grid = Grid.fitted(units[scales > 0])
    width = rows.shape[1] // 2
    packed = np.frombuffer(grid.pack(units), np.uint8).reshape(-1, width)
    data = np.concatenate([norms.astype("<f2").view(np.uint8).reshape(-1, 2), packed], axis=1)
    ids = {piece: index for index, piece in enumerate(pieces)}
    ordered = sorted(ids, key=order)
    blocks = []
    for start in range(0, len(ordered), PIECES_PER_BLOCK):
        inner = ordered[start : start + PIECES_PER_BLOCK]
        beginnings = [inner[0][:size] for size in range(1, len(inner[0])) if inner[0][:size] in ids]
        names = beginnings + inner
        body = data[[ids[name] for name in names]].tobytes()
        blocks.append(varint(len(names)) + front_coded(names) + body)
    return Blocks(ordered[::PIECES_PER_BLOCK], blocks), grid


def stem_entries(postings: Sequence[Postings]) -> Iterator[bytes]:
    """Each stem's passages as differences, and their weights in 8 bits of the largest."""
    counts = np.array([len(each.passages) for each in postings], np.intp)
    ends = np.cumsum(counts)
    passages = np.concatenate([each.passages for each in postings]).astype(np.int64)
    gaps = np.diff(passages, prepend=-1) - 1
    gaps[ends[:-1]] = passages[ends[:-1]]  # a stem's first passage is counted from the beginning
    coded, places = _varints(gaps)
    values = np.concatenate([each.weights for each in postings])
    largest = np.maximum.reduceat(values, ends - counts)
    weights = np.clip(np.rint(values / np.repeat(largest, counts) * 255), 1, 255).astype(np.uint8)
    at = 0
    for first, end, most in zip((ends - counts).tolist(), ends.tolist(), largest.tolist(), strict=True):
        to = int(places[end - 1])
        head = varint(end - first) + struct.pack("<f", most)
        yield head + coded[at:to].tobytes() + weights[first:end].tobytes()
        at = to


def word_blocks(postings: Iterable[Postings]) -> Blocks:
    """Cut the stems into blocks: how many, the stems, then the entries in the same order."""
    kept = sorted((each for each in postings if len(each.passages)), key=lambda each: order(each.stem))
    stems = [each.stem for each in kept]
    entries = list(zip(stems, stem_entries(kept), strict=True)) if kept else []
    total = sum(len(entry) for _, entry in entries)
    target = max(WORDS_BLOCK_BYTES, total // MAX_WORD_BLOCKS)
    groups: list[list[tuple[str, bytes]]] = []
    size = target
    for entry in entries:
        if size >= target:
            groups.append([])
            size = 0
        groups[-1].append(entry)
        size += len(entry[1])
    blocks = []
    for group in groups:
        keys = front_coded(stem for stem, _ in group)
        blocks.append(varint(len(group)) + keys + b"".join(entry for _, entry in group))
    return Blocks([group[0][0] for group in groups], blocks)


def text_record(passage: WebPassage) -> bytes:
    titles = [each[:MAX_TITLE_CHARACTERS] for each in (passage.title, passage.heading)]
    address = passage.address if len(passage.address) <= MAX_ADDRESS_CHARACTERS else ""
    shown = [*titles, address, passage.text[:MAX_TEXT_CHARACTERS]]
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def sections(parts: Mapping[str, bytes]) -> tuple[bytes, dict[str, list[int]]]:
    """Put parts one after the other; return where each starts and ends."""
    found, at = {}, 0
    for name, data in parts.items():
        found[name] = [at, at + len(data)]
        at += len(data)
    return b"".join(parts.values()), found


def web_files(
    passages: Sequence[WebPassage],
    counts: Sequence[int],
    vectors: Floats,
    *,
    postings: Iterable[Postings],
    pieces: Sequence[str],
    rows: Floats,
    facts: Mapping[str, Any],
) -> Iterator[tuple[str, bytes]]:
    """Yield each file of web/ with its name, search.json last.

    Parameters
    ----------
    passages
        In the order of the index, so that those of one document are neighbours.
    counts
        The number of passages of each document.
    vectors
        [passages, dimensions], of length 1 over all of them.
    pieces, rows
        The static table: its vocabulary and [pieces, dimensions].
    facts
        More entries of search.json.
    """
    if sum(counts) != len(passages) or len(vectors) != len(passages):
        raise ValueError("documents, passages and vectors differ in number")
    dimensions = min(DIMENSIONS, vectors.shape[1], rows.shape[1]) // 4 * 4
    near = np.ascontiguousarray(vectors[:, :dimensions], np.float32)
    grid = Grid.fitted(near, bits_for(len(passages)))
    words = word_blocks(postings)
    table, table_grid = piece_blocks(pieces, np.asarray(rows[:, :dimensions], np.float32))
    texts = [text_record(passage) for passage in passages]
    head, where = sections(
        {
            "documents": varints(counts).tobytes(),
            "texts": varints([len(text) for text in texts]).tobytes(),
            "words": words.directory,
            "pieces": table.directory,
        }
    )
    files = {
        "head": head,
        "words": b"".join(words.blocks),
        "pieces": b"".join(table.blocks),
        "vectors": grid.pack(near),
        "texts": b"".join(texts),
    }
    names = {name: f"{name}-{hashlib.sha256(data).hexdigest()[:12]}.bin" for name, data in files.items()}
    for name, data in files.items():
        yield names[name], data
    facts = {
        "format": FORMAT,
        "version": VERSION if grid.bits == 2 else EARLIER,
        "stamp": hashlib.sha256("".join(names.values()).encode()).hexdigest()[:16],
        "passages": len(passages),
        "documents": len(counts),
        "dimensions": dimensions,
        "vectors": grid.facts(),
        "table": table_grid.facts(),
        "files": {name: {"name": names[name], "bytes": len(data)} for name, data in files.items()},
        "head": where,
        **facts,
    }
    yield "search.json", json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def write(index: Index, table: Table, storage: FolderStorage, *, site: str = "../") -> int:
    """Write the folder web/ of an index, which must be compacted and have all its vectors.

    What else is in the folder is removed.

    Parameters
    ----------
    table
        The static table whose space the index's vectors are in.
    storage
        The folder web/ itself.
    site
        What the passages' addresses are relative to, seen from the index's folder.

    Returns
    -------
    int
        The bytes written.

    Raises
    ------
    SearchError
        ``index-incomplete``: passages have no vectors yet, or documents were deleted since it was compacted.
    """
    if index.deleted or (index.pending and len(index)):
        raise SearchError(
            f"The index is not complete: {index.pending:,} passages have no vector, and "
            f"{len(index.deleted):,} documents are deleted but not removed.",
            code="index-incomplete",
        )
    numbers = np.arange(len(index), dtype=np.intp)
    vectors = index.vectors.restored(numbers) if index.vectors else np.zeros((0, DIMENSIONS), np.float32)
    model = index.model
    facts = {
        "name": index.name,
        "site": site,
        "model": model
        and {"name": model.name, "dimensions": model.dimensions, "fingerprint": model.fingerprint},
        "words": {"stop": sorted(STOP_WORDS)},
        "stages": stages(model.name if model else ""),
    }
    written = {}
    postings = (Postings(*each) for each in index.words().terms())
    shown = [_shown(index, int(number)) for number in numbers]
    files = web_files(
        shown,
        per_document(index),
        vectors,
        postings=postings,
        pieces=table.pieces,
        rows=table.rows,
        facts=facts,
    )
    for name, data in files:
        storage.replace(name, data)
        written[name] = len(data)
    for name in set(storage.names()) - set(written):
        storage.remove(name)
    return sum(written.values())


def copy_scripts(folder: Path, names: Iterable[str]) -> None:
    """Copy scripts that the package has, as all but a clone does that was never built, into a folder."""
    for name in names:
        script = resources.files("goosequill.search").joinpath("static", name)
        if script.is_file():
            (folder / name).write_bytes(script.read_bytes())


def per_document(index: Index) -> list[int]:
    """Return the number of passages of each document."""
    spans = (index.entries[number].passages for number in index.documents())
    return [end - first for first, end in spans]


def _shown(index: Index, number: int) -> WebPassage:
    passage = index.passage(number)
    title, text = index.entries[passage.document].title, index.text(passage.document)
    return WebPassage(title, passage.heading, index.address(number), text[passage.start : passage.end])


def stages(model: str) -> dict[str, Any]:
    """Return how each stage weighs words, and what its cosines mean.

    The likelihood that a passage fits is 1 / (1 + exp(-slope (cosine - middle))). Something fits if the
    closest passage has the cosine `fits`, or one of the first `judged` results contains a question of at most
    `name` words; below `threshold` nothing does, and between the two something does perhaps.
    """
    found = {"meaning": _stage(STATIC_WEIGHT, LIKELY.get(model, LIKELY["minilm-l6"]))}
    curve = CURVES.get((model, model))
    if curve and model == "minilm-l6":
        found["full"] = _stage(FULL_WEIGHT, curve)
    return found


def _stage(weight: float, curve: Curve) -> dict[str, float]:
    rule = {
        "fits": curve.cosine(FITS),
        "threshold": curve.cosine(PERHAPS),
        "judged": JUDGED,
        "name": NAME_WORDS,
    }
    return {"weight": weight, **rule, "middle": curve.middle, "slope": curve.slope}
