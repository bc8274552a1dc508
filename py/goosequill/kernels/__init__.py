"""The operations that models are written in (`kernel`), in numpy and in SIMD."""

from __future__ import annotations

from functools import cache

from goosequill.errors import LoadError, SettingsError
from goosequill.kernels.activations import ACTIVATIONS, Activation
from goosequill.kernels.kernel import Kernel, PersistentKey, Shortlist
from goosequill.kernels.library import IN_BROWSER, open_library
from goosequill.kernels.logits import LogitOperations
from goosequill.kernels.numpy_kernel import NumpyKernel
from goosequill.kernels.search import SearchOperations
from goosequill.kernels.simd_kernel import SimdKernel

__all__ = [
    "ACTIVATIONS",
    "KERNELS",
    "Activation",
    "Kernel",
    "LogitOperations",
    "NumpyKernel",
    "PersistentKey",
    "SearchOperations",
    "Shortlist",
    "SimdKernel",
    "load_kernel",
]

KERNELS = ("relaxed", "plain", "numpy") if IN_BROWSER else ("native", "numpy")
"""Names of this platform's kernels, fastest first."""


def load_kernel(name: str = "auto", *, threads: int | None = 1) -> Kernel:
    """Load a kernel by name; "auto" selects the fastest that runs here.

    Parameters
    ----------
    threads
        How many threads the native kernel divides products among, or numpy's BLAS uses in the whole process.
        None is what `goosequill.kernels.threads.thread_count` says, and one for numpy. In a page, threads
        are the page's.

    Raises
    ------
    SettingsError
        ``unknown-kernel``, or ``setting-range`` for the number of threads.
    LoadError
        If the requested kernel does not run here.
    """
    if name == "auto":
        return _fastest(threads)
    if name not in KERNELS:
        raise SettingsError(
            f"There is no kernel {name!r} on this platform.",
            code="unknown-kernel",
            remedy=f"Choose one of auto, {', '.join(KERNELS)}.",
        )
    return _numpy(threads) if name == "numpy" else _simd(name, threads)


def _fastest(threads: int | None) -> Kernel:
    for name in KERNELS[:-1]:
        try:
            return _simd(name, threads)
        except LoadError as error:
            reason = error.message
    if not IN_BROWSER:
        _report(reason)
    return _numpy(threads)


def _simd(name: str, threads: int | None) -> Kernel:
    kernel = SimdKernel(open_library(name))
    if threads != 1 and not IN_BROWSER:
        from goosequill.kernels.threads import team_of, thread_count  # a page does not have it

        if (count := thread_count(threads)) > 1:
            kernel.join(team_of(kernel.library), count)
    return kernel


def _numpy(threads: int | None) -> Kernel:
    if not IN_BROWSER:
        from goosequill.kernels.blas import set_blas_threads  # a page does not have it
        from goosequill.kernels.threads import thread_count

        set_blas_threads(1 if threads is None else thread_count(threads))
    return NumpyKernel()


@cache
def _report(reason: str) -> None:
    """Say once that numpy computes; without other settings of logging it is a line on standard error."""
    import logging  # a page has no use for it

    logging.getLogger("goosequill").warning("%s numpy computes instead, several times slower.", reason)
