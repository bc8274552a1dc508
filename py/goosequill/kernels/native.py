"""The compiled kernel of a native machine: one of the builds that the package brings, or one compiled here.

The wheel brings builds/ for the systems in `BUILDS` (scripts/native_builds.py makes them). They are used if
they were made from these sources and the processor has what they need. Otherwise, as in a clone, the kernel
is compiled when it is first needed, if there is a compiler, and kept in the user's cache. This module imports
no other of its room, so that builds can be made without numpy.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from goosequill.support.cache import cache_folder

SOURCE = Path(__file__).with_name("simd.c")
FOLDER = Path(__file__).with_name("builds")
# The source is vectorized by hand; letting the compiler vectorize more only makes it larger.
FLAGS = ["-O2", "-g0", "-fno-strict-aliasing", "-fno-vectorize", "-fno-slp-vectorize"]
NATIVE_FLAGS = [*FLAGS, "-fno-math-errno", "-shared"]
STAMP = "sources.sha256"
"""The file in builds/ with the digest of what they were made from."""


_LINK = ("-fPIC", "-nostdlib")
_DARWIN = (*_LINK, "-Wl,-install_name,@rpath/goosequill")  # else it would name the folder of the build


class Build(NamedTuple):
    """A build: for which system and machine, the level of x86-64 that it needs, and zig's names of both.

    Level 5 is level 4 with AVX-512 VNNI. `link` are more flags. The files do not end in .so, because Pyodide
    would take them for its own.
    """

    system: str
    machine: str
    level: int
    target: str
    cpu: str
    link: tuple[str, ...] = _LINK

    @property
    def file(self) -> str:
        """Its name in builds/."""
        return f"{self.system}-{self.machine}{f'-v{self.level}' if self.level else ''}.bin"


BUILDS = (
    Build("linux", "x86_64", 5, "x86_64-linux-gnu.2.17", "x86_64_v4+avx512vnni"),
    Build("linux", "x86_64", 4, "x86_64-linux-gnu.2.17", "x86_64_v4"),
    Build("linux", "x86_64", 3, "x86_64-linux-gnu.2.17", "x86_64_v3"),
    Build("linux", "aarch64", 0, "aarch64-linux-gnu.2.17", "generic"),
    Build("darwin", "arm64", 0, "aarch64-macos.11.0", "apple_m1", _DARWIN),
    Build("darwin", "x86_64", 3, "x86_64-macos.11.0", "x86_64_v3", _DARWIN),
    Build("windows", "amd64", 3, "x86_64-windows-gnu", "x86_64_v3", ()),
)
"""The builds that a wheel has, the fastest of a machine first."""


def sources() -> list[Path]:
    """simd.c and the headers that it includes."""
    return [SOURCE, *sorted(SOURCE.with_suffix("").glob("*.h"))]


def digest(*texts: str) -> str:
    """The SHA-256 of the sources and of texts."""
    found = hashlib.sha256(b"".join(source.read_bytes() for source in sources()))
    found.update("\0".join(texts).encode())
    return found.hexdigest()


def stamp() -> str:
    """What builds/ must have been made from to be used."""
    return digest(*NATIVE_FLAGS, *map(str, BUILDS))


def find() -> Path:
    """Return the library for this machine: from the package, from the cache, or compiled now.

    Raises
    ------
    OSError
        There is none, and none can be made.
    """
    return packaged() or compiled()


def packaged(folder: Path = FOLDER) -> Path | None:
    """The fastest of the package's builds that this machine runs; None if there is none of these sources."""
    here = platform.system().lower(), platform.machine().lower()
    fitting = [build for build in BUILDS if here == (build.system, build.machine)]
    try:
        if not fitting or (folder / STAMP).read_text(encoding="ascii") != stamp():
            return None
        # The lowest one can say what the processor has: the function is compiled for any.
        level = int(ctypes.CDLL(str(folder / fitting[-1].file)).processor_level())
    except (OSError, AttributeError, ValueError):
        return None
    return next((folder / build.file for build in fitting if build.level <= level), None)


def compiled(*flags: str) -> Path:
    """The library in the cache, named after its sources and this processor; compiled if it is not there.

    `flags` are more flags for the compiler.
    """
    here = hashlib.sha256(processor().encode()).hexdigest()[:12]
    path = cache_folder() / f"simd-{digest(*NATIVE_FLAGS, *flags)[:16]}-{here}.so"
    if not path.exists():
        command = [*_compiler(), *NATIVE_FLAGS, "-march=native", *flags, "-fPIC"]
        logging.getLogger("goosequill").info("compiling the kernel for this processor, once")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            fresh = Path(folder) / "simd.so"
            result = subprocess.run([*command, str(SOURCE), "-o", str(fresh)], capture_output=True, text=True)
            if result.returncode:
                why = (result.stderr.strip().splitlines() or ["it says nothing"])[0]
                raise OSError(f"{Path(command[0]).name} failed: {why}")
            fresh.replace(path)  # atomic, in case two processes do this at once
    return path


def processor() -> str:
    """System, machine, and the features of the processor: what -march=native compiles for.

    A home folder may be shared by machines of which one cannot run what is compiled for another.
    """
    features = platform.processor()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        wanted = ("flags", "Features", "model name", "CPU part")
        features = "\n".join(sorted({line for line in lines if line.startswith(wanted)}))
    elif sys.platform == "darwin":
        names = ("machdep.cpu.brand_string", "machdep.cpu.features", "machdep.cpu.leaf7_features")
        features = subprocess.run(["sysctl", *names], capture_output=True, text=True).stdout
    return f"{platform.system()} {platform.machine()}\n{features}"


def _compiler() -> list[str]:
    """Clang, installed by itself or inside the ziglang package."""
    if clang := shutil.which("clang"):
        return [clang]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise OSError("this package has no build for it, and neither clang nor the ziglang package is installed")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
