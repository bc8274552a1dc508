"""The builds for systems that cannot run here have what Python calls; the one for this machine runs."""

import logging
import re
import struct
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import native_builds

import goosequill.kernels
from goosequill.kernels import SimdKernel, abi, library, load_kernel, native
from goosequill.kernels.library import Library
from goosequill.models import load_model
from goosequill.weights import BytesSource, open_tensors
from goosequill.weights.formats.safetensors import encode
from tests.py import checkpoints

WANTED = {*abi.EXPORTS, *abi.NATIVE_EXPORTS}
SYSTEM = {"memset", "memcpy", "memmove", "bzero", "__bzero", "sched_yield", "dyld_stub_binder"}
"""What a build may take from the system's own library, which every process has loaded."""


@pytest.fixture(scope="module")
def builds() -> Path:
    """The folder with all builds, made if a source has changed, which takes a minute and more."""
    native_builds.build_all(native, native.FOLDER)
    return native.FOLDER


def text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()


def macho_commands(data: bytes) -> dict[int, int]:
    """The offset of each kind of load command of a Mach-O file."""
    at, found = 32, dict[int, int]()
    for _ in range(struct.unpack_from("<I", data, 16)[0]):
        command, size = struct.unpack_from("<II", data, at)
        found[command] = at
        at += size
    return found


def elf_symbols(data: bytes) -> tuple[str, set[str], set[str]]:
    """(machine, exported, undefined) names of a 64-bit ELF file's dynamic symbols."""
    assert data[:6] == b"\x7fELF\x02\x01"
    machine = {62: "x86_64", 183: "aarch64"}[struct.unpack_from("<H", data, 18)[0]]
    start, size, count = *struct.unpack_from("<Q", data, 40), *struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + size * i) for i in range(count)]
    (table,) = (section for section in sections if section[1] == 11)  # SHT_DYNSYM
    names = sections[table[6]][4]
    found: tuple[set[str], set[str]] = set(), set()
    for at in range(table[4] + 24, table[4] + table[5], 24):
        name, _, _, section = struct.unpack_from("<IBBH", data, at)
        found[section == 0].add(text(data, names + name))
    assert not any(section[1] == 6 and b"libm" in data for section in sections)
    return machine, *found


def macho_symbols(data: bytes) -> tuple[str, set[str], set[str]]:
    """The same of a 64-bit Mach-O file, without the names' underscore."""
    magic, machine = struct.unpack_from("<II", data)
    assert magic == 0xFEEDFACF
    found: tuple[set[str], set[str]] = set(), set()
    symbols, count, strings, _ = struct.unpack_from("<IIII", data, macho_commands(data)[2] + 8)  # LC_SYMTAB
    for each in range(symbols, symbols + 16 * count, 16):
        name, kind = struct.unpack_from("<IB", data, each)
        if kind & 1 and not kind & 0xE0:  # external, and not for a debugger
            found[kind & 0xE == 0].add(text(data, strings + name).removeprefix("_"))
    return {0x01000007: "x86_64", 0x0100000C: "arm64"}[machine], *found


def pe_symbols(data: bytes) -> tuple[str, set[str], set[str]]:
    """(machine, exported names, imported DLLs) of a 64-bit Windows DLL."""
    header = struct.unpack_from("<I", data, 60)[0]
    assert data[header : header + 4] == b"PE\0\0"
    machine, count = struct.unpack_from("<HH", data, header + 4)
    optional = header + 24
    first = optional + struct.unpack_from("<H", data, header + 20)[0]
    sections = [struct.unpack_from("<8sIIII", data, first + 40 * i) for i in range(count)]

    def offset(address: int) -> int:
        (found,) = (s for s in sections if s[2] <= address < s[2] + max(s[1], s[3]))
        return int(address - found[2] + found[4])

    exports, _, imports, _ = struct.unpack_from("<IIII", data, optional + 112)
    names, pointers = (
        struct.unpack_from("<I4xI", data, offset(exports) + 24)[0],
        offset(struct.unpack_from("<I", data, offset(exports) + 32)[0]),
    )
    exported = {text(data, offset(struct.unpack_from("<I", data, pointers + 4 * i)[0])) for i in range(names)}
    libraries, at = set[str](), offset(imports)
    while name := struct.unpack_from("<I", data, at + 12)[0]:
        libraries.add(text(data, offset(name)).lower())
        at += 20
    return {0x8664: "amd64"}[machine], exported, libraries


READERS = {"linux": elf_symbols, "darwin": macho_symbols, "windows": pe_symbols}


@pytest.mark.rest
@pytest.mark.parametrize("build", native.BUILDS, ids=lambda build: build.file)
def test_a_build_has_what_python_calls_and_needs_nothing_else(build: native.Build, builds: Path) -> None:
    data = (builds / build.file).read_bytes()
    machine, exported, needed = READERS[build.system](data)
    assert machine == build.machine
    assert exported >= WANTED
    if build.system == "windows":
        assert all(re.fullmatch(r"kernel32\.dll|api-ms-win-crt-\w+-l1-1-0\.dll", name) for name in needed)
    else:
        assert needed <= SYSTEM
    assert len(data) < 200_000
    for folder in (str(native.SOURCE.parent), tempfile.gettempdir()):
        assert folder.encode() + b"/" not in data  # where it was built, so that it is the same anywhere


@pytest.mark.rest
def test_the_build_for_apples_processors_is_signed(builds: Path) -> None:
    """Their system refuses to load one that is not, if only by itself (LC_CODE_SIGNATURE)."""
    assert 0x1D in macho_commands((builds / "darwin-arm64.bin").read_bytes())


@pytest.mark.rest
def test_builds_that_are_there_are_not_made_again(builds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_builds, "compile_build", lambda *_: pytest.fail("compiled again"))
    native_builds.build_all(native, builds)


@pytest.mark.rest
def test_this_machine_runs_the_build_that_its_processor_allows(builds: Path) -> None:
    path = native.packaged()
    assert path is not None
    level = Library(path, "native").processor_level()
    flags = Path("/proc/cpuinfo").read_text().split()
    if native.platform.machine() == "x86_64":
        fourth = {"avx512vl", "avx512dq", "avx512cd", "avx512bw"} <= set(flags)
        assert level == (5 if fourth and "avx512_vnni" in flags else 4 if fourth else 3)
        assert path.name == f"linux-x86_64-v{level}.bin"
    assert load_kernel("native").name == "native"


@pytest.mark.rest
def test_every_build_that_runs_here_computes_what_numpy_computes(builds: Path) -> None:
    level = Library(native.packaged() or native.compiled(), "native").processor_level()
    here = [
        each for each in native.BUILDS if (each.system, each.machine) == ("linux", native.platform.machine())
    ]
    tensors = b"".join(encode(checkpoints.rwkv7().items()))
    for bits in (None, 8, 4):
        kernels = [SimdKernel(Library(builds / each.file, each.file)) for each in here if each.level <= level]
        models = [
            load_model(open_tensors(BytesSource(tensors)), kernel=kernel, quantize=bits)  # type: ignore[arg-type]
            for kernel in (load_kernel("numpy"), *kernels)
        ]
        expected, *found = (m.forward(list(range(45)), m.new_state(), logits="all") for m in models)
        assert found
        for logits in found:
            assert np.std(logits - expected) < {None: 1e-4, 8: 0.001, 4: 0.03}[bits] * np.std(expected)


def fakes(folder: Path, *, stamp: str = "") -> Path:
    folder.mkdir()
    (folder / native.STAMP).write_text(stamp or native.stamp())
    return folder


@pytest.mark.rest
def test_builds_of_other_sources_are_not_used(builds: Path, tmp_path: Path) -> None:
    folder = fakes(tmp_path / "b", stamp="0" * 64)
    for file in builds.glob("*.bin"):
        (folder / file.name).write_bytes(file.read_bytes())
    assert native.packaged(folder) is None
    (folder / native.STAMP).write_text(native.stamp())
    assert native.packaged(folder) is not None


@pytest.mark.parametrize("data", [None, b"", b"not a library", b"\x7fELF\x02\x01" + bytes(200)])
def test_a_build_that_does_not_load_is_not_used(data: bytes | None, tmp_path: Path) -> None:
    folder = fakes(tmp_path / "b")
    for build in native.BUILDS:
        if data is not None:
            (folder / build.file).write_bytes(data)
    assert native.packaged(folder) is None


def test_a_build_without_a_function_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = native.packaged() or native.compiled()
    monkeypatch.setitem(abi.EXPORTS, "missing", ("void", "word n"))  # type: ignore[arg-type]
    with pytest.raises(OSError, match="lacks the function missing"):
        Library(path, "native")


def test_an_unknown_machine_has_no_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native.platform, "machine", lambda: "riscv64")
    assert native.packaged() is None


def test_another_processor_has_another_file_in_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A home folder may be shared: what is compiled for one processor can crash another."""
    monkeypatch.setenv("GOOSEQUILL_CACHE", str(tmp_path))
    monkeypatch.setattr(native, "_compiler", lambda: [sys.executable, str(tmp_path / "cc.py")])
    (tmp_path / "cc.py").write_text("import sys; open(sys.argv[-1], 'w').close()")
    assert "flags" in native.processor() or native.platform.machine() != "x86_64"
    names = set()
    for features in ("avx2", "avx2 avx512f"):
        monkeypatch.setattr(native, "processor", lambda features=features: features)
        names.add(native.compiled().name)
    assert len(names) == 2


def test_without_a_kernel_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Any:
        raise OSError("no such file")

    monkeypatch.setattr(native, "find", fail)
    monkeypatch.setattr(library, "_open", cache(library._open.__wrapped__))
    monkeypatch.setattr(goosequill.kernels, "_report", cache(goosequill.kernels._report.__wrapped__))
    with caplog.at_level(logging.WARNING, logger="goosequill"):
        assert [load_kernel().name for _ in range(2)] == ["numpy", "numpy"]
    assert [record.name for record in caplog.records] == ["goosequill"]
    assert "no such file" in caplog.text and "numpy computes" in caplog.text


def test_numpy_is_told_to_use_one_thread() -> None:
    code = (
        "from goosequill.kernels import load_kernel, blas; import threadpoolctl\n"
        "count = lambda: {each['num_threads'] for each in threadpoolctl.threadpool_info()}\n"
        "blas.set_blas_threads(2); before = count(); load_kernel('numpy'); print(before, count())"
    )
    environment = {"PYTHONPATH": str(native.SOURCE.parents[2]), "PATH": ""}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "{2} {1}"
