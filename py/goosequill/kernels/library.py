"""Finds the compiled simd.c: two WebAssembly side modules in a browser, a shared library natively.

The side modules are built beforehand (scripts/kernel.py) and lie beside this file. The native
library is compiled when it is first wanted, where a C compiler is at hand, and kept in the user's
cache under the hash of its source. Without either, the numpy kernel does the work.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from goosequill.errors import LoadError

SOURCE = Path(__file__).with_name("simd.c")
# The source is vectors already; vectorising more of it only makes it larger.
FLAGS = ["-O2", "-g0", "-fno-strict-aliasing", "-fno-vectorize", "-fno-slp-vectorize"]
IN_BROWSER = sys.platform == "emscripten"


class Library:
    """The functions of a compiled simd.c, called with addresses and sizes.

    Attributes
    ----------
    helper
        In a browser: the same code for threads that help.

    Raises
    ------
    OSError
        If this machine cannot run it, as a browser without relaxed SIMD.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.helper = path.with_name(f"{path.stem}-helper.wasm")
        library = ctypes.CDLL(str(path))
        pointer, word, single, double = ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_float, ctypes.c_double
        self.run = library.run
        self.run.argtypes, self.run.restype = [pointer, word, pointer], None
        self.pack = library.pack
        self.pack.argtypes = [pointer, pointer, pointer, word, word, word]
        self.pack.restype = None
        self.sketch = library.sketch
        self.sketch.argtypes, self.sketch.restype = [pointer, pointer, word, word], None
        self.scratch_words = library.scratch_words
        self.scratch_words.argtypes, self.scratch_words.restype = [word, word], word
        self.highest_logit = library.highest_logit
        self.highest_logit.argtypes, self.highest_logit.restype = [pointer, word], single
        self.argmax = library.argmax
        self.argmax.argtypes, self.argmax.restype = [pointer, word], word
        self.weigh_logits = library.weigh_logits
        self.weigh_logits.argtypes, self.weigh_logits.restype = [pointer, pointer, word, single], double
        self.temper_logits = library.temper_logits
        self.temper_logits.argtypes = [pointer, pointer, word, double, double]
        self.temper_logits.restype = None
        self.cumulative_index = library.cumulative_index
        self.cumulative_index.argtypes, self.cumulative_index.restype = [pointer, word, double], word
        self.at_least = library.at_least
        self.at_least.argtypes, self.at_least.restype = [pointer, pointer, word, single], word
        self.leading = library.leading
        self.leading.argtypes = [pointer, pointer, pointer, word, double, single]
        self.leading.restype = word


def address_of(array: NDArray[Any]) -> int:
    """Where an array's numbers begin."""
    return int(array.__array_interface__["data"][0])


def open_library(name: str) -> Library:
    """Load the build called "relaxed" or "plain" (in a browser) or "native".

    Raises
    ------
    LoadError
        If it is not there or does not run here.
    """
    found = _open(name)
    if isinstance(found, Library):
        return found
    raise LoadError(
        f"The {name} kernel cannot be used here: {found}.",
        code="kernel-unavailable",
        remedy='Use the kernel "auto", which takes the fastest that runs.',
    ) from found


@cache
def _open(name: str) -> Library | Exception:
    """The library, or why it does not run; tried once, since Pyodide takes a second attempt for a success."""
    try:
        if (name == "native") == IN_BROWSER:
            raise OSError("it belongs to another platform")
        return Library(SOURCE.with_name(f"simd-{name}.wasm") if IN_BROWSER else _native(), name)
    except (OSError, subprocess.CalledProcessError) as error:
        return error


def _native() -> Path:
    """The library for this machine, compiled unless it is in the cache."""
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(root) / "goosequill" / f"simd-{digest}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fresh = Path(folder) / "simd.so"
            command = [*_compiler(), *FLAGS, "-march=native", "-shared", "-fPIC"]
            subprocess.run([*command, str(SOURCE), "-o", str(fresh)], check=True, capture_output=True)
            fresh.replace(path)  # whole or not at all, should two processes do this at once
    return path


def _compiler() -> list[str]:
    """Clang, as such or inside the ziglang package."""
    if clang := shutil.which("clang"):
        return [clang]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise OSError("neither clang nor the ziglang package is installed")
