"""The operations that models are written in (`kernel`), in numpy and in SIMD."""

from __future__ import annotations

from goosequill.errors import LoadError, SettingsError
from goosequill.kernels.kernel import Activation, Kernel, Shortlist
from goosequill.kernels.library import IN_BROWSER, open_library
from goosequill.kernels.logits import LogitOperations
from goosequill.kernels.numpy_kernel import NumpyKernel
from goosequill.kernels.search import SearchOperations
from goosequill.kernels.simd_kernel import SimdKernel

__all__ = [
    "KERNELS",
    "Activation",
    "Kernel",
    "LogitOperations",
    "NumpyKernel",
    "SearchOperations",
    "Shortlist",
    "SimdKernel",
    "load_kernel",
]

KERNELS = ("relaxed", "plain", "numpy") if IN_BROWSER else ("native", "numpy")
"""Names of this platform's kernels, fastest first."""


def load_kernel(name: str = "auto") -> Kernel:
    """Load a kernel by name; "auto" selects the fastest that runs here.

    Raises
    ------
    SettingsError
        If there is no kernel with this name.
    LoadError
        If the requested kernel does not run here.
    """
    if name == "auto":
        return _fastest()
    if name not in KERNELS:
        raise SettingsError(
            f"There is no kernel {name!r} on this platform.",
            code="unknown-kernel",
            remedy=f"Choose one of auto, {', '.join(KERNELS)}.",
        )
    return NumpyKernel() if name == "numpy" else SimdKernel(open_library(name))


def _fastest() -> Kernel:
    for name in KERNELS[:-1]:
        try:
            return SimdKernel(open_library(name))
        except LoadError:
            continue
    return NumpyKernel()
