"""Compile kernels/simd.c into the WebAssembly modules next to it.

Two are side modules: position-independent, so that Pyodide loads them with ctypes into its own memory, which
is all that they import. The other two are the same code for helper threads, which share a memory. The
compiler is the clang inside the ziglang package.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import partial
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "py" / "goosequill" / "kernels"
sys.path[:0] = [str(ROOT), str(ROOT / "py")]

from scripts.kept import digest, kept  # noqa: E402

from goosequill.kernels import abi  # noqa: E402
from goosequill.kernels.native import FLAGS, SOURCE, sources  # noqa: E402

BUILDS = {"plain": ["-msimd128"], "relaxed": ["-msimd128", "-mrelaxed-simd"]}
SIDE = ["--experimental-pic", "-shared"]
# All threads' stacks are in the memory that they share, so each thread sets its own stack pointer.
HELPER = ["--import-memory", "--shared-memory", "--max-memory=4294967296"]
HELPER_EXPORTS = (*abi.HELPER_EXPORTS, "__stack_pointer")
KINDS = {
    "": (["-fPIC"], SIDE, abi.EXPORTS),
    "-helper": (["-matomics", "-mbulk-memory"], HELPER, HELPER_EXPORTS),
}
MODULES = {f"simd-{name}{kind}.wasm": (name, kind) for name in BUILDS for kind in KINDS}


def build(
    flags: list[str], link: list[str], exports: Iterable[str], output: Path, *, source: Path = SOURCE
) -> None:
    zig = [sys.executable, "-m", "ziglang"]
    compile_only = ["-target", "wasm32-freestanding", "-fno-builtin", "-c"]
    # By default clang computes every address separately, which halves the speed for several tokens.
    compile_only += ["-mllvm", "-disable-lsr"]
    with tempfile.TemporaryDirectory() as folder:
        compiled = str(Path(folder) / "simd.o")
        subprocess.run([*zig, "cc", *FLAGS, *compile_only, *flags, str(source), "-o", compiled], check=True)
        link = [*link, "--no-entry", "--strip-all", *(f"--export={name}" for name in exports)]
        subprocess.run([*zig, "wasm-ld", *link, compiled, "-o", str(output)], check=True)


def build_module(file: str) -> None:
    """Compile one of `MODULES`, unless it was made from the same sources."""
    name, kind = MODULES[file]
    flags, link, exports = KINDS[kind]
    key = digest(version("ziglang"), *sources(), Path(abi.__file__), Path(__file__))
    made = kept(file, key, partial(build, [*BUILDS[name], *flags], link, exports))
    shutil.copyfile(made, SOURCE.with_name(file))


if __name__ == "__main__":
    for each in MODULES:
        build_module(each)
