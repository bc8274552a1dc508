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
    "base64",
    "goosequill.weights.formats.gguf",
    "goosequill.weights.formats.prefab",
    "goosequill.weights.formats.pth",
    "goosequill.weights.formats.rwkv_cpp",
    "ntpath",
    "numpy.lib._arraypad_impl",
    "numpy.lib._nanfunctions_impl",
    "numpy.lib._npyio_impl",
    "numpy.lib._polynomial_impl",
    "numpy.lib.introspect",
    "numpy.lib.mixins",
    "numpy.lib.npyio",
    "numpy.lib.scimath",
    "platform",
)


class Later:
    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> machinery.ModuleSpec | None:
        if name not in LATER:
            return None
        spec = machinery.PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = util.LazyLoader(spec.loader)
        return spec


sys.meta_path.insert(0, Later)
