"""Compile the native kernel for every system that a wheel serves, and hatchling's hook that does it.

zig cross-compiles: no build needs its own system. The outputs are in py/goosequill/kernels/builds/, beside
the digest of what they were made from, so that they are made once. An editable installation compiles for its
own machine instead, when it first runs, and with GOOSEQUILL_PURE set nothing is compiled: the site has no use
for native code.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.package_metadata import repository  # noqa: E402

NATIVE = ROOT / "py" / "goosequill" / "kernels" / "native.py"
COMPILER = "ziglang>=0.14,<0.18"


def load_native() -> ModuleType:
    """Return kernels/native.py without the rest of its room, which needs numpy."""
    sys.path.insert(0, str(ROOT / "py"))
    specification = importlib.util.spec_from_file_location("goosequill_native", NATIVE)
    assert specification and specification.loader  # the file is here
    native = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(native)
    return native


def compile_build(native: ModuleType, build: Any, folder: Path) -> None:
    """Compile one build into a folder."""
    with tempfile.TemporaryDirectory() as scratch:  # for Windows, an import library is written too
        fresh = Path(scratch) / build.file
        command = [sys.executable, "-m", "ziglang", "cc", *native.NATIVE_FLAGS, "-s", *build.link]
        command += ["-target", build.target, f"-mcpu={build.cpu}", str(native.SOURCE), "-o", str(fresh)]
        subprocess.run(command, check=True)
        (folder / build.file).write_bytes(fresh.read_bytes())


def is_fresh(native: ModuleType, folder: Path) -> bool:
    """Whether all builds are there and were made from these sources."""
    stamp = folder / native.STAMP
    files = all((folder / build.file).is_file() for build in native.BUILDS)
    return files and stamp.is_file() and stamp.read_text(encoding="ascii") == native.stamp()


def build_all(native: ModuleType, folder: Path) -> None:
    """Compile all builds, unless they are there."""
    if is_fresh(native, folder):
        return
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda build: compile_build(native, build, folder), native.BUILDS))
    (folder / native.STAMP).write_text(native.stamp(), encoding="ascii")


class NativeBuilds(BuildHookInterface[Any]):
    """Makes the builds before a wheel or a source distribution is packed."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for the compiler where it is needed."""
        native = load_native()
        pure = os.environ.get("GOOSEQUILL_PURE")
        return [] if pure or is_fresh(native, native.FOLDER) else [COMPILER]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the builds, or say that the package will have none; note the repository's address."""
        if self.target_name == "sdist" and (address := repository(ROOT)):
            self._noted = tempfile.TemporaryDirectory()
            note = Path(self._noted.name) / "REPOSITORY"
            note.write_text(f"{address}\n", encoding="utf-8")
            build_data["force_include"][str(note)] = "REPOSITORY"
        if version == "editable" or os.environ.get("GOOSEQUILL_PURE"):
            return
        native = load_native()
        if importlib.util.find_spec("ziglang") or is_fresh(native, native.FOLDER):
            build_all(native, native.FOLDER)
        else:
            self.app.display_warning(f"No native kernels: {COMPILER} is not installed.")


if __name__ == "__main__":
    found = load_native()
    build_all(found, found.FOLDER)
