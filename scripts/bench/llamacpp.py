"""Builds llama.cpp, a fair opponent: for a browser with the SIMD that it has there, and for this machine.

wllama's published binary has no SIMD, because Emscripten reports the processor as x86, so that ggml leaves
its sources for WebAssembly out. ggml's sources have no instruction of relaxed SIMD. Natively llama.cpp is
built as it comes: with everything that this processor has, and with OpenMP if the compiler has it.

The sources are those in the package llama-cpp-python. Takes cmake, ninja, and Emscripten or a C++ compiler;
some minutes on two cores, once.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DRIVER = HERE / "llamacpp.cpp"
VERSION = "0.3.36"
SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
BROWSER_TOOLS = ("emcmake", "em++", "cmake", "ninja")
NATIVE_TOOLS = ("c++", "cmake", "ninja")
PACKAGES = {"emcmake": "emscripten", "em++": "emscripten", "c++": "g++", "ninja": "ninja-build"}
"""Debian's names of the packages with these tools, where they differ."""
OFF = (
    "BUILD_SHARED_LIBS", "LLAMA_CURL", "LLAMA_BUILD_TESTS", "LLAMA_BUILD_TOOLS", "LLAMA_BUILD_EXAMPLES",
    "LLAMA_BUILD_SERVER", "LLAMA_BUILD_COMMON", "LLAMA_BUILD_APP",
)  # fmt: skip
OFF_IN_BROWSERS = ("GGML_OPENMP", "GGML_NATIVE", "GGML_LLAMAFILE", "LLAMA_WASM_MEM64")
FLAGS = "-O3 -msimd128 -fwasm-exceptions -pthread"
EXPORTS = "_load,_prompt,_decode,_malloc,_free"


def available(tools: tuple[str, ...]) -> bool:
    """Whether it can be built here; says what is missing."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        packages = " ".join(dict.fromkeys(PACKAGES.get(tool, tool) for tool in missing))
        print(
            f"bench: llama.cpp is left out: {', '.join(missing)} missing (apt-get install {packages})",
            file=sys.stderr,
        )
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


def is_fresh(built: Path) -> bool:
    """Whether a library is there that is newer than the driver and this file."""
    newest = max(path.stat().st_mtime for path in (DRIVER, Path(__file__)))
    return built.exists() and built.stat().st_mtime > newest


def build(folder: Path, output: Path) -> None:
    """Write llamacpp.mjs and llamacpp.wasm into `output`, unless they are there; `folder` keeps the rest."""
    if is_fresh(output / "llamacpp.wasm"):
        return
    options = ["-DEMSCRIPTEN_SYSTEM_PROCESSOR=wasm", "-DCMAKE_EXE_LINKER_FLAGS=-O1"]
    options += [f"-DCMAKE_{language}_FLAGS={FLAGS}" for language in ("C", "CXX")]
    options += [f"-D{name}=OFF" for name in OFF_IN_BROWSERS]
    included, libraries = compile_sources(folder, "made", options, "emcmake")
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
    flags = ["-O1", *FLAGS.split()[1:], *included]
    run("em++", *flags, DRIVER, *libraries, *settings, "-o", output / "llamacpp.mjs")


def build_native(folder: Path) -> Path:
    """The driver as a library for this machine; `folder` keeps the rest."""
    library = folder / "llamacpp.so"
    if not is_fresh(library):
        included, found = compile_sources(folder, "native", ["-DCMAKE_POSITION_INDEPENDENT_CODE=ON"])
        libraries = ["-Wl,--start-group", *map(str, found), "-Wl,--end-group"]
        openmp = "GGML_OPENMP_ENABLED:INTERNAL=ON" in (folder / "native" / "CMakeCache.txt").read_text()
        flags = ["-O2", "-shared", "-fPIC", "-pthread", *(["-fopenmp"] if openmp else []), *included]
        run("c++", *flags, DRIVER, *libraries, "-o", library)
    return library


def compile_sources(
    folder: Path, name: str, options: list[str], *wrapper: str
) -> tuple[list[str], list[Path]]:
    """Compile llama.cpp into folder/name; return the flags for its headers, and the static libraries."""
    folder.mkdir(parents=True, exist_ok=True)
    sources, made = fetch(folder), folder / name
    define = ["-DCMAKE_BUILD_TYPE=Release", *(f"-D{name}=OFF" for name in OFF), *options]
    run(*wrapper, "cmake", "-G", "Ninja", "-S", sources, "-B", made, *define)
    run("ninja", "-C", made, "llama")
    return [f"-I{sources / part}" for part in ("include", "ggml/include")], sorted(made.rglob("lib*.a"))


def run(*command: str | Path) -> None:
    """Run a command, which must succeed; what it prints of its progress is dropped."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
