"""What the page of search.py runs in Pyodide: our encoder and our scans.

`runPython` executes this file; the page calls its functions by name.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np

from goosequill.kernels import load_kernel
from goosequill.kernels.search import pack_signs
from goosequill.search.embedders import open_folder
from goosequill.search.storage import SourceStorage
from goosequill.search.vectors import StoredVectors

WIDTH = 384
CANDIDATES = 2000
kept: dict[str, Any] = {"kernel": load_kernel()}


def open_model(path: str) -> str:
    """Open MiniLM; return the kernel's name."""
    kept["model"] = open_folder(path, kept["kernel"])
    return str(kept["kernel"].name)


def embed(texts: Any) -> Any:
    """Return the vectors of some texts, [n, 384]."""
    return kept["model"].embed(texts.to_py())


def prepare(count: int) -> None:
    """Make vectors, and their signs: subjects, within them texts on one matter, and what tells these apart.

    In vectors without such a structure, the ten nearest are no nearer than others.
    """
    rng = np.random.default_rng(7)
    kept.clear()
    subjects = rng.standard_normal((max(1, count // 2000), WIDTH), np.float32)
    matters = rng.standard_normal((max(1, count // 20), WIDTH), np.float32)
    matters += subjects[rng.integers(len(subjects), size=len(matters))]
    vectors, scales = np.empty((count, WIDTH), np.int8), np.empty(count, np.float32)
    for start in range(0, count, 10_000):
        rows = slice(start, min(start + 10_000, count))
        size = rows.stop - rows.start
        values = matters[rng.integers(len(matters), size=size)]
        values += rng.standard_normal((size, WIDTH), np.float32)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        scales[rows] = np.abs(values).max(axis=1) / 127
        vectors[rows] = np.rint(values / scales[rows, None])
    kept.update(kernel=load_kernel(), vectors=vectors, scales=scales, bits=pack_signs(vectors))
    kept.update(matters=matters, rng=rng)


def question() -> Any:
    """A question on one of the matters."""
    rng, matters = kept["rng"], kept["matters"]
    values = matters[rng.integers(len(matters))] + rng.standard_normal(WIDTH, np.float32)
    return values / np.linalg.norm(values)


def nearest(asked: Any) -> Any:
    """The ten nearest, exactly."""
    return kept["kernel"].search.nearest(kept["vectors"], kept["scales"], asked, 10).indices


def nearest_by_bits(asked: Any) -> Any:
    """The ten nearest of the 2,000 whose signs agree most."""
    search = kept["kernel"].search
    rows = np.sort(search.nearest_bits(kept["bits"], asked, CANDIDATES).indices)
    return rows[search.nearest(kept["vectors"][rows], kept["scales"][rows], asked, 10).indices]


def rows(start: int, end: int) -> Any:
    """Some vectors' bytes."""
    return kept["vectors"][start:end].reshape(-1).view(np.uint8)


def read_from(reader: Any) -> None:
    """Read vectors with an object of the worker from now on; their signs stay in memory."""
    from goosequill.browser.bridge import source_over  # only where there is JavaScript

    storage = SourceStorage({"vectors.bin": source_over(reader)})
    kept["stored"] = StoredVectors(
        kept["scales"],
        kept["bits"],
        WIDTH,
        lambda numbers: storage.rows("vectors.bin", WIDTH, numbers),
        kept["kernel"].search,
    )


def nearest_stored(asked: Any) -> Any:
    """The ten nearest as a collection finds them whose vectors exceed the memory.

    Its signs are of another rotation, so these are not the nearest; scripts/search/recall.py measures that.
    """
    return kept["stored"].scan(asked, 10)[0]


def scan_each(kind: str, times: int) -> list[float]:
    """Milliseconds of each of some scans: "exact", "bits", or "stored" with the reading of the rows."""
    find = {"exact": nearest, "bits": nearest_by_bits, "stored": nearest_stored}[kind]
    taken = []
    for _ in range(times):
        asked = question()
        start = perf_counter()
        find(asked)
        taken.append(1e3 * (perf_counter() - start))
    return taken
