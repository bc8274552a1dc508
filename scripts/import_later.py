"""What the build's Python imports before everything else, when it makes the copy of memory (snapshot.js).

Modules that others import by name alone are executed when one of their attributes is first read: the copy
has none of their code, and a page reads their files only if something needs them.
"""

import sys
import threading  # noqa: F401  the loader needs it, and cannot import what may be lazy
from collections.abc import Sequence
from importlib import machinery, util
from types import ModuleType

LATER = (
    "concurrent.futures",
    "goosequill.weights.formats.gguf",
    "goosequill.weights.formats.prefab",
    "goosequill.weights.formats.pth",
    "goosequill.weights.formats.rwkv_cpp",
    "hashlib",
    "linecache",
    "logging",
    "ntpath",
    "numpy.lib._arraypad_impl",
    "numpy.lib._nanfunctions_impl",
    "numpy.lib._npyio_impl",
    "numpy.lib._polynomial_impl",
    "numpy.lib.format",
    "numpy.lib.introspect",
    "numpy.lib.mixins",
    "numpy.lib.npyio",
    "numpy.lib.scimath",
    "pickle",
    "platform",
    "secrets",
    "shutil",
    "sysconfig",
    "tempfile",
    "traceback",
    "zipfile",
)


LAZY = vars(util)["_LazyModule"]
"""The class of a module that is executed when any of its attributes is read."""


class LaterModule(ModuleType):
    """A module that is not executed when it is only imported, however often: an import reads its spec."""

    def __getattribute__(self, name: str) -> object:
        if name == "__spec__":
            return object.__getattribute__(self, name)
        if name == "extract_stack":  # _asyncio asks for it when it starts, and calls it when it debugs
            return lambda *given: vars(sys.modules["traceback"])[name](*given)
        object.__setattr__(self, "__class__", LAZY)
        return getattr(self, name)


class LaterLoader(util.LazyLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        object.__setattr__(module, "__class__", LaterModule)


class Later:
    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> machinery.ModuleSpec | None:
        if name not in LATER:
            return None
        spec = machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = LaterLoader(spec.loader)
        return spec


sys.meta_path.insert(0, Later)
