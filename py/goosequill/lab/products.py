"""Matrix products by whichever routine is fast here: NumPy's, or the models' SIMD kernel.

Pyodide's NumPy has no tuned BLAS, and there `@` is slow: `einsum` is 2 to 20 times as fast, if both factors
are contiguous along the index that is summed, and the kernel is faster still once a product is large enough
to repay laying out its right factor. Natively `@` wins. The choice depends on the types and shapes alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import LoadError
from goosequill.kernels import abi
from goosequill.kernels.library import Library, address_of, open_library

IN_BROWSER = sys.platform == "emscripten"
SHORT = 64  # sums of fewer terms do not repay the copy of the right factor
LARGE = 1 << 18  # multiplications that repay the kernel's layout of the right factor
NARROW = 8  # columns that leave too much of a panel empty
PANEL = abi.LIMITS["panel"]

Product = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]


def product(
    left: NDArray[Any],
    right: NDArray[Any],
    *,
    in_browser: bool = IN_BROWSER,
    kernel: Callable[[], Product | None] | None = None,
) -> NDArray[Any]:
    """Return ``left @ right`` of two matrices of one type, [m, k] @ [k, n] -> [m, n].

    Parameters
    ----------
    kernel
        Opens the SIMD product; None is returned where it does not run.

    Notes
    -----
    Measured in Pyodide 0.27.7, float32, milliseconds for `@` and for `einsum`: 2000 x 784 by 784 x 10
    (logits of a linear model) 9.4 and 4.8; 784 x 2000, transposed, by 2000 x 10 (their gradient) 11.5 and
    6.2; 128 x 784 by 784 x 1024 (a hidden layer) 620 and 45.
    """
    if not in_browser:
        return np.asarray(left @ right)
    rows, inner = left.shape
    columns = right.shape[1]
    if left.dtype == np.float32 and columns >= NARROW and rows * inner * columns >= LARGE:
        simd = (kernel or open_kernel)()
        if simd:
            return simd(left, right)
    wide = right if inner < SHORT else np.asfortranarray(right)
    return np.asarray(np.einsum("mk,kn->mn", left, wide))


@cache
def open_kernel() -> Product | None:
    """Return the product by the fastest SIMD kernel that runs in this browser, or None."""
    for name in ("relaxed", "plain"):
        try:
            return kernel_product(open_library(name))
        except LoadError:
            continue
    return None


def kernel_product(library: Library) -> Product:
    """Return a function that multiplies float32 matrices with a compiled kernel.

    The kernel reads the right factor in panels of 16 columns, row after row, so that one vector holds
    neighbouring columns (kernels/simd/panels.h); a last panel is filled up with zeros.
    """
    field = abi.FIELDS["product"]

    def multiply(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        rows, inner = left.shape
        columns = right.shape[1]
        inputs = np.ascontiguousarray(left, np.float32)
        panels = _in_panels(right)
        scratch = np.empty(rows * library.scratch_words(inner, 32), np.int32)
        out = np.empty((rows, columns), np.float32)
        step = np.zeros(abi.LIMITS["step_words"], np.intp)
        arrays = {"out": out, "weights": panels, "inputs": inputs, "scratch": scratch}
        words = {"operation": abi.NUMBERS["product"], "tokens": rows, "columns": inner, "rows": columns}
        words |= {"form": 32, "joined": 1} | {name: address_of(array) for name, array in arrays.items()}
        for name, word in words.items():
            step[field[name]] = word
        library.run(address_of(step), 1, None)
        return out

    return multiply


def _in_panels(right: NDArray[Any]) -> NDArray[Any]:
    """Return a matrix [k, n] as panels, float32 [n / 16, k, 16], with zeros after the last column."""
    inner, columns = right.shape
    whole, rest = divmod(columns, PANEL)
    panels = np.empty((whole + (rest > 0), inner, PANEL), np.float32)
    panels[:whole] = right[:, : whole * PANEL].reshape(inner, whole, PANEL).transpose(1, 0, 2)
    if rest:
        panels[whole, :, :rest] = right[:, whole * PANEL :]
        panels[whole, :, rest:] = 0
    return panels
