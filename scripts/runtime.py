"""Make what Python starts from in a page: python/snapshot.bin.gz, a copy of its memory.

In it, Python has started and imported what a first text needs (snapshot.js). Beside that, a first text reads
the few files of python/first.tar.gz. All others come later: the library, python/library.tar.gz, and the
package, python/goosequill.tar.gz. Rooms that most visitors never enter are not in the latter: each has a
wheel, which micropip installs before the first job of the room.

All of it is compiled by the interpreter that will run it (Pyodide under Node), so that a page parses no
Python. Of numpy it takes what the package's sources name, and of the package everything but its commands.
tests/js/engine/worker/pyodide.test.js imports every job.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from functools import partial
from pathlib import Path

from scripts.kept import digest, kept

ROOT = Path(__file__).resolve().parent.parent
PYODIDE = ROOT / "build" / "vendor" / "pyodide"
CACHE = ROOT / "build" / "compiled"
DATE = (1980, 1, 1, 0, 0, 0)

UNUSED_LIBRARY = re.compile(
    r"^(multiprocessing|unittest|pydoc_data|xmlrpc|idlelib|tkinter|ensurepip|venv|curses|wsgiref|dbm|_pyrepl|test"
    r"|sqlite3|turtledemo|xml|ctypes/macholib|concurrent/interpreters|compression/zstd)/"
    r"|^(doctest|pdb|bdb|cmd|pydoc|mailbox|turtle|smtplib|ftplib|imaplib|poplib|socketserver|ssl|_ssl|lzma"
    r"|profile|cProfile|pstats|trace|timeit|webbrowser|pyclbr|tabnanny|_aix_support|_osx_support"
    r"|wave|modulefinder|zipapp|rlcompleter|symtable"
    r"|this|antigravity|_pyio|_pydecimal|_pydatetime|plistlib|fileinput|pty|tty|getpass|compileall"
    r"|compression/lzma|concurrent/futures/interpreter|pathlib/types|\w+/__main__|pyodide/_nodesock_transport"
    r"|http/server|asyncio/(tools|windows_\w+|proactor_events))\.py$"
    r"|^encodings/(cp(?!437|1252)|mac_|iso|koi|big5|gb|hz|euc|johab|shift_|ptcp|tis|hp|kz|palm)"
)
"""What a page does not need: other processes, servers, sockets, terminals, debuggers, databases, rare
compressions and character sets."""
NUMPY_PARTS = {
    "f2py": 208,
    "ma": 108,
    "fft": 106,
    "polynomial": 45,
    "testing": 37,
    "core": 5,
    "ctypeslib": 8,
    "char": 0,
    "rec": 0,
    "doc": 0,
    "_pyinstaller": 1,
}
"""Parts of numpy that `import numpy` does not load, with what each adds to the download in kB. numpy imports
some of them when they are first used as an attribute, so `sys.modules` after an import does not show them."""
UNUSED_NUMPY = (
    r"/tests?/|_(tests|simd)\.cpython|/lapack_lite\.cpython|/_typing/|/include/|/lib/lib"
    r"|/(conftest|matlib)\.py$"
)
"""Files of numpy that nothing imports in a page."""
DOCSTRINGS = re.compile(r"numpy/_core/_add_newdocs\w*\.py$")
"""Modules that only add docstrings to numpy; they are imported, and left empty."""
REPLACED = {
    "numpy/typing/__init__.py": b"""from numpy._core.multiarray import ndarray as NDArray

ArrayLike = DTypeLike = object
""",
}
"""Modules of numpy of which a page needs less: it checks no types, so theirs are only names."""
EDITED = {
    "_pyodide/__init__.py": {
        b"    sys.excepthook = traceback.print_exception\n": b"""
    sys.excepthook = lambda *raised: traceback.print_exception(*raised)
""",
    },
    "asyncio/__init__.py": {
        b"from .streams import *\nfrom .subprocess import *\n": b"",
        b"           streams.__all__ +\n           subprocess.__all__ +\n": b"",
        b"    from .unix_events import *  # pragma: no cover\n    __all__ += unix_events.__all__\n": b"""
    base = "BaseDefaultEventLoopPolicy"  # what Pyodide derives its own from
    DefaultEventLoopPolicy = vars(events).get(base) or vars(events)["_" + base]
""",
    },
    "asyncio/events.py": {
        b"import socket\nimport subprocess\n": b"""
class socket:
    AF_UNSPEC, AI_PASSIVE, SOCK_STREAM = 0, 1, 1
class subprocess:
    PIPE = -1
""",
    },
    "asyncio/base_events.py": {
        b"import socket\n": b"from .events import socket\n",
        b"import subprocess\n": b"from .events import subprocess\n",
        b"from . import sslproto\nfrom . import staggered\n": b"",
        b"from . import trsock\n": b"",
    },
    "asyncio/futures.py": {b"STACK_DEBUG = logging.DEBUG - 1": b"STACK_DEBUG = 9"},
    "asyncio/log.py": {
        b"logger = logging.getLogger(__package__)\n": b"""
class _Later:
    def __getattr__(self, name):
        return getattr(logging.getLogger(__package__), name)

logger = _Later()
""",
    },
    "asyncio/tasks.py": {
        b"= concurrent.futures.FIRST_COMPLETED": b"= 'FIRST_COMPLETED'",
        b"= concurrent.futures.FIRST_EXCEPTION": b"= 'FIRST_EXCEPTION'",
        b"= concurrent.futures.ALL_COMPLETED": b"= 'ALL_COMPLETED'",
    },
    "dataclasses.py": {
        b"    if not getattr(cls, '__doc__'):": b"    if False:",
    },
    "numpy/linalg/_linalg.py": {
        b"from numpy._typing import NDArray\n": b"from numpy.typing import NDArray\n",
        b"from numpy.linalg import _umath_linalg\n": b"""
class _Later:
    def __getattr__(self, name):
        from numpy.linalg import _umath_linalg
        return getattr(_umath_linalg, name)

_umath_linalg = _Later()
""",
    },
    "numpy/lib/_arraysetops_impl.py": {b" and not np.ma.is_masked(ar)": b""},
    "numpy/lib/_utils_impl.py": {b"if np.ma.isMaskedArray(n):": b"if False:"},
    "pyodide/_package_loader.py": {
        b"import shutil\n": b"import functools\nimport shutil\n",
        b"from tempfile import NamedTemporaryFile\n": b"import tempfile\n",
        b"from zipfile import ZipFile\n": b"import zipfile\n",
        b" NamedTemporaryFile(": b" tempfile.NamedTemporaryFile(",
        b" ZipFile(": b" zipfile.ZipFile(",
        b"if IN_PYODIDE:\n    shutil": b"@functools.cache\ndef _register():\n    shutil",
        b"    for fmt, extensions, _ in": b"    _register()\n    for fmt, extensions, _ in",
        b"        shutil.unpack_archive(": b"        _register()\n        shutil.unpack_archive(",
    },
}
"""What is replaced, so that the memory after a start is small: a page has no sockets and no other processes,
LAPACK, 1 MB of WebAssembly, is loaded when it is first used, numpy does not load masked arrays, which nothing
makes, to ask whether an array is one, dataclasses get no docstrings made of their signatures, and what
import_later.py leaves for later is not used by the first lines of others."""
LATER_NUMPY = re.compile(r"lib\._(arraypad|nanfunctions|npyio|polynomial)_impl$")
"""Modules whose names numpy imports itself; a page imports them when it first uses one of their names."""
NAMED_LATER = re.compile(rf"set\({LATER_NUMPY.pattern[:-1]}\.__all__\) \|")
NAMES_LATER = """
def __getattr__(name, _otherwise=__getattr__):
    if name not in _later:
        return _otherwise(name)
    from importlib import import_module
    value = globals()[name] = getattr(import_module(_later[name]), name)
    return value
"""
UNUSED_OWN = re.compile(
    r"goosequill/(api/|cli/|notebook/|serve/|kernels/(builds/|(blas|native|threads)\.py)|lab/data/"
    r"|search/(lancedb_store|mkdocs_plugin|model_folders|stores|workers)\.|support/cache\.|__main__\.)"
    r"|\.dist-info/(RECORD|entry_points\.txt|licenses/py/.*)$"
)
"""What only native programs use, the commands' metadata, the laboratory's data, which its pages fetch, and
the third-party notices: the site has its own."""
ROOMS = ("insight", "lab", "openai", "search", "selftest", "tuning")
"""Rooms of the package that are added on demand."""
FIRST = re.compile(
    r"numpy/_core/_multiarray_umath\.|goosequill/kernels/simd-(plain|relaxed)\.wasm$|\.dist-info/METADATA$"
)
"""Files that a start and a first text read although everything that they need has been imported: WebAssembly,
and the names of packages."""
NUMERICS = re.compile(r"numpy/(random/|linalg/_umath_linalg\.)")
"""Half of numpy's WebAssembly: random numbers, and LAPACK, which numpy.linalg loads when it needs it."""
NUMERICAL = ("evaluation", "lab", "search", "selftest")
"""Rooms that use it: python/numerics.tar.gz is added before their first job."""
WITH = {"lab": ("tuning",)}
"""Rooms that import others of these: they come with them."""
AT_ONCE = ("__init__", "jobs")
"""Modules of these rooms that are needed before: they say which jobs the room has."""
KEPT = re.compile(r"\.(py|so|wasm|npz|zlib)$|\.dist-info/(METADATA|WHEEL|LICEN[CS]E.*|licenses/.*)$")


INSTALLER = "micropip-*.whl"
"""What installs wheels; python/installer.tar.gz is added before the first of them."""
UNUSED_TESTS = re.compile(r"/tests?/")
TAG = "cp314-none-any"
"""What wheels are for: compiled files are for one version of Python."""


class RuntimeBuildError(Exception):
    """Pyodide refused to compile."""


def members(archive: Path, unused: re.Pattern[str]) -> dict[str, bytes]:
    """Return the files of a wheel that a page needs."""
    with zipfile.ZipFile(archive) as opened:
        names = sorted(name for name in opened.namelist() if KEPT.search(name))
        return {name: edited(name, opened.read(name)) for name in names if not unused.search(name)}


def edited(name: str, data: bytes) -> bytes:
    """Return a module as a page gets it.

    Raises
    ------
    RuntimeBuildError
        A line that should be replaced is not in it.
    """
    if DOCSTRINGS.search(name):
        return b""
    for line, replacement in EDITED.get(name, {}).items():
        if line not in data:
            raise RuntimeBuildError(f"{name} has no line {line.decode()!r}: see EDITED in scripts/runtime.py")
        data = data.replace(line, replacement)
    return REPLACED.get(name, with_later_names(data) if name == "numpy/__init__.py" else data)


def with_later_names(source: bytes) -> bytes:
    """Return numpy's own module so that it gets the names of LATER_NUMPY when they are first used."""
    text = source.decode()
    lines = text.splitlines(keepends=True)
    later: dict[str, str] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and LATER_NUMPY.match(node.module or ""):
            later |= {each.name: f"numpy.{node.module}" for each in node.names}
            first, end = node.lineno - 1, node.end_lineno or node.lineno
            lines[first:end] = ["\n"] * (end - first)
    text = NAMED_LATER.sub("", "".join(lines))
    return f"{text}\n_later = {later}\n{NAMES_LATER}".encode()


def named_parts(source: bytes) -> set[str]:
    """Return the parts of numpy that a module names, such as `np.fft` or `from numpy import fft`."""
    tree = ast.parse(source)
    names, found = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.asname or "numpy" for each in node.names if each.name.split(".")[0] == "numpy"}
            found |= {each.name.split(".")[1] for each in node.names if each.name.startswith("numpy.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "numpy" and not node.level:
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numpy."):
            found.add(str(node.module).split(".")[1])
    attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    found |= {node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id in names}
    return found & NUMPY_PARTS.keys()


def unused_numpy(sources: dict[str, bytes]) -> re.Pattern[str]:
    """Return what to leave out of numpy, given the sources of all modules that may run in a page."""
    used = {part for name, source in sources.items() if name.endswith(".py") for part in named_parts(source)}
    parts = "|".join(sorted(NUMPY_PARTS.keys() - used))
    return re.compile(rf"numpy/({parts})/|{UNUSED_NUMPY}")


def compiled(files: dict[str, bytes]) -> dict[str, bytes]:
    """Replace each .py by its .pyc, without docstrings and assertions; earlier results are reused."""
    compiler = (PYODIDE / "pyodide.asm.wasm", ROOT / "scripts" / "compile.js")
    interpreter = hashlib.sha256(b"".join(path.read_bytes() for path in compiler)).hexdigest()
    entries = {
        name: CACHE / hashlib.sha256(f"{interpreter} {name} ".encode() + data).hexdigest()
        for name, data in files.items()
        if name.endswith(".py")
    }
    missing = {name: entry for name, entry in entries.items() if not entry.is_file()}
    if missing:
        _compile({name: files[name] for name in missing}, missing)
    found = {name: data for name, data in files.items() if name not in entries}
    return found | {f"{name}c": entry.read_bytes() for name, entry in entries.items()}


def _run(script: str, folder: str) -> None:
    """Run a script that starts Pyodide under Node, on a folder."""
    command = ["node", str(ROOT / "scripts" / script), str(PYODIDE), folder]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise RuntimeBuildError(f"{script} failed in Pyodide:\n{result.stderr[-2000:]}")


def _compile(sources: dict[str, bytes], targets: dict[str, Path]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, source in enumerate(sources.values()):
            (folder / f"{number}.py").write_bytes(source)
        (folder / "names.json").write_text(json.dumps(list(sources)), encoding="utf-8")
        _run("compile.js", name)
        for number, target in enumerate(targets.values()):
            (folder / f"{number}.pyc").replace(target)


def write_zip(files: dict[str, bytes], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def tar_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def write_gzip(data: bytes, target: Path) -> None:
    """Write data as gzip, the smallest that any reader of gzip unpacks."""
    import deflate  # only a build has it

    target.write_bytes(deflate.gzip_compress(data, 12))


def write_tar(files: dict[str, bytes], target: Path) -> None:
    write_gzip(tar_of(files), target)


def room_of(name: str) -> str:
    """Return the room on demand that a file of the package belongs to, "" for one that is there at once."""
    match = re.match(r"goosequill/(\w+)/(.*)\.", name)
    return match[1] if match and match[1] in ROOMS and match[2] not in AT_ONCE else ""


def archives(output: Path) -> dict[str, list[str]]:
    """Return, for each room that needs any, what is added before its first job, of what is in `output`."""
    found: dict[str, list[str]] = {room: ["python/numerics.tar.gz"] for room in NUMERICAL}
    for room in ROOMS:
        wheels = [
            path.relative_to(output).as_posix()
            for each in (room, *WITH.get(room, ()))
            for path in output.glob(f"python/goosequill_{each}-*.whl")
        ]
        found.setdefault(room, []).extend(["python/installer.tar.gz", *wheels])
    return dict(sorted(found.items()))


def write_wheel(room: str, version: str, files: dict[str, bytes], output: Path) -> None:
    """Write a room's wheel, with the metadata that micropip needs."""
    described = f"goosequill_{room}-{version}.dist-info"
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: goosequill-{room}\nVersion: {version}\n",
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: goosequill\nRoot-Is-Purelib: true\nTag: {TAG}\n",
    }
    files = files | {f"{described}/{name}": text.encode() for name, text in texts.items()}
    lines = [f"{name},sha256={_record_digest(data)},{len(data)}" for name, data in sorted(files.items())]
    files[f"{described}/RECORD"] = "\n".join([*lines, f"{described}/RECORD,,", ""]).encode()
    write_zip(files, output / f"goosequill_{room}-{version}-{TAG}.whl")


def _record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def packages(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return files of packages by their paths in Python's library folder."""
    return {f"site-packages/{name}": data for name, data in files.items()}


def snapshot(first: dict[str, bytes], later: dict[str, bytes]) -> bytes:
    """Return snapshot.bin, given the files of Python's library folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "first.tar").write_bytes(tar_of(first))
        (folder / "later.tar").write_bytes(tar_of(later))
        write_zip({}, folder / "none.zip")
        _run("snapshot.js", name)
        return (folder / "snapshot.bin").read_bytes()


def write_rooms(own: dict[str, bytes], version: str, output: Path) -> dict[str, bytes]:
    """Write a wheel of each room on demand; return the files of the package that are not in one."""
    rooms: dict[str, dict[str, bytes]] = {name: {} for name in ("", *ROOMS)}
    for name, data in own.items():
        rooms[room_of(name)][name] = data
    rest = rooms.pop("")
    for room, found in rooms.items():
        write_wheel(room, version, found, output)
    return rest


def packed_program(pyodide: Path = PYODIDE) -> dict[str, Path]:
    """Return Pyodide's WebAssembly gzipped, by its name: many hosts send files as they are."""

    def packed(path: Path) -> Path:
        return kept(f"{path.name}.gz", digest(path), partial(write_gzip, path.read_bytes()))

    return {path.name: packed(path) for path in pyodide.glob("*.wasm")}


def pack_program(pyodide: Path) -> None:
    """Replace Pyodide's WebAssembly in a folder by a gzipped one."""
    for name, packed in packed_program(pyodide).items():
        shutil.copyfile(packed, pyodide / f"{name}.gz")
        (pyodide / name).unlink()


def write_runtime(wheel: Path, output: Path) -> None:
    """Write python/ into `output`; `wheel` is the package's own, with its sources.

    The worker writes the library into plain files, which Python reads faster than a zip. Pyodide insists on a
    zip too: none.zip.
    """
    (output / "python").mkdir(parents=True)
    (archive,) = PYODIDE.glob("numpy-*.whl")
    own, library = members(wheel, UNUSED_OWN), members(PYODIDE / "python_stdlib.zip", UNUSED_LIBRARY)
    numpy = members(archive, unused_numpy(own))
    (archive,) = PYODIDE.glob(INSTALLER)
    installer = members(archive, UNUSED_TESTS)
    compiled(library | numpy | installer | own)  # at once, since Pyodide takes long to start
    library, numpy, installer, own = map(compiled, (library, numpy, installer, own))
    numerics = {name: numpy.pop(name) for name in list(numpy) if NUMERICS.match(name)}
    write_tar(packages(numerics), output / "python" / "numerics.tar.gz")
    write_tar(packages(installer), output / "python" / "installer.tar.gz")
    library |= packages(numpy)
    rest = write_rooms(own, wheel.name.split("-")[1], output / "python")
    package = packages(rest)
    first = {name: part.pop(name) for part in (library, package) for name in list(part) if FIRST.search(name)}
    write_tar(first, output / "python" / "first.tar.gz")
    write_tar(library, output / "python" / "library.tar.gz")
    write_tar(package, output / "python" / "goosequill.tar.gz")
    write_zip({}, output / "python" / "none.zip")
    write_gzip(snapshot(first, library | package), output / "python" / "snapshot.bin.gz")
