"""Loads the compiled simd.c: a WebAssembly side module in a browser, a shared library natively (`native`).

The side modules are built beforehand (scripts/kernel.py) and are next to this file. If nothing loads, the
caller falls back to the numpy kernel.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from goosequill.errors import LoadError
from goosequill.kernels import abi

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
        self._library = ctypes.CDLL(str(path))
        exports = abi.EXPORTS if IN_BROWSER else {**abi.EXPORTS, **abi.NATIVE_EXPORTS}
        for export, (result, arguments) in exports.items():
            function = getattr(self._library, export, None)
            if function is None:
                raise OSError(f"{path} lacks the function {export}")
            function.restype = _type(result)
            function.argtypes = [_type(argument) for argument in arguments.split(", ") if argument != "void"]
            setattr(self, export, function)

    def address(self, export: str) -> int:
        """The address of a function."""
        return ctypes.cast(getattr(self._library, export), ctypes.c_void_p).value or 0

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _type(declaration: str) -> Any:
    """The ctypes type of a C declaration; all pointers are addresses."""
    return ctypes.c_void_p if "*" in declaration else _TYPES[declaration.split()[0]]


def address_of(array: NDArray[Any]) -> int:
    """The address of an array's first element."""
    buffer: Any = array
    try:
        # It takes half as long where nothing is in the processor's caches, as between two tokens.
        return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    except (TypeError, ValueError):  # it cannot be written, is empty or has gaps
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
        return Library(_native() if name == "native" else Path(__file__).with_name(f"simd-{name}.wasm"), name)
    except OSError as error:
        return error


def _native() -> Path:
    from goosequill.kernels.native import find  # a page does not have it

    return find()
