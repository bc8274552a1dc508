"""Embeds texts on the workers of an existing Dask cluster, behind the protocol of any embedder.

Whatever indexes with an embedder spreads over the cluster by that alone; what is resumable stays so, since
the index is still written here.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from goosequill.search.embedder import Batch, BatchEmbedder, Embedder, Floats
from goosequill.search.embedders import open_folder

TASK = 64
"""Texts of one task."""


@functools.lru_cache(maxsize=2)
def _opened(folder: str) -> Embedder:
    """Open a model once per process."""
    return open_folder(folder)


def embed_here(folder: str, texts: Sequence[str]) -> Floats:
    """Return the vectors of texts, on a worker."""
    return _opened(folder).embed(texts)


class ClusterEmbedder(BatchEmbedder):
    """A model that runs on a cluster's workers, which must find its folder at the same path.

    Parameters
    ----------
    folder
        Of the model; questions are embedded here.
    client
        Of the cluster; see `goosequill.evaluation.cluster.connect`.
    """

    def __init__(self, folder: Path, client: Any) -> None:
        self._folder, self._client = str(folder.resolve()), client
        self._here = open_folder(folder)
        self.name, self.dimensions = self._here.name, self._here.dimensions
        self.fingerprint, self.space = self._here.fingerprint, self._here.space

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Yield (indices of texts, their vectors), in the order in which the workers finish."""
        distributed: Any = importlib.import_module("distributed")
        ordered = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        parts = [ordered[start : start + TASK] for start in range(0, len(ordered), TASK)]
        futures = {
            self._client.submit(embed_here, self._folder, [texts[row] for row in part], pure=False): part
            for part in parts
        }
        try:
            for future, vectors in distributed.as_completed(futures, with_results=True):
                yield futures[future], vectors
        finally:
            self._client.cancel(list(futures))  # of a run that was interrupted

    def question(self, text: str) -> Floats:
        """Return the vector of a question, which is not worth a way to the cluster."""
        return self._here.question(text)
