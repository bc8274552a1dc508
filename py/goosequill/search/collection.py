"""A collection that is open in the page: its index, and the jobs that fill it, ask it and change it.

Python keeps no files in a browser. What a job adds to an index it yields as a part, and the page writes that:
the appended bytes first, then the replaced files, then index.json; a page that is killed between two of these
loses nothing that was committed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from goosequill.errors import SearchError
from goosequill.kernels import load_kernel
from goosequill.kernels.kernel import Floats
from goosequill.kernels.search import SearchOperations
from goosequill.search.documents.document import Block, Document
from goosequill.search.embedder import Embedder
from goosequill.search.index import Index, text_key
from goosequill.search.index_files import APPENDED, DESCRIPTION, WORDS, IndexModel
from goosequill.search.searcher import Searcher, Stage
from goosequill.search.storage import MemoryStorage, Overlay, SourceStorage, ZipStorage
from goosequill.search.thread import searched
from goosequill.search.vectors import MEMORY
from goosequill.support.progress import Progress, UnevenProgress
from goosequill.support.resources import Resource
from goosequill.weights.source import ByteSource

Part = dict[str, Any]
"""``append``: file -> ``at`` and ``data``; ``replace``: file -> bytes; ``index``: the text of index.json."""
Steps = Generator[Part | Progress, None, dict[str, Any]]

CHUNK = 256
"""Passages that are embedded between two commits."""
PIECE = 1 << 22
"""Most bytes of a file that are read at once."""
PATIENCE = 1024
"""Passages that are compared by the static table, if they were not before, while a question waits."""
WORDS_LATE = 500
"""Passages by which the kept index of words may lag behind before it is written again, at least."""


class Collection:
    """An index over what the page holds, and a searcher over it."""

    def __init__(
        self, storage: SourceStorage, search: SearchOperations, *, name: str = "", memory: int = MEMORY
    ) -> None:
        self._kept = storage
        self.storage = Overlay(storage)
        if storage.size(DESCRIPTION):
            self.index = Index.open(self.storage, search, memory=memory)
        else:
            self.index = Index.create(self.storage, search, name=name, memory=memory)
        self.searcher = Searcher(self.index, search)

    def info(self) -> dict[str, Any]:
        """Return what the page shows of the collection."""
        index = self.index
        documents = [
            {
                "document": number,
                "name": entry.name,
                "title": entry.title,
                "address": entry.address,
                "hash": entry.hash,
                "passages": entry.passages[1] - entry.passages[0],
            }
            for number, entry in ((number, index.entries[number]) for number in index.documents())
        ]
        model = index.model and {
            "name": index.model.name,
            "dimensions": index.model.dimensions,
            "fingerprint": index.model.fingerprint,
        }
        return {
            "name": index.name,
            "model": model,
            "documents": documents,
            "sources": dict(index.sources),
            "passages": sum(document["passages"] for document in documents),
            "vectors": index.embedded,
            "pending": index.pending,
            "deleted": len(index.deleted),
        }

    def read_from(self, files: Mapping[str, ByteSource] | None) -> None:
        """Read these of the index's files, which are open while a job runs, from where they are."""
        self._kept.update(files or {})

    def keep_words(self) -> None:
        """Keep the index of words, so that the collection opens without reading its texts."""
        if self.index.words_kept < len(self.index):
            self.index.update_words(self.searcher.words)
            self.index.save_words(self.searcher.words)

    def commit(self) -> Part:
        """Return what the page has to write."""
        index = self.index
        if len(index) - index.words_kept > max(WORDS_LATE, index.words_kept // 4):
            self.keep_words()
        index.commit()
        return taken(self.storage)

    def flush(self) -> Part:
        """Return what the page has to write of documents that do not count yet."""
        self.index.flush()
        return taken(self.storage)


def open_collection(
    files: Mapping[str, ByteSource] | None = None, *, name: str = "", memory: int = MEMORY
) -> Resource:
    """Open a collection from the files of its index, or a new one with a name.

    Files that are not an index's are ignored.

    Parameters
    ----------
    memory
        Bytes of vectors that are kept in memory; of more than these only the signs are.

    Raises
    ------
    SearchError
        ``index-version``, ``index-corrupt``.
    """
    known = {*APPENDED, DESCRIPTION, WORDS}
    storage = SourceStorage({key: file for key, file in (files or {}).items() if key in known})
    collection = Collection(storage, load_kernel().search, name=name, memory=memory)
    return Resource("collection", collection, collection.info())


def describe_collection(collection: Collection) -> dict[str, Any]:
    """Return what `open_collection` returned, as it is now."""
    return collection.info()


def add_document(
    collection: Collection,
    document: Mapping[str, Any],
    *,
    static: Embedder | None = None,
    embedder: Embedder | None = None,
    partial: bool = False,
) -> Steps:
    """Add a document, which can be found at once; with an embedder, also give it vectors.

    Parameters
    ----------
    document
        ``name``, ``title``, ``text``, ``blocks`` (``start``, ``end``, ``headings``, ``anchor``), ``address``
        and ``hash``, as `read_documents` yields them. One with the same name and hash as one that is there is
        not added again; with another hash it replaces that one.
    static
        The static table, by which it is found before it has vectors.
    partial
        It is one of several that replace others together: whoever opens the collection before
        `finish_source` finds it as it was.

    Returns
    -------
    dict
        ``document`` (its index), ``passages``, ``unchanged``, and whether it has ``replaced`` another.
    """
    index, name, digest = collection.index, str(document["name"]), str(document.get("hash", ""))
    found = index.find(name)
    if found is not None and digest and index.entries.hash(found) == digest:
        return _added(index, found, unchanged=True)
    if partial:
        index.hold()
    number = index.add(document_from(document), digest=digest)
    collection.searcher.static = static or collection.searcher.static
    for done in index.word_steps(collection.searcher.words):
        if done < len(index):  # a long document
            yield Progress("words", done, len(index), name)
    collection.searcher.refresh(PATIENCE)  # while nobody waits for an answer
    yield collection.flush() if partial else collection.commit()
    if embedder is not None:
        yield from embed_passages(collection, embedder)
    return _added(index, number, replaced=found is not None)


def _added(index: Index, document: int, *, unchanged: bool = False, replaced: bool = False) -> dict[str, Any]:
    first, end = index.entries[document].passages
    return {
        "document": document,
        "passages": end - first,
        "unchanged": unchanged,
        "replaced": replaced,
    }


def finish_source(
    collection: Collection, names: Sequence[str] = (), *, source: str = "", hash: str = ""
) -> Part:
    """End what `add_document` began with `partial`, and delete the documents that the source has no more.

    Parameters
    ----------
    source, hash
        The file's name and hash, if its documents have hashes of their own.
    """
    index = collection.index
    for name in names:
        index.remove(name)
    index.finish_source(source, hash)
    index.release()
    return collection.commit()


def document_from(value: Mapping[str, Any]) -> Document:
    """Return the document in a job's argument.

    Raises
    ------
    SearchError
        ``document``: its parts do not fit each other.
    """
    try:
        text = str(value["text"]).replace("\0", "").encode("utf-8", "replace").decode()
        blocks = [
            _block(block, len(text)) for block in value.get("blocks") or [{"start": 0, "end": len(text)}]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SearchError("The document has no text or no valid blocks.", code="document") from error
    if any(first.end > second.start for first, second in pairwise(blocks)):
        raise SearchError("The document's blocks overlap.", code="document")
    name = str(value["name"])
    return Document(name, str(value.get("title") or name), text, tuple(blocks), str(value.get("address", "")))


def _block(value: Mapping[str, Any], length: int) -> Block:
    start, end = int(value["start"]), int(value["end"])
    if not 0 <= start <= end <= length:
        raise ValueError("a block outside the text")
    return Block(start, end, tuple(map(str, value.get("headings", ()))), str(value.get("anchor", "")))


def embed_passages(collection: Collection, embedder: Embedder) -> Steps:
    """Give vectors to the passages that have none, a part at a time; it goes on where it was stopped.

    Raises
    ------
    SearchError
        ``index-model``: the collection has vectors of another model.
    """
    for item in embed_pending(collection.index, embedder):
        yield item if isinstance(item, Progress) else collection.commit()
    collection.keep_words()
    yield collection.commit()
    return {"vectors": collection.index.embedded}


def embed_pending(index: Index, embedder: Embedder, *, chunk: int = CHUNK) -> Iterator[Progress | None]:
    """Give vectors to the passages that have none; yield None when a chunk of them is in the index.

    Those whose text a removed document had, such as rows of a table that have moved, have its vectors.
    """
    model = IndexModel.of(embedder)
    index.check_model(model)
    total = len(index)
    earlier = index.earlier() if index.pending else {}
    while len(waiting := index.waiting(chunk)):
        vectors = np.zeros((len(waiting), model.dimensions), np.float32)
        texts = [index.embedded_text(number) for number in waiting.tolist()]
        kept = index.vectors if index.can_read_vectors else None
        found = [earlier.get(text_key(text)) if kept else None for text in texts]
        known = [at for at, each in enumerate(found) if each is not None]
        if kept and known:
            passages, scales = np.array([found[at] for at in known]).T
            vectors[known] = kept.rows(passages.astype(np.intp)) * scales[:, None]
        left = np.array([at for at, each in enumerate(found) if each is None], np.intp)
        done = index.embedded + len(known)
        lengths = index.lengths()
        work = lengths[: index.embedded].sum() + lengths[waiting[known]].sum()
        for rows, made in embedder.batches([texts[at] for at in left.tolist()]) if len(left) else ():
            vectors[left[rows]] = made
            done += len(rows)
            work += lengths[waiting[left[rows]]].sum()
            yield UnevenProgress("embed", done, total, share=float(work / lengths.sum()))
        index.add_vectors(vectors, model, waiting)  # documents may have been removed meanwhile
        yield None


def pending_texts(collection: Collection, *, count: int = 64) -> dict[str, Any]:
    """Return the next passages without a vector, for an embedder outside Python.

    Returns
    -------
    dict
        ``texts``, their ``passages``, and ``pending``: how many have none in all.
    """
    index = collection.index
    waiting = index.waiting(max(1, min(count, 4096))).tolist()
    texts = [index.embedded_text(number) for number in waiting]
    return {"texts": texts, "passages": waiting, "pending": index.pending}


def add_vectors(
    collection: Collection, vectors: Floats, passages: Sequence[int], made_by: Mapping[str, Any]
) -> Part:
    """Add vectors that were made outside Python, of `passages` that `pending_texts` returned.

    Those of documents that were removed meanwhile are left out.

    Raises
    ------
    SearchError
        ``index-model``, ``vectors``.
    """
    model = IndexModel(str(made_by["name"]), int(made_by["dimensions"]), str(made_by["fingerprint"]))
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    if len(passages) != len(unit):
        raise SearchError(
            f"{len(unit):,} vectors were returned for {len(passages):,} passages.", code="vectors"
        )
    collection.index.add_vectors(unit, model, np.array(passages, np.intp))
    return collection.commit()


def remove_documents(collection: Collection, names: Sequence[str]) -> Part:
    """Delete documents by their names; unknown ones are ignored."""
    for name in names:
        collection.index.remove(name)
    return collection.commit()


def restore_documents(
    collection: Collection, names: Sequence[str], *, instead: bool = False, without: Sequence[str] = ()
) -> Part:
    """Undo the deletion of documents, as long as the collection was not compacted; unknown names are ignored.

    The page opens the collection again after that: in memory their words and vectors are gone.

    Parameters
    ----------
    instead
        Whether those come back, too, whose names other documents have now, which are deleted.
    without
        Names of documents to delete: rows that came with those.
    """
    for name in without:
        collection.index.remove(name)
    collection.index.restore(names, instead=instead)
    return collection.commit()


def rename_collection(collection: Collection, name: str) -> Part:
    """Give the collection another name."""
    collection.index.name = name
    return collection.commit()


def compact_collection(collection: Collection, files: Mapping[str, ByteSource] | None = None) -> Steps:
    """Yield the parts of a new index without what was deleted, for an empty folder.

    `files` as in `search`.
    """
    collection.read_from(files)
    target = Overlay(MemoryStorage())
    total = len(collection.index.documents())
    for fresh in collection.index.compacted(target):
        fresh.commit()
        yield taken(target)
        yield Progress("compact", len(fresh.entries), total)
        collection.read_from(files)  # a question in between has closed its own
    return {"name": fresh.name, "documents": total, "passages": len(fresh)}


def taken(storage: Overlay) -> Part:
    """Return what was written to a storage since the last time, as the page writes it."""
    appended, replaced = storage.take()
    index = replaced.pop(DESCRIPTION, b"").decode()
    append = {name: {"at": offset, "data": data} for name, (offset, data) in appended.items()}
    return {"append": append, "replace": replaced, "index": index}


def export_collection(collection: Collection, files: Mapping[str, ByteSource] | None = None) -> Steps:
    """Yield the bytes of a zip, not compressed, with the collection's index: ``{"data": bytes}``.

    `files` as in `search`.
    """
    text = collection.index.commit().encode()  # what is added from here on is not in the export
    sink, total = _Sink(), 0
    storage, lengths = collection.storage, collection.index.description().lengths
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, length in lengths.items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=length > 1 << 30) as entry:
                for at in range(0, length, PIECE):
                    collection.read_from(files)  # a question in between has closed its own
                    entry.write(storage.read(name, at, min(PIECE, length - at)))
                    data = sink.take()
                    total += len(data)
                    yield {"data": data}
        archive.writestr(zipfile.ZipInfo(DESCRIPTION), text)
    data = sink.take()
    yield {"data": data}
    return {"bytes": total + len(data)}


class _Sink:
    """A file that hands on what is written to it; it cannot be sought in."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes, /) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        data, self._written = bytes(self._written), bytearray()
        return data


def import_collection(files: Mapping[str, ByteSource]) -> Steps:
    """Check an exported collection and yield the parts of its index, for an empty folder.

    Raises
    ------
    SearchError
        ``index-missing``, ``index-version``, ``index-corrupt``: the file is not a valid export.
    """
    if len(files) != 1:
        raise SearchError("An export is a single file.", code="index-missing")
    storage = ZipStorage(next(iter(files.values())))
    index = Index.open(storage, load_kernel().search)
    description = index.description()
    total, done = sum(description.lengths.values()), 0
    for name, length in description.lengths.items():
        for at in range(0, length, PIECE):
            data = bytes(storage.read(name, at, min(PIECE, length - at)))
            done += len(data)
            yield {"append": {name: {"at": at, "data": data}}, "replace": {}, "index": ""}
            yield Progress("import", done, total)
    yield {"append": {}, "replace": {}, "index": description.to_json()}
    return {"name": index.name, "documents": len(index.documents()), "passages": len(index)}


def search(
    collection: Collection,
    question: str,
    *,
    count: int = 10,
    stage: Stage = "static",
    static: Embedder | None = None,
    embedder: Embedder | None = None,
    question_vector: Floats | None = None,
    within: int | None = None,
    former: str = "",
    files: Mapping[str, ByteSource] | None = None,
) -> dict[str, Any]:
    """Ask a collection; see `goosequill.search.searcher.Searcher.ask`.

    Parameters
    ----------
    former
        The question before, which this one may follow (`goosequill.search.thread`).
    files
        vectors.bin, if it was not given to `open_collection` for longer than that job: vectors that exceed
        the memory are read from there.

    Returns
    -------
    dict
        ``hits``, ``state``: whether one fits, ``likelihood`` (null where it was not measured), ``stage``: the
        one that was reached with the models that are there, ``searched``: the question with what it follows,
        ``seconds``: what this stage took, ``pending``:
        how many passages the index's model has not read, and ``unread``: how many of those the static table
        has not either. Whoever asks again gets better results.
    """
    started = perf_counter()
    question = searched(question, former)
    collection.read_from(files)
    searcher = collection.searcher
    searcher.static, searcher.full = static or searcher.static, embedder or searcher.full
    found = searcher.ask(
        question, count=count, stage=stage, vector=question_vector, within=within, patience=PATIENCE
    )
    return {
        "hits": found.hits,
        "state": found.state,
        "likelihood": found.likelihood,
        "stage": found.stage,
        "searched": question,
        "seconds": perf_counter() - started,
        "pending": len(searcher.index) - searcher.index.embedded,
        "unread": searcher.unread,
    }


def document_text(collection: Collection, document: int) -> dict[str, Any]:
    """Return a document as it was read, with its passages.

    Raises
    ------
    SearchError
        ``document``: there is no such document.
    """
    index = collection.index
    if not 0 <= document < len(index.entries) or document in index.deleted:
        raise SearchError("The document is no longer in the collection.", code="document")
    entry = index.entries[document]
    blocks = [
        {"start": start, "end": end, "headings": list(trail)} for start, end, trail in index.blocks(document)
    ]
    passages = (index.passage(number) for number in range(*entry.passages))
    return {
        "document": document,
        "name": entry.name,
        "title": entry.title,
        "address": entry.address,
        "text": index.text(document),
        "blocks": blocks,
        "passages": [[passage.start, passage.end] for passage in passages],
    }
