"""What Python starts from in a page: nothing that it imports is missing, and there is nothing to parse."""

from __future__ import annotations

import ast
import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts import build, runtime

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture(scope="module")
def made() -> Path:
    return build.build_runtime()


def read_zip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def read_tar(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers()}
        return {name: file.read() for name, file in files.items() if file}


@pytest.fixture(scope="module")
def library(made: Path) -> dict[str, bytes]:
    assert read_zip(made / "python" / "none.zip") == {}
    first, later = (read_tar(made / "python" / f"{name}.tar.gz") for name in ("first", "library"))
    return later | {name: data for name, data in first.items() if "/goosequill" not in name}


@pytest.fixture(scope="module")
def rooms(made: Path) -> dict[str, dict[str, bytes]]:
    found = {name: read_tar(made / "python" / f"{name}.tar.gz") for name in ("numerics", "installer")}
    for room in runtime.ROOMS:
        (wheel,) = made.glob(f"python/goosequill_{room}-*-cp314-none-any.whl")
        found[room] = {f"site-packages/{name}": data for name, data in read_zip(wheel).items()}
    return found


@pytest.fixture(scope="module")
def own(made: Path) -> dict[str, bytes]:
    first, later = (read_tar(made / "python" / f"{name}.tar.gz") for name in ("first", "goosequill"))
    return later | {name: data for name, data in first.items() if "/goosequill" in name}


IMPORT = re.compile(rb"^(?:from\s+(\.*)([\w.]*)\s+import\s+\(?([\w, ]*)|import\s+([\w., ]+))", re.MULTILINE)


def imported(source: bytes, package: str) -> Iterator[str]:
    """Return what a module imports when it is imported; by lines, since its syntax may be too new here."""
    for match in IMPORT.finditer(source):
        dots, module, names, plain = (part.decode() if part else "" for part in match.groups())
        if plain:
            yield from (name.split()[0] for name in plain.split(",") if name.strip())
            continue
        parents = package.split(".")[: len(package.split(".")) - len(dots) + 1] if dots else []
        base = ".".join([*parents, *([module] if module else [])])
        yield base
        yield from (f"{base}.{name.split()[0]}" for name in names.split(",") if name.strip())


def sources(archive: Path) -> dict[str, tuple[str, bytes]]:
    """Return the modules of an archive by name, each with its package and its source."""
    found = {}
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if name.endswith(".py"):
                module = re.sub(r"(/__init__)?\.py$", "", name).replace("/", ".")
                package = module if name.endswith("__init__.py") else module.rpartition(".")[0]
                found[module] = package, runtime.edited(name, opened.read(name))
    return found


def test_everything_that_is_imported_is_included(
    library: dict[str, bytes], own: dict[str, bytes], rooms: dict[str, dict[str, bytes]]
) -> None:
    """From the package, through all modules; an import inside `try` may fail."""
    added = [name for files in rooms.values() for name in files]
    kept = {
        re.sub(r"(/__init__)?\.pyc$", "", name.removeprefix("site-packages/")).replace("/", ".")
        for name in [*library, *own, *added]
        if name.endswith(".pyc")
    }
    known: dict[str, tuple[str, bytes]] = {}
    for archive in [runtime.PYODIDE / "python_stdlib.zip", *runtime.PYODIDE.glob("*.whl")]:
        known |= sources(archive)
    package = {}
    for path in (ROOT / "py" / "goosequill").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT / "py").with_suffix("").parts).removesuffix(".__init__")
        parent = module if path.name == "__init__.py" else module.rpartition(".")[0]
        package[module] = parent, path.read_bytes()
    known |= package
    seen: set[str] = set()
    waiting = dict.fromkeys((module for module in package if module in kept), "")
    while waiting:
        module, importer = waiting.popitem()
        if module in seen or module not in known:
            continue  # compiled into Pyodide, or a name within a module
        assert module in kept, f"{importer} imports {module}, which scripts/runtime.py leaves out"
        seen.add(module)
        parent, source = known[module]
        waiting |= dict.fromkeys([*imported(source, parent), module.rpartition(".")[0]], module)
    assert len(seen) > 200


def test_numpys_parts_that_the_package_names_are_included(library: dict[str, bytes]) -> None:
    """Also those that numpy imports only when they are first used, as np.fft."""
    kept = {name.split("/")[2] for name in library if name.startswith("site-packages/numpy/")}
    for path in (ROOT / "py" / "goosequill").rglob("*.py"):
        assert runtime.named_parts(path.read_bytes()) <= kept, path
    assert "linalg" in kept


NUMERICAL = re.compile(r"\b(?:np|numpy)\.(?:random\b|linalg\.(?!norm\b))|\bnumpy\.random\b")


def test_numpys_random_numbers_and_lapack_are_added_where_the_package_uses_them(
    library: dict[str, bytes], rooms: dict[str, dict[str, bytes]]
) -> None:
    """And nowhere else: half a megabyte each. The norm of a vector or of rows needs no LAPACK."""
    assert {name.split("/")[2] for name in rooms["numerics"]} == {"linalg", "random"}
    assert any(name.endswith(".so") for name in rooms["numerics"])
    assert not library.keys() & rooms["numerics"].keys()
    using = set()
    for path in (ROOT / "py" / "goosequill").rglob("*.py"):
        name = path.relative_to(ROOT / "py").as_posix()
        code = ast.unparse(ast.parse(path.read_bytes()))  # without comments
        if not runtime.UNUSED_OWN.match(name) and NUMERICAL.search(code):
            using.add(name.split("/")[1])
    assert using - {"decoding"} == set(runtime.NUMERICAL)  # whose docstrings compare it with numpy.random


def test_a_line_of_numpy_that_cannot_be_replaced_is_an_error() -> None:
    name = "numpy/linalg/_linalg.py"
    lines = runtime.EDITED[name]
    assert runtime.edited(name, b"".join(lines)) == b"".join(lines.values())
    with pytest.raises(runtime.RuntimeBuildError, match="has no line"):
        runtime.edited(name, b"import functools")


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef f(x):\n    return np.fft.rfft(x)",
        "import numpy.fft",
        "from numpy import fft",
        "def f():\n    from numpy.fft import rfft",
        "import numpy\nprint(numpy.fft)",
    ],
)
def test_a_part_of_numpy_is_kept_as_soon_as_a_module_names_it(source: str) -> None:
    assert runtime.named_parts(source.encode()) == {"fft"}
    (archive,) = runtime.PYODIDE.glob("numpy-*.whl")
    for sources, kept in (({"job.py": source.encode()}, True), ({"job.py": b"import numpy as np"}, False)):
        found = runtime.members(archive, runtime.unused_numpy(sources))
        assert ("numpy/fft/_pocketfft.py" in found) == kept
        assert "numpy/linalg/_linalg.py" in found and "numpy/ma/core.py" not in found


def test_everything_is_compiled_and_every_library_keeps_its_licence(
    library: dict[str, bytes], own: dict[str, bytes]
) -> None:
    files = library | own
    assert not [name for name in files if name.endswith(".py")]
    for library_name in ("numpy", "goosequill"):
        assert any(
            re.match(rf"(site-packages/)?{library_name}-[^/]*\.dist-info/.*LICEN[CS]E", name)
            for name in files
        )
    magics = {data[:4] for name, data in files.items() if name.endswith(".pyc")}
    assert len(magics) == 1, "compiled by more than one Python"


def test_a_room_on_demand_is_not_in_the_package(
    own: dict[str, bytes], rooms: dict[str, dict[str, bytes]]
) -> None:
    assert all(name.startswith("site-packages/goosequill") for name in own)
    assert "site-packages/goosequill/tokenizers/data/world.zlib" in own
    assert {f"site-packages/goosequill/lab/{name}.pyc" for name in ("__init__", "jobs")} <= own.keys()
    assert {"site-packages/goosequill/lab/sta.pyc"} <= rooms["lab"].keys()
    assert not own.keys() & {name for files in rooms.values() for name in files}
    modules = [name for name in rooms["lab"] if ".dist-info/" not in name]
    assert all(name.startswith("site-packages/goosequill/lab/") for name in modules)
    assert not [name for name in (*own, *rooms["lab"]) if "/lab/data/" in name], "pages fetch the data"


def test_the_record_of_a_rooms_wheel_is_correct(made: Path, rooms: dict[str, dict[str, bytes]]) -> None:
    for room in runtime.ROOMS:
        (wheel,) = made.glob(f"python/goosequill_{room}-*.whl")
        files = read_zip(wheel)
        (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
        lines = [line.split(",") for line in files[record].decode().splitlines()]
        assert {name for name, _, _ in lines} == files.keys()
        for name, digest, size in lines:
            if name != record:
                found = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).decode().rstrip("=")
                assert (digest, size) == (f"sha256={found}", str(len(files[name])))
        added = ["python/installer.tar.gz", f"python/{wheel.name}"]
        assert [each for each in runtime.archives(made)[room] if each in added] == added


def test_a_room_comes_with_the_rooms_that_it_imports(made: Path) -> None:
    """Once an experiment needed a room that only another page had, and no experiment ran."""
    package = Path(runtime.__file__).parents[1] / "py" / "goosequill"
    archives = runtime.archives(made)
    for room in runtime.ROOMS:
        code = "\n".join(path.read_text(encoding="utf-8") for path in (package / room).rglob("*.py"))
        imported = set(re.findall(r"^\s*from goosequill\.(\w+)", code, re.MULTILINE)) & set(runtime.ROOMS)
        if room == "openai":
            imported.discard("search")  # a job of search has opened the embedder before
        for other in imported - {room}:
            assert any(f"goosequill_{other}-" in each for each in archives[room]), (room, other)


def test_what_installs_the_rooms_is_not_in_a_first_text(
    library: dict[str, bytes], rooms: dict[str, dict[str, bytes]]
) -> None:
    assert not library.keys() & rooms["installer"].keys()
    packages = {name.split("/")[1] for name in rooms["installer"] if ".dist-info/" not in name}
    assert packages == {"micropip"}


def test_invalid_python_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "CACHE", tmp_path)
    with pytest.raises(runtime.RuntimeBuildError, match="SyntaxError"):
        runtime.compiled({"bad.py": b"def"})


def test_the_archive_is_a_plain_ustar_that_the_page_can_read(tmp_path: Path) -> None:
    runtime.write_tar({"a/b.txt": b"goose", "c": b""}, tmp_path / "made.tar.gz")
    with tarfile.open(tmp_path / "made.tar.gz") as archive:
        assert [(member.name, member.size, member.mtime) for member in archive] == [
            ("a/b.txt", 5, 0),
            ("c", 0, 0),
        ]
    assert io.BytesIO((tmp_path / "made.tar.gz").read_bytes()).read(8) == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


@pytest.fixture(scope="module")
def parts(made: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """What is there at once, and what comes later."""
    first, *later = (
        read_tar(made / "python" / f"{name}.tar.gz") for name in ("first", "library", "goosequill")
    )
    return first, later[0] | later[1]


def described(snapshot: bytes) -> dict[str, Any]:
    length = int.from_bytes(snapshot[:4], "little")
    found: dict[str, Any] = json.loads(snapshot[4 : 4 + length])
    return found


def test_the_snapshot_says_what_comes_later_and_is_the_same_in_every_build(
    made: Path, parts: tuple[dict[str, bytes], dict[str, bytes]]
) -> None:
    path = made / "python" / "snapshot.bin.gz"
    snapshot = gzip.decompress(path.read_bytes())
    assert described(snapshot)["later"] == {name: len(data) for name, data in parts[1].items()}
    assert runtime.snapshot(*parts) == snapshot


def test_python_that_holds_an_object_of_the_page_stops_the_build(
    parts: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    first, later = parts
    name = "goosequill/browser/first.py"
    holding = runtime.compiled({name: b"import js; held = js.Array.new(3)"})
    with pytest.raises(runtime.RuntimeBuildError, match="object of JavaScript that has no name"):
        runtime.snapshot(first, later | runtime.packages(holding))


def test_numpy_imports_rare_modules_when_their_names_are_used() -> None:
    source = b"""
class lib: _twodim_base_impl = type("", (), {"__all__": ["eye"]})
if True:
    from .lib._npyio_impl import (
        load,
        save,
    )
    __all__ = list(set(lib._npyio_impl.__all__) | set(lib._twodim_base_impl.__all__))
def __getattr__(name):
    return f"no {name}"
"""
    names: dict[str, Any] = {}
    source = runtime.with_later_names(source.replace(b"import (\n", b"import (\n        sqrt,\n"))
    exec(source.replace(b"'numpy.lib._npyio_impl'", b"'math'"), names)
    assert names["__all__"] == ["eye"]
    assert "sqrt" not in names and names["__getattr__"]("other") == "no other"
    assert names["__getattr__"]("sqrt")(4) == 2 and names["sqrt"]
