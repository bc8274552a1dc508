"""Builds llama.cpp for a browser with the SIMD that it has for WebAssembly: a fair opponent.

wllama's published binary has none, because Emscripten reports the processor as x86, so that ggml leaves its
sources for WebAssembly out. Takes the sources from the package llama-cpp-python, and Debian's emscripten,
cmake and ninja-build; some minutes on two cores. ggml's sources have no instruction of relaxed SIMD.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
TOOLS = ("emcmake", "em++", "cmake", "ninja")
MISSING = "bench: llama.cpp is left out: {} missing (apt-get install emscripten cmake ninja-build)"
OFF = (
    "BUILD_SHARED_LIBS", "GGML_OPENMP", "GGML_NATIVE", "GGML_LLAMAFILE", "LLAMA_WASM_MEM64", "LLAMA_CURL",
    "LLAMA_BUILD_TESTS", "LLAMA_BUILD_TOOLS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_SERVER",
    "LLAMA_BUILD_COMMON", "LLAMA_BUILD_APP",
)  # fmt: skip
FLAGS = "-O3 -msimd128 -fwasm-exceptions -pthread"
EXPORTS = "_load,_prompt,_decode,_malloc,_free"


def available() -> bool:
    """Whether it can be built here; says what is missing."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print(MISSING.format(", ".join(missing)), file=sys.stderr)
    return not missing


def fetch(folder: Path) -> Path:
    """The unpacked sources of llama.cpp."""
    archive = folder / f"llama_cpp_python-{VERSION}.tar.gz"
    if not archive.exists():
        name = f"llama-cpp-python=={VERSION}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", name]
        subprocess.run(pip, cwd=folder, check=True)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{archive} is not the known archive; delete it and try again")
    sources = folder / archive.name.removesuffix(".tar.gz")
    if not sources.exists():
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return sources / "vendor" / "llama.cpp"


def build(folder: Path, output: Path) -> None:
    """Write llamacpp.mjs and llamacpp.wasm into `output`, unless they are there; `folder` keeps the rest."""
    driver = HERE / "llamacpp.cpp"
    if (output / "llamacpp.wasm").exists() and (
        (output / "llamacpp.wasm").stat().st_mtime
        > max(driver.stat().st_mtime, Path(__file__).stat().st_mtime)
    ):
        return
    folder.mkdir(parents=True, exist_ok=True)
    sources, made = fetch(folder), folder / "made"
    define = [f"-D{name}=OFF" for name in OFF]
    define += [
        "-DCMAKE_BUILD_TYPE=Release",
        "-DEMSCRIPTEN_SYSTEM_PROCESSOR=wasm",
        "-DCMAKE_EXE_LINKER_FLAGS=-O1",
    ]
    define += [f"-DCMAKE_C_FLAGS={FLAGS}", f"-DCMAKE_CXX_FLAGS={FLAGS}"]
    run("emcmake", "cmake", "-G", "Ninja", "-S", sources, "-B", made, *define)
    run("ninja", "-C", made, "llama")
    flags: list[str | Path] = [
        "-O1",
        *FLAGS.split()[1:],
        "-I",
        sources / "include",
        "-I",
        sources / "ggml/include",
    ]
    settings = [
        f"-sEXPORTED_FUNCTIONS={EXPORTS}",
        "-sEXPORTED_RUNTIME_METHODS=FS,ccall,HEAPF64",
        "-sMODULARIZE",
        "-sEXPORT_ES6",
        "-sENVIRONMENT=worker",
        "-sFORCE_FILESYSTEM",
        "-sINITIAL_MEMORY=1500MB",
        "-sSTACK_SIZE=5MB",
        "-sPTHREAD_POOL_SIZE=4",
    ]
    libraries = sorted(made.rglob("lib*.a"))
    run("em++", *flags, driver, *libraries, *settings, "-o", output / "llamacpp.mjs")


def run(*command: str | Path) -> None:
    """Run a command, which must succeed; what it prints of its progress is dropped."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
