"""The index of a collection: documents' texts, their passages and the passages' vectors, in a few files.

All files but index.json only grow, and index.json, which says how much of them counts, is replaced at once.
A run that is killed therefore loses what it added since the last `commit`, and nothing else. The vectors may
lag behind the passages: the first m passages have one.
"""

from __future__ import annotations

import hashlib
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.kernels.search import Bits, SearchOperations, sign_bytes
from goosequill.search.bm25 import WordIndex
from goosequill.search.documents.document import Block, Document, source_of
from goosequill.search.growing import Growing
from goosequill.search.index_files import (
    APPENDED,
    BLOCK,
    BLOCKS,
    DESCRIPTION,
    MAX_PASSAGES,
    OF_VECTORS,
    PASSAGE,
    PASSAGES,
    TEXT,
    WORDS,
    Description,
    Entries,
    Entry,
    Heading,
    Headings,
    IndexModel,
    Table,
    Trail,
    check_blocks,
    check_passages,
    check_scales,
    read_description,
    read_entries,
    read_lines,
    read_table,
    view,
)
from goosequill.search.lines import Lines
from goosequill.search.passages import Passage, embedded_text, passages, trail
from goosequill.search.storage import Storage
from goosequill.search.vectors import (
    MEMORY,
    Bytes,
    QuantizedVectors,
    Rows,
    StoredVectors,
    Vectors,
    quantize,
    signs,
)

BUFFER = 1 << 23
"""Bytes of one file that wait to be written."""
PIECE = 1 << 14
"""Vectors whose signs are taken at once."""
RUN = 64
"""Documents that are copied at once."""
_Row = tuple[int, int, Heading, int, int]
"""Of a passage: start, end (code points), heading, start, end (bytes)."""
_Block = tuple[int, int, Heading]
_TEXTS_KEPT = 1 << 23
"""Characters of the documents that were read last, so that reading one passage after the other is cheap."""


class _Held(NamedTuple):
    """A replacement that has not ended: what was there when it began, and the documents that it has replaced.

    `lengths` is of the files without vectors, which may go on growing for the passages that were there.
    """

    documents: int
    passages: int
    lengths: dict[str, int]
    replaced: set[int]


class Index:
    """An index that is open. `create` and `open` make one.

    Attributes
    ----------
    name
        The collection's.
    model
        Whose vectors it has; None before the first one.
    entries
        Its documents, those that were deleted too.
    deleted
        Indices of deleted documents.
    sources
        Of each file whose documents have hashes of their own, such as a table's rows, the file's hash.
    vectors
        The vectors of the first passages; None before the first one.
    words_kept
        How many passages words.bin covers, as far as is known.
    """

    FILES = frozenset({*APPENDED, DESCRIPTION, WORDS, f"{DESCRIPTION}.new", f"{WORDS}.new"})
    """Names that an index's folder may have in it."""

    def __init__(
        self, storage: Storage, search: SearchOperations, *, name: str, memory: int = MEMORY
    ) -> None:
        self.name = name
        self.model: IndexModel | None = None
        self.entries = Entries(Lines(b"", "documents.jsonl"), Growing(np.zeros((0, 3), np.uint64)))
        self.deleted: set[int] = set()
        self.sources: dict[str, str] = {}
        self.vectors: Vectors | None = None
        self.web: object = None
        self.words_kept = 0
        self._storage, self._search, self._memory = storage, search, memory
        self._known: dict[str, int] | None = None
        self._held: _Held | None = None
        self._headings = Headings(Lines(b"", "headings.jsonl"))
        self._passages = Growing(np.zeros((0, PASSAGE), np.uint32))
        self._blocks = Growing(np.zeros((0, BLOCK), np.uint32))
        self._lengths = dict.fromkeys(APPENDED, 0)
        self._waiting: dict[str, bytearray] = {}
        self._texts: dict[int, str] = {}
        self._characters = 0  # of these texts
        self._gone: list[int] = []  # documents that were removed since `earlier` was asked

    @classmethod
    def create(cls, storage: Storage, search: SearchOperations, *, name: str, memory: int = MEMORY) -> Index:
        """Make an empty index; nothing is written before `commit`."""
        index = cls(storage, search, name=name, memory=memory)
        return index

    @classmethod
    def open(cls, storage: Storage, search: SearchOperations, *, memory: int = MEMORY) -> Index:
        """Open an index and check all of it but its texts.

        Raises
        ------
        SearchError
            ``index-missing``, ``index-version``, ``index-corrupt``.
        """
        found = read_description(storage)
        index = cls(storage, search, name=found.name, memory=memory)
        table = read_table(storage, found, "passages.bin", PASSAGE)
        blocks = read_table(storage, found, "blocks.bin", BLOCK)
        index.entries = read_entries(storage, found, len(blocks))
        index._headings = Headings(read_lines(storage, found, "headings.jsonl"))
        check_passages(table, index.entries, len(index._headings))
        check_blocks(blocks, len(index._headings))
        index._passages, index._blocks = Growing(table), Growing(blocks)
        index.deleted, index.sources, index.web = set(found.deleted), dict(found.sources), found.web
        index._lengths = dict(found.lengths)
        index._open_vectors(found)
        return index

    def _open_vectors(self, found: Description) -> None:
        self.model = found.model
        if found.model is None:
            return
        scales = np.frombuffer(view(self._storage, "scales.bin", 4 * found.vectors), "<f4")
        check_scales(scales)
        width = found.model.dimensions
        needed = found.vectors * width
        if self._lengths["vectors.bin"] != needed or self._lengths["scales.bin"] != 4 * found.vectors:
            raise SearchError(
                f"The index is damaged: vectors.bin should have {needed:,} bytes.", code="index-corrupt"
            )
        if needed > self._memory:
            self.vectors = self._stored(scales)
        else:
            rows = np.frombuffer(view(self._storage, "vectors.bin", needed), np.int8).reshape(-1, width)
            self.vectors = QuantizedVectors(rows, scales, self._search)
        for document in self.deleted:
            self._forget(document)

    def _stored(self, scales: Floats) -> StoredVectors:
        """Return the vectors with their signs alone in memory."""
        assert self.model is not None
        width = self.model.dimensions
        return StoredVectors(scales, self._signs(len(scales), width), width, self._rows, self._search)

    def _signs(self, count: int, dimensions: int) -> Bits:
        """Return the signs of the first vectors; those that signs.bin lacks are made of vectors.bin."""
        self._flush("signs.bin")
        width = sign_bytes(dimensions)
        kept = min(self._lengths["signs.bin"] // width, count)
        data = view(self._storage, "signs.bin", kept * width)
        found = Growing(np.frombuffer(data, np.uint8).reshape(-1, width))
        for first in range(kept, count, PIECE):
            found.add(signs(self._rows(np.arange(first, min(first + PIECE, count), dtype=np.intp))))
        return found.rows

    def _rows(self, numbers: Rows) -> Bytes:
        """Return vectors from the storage, [numbers, dimensions]."""
        assert self.model is not None
        self._flush("vectors.bin")
        return self._storage.rows("vectors.bin", self.model.dimensions, numbers)

    # What is in it

    def __len__(self) -> int:
        """Return the number of passages, with those of deleted documents."""
        return len(self._passages)

    @property
    def live(self) -> int:
        """How many passages are of documents that are not deleted."""
        return len(self) - sum(end - first for first, end in map(self.entries.span, self.deleted))

    @property
    def can_read_vectors(self) -> bool:
        """Whether vectors can be read at any time: a page has those on disk that are too many for memory."""
        return isinstance(self.vectors, QuantizedVectors) or hasattr(self._storage, "map")

    @property
    def embedded(self) -> int:
        """How many passages, counted from the first, have a vector or are deleted."""
        return 0 if self.vectors is None else len(self.vectors)

    @property
    def pending(self) -> int:
        """How many passages have no vector yet, without those of deleted documents."""
        return len(self._wanting(self.embedded, len(self)))

    @property
    def _ids(self) -> dict[str, int]:
        """The documents that are not deleted, by name; made when it is first needed."""
        if self._known is None:
            names = self.entries.names()
            self._known = {name: number for number, name in enumerate(names) if number not in self.deleted}
        return self._known

    def documents(self) -> list[int]:
        """Return the indices of the documents that are not deleted."""
        return [number for number in range(len(self.entries)) if number not in self.deleted]

    def names(self) -> list[str]:
        """Return the names of these documents, in no order."""
        return list(self._ids)

    def is_current(self, source: str, digest: str, names: Iterable[str]) -> bool:
        """Return whether a source's documents, of which these are the names, are of a file with this hash."""
        if source in self.sources:
            return self.sources[source] == digest
        found = [self._ids.get(name) for name in names]
        return all(number is not None and self.entries.hash(number) == digest for number in found)

    def find(self, name: str) -> int | None:
        """Return the document with a name; None if there is none."""
        return self._ids.get(name)

    def owners(self, numbers: Sequence[int] | Rows) -> Rows:
        """Return the documents of passages, [numbers]."""
        found: Rows = self._passages.rows[np.asarray(numbers, np.intp), 0].astype(np.intp)
        return found

    def sections(self, numbers: Rows) -> NDArray[np.int64]:
        """Return a number for each passage, equal for those of a document under the same headings."""
        rows = self._passages.rows[numbers]
        found: NDArray[np.int64] = rows[:, 0].astype(np.int64) * (len(self._headings) + 1) + rows[:, 3]
        return found

    def passage(self, number: int) -> Passage:
        """Return a passage."""
        document, start, end, heading = (int(value) for value in self._passages.rows[number, :4])
        above = trail(self.entries[document].title, self._headings[heading].trail)
        return Passage(document, start, end, above)

    def passage_text(self, number: int) -> str:
        """Return a passage's text, without its title and headings."""
        document, _, _, _, first, last = (int(value) for value in self._passages.rows[number])
        if document in self._texts:
            passage = self.passage(number)
            return self._texts[document][passage.start : passage.end]
        return self._decoded(self.entries.span(document, TEXT)[0] + first, last - first)

    def address(self, number: int) -> str:
        """Return where a passage can be opened, with the anchor of its heading; "" if nowhere."""
        document, _, _, heading = (int(value) for value in self._passages.rows[number, :4])
        address, anchor = self.entries[document].address, self._headings[heading].anchor
        return f"{address}#{anchor}" if address and anchor and "#" not in address else address

    def embedded_text(self, number: int) -> str:
        """Return what stands for a passage: title, headings and text."""
        passage = self.passage(number)
        return embedded_text(self.entries[passage.document].title, passage.heading, self.passage_text(number))

    def text(self, document: int) -> str:
        """Return a document's text."""
        if document not in self._texts:
            start, end = self.entries.span(document, TEXT)
            found = self._decoded(start, end - start)
            self._characters += len(found)
            if self._characters > _TEXTS_KEPT:
                self._texts.clear()
                self._characters = len(found)
            self._texts[document] = found
        return self._texts[document]

    def blocks(self, document: int) -> list[tuple[int, int, Trail]]:
        """Return start, end (code points) and trail of headings of each of a document's blocks."""
        return [(start, end, heading.trail) for start, end, heading in self._headed(document)]

    def _headed(self, document: int) -> list[_Block]:
        rows = self._blocks.rows[slice(*self.entries.span(document, BLOCKS))].tolist()
        return [(start, end, self._headings[heading]) for start, end, heading in rows]

    def _decoded(self, offset: int, length: int) -> str:
        try:
            return bytes(self._read("texts.bin", offset, length)).decode()
        except UnicodeDecodeError as error:
            raise SearchError("The index is damaged: a text is not UTF-8.", code="index-corrupt") from error

    # What changes it

    def add(self, document: Document, *, digest: str = "") -> int:
        """Add a document, in place of the one with the same name, and return its index.

        `digest` identifies the source, so that the caller can skip a document that has not changed.

        Raises
        ------
        SearchError
            ``index-full``.
        """
        found, ends = passages(document), _ByteOffsets(document.text)
        blocks = [(each.start, each.end, _heading(each)) for each in document.blocks]
        starts = [start for start, _, _ in blocks]
        rows = [
            (
                each.start,
                each.end,
                blocks[bisect_right(starts, each.start) - 1][2],
                *ends.of(each.start, each.end),
            )
            for each in found
        ]
        return self._place(document, digest, rows, blocks)

    def _place(self, document: Document, digest: str, rows: Sequence[_Row], blocks: Sequence[_Block]) -> int:
        if len(self) + len(rows) > MAX_PASSAGES:
            raise SearchError(f"An index has at most {MAX_PASSAGES:,} passages.", code="index-full")
        held = self._held
        if held is not None and self._ids.get(document.name, held.documents) < held.documents:
            held.replaced.add(self._ids[document.name])
        self.remove(document.name)
        number, encoded = len(self.entries), document.text.encode()
        start, first, block = self._lengths["texts.bin"], len(self), len(self._blocks)
        entry = Entry(
            document.name,
            document.title,
            document.address,
            digest,
            (start, start + len(encoded)),
            (first, first + len(rows)),
            (block, block + len(blocks)),
        )
        self._append("texts.bin", encoded)
        table = [(number, row[0], row[1], self._heading_id(row[2]), row[3], row[4]) for row in rows]
        self._append_rows("passages.bin", self._passages, table)
        spans = [(begin, end, self._heading_id(heading)) for begin, end, heading in blocks]
        self._append_rows("blocks.bin", self._blocks, spans)
        line, row = self.entries.add(entry)
        self._append("documents.jsonl", line)
        self._append("documents.bin", row)
        self._ids[document.name] = number
        return number

    def add_vectors(self, vectors: Floats, model: IndexModel, passages: Rows | None = None) -> None:
        """Add the vectors of the next passages that have none, [n, dimensions]: those that `waiting` returns.

        Parameters
        ----------
        passages
            What `waiting` returned when the vectors were begun, since documents may have been removed or
            restored meanwhile: vectors of passages that do not wait any more, or not yet, are left out.

        Raises
        ------
        SearchError
            ``index-model``: the index has another model's vectors. ``vectors``: they are not numbers, or do
            not have the model's dimensions.
        """
        self.check_model(model)
        numbers = self.waiting(len(vectors))
        if passages is not None:
            numbers = numbers[np.logical_and.accumulate(np.isin(numbers, passages))]
            vectors = vectors[np.isin(passages, numbers)]
        if vectors.shape != (len(numbers), model.dimensions):
            raise SearchError(
                f"Vectors of shape {list(vectors.shape)} do not match {self.pending:,} passages in "
                f"{model.dimensions:,} dimensions.",
                code="vectors",
            )
        if not np.isfinite(vectors).all():
            raise SearchError("A vector has values that are not numbers.", code="vectors")
        if not len(numbers):
            return
        first, end = self.embedded, int(numbers[-1]) + 1
        rows, scales = np.zeros((end - first, model.dimensions), np.int8), np.zeros(end - first, np.float32)
        rows[numbers - first], scales[numbers - first] = quantize(np.asarray(vectors, np.float32))
        self._append_vectors(rows, scales, model)
        for document in set(self.owners(range(first, end)).tolist()) & self.deleted:
            self._forget(document)

    def _append_vectors(
        self, rows: Bytes, scales: Floats, model: IndexModel, bits: bytes | None = None
    ) -> None:
        """Add quantized vectors; `bits` are their signs, which are made if that is None."""
        if self.vectors is None:
            empty = np.zeros((0, model.dimensions), np.int8)
            self.vectors = QuantizedVectors(empty, np.zeros(0, np.float32), self._search)
        self.model, first = model, len(self.vectors)
        self._append("vectors.bin", rows.tobytes())
        self._append("scales.bin", scales.astype("<f4").tobytes())
        if self._lengths["signs.bin"] == first * sign_bytes(model.dimensions):  # not in an older index
            self._append("signs.bin", signs(rows).tobytes() if bits is None else bits)
        self.vectors.add(rows, scales)
        if isinstance(self.vectors, QuantizedVectors) and len(self.vectors) * model.dimensions > self._memory:
            self.vectors = self._stored(self.vectors.scales)

    def waiting(self, most: int) -> Rows:
        """Return the next passages without a vector, up to `most`; those of deleted documents get none."""
        found: list[Rows] = [np.zeros(0, np.intp)]
        first, left = self.embedded, most
        while first < len(self) and left > 0:
            end = min(len(self), first + most)
            found.append(self._wanting(first, end))
            first, left = end, left - len(found[-1])
        return np.concatenate(found)[:most]

    def _wanting(self, first: int, end: int) -> Rows:
        """Return which passages of a range are not of deleted documents."""
        owners = self._passages.rows[first:end, 0].tolist()
        return first + np.flatnonzero([owner not in self.deleted for owner in owners])

    def lengths(self) -> Rows:
        """Return about how many characters of each passage are embedded, [n]."""
        found: Rows = np.subtract(self._passages.rows[:, 2], self._passages.rows[:, 1], dtype=np.intp)
        return found + 32  # the title and headings

    def check_model(self, model: IndexModel) -> None:
        """Raise ``index-model`` if the index has vectors of another model."""
        if self.model is not None and self.model != model:
            same = self.model.name == model.name
            raise SearchError(
                f"The index was made with the model {self.model.name}, "
                + ("but in another version of it." if same else f"not {model.name}."),
                code="index-model",
            )

    def remove(self, name: str) -> bool:
        """Delete a document; return whether there was one. Its bytes stay until the index is compacted."""
        number = self._ids.pop(name, None)
        if number is None:
            return False
        self.deleted.add(number)
        self._gone.append(number)
        self._forget(number)
        return True

    def earlier(self) -> dict[bytes, tuple[int, float]]:
        """Return passages with a vector that were removed since this was last asked, by their `text_key`.

        Each comes with its vector's scale, which is not in memory any more.
        """
        found: dict[bytes, tuple[int, float]] = {}
        while self._gone and self.vectors is not None:
            first, end = (min(each, self.embedded) for each in self.entries.span(self._gone.pop()))
            scales = np.frombuffer(self._read("scales.bin", 4 * first, 4 * (end - first)), "<f4")
            for number, scale in zip(range(first, end), scales.tolist(), strict=True):
                if scale:  # otherwise it had none
                    found[text_key(self.embedded_text(number))] = number, scale
        return found

    def restore(self, names: Iterable[str], *, instead: bool = False) -> None:
        """Undo the last deletion of documents, as far as that is possible; unknown names are ignored.

        The vectors of a document are there when the index is opened again; if its turn to get some came while
        it was deleted, it is added anew, and waits for them.

        Parameters
        ----------
        instead
            Whether one comes back whose name another document has now, which is deleted.
        """
        wanted, last = set(names), dict[str, int]()
        for number in sorted(self.deleted):
            if (name := self.entries[number].name) in wanted:
                last[name] = number
        for name, number in last.items():
            if name in self._ids and not instead:
                continue
            self.remove(name)
            if self._was_passed_over(number):
                self._place_again(number)
            else:
                self._ids[name] = number
                self.deleted.remove(number)
            if instead:
                self.sources.pop(source_of(name), None)  # its rows are of two versions

    def _was_passed_over(self, document: int) -> bool:
        """Whether passages of a document were deleted when those around them got vectors."""
        first, end = (min(each, self.embedded) for each in self.entries.span(document))
        scales = np.frombuffer(self._read("scales.bin", 4 * first, 4 * (end - first)), "<f4")
        return not scales.all()

    def _forget(self, document: int) -> None:
        first, end = self.entries.span(document)
        if self.vectors is not None:
            self.vectors.forget(min(first, len(self.vectors)), min(end, len(self.vectors)))

    def hold(self) -> None:
        """Begin a replacement: on disk what is added from here on counts only after `release`.

        Until then index.json describes the index without the new documents, and with those that they replace:
        a process that is killed between leaves the index as it was.
        """
        if self._held is None:
            lengths = {name: length for name, length in self._lengths.items() if name not in OF_VECTORS}
            self._held = _Held(len(self.entries), len(self), lengths, set())

    def finish_source(self, source: str, digest: str = "") -> None:
        """Note a file's hash, if its documents have hashes of their own."""
        self.sources.pop(source, None)
        if digest:
            self.sources[source] = digest

    def release(self) -> None:
        """End a replacement; the next `commit` has the new documents instead of the old ones."""
        self._held = None

    def commit(self) -> str:
        """Write what was added, then index.json, and return the latter's text."""
        self.flush()
        text = self.description().to_json()
        self._storage.replace(DESCRIPTION, text.encode())
        return text

    def flush(self) -> None:
        """Write what was added; it does not count before `commit`."""
        for name in list(self._waiting):
            self._flush(name)

    def description(self) -> Description:
        """Return what index.json says."""
        held = self._held or _Held(len(self.entries), len(self), {}, set())
        deleted = sorted(number for number in self.deleted - held.replaced if number < held.documents)
        vectors = min(self.embedded, held.passages)
        lengths = {**self._lengths, **held.lengths}
        if self.model is not None:
            sizes = (self.model.dimensions, 4, sign_bytes(self.model.dimensions))
            for name, size in zip(OF_VECTORS, sizes, strict=True):
                lengths[name] = min(lengths[name], vectors * size)
        return Description(
            self.name,
            self.model,
            held.documents,
            held.passages,
            vectors,
            tuple(deleted),
            lengths,
            held.passages - sum(end - first for first, end in map(self.entries.span, deleted)),
            dict(self.sources),
            self.web,
        )

    def _heading_id(self, heading: Heading) -> int:
        number, line = self._headings.add(heading)
        self._append("headings.jsonl", line)
        return number

    def _append_rows(self, name: str, table: Growing, rows: Sequence[Sequence[int]] | Table) -> None:
        added = np.array(rows, np.uint32).reshape(len(rows), table.rows.shape[1])
        table.add(added)
        self._append(name, added.astype("<u4").tobytes())

    def _append(self, name: str, data: bytes) -> None:
        if not data:
            return
        waiting = self._waiting.setdefault(name, bytearray())
        waiting += data
        self._lengths[name] += len(data)
        if len(waiting) > BUFFER:
            self._flush(name)

    def _flush(self, name: str) -> None:
        if name not in self._waiting:
            return
        data = bytes(self._waiting.pop(name))
        self._storage.write(name, self._lengths[name] - len(data), data)

    def _read(self, name: str, offset: int, length: int) -> bytes:
        """Read bytes that may be in the storage, still waiting, or both."""
        waiting = self._waiting.get(name, b"")
        written = self._lengths[name] - len(waiting)
        from_file = max(0, min(length, written - offset))
        before = bytes(self._storage.read(name, offset, from_file)) if from_file else b""
        at = max(0, offset - written)
        return before + bytes(waiting[at : at + length - from_file]) if length > from_file else before

    def move(self, storage: Storage) -> None:
        """Go on in another storage that has the same files."""
        self._storage = storage

    # Words

    def words(self, on_progress: Callable[[int, int], None] = lambda done, total: None) -> WordIndex:
        """Return the index of the words of all passages: from words.bin as far as that goes."""
        size = self._storage.size(WORDS)
        found = WordIndex.load(view(self._storage, WORDS, size), stamp=self.stamp) if size else None
        words = found or WordIndex()
        self.words_kept = len(words)
        self.update_words(words, on_progress=on_progress)
        words.remove(self.entries.span(document) for document in self.deleted)
        return words

    def update_words(
        self, words: WordIndex, *, on_progress: Callable[[int, int], None] = lambda done, total: None
    ) -> None:
        """Add the passages that an index of words lacks."""
        for done in self.word_steps(words):
            on_progress(done, len(self))

    def word_steps(self, words: WordIndex) -> Iterator[int]:
        """The same in steps; yield how many passages the index of words has."""
        while len(words) < len(self):
            first, end = len(words), min(len(self), len(words) + 512)
            words.add(self._embedded_texts(first, end))
            yield end

    def _embedded_texts(self, first: int, end: int) -> Iterator[str]:
        """Yield `embedded_text` of passages that follow one another, whose documents are read at once."""
        for number in range(first, end):
            self.text(int(self._passages.rows[number, 0]))
            yield self.embedded_text(number)

    def save_words(self, words: WordIndex) -> None:
        """Keep the index of words, so that the next `words` is fast; not of passages that may not stay."""
        if self._held is not None:
            return
        self._storage.replace(WORDS, words.save(self.stamp(len(words)) or 0))
        self.words_kept = len(words)

    def stamp(self, count: int) -> int | None:
        """Return a number that says which the first passages are; None for more than there are."""
        if not isinstance(count, int) or not 0 <= count <= len(self):
            return None
        return zlib.crc32(self._passages.rows[:count].astype("<u4", copy=False).tobytes())

    def compacted(self, storage: Storage) -> Iterator[Index]:
        """Copy what is not deleted into an empty storage, some documents at a step; yield the new index.

        Bytes and vectors are copied as they are. The last step has committed.
        """
        fresh = Index.create(storage, self._search, name=self.name, memory=self._memory)
        for first, end in _runs(self.documents()):
            fresh._copy(self, first, end)
            yield fresh
        kept = {source_of(name) for name in fresh._ids}
        fresh.sources = {source: digest for source, digest in self.sources.items() if source in kept}
        fresh.save_words(self.words().compacted())
        fresh.commit()
        yield fresh

    def _copy(self, old: Index, first: int, end: int) -> None:
        """Add documents of another index, with their vectors as far as all before them have theirs."""
        texts, rows, blocks = (
            (old.entries.span(first, column)[0], old.entries.span(end - 1, column)[1])
            for column in (TEXT, PASSAGES, BLOCKS)
        )
        complete = self.embedded == len(self)
        table, spans = old._passages.rows[slice(*rows)].copy(), old._blocks.rows[slice(*blocks)].copy()
        table[:, 0] = table[:, 0].astype(np.int64) - (first - len(self.entries))
        for column in (table[:, 3], spans[:, 2]):
            used, which = np.unique(column, return_inverse=True)
            column[:] = np.array([self._heading_id(old._headings[each]) for each in used.tolist()])[which]
        shifts = self._lengths["texts.bin"] - texts[0], len(self) - rows[0], len(self._blocks) - blocks[0]
        lines, ends = self.entries.add_from(old.entries, first, end, shifts)
        self._append("documents.jsonl", lines)
        self._append("documents.bin", ends)
        self._append("texts.bin", old._read("texts.bin", texts[0], texts[1] - texts[0]))
        self._append_rows("passages.bin", self._passages, table)
        self._append_rows("blocks.bin", self._blocks, spans)
        self._known = None
        if complete and old.vectors is not None and old.model is not None:
            width, known = sign_bytes(old.model.dimensions), min(rows[1], old.embedded)
            for at in range(rows[0], known, 4096):
                end = min(at + 4096, known)
                scales = np.frombuffer(old._read("scales.bin", 4 * at, 4 * (end - at)), "<f4")
                bits = None
                if old._lengths["signs.bin"] >= end * width:
                    bits = bytes(old._read("signs.bin", at * width, (end - at) * width))
                vectors = old.vectors.rows(np.arange(at, end, dtype=np.intp))
                self._append_vectors(vectors, scales, old.model, bits)

    def _place_again(self, number: int) -> None:
        """Add a document that was deleted anew, without vectors."""
        entry, blocks = self.entries[number], self._headed(number)
        rows = [
            (start, end, self._headings[heading], first, last)
            for _, start, end, heading, first, last in self._passages.rows[slice(*entry.passages)].tolist()
        ]
        document = Document(entry.name, entry.title, self.text(number), (), entry.address)
        self._place(document, entry.hash, rows, blocks)


def text_key(text: str) -> bytes:
    """Return what stands for a passage's text where its vector is looked for."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and end of numbers that follow one another, of at most `RUN`."""
    first = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or at - first == RUN or numbers[at] != numbers[at - 1] + 1:
            yield numbers[first], numbers[at - 1] + 1
            first = at


def _heading(block: Block) -> Heading:
    return Heading(block.headings, block.anchor)


class _ByteOffsets:
    """Turns offsets in code points into offsets in UTF-8, for spans that come in order."""

    def __init__(self, text: str) -> None:
        self._text, self._ascii = text, text.isascii()
        self._at, self._bytes = 0, 0

    def of(self, start: int, end: int) -> tuple[int, int]:
        if self._ascii:
            return start, end
        first = self._bytes + len(self._text[self._at : start].encode())
        last = first + len(self._text[start:end].encode())
        self._at, self._bytes = end, last
        return first, last
