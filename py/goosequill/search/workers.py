"""Embeds texts in several processes, or on the workers of a Dask cluster, as any other embedder does.

What indexes with an embedder is parallel by that alone; what is resumable stays so, since the index is still
written here. Natively only.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from goosequill.evaluation.cluster import connect
from goosequill.search.collection import CHUNK
from goosequill.search.embedder import Batch, BatchEmbedder, Embedder, Floats
from goosequill.search.embedders import open_folder

POOLED = 500
"""Passages from which several processes are worth their start."""
SLICE, TASK = 16, 64
"""Texts that a process and a cluster's worker get at once."""
CLUSTER_CHUNK = 8192
"""Passages that a cluster gets at once."""


@contextlib.contextmanager
def work_in_parallel(
    embedder: Embedder, folder: Path | None, passages: int, *, jobs: int | None = None, scheduler: str | None
) -> Iterator[tuple[Embedder, int]]:
    """Yield an embedder that uses a cluster or several processes, where that is asked for or worthwhile.

    With it comes how many passages it should get at once.

    Parameters
    ----------
    folder
        The embedder's, which the others open too; None if it has none, and stays alone.
    passages
        How many are to be embedded.
    jobs
        The number of processes; None is one for each core.
    scheduler
        The address of a cluster, or nothing.

    Raises
    ------
    SettingsError
        ``no-dask``, ``no-cluster``.
    """
    jobs = (os.cpu_count() or 1) if jobs is None else jobs
    with contextlib.ExitStack() as stack:
        if scheduler and folder is not None:
            client = stack.enter_context(connect(scheduler))
            yield ClusterEmbedder(embedder, folder, client), CLUSTER_CHUNK
        elif jobs > 1 and passages > POOLED and embedder.name == "minilm-l6" and folder is not None:
            pool = ProcessPoolExecutor(jobs, initializer=_ignore_interrupts)
            stack.callback(pool.shutdown, cancel_futures=True)
            yield PoolEmbedder(embedder, folder, pool), CHUNK
        else:
            yield embedder, CHUNK


class _Elsewhere(BatchEmbedder):
    """The embedder in a folder, which workers open as well; questions are embedded here.

    Parameters
    ----------
    embedder
        The same one, opened here.
    workers
        A pool of processes, or a cluster's client.
    """

    def __init__(self, embedder: Embedder, folder: Path, workers: Any) -> None:
        self.name, self.dimensions = embedder.name, embedder.dimensions
        self.fingerprint, self.space = embedder.fingerprint, embedder.space
        self._folder, self._workers, self._here = str(folder.resolve()), workers, embedder

    def question(self, text: str) -> Floats:
        """Return the vector of a question, which is not worth the way."""
        return self._here.question(text)


class PoolEmbedder(_Elsewhere):
    """A model that runs in several processes."""

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield batches of vectors, as they are ready."""
        waiting = {
            self._workers.submit(embed_here, self._folder, list(texts[first : first + SLICE])): first
            for first in range(0, len(texts), SLICE)
        }
        for done in as_completed(waiting):
            vectors = done.result()
            first = waiting[done]
            yield list(range(first, first + len(vectors))), vectors


class ClusterEmbedder(_Elsewhere):
    """A model that runs on a cluster's workers, which must find its folder at the same path."""

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield (indices of texts, their vectors), in the order in which the workers finish."""
        distributed: Any = importlib.import_module("distributed")
        ordered = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        parts = [ordered[start : start + TASK] for start in range(0, len(ordered), TASK)]
        futures = {
            self._workers.submit(embed_here, self._folder, [texts[row] for row in part], pure=False): part
            for part in parts
        }
        try:
            for future, vectors in distributed.as_completed(futures, with_results=True):
                yield futures[future], vectors
        finally:
            self._workers.cancel(list(futures))  # of a run that was interrupted


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others


@functools.lru_cache(maxsize=2)
def _opened(folder: str) -> Embedder:
    """Open a model once per process."""
    return open_folder(folder)


def embed_here(folder: str, texts: Sequence[str]) -> Floats:
    """Return the vectors of texts, on a worker."""
    return _opened(folder).embed(texts)
