"""How many threads numpy's BLAS uses, where it is the OpenBLAS that numpy's wheels bring.

A model's matrices are small for a BLAS: waiting for each other costs its threads more than they gain. Two of
them compute a token five times slower than one.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np

_FUNCTIONS = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")


def set_blas_threads(count: int) -> bool:
    """Use so many threads from now on, in the whole process; return whether that could be set.

    What the user has set by ``$OPENBLAS_NUM_THREADS`` stays.
    """
    if os.environ.get("OPENBLAS_NUM_THREADS"):
        return False
    package = Path(np.__file__).parent
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(file))  # numpy has loaded it, so this is the same one
            for name in _FUNCTIONS:
                if hasattr(library, name):
                    getattr(library, name)(ctypes.c_int(count))
                    return True
    return False
