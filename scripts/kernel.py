"""Compile kernels/simd.c into the WebAssembly modules that lie beside it.

Two are side modules: position-independent, so that Pyodide loads them with ctypes into its own
memory, and in need of nothing but that memory. The others are the same code for the threads that
help it, over a memory that they share. The compiler is the clang inside the ziglang package.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "py" / "goosequill" / "kernels"
sys.path.insert(0, str(FOLDER.parents[1]))

from goosequill.kernels.library import FLAGS, SOURCE  # noqa: E402

BUILDS = {"plain": ["-msimd128"], "relaxed": ["-msimd128", "-mrelaxed-simd"]}
SIDE = ["--experimental-pic", "-shared"]
SIDE_EXPORTS = (
    "run",
    "pack",
    "sketch",
    "scratch_words",
    "highest_logit",
    "argmax",
    "weigh_logits",
    "temper_logits",
    "cumulative_index",
    "at_least",
    "leading",
)
# All threads' stacks lie in the memory that they share, so each is told its own.
HELPER = ["--import-memory", "--shared-memory", "--max-memory=4294967296"]
HELPER_EXPORTS = ("product_begin", "product_rows", "product_ahead", "__stack_pointer")


def build(flags: list[str], link: list[str], exports: tuple[str, ...], output: Path) -> None:
    zig = [sys.executable, "-m", "ziglang"]
    compile_only = ["-target", "wasm32-freestanding", "-fno-builtin", "-c"]
    # Left to itself clang would compute every address apart: half the speed for several tokens.
    compile_only += ["-mllvm", "-disable-lsr"]
    with tempfile.TemporaryDirectory() as folder:
        compiled = str(Path(folder) / "simd.o")
        subprocess.run([*zig, "cc", *FLAGS, *compile_only, *flags, str(SOURCE), "-o", compiled], check=True)
        link = [*link, "--no-entry", "--strip-all", *(f"--export={name}" for name in exports)]
        subprocess.run([*zig, "wasm-ld", *link, compiled, "-o", str(output)], check=True)


def build_all() -> None:
    """Compile what is older than its source."""
    newest = max(SOURCE.stat().st_mtime, Path(__file__).stat().st_mtime)
    for name, flags in BUILDS.items():
        side, helper = SOURCE.with_name(f"simd-{name}.wasm"), SOURCE.with_name(f"simd-{name}-helper.wasm")
        if not all(path.exists() and path.stat().st_mtime >= newest for path in (side, helper)):
            build([*flags, "-fPIC"], SIDE, SIDE_EXPORTS, side)
            build([*flags, "-matomics", "-mbulk-memory"], HELPER, HELPER_EXPORTS, helper)


if __name__ == "__main__":
    build_all()
