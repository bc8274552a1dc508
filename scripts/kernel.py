"""Compile kernels/simd.c into the two WebAssembly side modules that lie beside it.

They are position-independent, so that Pyodide loads them with ctypes into its own memory, and need
nothing but that memory. The compiler is the clang inside the ziglang package.
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
EXPORTS = ("run", "pack", "scratch_words")


def build(name: str, output: Path) -> None:
    zig = [sys.executable, "-m", "ziglang"]
    compile_only = ["-target", "wasm32-freestanding", "-fPIC", "-fno-builtin", "-c"]
    # Left to itself clang would compute every address apart: half the speed for several tokens.
    compile_only += ["-mllvm", "-disable-lsr"]
    link = ["--experimental-pic", "-shared", "--no-entry", "--strip-all"]
    with tempfile.TemporaryDirectory() as folder:
        compiled = str(Path(folder) / "simd.o")
        subprocess.run(
            [*zig, "cc", *FLAGS, *compile_only, *BUILDS[name], str(SOURCE), "-o", compiled], check=True
        )
        exports = [f"--export={function}" for function in EXPORTS]
        subprocess.run([*zig, "wasm-ld", *link, *exports, compiled, "-o", str(output)], check=True)


def build_all() -> None:
    """Compile what is older than its source."""
    newest = max(SOURCE.stat().st_mtime, Path(__file__).stat().st_mtime)
    for name in BUILDS:
        output = SOURCE.with_name(f"simd-{name}.wasm")
        if not output.exists() or output.stat().st_mtime < newest:
            build(name, output)


if __name__ == "__main__":
    build_all()
