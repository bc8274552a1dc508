"""Several processes give the vectors that one gives."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from goosequill.search.embedders import open_folder
from goosequill.search.workers import PoolEmbedder

FOLDER = Path(__file__).parents[3] / "site" / "models" / "minilm-static"


def test_processes_give_the_vectors_of_one() -> None:
    embedder = open_folder(FOLDER)
    texts = [f"Sentence {number} is about the {word}." for number in range(25) for word in ("sea", "engine")]
    with ProcessPoolExecutor(2) as processes:
        pool = PoolEmbedder(embedder, FOLDER, processes)
        assert (pool.fingerprint, pool.space) == (embedder.fingerprint, embedder.space)
        assert np.array_equal(pool.embed(texts), embedder.embed(texts))
        assert pool.embed([]).shape == (0, embedder.dimensions)
