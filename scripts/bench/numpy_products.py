"""How fast numpy can multiply a matrix with a vector in Pyodide: the limit of the numpy kernel.

    python scripts/bench/numpy_products.py       in Pyodide under Node (after `make vendor`)

Pyodide's numpy is compiled without SIMD and without an optimized BLAS, so a product is a loop over single
numbers, whatever one writes. The formulations take turns over matrices of RWKV-4 169M's shape, too many for
the cache; beside them run such loops in C, compiled without SIMD (scalar.c).
"""

from __future__ import annotations

import ctypes
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIBRARY = ROOT / "build" / "bench" / "scalar.wasm"

Floats = NDArray[np.float32]
ROWS, COLUMNS, COUNT = 3072, 768, 16
"""Shape and number of the matrices: 150 MB."""
ROUNDS = 7
LOOPS = ("by_rows", "by_four_rows")
"""The functions of scalar.c."""
TOKEN = 130.6e6
"""Multiply-adds of a token of RWKV-4 169M."""


class Pairs(NamedTuple):
    """A matrix in 8 bits, of which each 64-bit number contains two rows, and a vector in 12 bits."""

    rows: NDArray[np.int64]
    x: NDArray[np.int64]
    scale: float

    @classmethod
    def of(cls, matrix: Floats, x: Floats) -> Pairs:
        """Quantize both, each with one scale."""
        scales = float(abs(matrix).max()) / 127, float(abs(x).max()) / 2047
        whole, inputs = (
            np.rint(values / scale).astype(np.int64)
            for values, scale in zip((matrix, x), scales, strict=True)
        )
        first, second = np.split(whole, 2)
        return cls(first + (second << 32), inputs, scales[0] * scales[1])

    def product(self) -> Floats:
        """The sums of both rows at once: 768 x 127 x 2047 fits into 32 bits with its sign."""
        both = np.einsum("ij,j->i", self.rows, self.x)
        low = both.astype(np.int32)  # wraps around
        found: Floats = np.concatenate([low, (both - low) >> 32]).astype(np.float32) * np.float32(self.scale)
        return found


FORMULATIONS: dict[str, Callable[[Floats, Floats], Any]] = {
    "W @ x": lambda matrix, x: matrix @ x,
    "np.dot(W, x)": np.dot,
    "np.dot(x, W.T)": lambda matrix, x: np.dot(x, matrix.T),
    "np.inner(W, x)": np.inner,
    "(W * x).sum(1)": lambda matrix, x: (matrix * x).sum(1),
    "np.vecdot(W, x)": lambda matrix, x: np.vecdot(matrix, x),
    "einsum('ij,j->i', W, x)": lambda matrix, x: np.einsum("ij,j->i", matrix, x),
    "einsum('tj,ij->ti', x, W)": lambda matrix, x: np.einsum("tj,ij->ti", x[None], matrix),
    "einsum('ji,j->i', W.T, x)": lambda matrix, x: np.einsum("ji,j->i", matrix.T, x),
}
"""Ways to write the product of W [rows, columns] and x; the numpy kernel uses the last but one."""


def loop(function: Any) -> Callable[[Floats, Floats], Floats]:
    """A function of scalar.c."""

    def multiply(matrix: Floats, x: Floats) -> Floats:
        out = np.empty(len(matrix), np.float32)
        at = [each.__array_interface__["data"][0] for each in (out, matrix, x)]
        function(*at, *matrix.shape)
        return out

    return multiply


def measure_all(path: str = "/repository/build/bench/scalar.wasm") -> dict[str, float]:
    """Billions of multiply-adds a second of every formulation; runs in Pyodide."""
    draw = np.random.default_rng(0)
    matrices = [draw.standard_normal((ROWS, COLUMNS), np.float32) for _ in range(COUNT)]
    x = draw.standard_normal(COLUMNS, np.float32)
    functions, library = dict(FORMULATIONS), ctypes.CDLL(path)
    for name in LOOPS:
        functions[f"C without SIMD, {name.replace('_', ' ')}"] = loop(getattr(library, name))
    ways: dict[str, list[Callable[[], Any]]] = {
        name: [partial(function, matrix, x) for matrix in matrices] for name, function in functions.items()
    }
    ways["einsum, two rows of 8 bits in an int64"] = [Pairs.of(matrix, x).product for matrix in matrices]
    expected, times = matrices[0] @ x, {name: list[float]() for name in ways}
    for name, calls in ways.items():
        if np.corrcoef(np.ravel(calls[0]()), expected)[0, 1] < 0.999:
            raise ValueError(f"{name} computes something else")
    for _ in range(ROUNDS):
        for name, calls in ways.items():
            start = time.perf_counter()
            for call in calls:
                call()
            times[name].append(time.perf_counter() - start)
    work = ROWS * COLUMNS * COUNT / 1e9
    return {name: work / statistics.median(taken) for name, taken in times.items()}


def main() -> None:
    """Print one line per formulation."""
    sys.path.insert(0, str(ROOT))
    from scripts.kernel import SIDE, build

    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    build(["-fPIC"], SIDE, LOOPS, LIBRARY, source=HERE / "scalar.c")
    script = ["node", str(HERE / "pyodide.js"), "numpy_products"]
    found = json.loads(subprocess.run(script, check=True, stdout=subprocess.PIPE).stdout)
    print(f"{'Pyodide':40}{'GMAC/s':>8}{'GB/s':>8}{'tokens/s of RWKV-4 169M at most':>34}")
    for name, speed in found.items():
        print(f"{name:40}{speed:8.2f}{4 * speed:8.1f}{1e9 * speed / TOKEN:34.1f}")


if __name__ == "__main__":
    main()
