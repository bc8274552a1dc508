"""Loads the compiled simd.c: a WebAssembly side module in a browser, a shared library natively.

The side modules are built beforehand (scripts/kernel.py) and are next to this file. The native library is
compiled when it is first needed, if a C compiler is available, and stored in the user's cache under the hash
of its sources. If neither loads, the caller falls back to the numpy kernel.
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
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from goosequill.errors import LoadError
from goosequill.kernels import abi

SOURCE = Path(__file__).with_name("simd.c")
# The source is vectorized by hand; letting the compiler vectorize more only makes it larger.
FLAGS = ["-O2", "-g0", "-fno-strict-aliasing", "-fno-vectorize", "-fno-slp-vectorize"]
IN_BROWSER = sys.platform == "emscripten"


_TYPES: dict[str, Any] = {
    "void": None,
    "word": ctypes.c_ssize_t,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
}


class Library:
    """The functions in `abi.EXPORTS` of a compiled simd.c, as attributes; they take addresses and sizes.

    Attributes
    ----------
    helper
        In a browser, the build of the same code for helper threads.

    Raises
    ------
    OSError
        If this machine cannot run it, for example a browser without relaxed SIMD.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.helper = path.with_name(f"{path.stem}-helper.wasm")
        library = ctypes.CDLL(str(path))
        for export, (result, arguments) in abi.EXPORTS.items():
            function = getattr(library, export)
            function.restype = _type(result)
            function.argtypes = [_type(argument) for argument in arguments.split(", ")]
            setattr(self, export, function)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _type(declaration: str) -> Any:
    """The ctypes type of a C declaration; all pointers are addresses."""
    return ctypes.c_void_p if "*" in declaration else _TYPES[declaration.split()[0]]


def address_of(array: NDArray[Any]) -> int:
    """The address of an array's first element."""
    return int(array.__array_interface__["data"][0])


def open_library(name: str) -> Library:
    """Load the build "relaxed" or "plain" (in a browser) or "native".

    Raises
    ------
    LoadError
        If it is missing or does not run here.
    """
    found = _open(name)
    if isinstance(found, Library):
        return found
    raise LoadError(
        f"The {name} kernel cannot be used here: {found}.",
        code="kernel-unavailable",
    ) from found


@cache
def _open(name: str) -> Library | Exception:
    """The library, or why it does not run. Tried once: Pyodide reports success on a second attempt."""
    try:
        if (name == "native") == IN_BROWSER:
            raise OSError("it is for another platform")
        return Library(SOURCE.with_name(f"simd-{name}.wasm") if IN_BROWSER else _native(), name)
    except (OSError, subprocess.CalledProcessError) as error:
        return error


def sources() -> list[Path]:
    """simd.c and the headers that it includes."""
    return [SOURCE, *sorted(SOURCE.with_suffix("").glob("*.h"))]


def _native() -> Path:
    """The library for this machine, compiled unless it is in the cache."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources())).hexdigest()[:16]
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(root) / "goosequill" / f"simd-{digest}.so"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fresh = Path(folder) / "simd.so"
            command = [*_compiler(), *FLAGS, "-march=native", "-shared", "-fPIC"]
            subprocess.run([*command, str(SOURCE), "-o", str(fresh)], check=True, capture_output=True)
            fresh.replace(path)  # atomic, in case two processes do this at once
    return path


def _compiler() -> list[str]:
    """Clang, installed by itself or inside the ziglang package."""
    if clang := shutil.which("clang"):
        return [clang]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise OSError("neither clang nor the ziglang package is installed")
