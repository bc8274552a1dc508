"""Keeps passages and vectors in LanceDB, for more of them than one folder should hold, and asks it.

A row is a passage. What was indexed is known by the name and hash of each document, so a run that is
interrupted continues with the documents that are missing. Ranking is that of `searcher`: cosines and BM25,
each in standard deviations above its mean, added with a weight; only the candidates of both come from
LanceDB, whose BM25 differs a little from ours. Natively only, with the extra ``lancedb``.
"""

from __future__ import annotations

import importlib
import json
import math
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.search.bm25 import stems, word_matches
from goosequill.search.calibration import JUDGED, likelihood, names, state
from goosequill.search.documents import Skipped, Source
from goosequill.search.documents.document import Document, source_of
from goosequill.search.embedder import Embedder, unit_rows
from goosequill.search.fusion import FULL_WEIGHT, STATIC_WEIGHT, Moments
from goosequill.search.hits import FUNCTION_STEMS, Hit, closeness
from goosequill.search.index_files import IndexModel, model_of
from goosequill.search.indexing import Changes
from goosequill.search.passages import Passage, embedded_text, passages
from goosequill.search.searcher import MAX_COUNT, MAX_QUESTION, MOST_MORE, NEAR, Results
from goosequill.search.vectors import SAMPLE
from goosequill.support.budget import Budget

TABLE = "goosequill_passages"
VERSION = 1
BATCH = 2048
"""Passages that are embedded and written at once, and lost by a kill."""
DEPTH = 1000
"""Candidates by meaning and by words, each."""
_META = b"goosequill"
_SHOWN = ["document", "title", "address", "heading", "text", "start", "end", "indexed", "vector"]


class Known(NamedTuple):
    """A document in the table: its hash, and whether it is the last one of its source."""

    hash: str
    last: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A passage on its way into the table; `last`: its document is the last one of its source.

    `hash` is the source's. A row of a table has one of its own; that of the last one also has the table's and
    the number of its rows, and is written when all others are there.
    """

    document: Document
    hash: str
    passage: Passage
    last: bool

    @property
    def text(self) -> str:
        return self.document.text[self.passage.start : self.passage.end]

    @property
    def indexed(self) -> str:
        return embedded_text(self.document.title, self.passage.heading, self.text)


class LanceStore:
    """The table of one database.

    Parameters
    ----------
    uri
        A folder, or an address that LanceDB understands, such as ``s3://bucket/path``.

    Raises
    ------
    SearchError
        ``no-lancedb``: the package is not installed. ``lancedb``: the database cannot be opened.
        ``index-version``: a newer Goosequill made the table.
    """

    def __init__(self, uri: str) -> None:
        try:
            self._lancedb: Any = importlib.import_module("lancedb")
            self._arrow: Any = importlib.import_module("pyarrow")
        except ImportError as error:
            raise SearchError("This needs the package lancedb.", code="no-lancedb") from error
        self.uri = uri
        self._table: Any = None
        self.model: IndexModel | None = None
        with self._reading():
            self._database = self._lancedb.connect(uri)
            if TABLE in self._database.list_tables(limit=1000).tables:
                self._table = self._database.open_table(TABLE)
                self.model = _read_model(self._table.schema.metadata, uri)
                if not self._table.schema.equals(self._schema(self.model)):
                    raise _foreign(uri)

    def __len__(self) -> int:
        """Return how many passages there are."""
        with self._reading():
            return int(self._table.count_rows()) if self._table is not None else 0

    def totals(self) -> dict[str, int]:
        """Return how many passages there are, as a `goosequill.search.stores.Store` says it."""
        return {"passages": len(self)}

    def update(
        self, sources: Iterable[Source], workers: Any, skipped: list[Skipped], stopped: threading.Event
    ) -> Iterator[Changes]:
        """Bring the table up to date with sources (see `goosequill.search.stores.Store`)."""
        with workers(BATCH) as (embedder, _):
            for changes in take_in(self, sources, embedder, skipped):
                yield changes
                if stopped.is_set():
                    break

    def known(self) -> dict[str, Known]:
        """Return what is there of each document, by its name."""
        if self._table is None:
            return {}
        found: dict[str, Known] = {}
        with self._reading():
            rows = self._table.search().select(["document", "hash", "last"]).where("first").limit(len(self))
            for batch in rows.to_batches():
                columns = (_full(batch[name].to_pylist()) for name in ("document", "hash", "last"))
                found.update({name: Known(digest, last) for name, digest, last in zip(*columns, strict=True)})
        return found

    def check_model(self, model: IndexModel) -> None:
        """Refuse vectors of another model.

        Raises
        ------
        SearchError
            ``index-model``.
        """
        if self.model is not None and self.model.fingerprint != model.fingerprint:
            raise SearchError(
                f"{self.uri} was made with {self.model.name}, or with another version of {model.name}.",
                code="index-model",
            )

    def add(self, rows: Sequence[Row], vectors: Floats, model: IndexModel) -> None:
        """Add the passages of whole documents, in place of documents of the same names.

        Parameters
        ----------
        vectors
            Float32 [rows, dimensions], each of length 1.

        Raises
        ------
        SearchError
            ``index-model``, ``vectors``.
        """
        self.check_model(model)
        if not np.isfinite(vectors).all() or vectors.shape != (len(rows), model.dimensions):
            raise SearchError("The vectors do not match the passages.", code="vectors")
        if self._table is None:
            self._table = self._database.create_table(TABLE, schema=self._schema(model), exist_ok=True)
            self.model = model
        else:
            self.remove({row.document.name for row in rows})
        self._table.add(self._arrow.table(self._columns(rows, vectors), schema=self._table.schema))

    def remove(self, names: Iterable[str]) -> None:
        """Remove documents by name; those that are not there are ignored."""
        ordered = sorted(names)
        for start in range(0, len(ordered) if self._table is not None else 0, 500):
            quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in ordered[start : start + 500])
            self._table.delete(f"document IN ({quoted})")

    def finish(self) -> None:
        """Index the words of what was added since the last time, and merge small files."""
        if self._table is None:
            return
        if self._table.list_indices():
            self._table.optimize()
        else:
            words = importlib.import_module("lancedb.index").FTS()
            self._table.create_index("indexed", config=words)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn what LanceDB raises for a damaged database into an error of ours."""
        try:
            yield
        except SearchError:
            raise
        except Exception as error:
            raise SearchError(f"{self.uri} cannot be read: {str(error)[:300]}.", code="lancedb") from error

    def _schema(self, model: IndexModel) -> Any:
        pa = self._arrow
        texts = ("document", "hash", "title", "address", "heading", "text", "indexed")
        fields = [pa.field(name, pa.string()) for name in texts]
        fields += [pa.field(name, pa.bool_()) for name in ("first", "last")]
        fields += [pa.field(name, pa.int64()) for name in ("start", "end")]
        fields.append(pa.field("vector", pa.list_(pa.float32(), model.dimensions)))
        return pa.schema(fields, metadata={_META: json.dumps({"version": VERSION, "model": asdict(model)})})

    def _columns(self, rows: Sequence[Row], vectors: Floats) -> dict[str, Any]:
        names = [row.document.name for row in rows]
        flat = self._arrow.array(np.ascontiguousarray(vectors, np.float32).ravel())
        return {
            "document": names,
            "hash": [row.hash for row in rows],
            "title": [row.document.title for row in rows],
            "address": [row.document.address for row in rows],
            "heading": [row.passage.heading for row in rows],
            "text": [row.text for row in rows],
            "indexed": [row.indexed for row in rows],
            "first": [at == 0 or names[at] != names[at - 1] for at in range(len(names))],
            "last": [row.last for row in rows],
            "start": [row.passage.start for row in rows],
            "end": [row.passage.end for row in rows],
            "vector": self._arrow.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        }

    def ask(
        self,
        question: str,
        *,
        static: Embedder | None = None,
        full: Embedder | None = None,
        count: int = 10,
    ) -> Results:
        """Return the documents that fit a question best, each with its best passage.

        Parameters
        ----------
        static, full
            The model that made the vectors, or one that shares its space, such as the static table; of two,
            `full` is asked.
        count
            Documents to return, 1 to 1,000.

        Raises
        ------
        SearchError
            ``index-missing``: nothing was indexed. ``index-model``: the vectors are another model's.
            ``question``: `count` is out of range.
        """
        if not 1 <= count <= MAX_COUNT:
            raise SearchError(f"{count:,} is not a possible number of results.", code="question")
        embedder = full or static
        if self._table is None or self.model is None or embedder is None:
            raise SearchError(f"{self.uri} has no passages.", code="index-missing")
        exact = embedder.fingerprint == self.model.fingerprint
        if not exact and (not self.model.space or embedder.space != self.model.space):
            self.check_model(IndexModel.of(embedder))
        question = question[:MAX_QUESTION]
        asked = embedder.question(question)
        asked = np.pad(asked, (0, self.model.dimensions - len(asked)))
        with self._reading():
            rows, words = self._candidates(question, asked, max(DEPTH, 4 * count))
            moments = Moments.of(self._sample() @ asked)
        weight = FULL_WEIGHT if exact and embedder.name != "static-minilm" else STATIC_WEIGHT
        most = max(count, JUDGED)
        found = _hits(rows, question, asked, most, (moments, _moments(words, len(self)), weight))
        models = (self.model.name, embedder.name)
        hits = [_judged(hit, models, named=named) for hit, named in found]
        first = hits[:JUDGED]
        closest = max((float(np.dot(row["vector"], asked)) for row in rows), default=0.0)
        best = likelihood(closest, *models)
        fits = state(best, named=any(named for _, named in found[:JUDGED])) if first else "nothing"
        return Results(hits[:count], fits, best, "full" if exact else "static")

    def _candidates(self, question: str, asked: Floats, depth: int) -> tuple[list[dict[str, Any]], Floats]:
        """Return the nearest rows and those with the most of the words, and the latter's scores."""
        near = self._table.search(asked).distance_type("dot").select([*_SHOWN, "_distance"]).with_row_id(True)
        rows = {row["_rowid"]: row for row in near.limit(depth).to_list()}
        words: list[float] = []
        if stems(question):
            match = importlib.import_module("lancedb.query").MatchQuery(question, "indexed")
            found = self._table.search(match, query_type="fts").select([*_SHOWN, "_score"]).with_row_id(True)
            for row in found.limit(depth).to_list():
                words.append(float(row["_score"]))
                rows.setdefault(row["_rowid"], row)["_score"] = row["_score"]
        for row in rows.values():
            _full(row[name] for name in _SHOWN)
        return list(rows.values()), np.array(words, np.float32)

    def _sample(self) -> Floats:
        """Return the vectors of evenly spaced rows."""
        total = len(self)
        chosen = np.unique(np.linspace(0, total - 1, min(total, SAMPLE)).astype(int)).tolist()
        column = self._table.take_offsets(chosen).select(["vector"]).to_arrow()["vector"].combine_chunks()
        flat: Floats = column.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(column), -1)


def _read_model(metadata: dict[bytes, bytes] | None, uri: str) -> IndexModel:
    try:
        described = Budget(values=1_000).json((metadata or {})[_META])
        version, model = described["version"], model_of(described["model"])
    except (KeyError, TypeError, ValueError, SearchError) as error:
        raise _foreign(uri) from error
    if version != VERSION:
        raise SearchError(f"The table in {uri} has the version {str(version)[:20]}.", code="index-version")
    if model is None:
        raise _foreign(uri)
    return model


def _foreign(uri: str) -> SearchError:
    return SearchError(f"The table {TABLE} in {uri} was not made by Goosequill.", code="lancedb")


def _full(values: Iterable[Any]) -> list[Any]:
    """Return values of a table, none of which is missing."""
    found = list(values)
    if None in found:
        raise ValueError("a value is missing")
    return found


def _moments(words: Floats, total: int) -> Moments:
    """Return the mean and deviation of scores over all rows, of which those without a word have 0."""
    mean = float(words.sum(dtype=np.float64)) / total
    return Moments(
        mean, math.sqrt(max(0.0, float(np.square(words, dtype=np.float64).sum()) / total - mean * mean))
    )


def _hits(
    rows: list[dict[str, Any]],
    question: str,
    asked: Floats,
    count: int,
    ranking: tuple[Moments, Moments, float],
) -> list[tuple[Hit, bool]]:
    """Return the best passage of each of the best documents, and whether it contains the name asked for.

    Further passages are as in `goosequill.search.searcher`, but a section is known by its headings alone.
    """
    if not rows:
        return []
    near, worded, weight = ranking
    cosines = np.array([row["vector"] for row in rows], np.float32) @ asked
    words = np.array([row.get("_score") or 0.0 for row in rows], np.float32)
    scores = near.z(cosines) + np.float32(weight) * worded.z(words)
    wanted = stems(question)
    found: dict[str, tuple[Hit, bool]] = {}
    for place, at in enumerate(np.argsort(-scores, kind="stable").tolist()):
        row = rows[at]
        best = found[row["document"]][0] if row["document"] in found else None
        if best is None or (
            place < count
            and len(best.more) < MOST_MORE
            and scores[at] >= NEAR * best.score
            and all(row["heading"] != each.heading for each in (best, *best.more))
        ):
            spans = [
                (start, end)
                for start, end, stem in word_matches(row["text"], wanted)
                if stem not in FUNCTION_STEMS
            ]
            shared = list(dict.fromkeys(row["text"][start:end].lower() for start, end in spans))
            named = names(wanted, stems(row["indexed"]))
            hit = Hit(
                document=-1,
                name=row["document"],
                title=row["title"],
                address=row["address"],
                passage=int(row["_rowid"]),
                score=float(scores[at]),
                cosine=float(cosines[at]),
                likelihood=None,
                words=float(words[at]),
                text=row["text"],
                start=row["start"],
                end=row["end"],
                heading=row["heading"],
                closeness="",
                shared=shared,
                common=bool(words[at]),
                distant=False,
                matched=[[row["start"] + start, row["start"] + end] for start, end in spans],
            )
            if best is None:
                found[row["document"]] = hit, named
            else:
                best.more.append(hit)
        if len(found) == count:
            break
    return list(found.values())


def _judged(hit: Hit, models: tuple[str, str], *, named: bool) -> Hit:
    """Return a hit with its likelihood, and those of its further passages that are not distant."""
    chance = likelihood(hit.cosine or 0.0, *models)
    distant = state(chance, named=named) == "nothing"
    more = [each for each in (_judged(one, models, named=named) for one in hit.more) if not each.distant]
    return replace(hit, likelihood=chance, closeness=closeness(chance), distant=distant, more=more)


def take_in(
    store: LanceStore, sources: Iterable[Source], embedder: Embedder, skipped: list[Skipped]
) -> Iterator[Changes]:
    """Bring a store up to date with sources: what is unchanged is passed over, what is gone is removed.

    Yields after each batch; whoever stops there, or is killed, loses what the batch after it had.

    Parameters
    ----------
    skipped
        Gets what cannot be read; its documents stay as they were.
    """
    store.check_model(IndexModel.of(embedder))
    known, changes, writer = store.known(), Changes(), _BatchWriter(store, embedder)
    by_source: dict[str, set[str]] = {}
    for name in known:
        for source_name in {name, source_of(name)}:
            by_source.setdefault(source_name, set()).add(name)
    seen: set[str] = set()
    for source in sources:
        changes.sources += 1
        old = by_source.get(source.name, set())
        if _is_current(source, [known[name] for name in old]):
            seen |= old
            changes.unchanged += len(old)
            continue
        try:
            for count, (document, last) in enumerate(_with_last(source.documents()), 1):
                seen.add(document.name)
                digest = source.digest(document) + (_of_table(source, count) if last else "")
                if known.get(document.name) == (digest, last):
                    changes.unchanged += 1
                    continue
                if source.has_rows:  # whose end would say that all rows are its
                    store.remove(name for name in old if known[name].last)
                    old = set()
                changes.added += 1
                if writer.add(document, digest, last=last):
                    yield changes
        except SearchError as error:
            skipped.append(Skipped.because(source.name, error))
            seen |= by_source.get(source.name, set())
    writer.flush()
    gone = [name for name in known if name not in seen and not any(each.has(name) for each in skipped)]
    store.remove(gone)
    changes.removed = len(gone)
    store.finish()
    yield changes


def _is_current(source: Source, old: Sequence[Known]) -> bool:
    """Return whether all documents of a source are there, and no others of its name."""
    if not any(each.last for each in old):
        return False
    end = _of_table(source, len(old))
    return all(each.hash == source.hash for each in old) or bool(
        end and any(each.last and each.hash.endswith(end) for each in old)
    )


def _of_table(source: Source, rows: int) -> str:
    """Return what the hash of a table's last row ends with; "" for other sources."""
    return f" {source.hash} {rows}" if source.has_rows else ""


def _with_last(documents: Iterable[Document]) -> Iterator[tuple[Document, bool]]:
    """Yield each document, and whether it is the last one."""
    waiting: Document | None = None
    for document in documents:
        if waiting is not None:
            yield waiting, False
        waiting = document
    if waiting is not None:
        yield waiting, True


class _BatchWriter:
    """Collects passages and embeds and writes them in batches of whole documents."""

    def __init__(self, store: LanceStore, embedder: Embedder) -> None:
        self._store, self._embedder = store, embedder
        self._waiting: list[Row] = []

    def add(self, document: Document, digest: str, *, last: bool) -> bool:
        """Take a document; returns whether a batch was written."""
        self._waiting += [Row(document, digest, passage, last) for passage in passages(document)]
        if len(self._waiting) < BATCH:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Write what is waiting."""
        if self._waiting:
            vectors = unit_rows(self._embedder.embed([row.indexed for row in self._waiting]))
            self._store.add(self._waiting, vectors, IndexModel.of(self._embedder))
            self._waiting = []
