"""Embeds texts in several processes."""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from types import TracebackType

from goosequill.search.embedder import Batch, BatchEmbedder, Embedder, Floats
from goosequill.search.embedders import open_folder

SLICE = 16
"""Texts that a process embeds at once."""


class PoolEmbedder(BatchEmbedder):
    """The embedder in a folder, in several processes; close it by leaving its `with` block.

    Parameters
    ----------
    embedder
        The same one, opened here.
    jobs
        The number of processes.
    """

    def __init__(self, embedder: Embedder, folder: Path, *, jobs: int) -> None:
        self.name, self.dimensions = embedder.name, embedder.dimensions
        self.fingerprint, self.space = embedder.fingerprint, embedder.space
        self._folder = str(folder)
        self._pool = ProcessPoolExecutor(jobs, initializer=_ignore_interrupts)

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield batches of vectors, as they are ready."""
        waiting = {
            self._pool.submit(_embed, self._folder, list(texts[first : first + SLICE])): first
            for first in range(0, len(texts), SLICE)
        }
        for done in as_completed(waiting):
            vectors = done.result()
            first = waiting[done]
            yield list(range(first, first + len(vectors))), vectors

    def __enter__(self) -> PoolEmbedder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others


@functools.lru_cache(maxsize=1)
def _opened(folder: str) -> Embedder:
    return open_folder(folder)


def _embed(folder: str, texts: list[str]) -> Floats:
    return _opened(folder).embed(texts)
