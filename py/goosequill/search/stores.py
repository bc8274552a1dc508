"""Where passages and their vectors are kept: in a folder (`index`), or in LanceDB (`lancedb_store`).

Commands know only a `Store`. Natively only; a page has collections.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

from goosequill.kernels.search import SearchOperations
from goosequill.search import web
from goosequill.search.collection import embed_pending
from goosequill.search.documents import Skipped, Source
from goosequill.search.embedder import Embedder
from goosequill.search.index import Index
from goosequill.search.index_files import IndexModel
from goosequill.search.indexing import Changes, open_folder, take_in, tidied
from goosequill.search.lancedb_store import LanceStore
from goosequill.search.searcher import Results, Searcher
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import FolderStorage
from goosequill.support.progress import Progress

LANCEDB = "lancedb:"
"""What the address of a LanceDB database begins with; others are folders."""
COMMIT_SECONDS = 3.0
"""Work that a kill may lose."""

Workers = Callable[[int], AbstractContextManager[tuple[Embedder, int]]]
"""From a number of passages to an embedder for them, and how many it should get at once."""
_Step = TypeVar("_Step")


class Store(Protocol):
    """Passages with their vectors, which are brought up to date with documents, and asked."""

    @property
    def model(self) -> IndexModel | None:
        """What made the vectors; None if there are none."""

    def check_model(self, model: IndexModel) -> None:
        """Refuse vectors of another model: ``index-model``."""

    def totals(self) -> dict[str, int]:
        """Return how much is kept, by what is counted."""

    def update(
        self, sources: Iterable[Source], workers: Workers, skipped: list[Skipped], stopped: threading.Event
    ) -> Iterator[Changes | Progress]:
        """Add what is new or has changed and remove what is gone; yield the changes so far, and the progress.

        Parameters
        ----------
        skipped
            Gets what cannot be read; `sources` may add to it as well.
        stopped
            Once it is set, what is begun is finished and kept, and the rest is left to the next time.
        """

    def ask(self, question: str, *, static: Embedder | None, full: Embedder | None, count: int) -> Results:
        """Return the documents that fit a question best.

        Parameters
        ----------
        static, full
            The static table and the model that made the vectors, as far as they are there and needed.

        Raises
        ------
        SearchError
            ``index-model``, ``question``; see `goosequill.search.searcher.Searcher.ask`.
        """


class FolderStore:
    """The index in a folder.

    Parameters
    ----------
    table
        The static table with which pages search web/, a folder in the folder; without one, it is not written.
    site
        What the documents' addresses are relative to, seen from the folder.
    """

    def __init__(
        self,
        index: Index,
        path: Path,
        search: SearchOperations,
        table: Embedder | None = None,
        site: str = "../",
    ) -> None:
        self.index, self._path, self._search, self._table = index, path, search, table
        self._site = site

    @property
    def model(self) -> IndexModel | None:
        return self.index.model

    def check_model(self, model: IndexModel) -> None:
        self.index.check_model(model)

    def totals(self) -> dict[str, int]:
        return {"documents": len(self.index.documents()), "passages": self.index.live}

    def update(
        self, sources: Iterable[Source], workers: Workers, skipped: list[Skipped], stopped: threading.Event
    ) -> Iterator[Changes | Progress]:
        yield from self._until(stopped, take_in(self.index, sources, skipped))
        if not stopped.is_set():
            with workers(self.index.pending) as (embedder, chunk):
                yield from self._until(stopped, embed_pending(self.index, embedder, chunk=chunk))
        self.index.commit()
        if not stopped.is_set():
            self._finish()

    def _until(self, stopped: threading.Event, steps: Iterable[_Step | None]) -> Iterator[_Step]:
        """Yield steps, and commit now and then, until it is time to stop."""
        committed = time.monotonic()
        for step in steps:
            if step is not None:
                yield step
            if isinstance(step, Progress):
                continue  # some of a chunk's vectors, which are not in the index yet
            if stopped.is_set():
                break
            if time.monotonic() - committed > COMMIT_SECONDS:
                self.index.commit()
                committed = time.monotonic()

    def _finish(self) -> None:
        """Keep the index's words, compact it if that is due, and write web/ and the element that reads it."""
        target, table, model = self._path / "web", self._table, self.index.model
        if not self.index.documents() or model is None or table is None or table.space != model.space:
            table = None
        self.index = tidied(self.index, self._path, published=table is not None or target.is_dir())
        if isinstance(table, StaticTable):
            web.write(self.index, table, FolderStorage(target), site=self._site)
            web.copy_scripts(self._path, web.ELEMENT)

    def ask(self, question: str, *, static: Embedder | None, full: Embedder | None, count: int) -> Results:
        searcher = Searcher(self.index, self._search, static=static, full=full)
        return searcher.ask(question, count=count)


def open_store(where: str, search: SearchOperations) -> Store:
    """Open the index at an address, to ask it.

    Raises
    ------
    SearchError
        ``index-missing``, ``index-version``, ``index-corrupt``; ``no-lancedb``, ``lancedb``.
    """
    if where.startswith(LANCEDB):
        return LanceStore(where.removeprefix(LANCEDB))
    return FolderStore(Index.open(FolderStorage(Path(where)), search), Path(where), search)


def make_store(
    where: str, search: SearchOperations, *, name: str = "", table: Embedder | None = None, site: str = "../"
) -> Store:
    """Open the index at an address to update it, or make a new one.

    Parameters
    ----------
    name
        The index's, unless it is empty; a database has none.
    table, site
        See `FolderStore`.

    Raises
    ------
    SearchError
        As for `open_store`; ``output``: the folder has other files, but no index.
    """
    if where.startswith(LANCEDB):
        return LanceStore(where.removeprefix(LANCEDB))
    return FolderStore(open_folder(Path(where), search, name=name), Path(where), search, table, site)
