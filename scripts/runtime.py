"""Make what Python starts from in a page: python/library.tar.gz and the package's wheel.

All of it is compiled by the interpreter that will run it (Pyodide under Node), so that a page parses no
Python. Of numpy only what the package uses is taken, of the package everything but its commands. The wheel
is one for that interpreter alone, which micropip installs.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYODIDE = ROOT / "build" / "vendor" / "pyodide"
CACHE = ROOT / "build" / "compiled"
DATE = (1980, 1, 1, 0, 0, 0)

UNUSED_LIBRARY = re.compile(
    r"^(multiprocessing|unittest|pydoc_data|xmlrpc|idlelib|tkinter|ensurepip|venv|curses|wsgiref|dbm|lib2to3|test"
    r"|distutils|sqlite3|turtledemo|xml|ctypes/macholib)/"
    r"|^(doctest|pdb|bdb|cmd|pydoc|mailbox|turtle|smtplib|ftplib|imaplib|poplib|nntplib|telnetlib|socketserver|cgi"
    r"|cgitb|profile|cProfile|pstats|trace|timeit|webbrowser|pyclbr|tabnanny|_aix_support|_osx_support"
    r"|mailcap|sndhdr|imghdr|aifc|chunk|sunau|wave|uu|xdrlib|crypt|msilib|modulefinder|zipapp|rlcompleter|symtable"
    r"|this|antigravity|_pyio|_pydecimal|_pydatetime|plistlib|fileinput|pipes|pty|tty|getpass|compileall"
    r"|http/server|asyncio/(__main__|windows_\w+|proactor_events))\.py$"
    r"|^encodings/(cp(?!437|1252)|mac_|iso|koi|big5|gb|hz|euc|johab|shift_|ptcp|tis|hp|kz|palm)"
)
"""What a page has no use for: other processes, servers, terminals, debuggers, rare character sets."""
UNUSED_NUMPY = re.compile(
    r"numpy/(f2py|fft|ma|polynomial|testing|_pyinstaller|core|doc|compat|distutils|char|rec)/"
    r"|/tests?/|_(tests|simd)\.cpython|/include/|/lib/lib|/(conftest|ctypeslib|matlib|setup)\.py$"
)
"""What `import numpy` does not read."""
WORDS = re.compile(r"numpy/_core/_add_newdocs\w*\.py$")
"""Modules that do nothing but describe numpy; they are imported, and left empty."""
UNUSED_OWN = re.compile(r"goosequill/(cli/|__main__\.)|\.dist-info/(RECORD|entry_points\.txt)$")
"""The commands; and what speaks of them."""
UNUSED_TESTS = re.compile(r"/tests?/")
KEPT = re.compile(r"\.(py|so|wasm|npz)$|\.dist-info/(METADATA|WHEEL|LICEN[CS]E.*|licenses/.*)$")
PACKAGES = {"numpy-*.whl": UNUSED_NUMPY, "micropip-*.whl": UNUSED_TESTS, "packaging-*.whl": UNUSED_TESTS}
TAG = "cp312"
"""The interpreter: compiled files are for one version of Python."""


class RuntimeBuildError(Exception):
    """Pyodide refused to compile."""


def members(archive: Path, unused: re.Pattern[str]) -> dict[str, bytes]:
    """The files of a wheel that a page has a use for."""
    with zipfile.ZipFile(archive) as opened:
        names = sorted(name for name in opened.namelist() if KEPT.search(name))
        chosen = [name for name in names if not unused.search(name)]
        return {name: b"" if WORDS.search(name) else opened.read(name) for name in chosen}


def compiled(files: dict[str, bytes]) -> dict[str, bytes]:
    """Replace each .py by its .pyc, without docstrings and assertions; what was compiled before is reused."""
    interpreter = hashlib.sha256((PYODIDE / "pyodide.asm.wasm").read_bytes()).hexdigest()
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


def _compile(sources: dict[str, bytes], targets: dict[str, Path]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, source in enumerate(sources.values()):
            (folder / f"{number}.py").write_bytes(source)
        (folder / "names.json").write_text(json.dumps(list(sources)), encoding="utf-8")
        command = ["node", str(ROOT / "scripts" / "compile.js"), str(PYODIDE), name]
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if result.returncode:
            raise RuntimeBuildError(f"Pyodide could not compile:\n{result.stderr[-2000:]}")
        for number, target in enumerate(targets.values()):
            (folder / f"{number}.pyc").replace(target)


def write_zip(files: dict[str, bytes], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def write_tar(files: dict[str, bytes], target: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    target.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))


def write_wheel(wheel: Path, output: Path) -> None:
    """Write the package's wheel again into `output`, compiled; its name and metadata say for which Python."""
    files = compiled(members(wheel, UNUSED_OWN))
    (described,) = (name for name in files if name.endswith(".dist-info/WHEEL"))
    files[described] = re.sub(rb"(?m)^Tag: .*$", f"Tag: {TAG}-none-any".encode(), files[described])
    record = described.replace("WHEEL", "RECORD")
    lines = [f"{name},sha256={_record_digest(data)},{len(data)}" for name, data in sorted(files.items())]
    files[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    write_zip(files, output / wheel.name.replace("-py3-", f"-{TAG}-"))


def _record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_runtime(wheel: Path, output: Path) -> None:
    """Write python/ and wheels/ into `output`; `wheel` is the package's own, with its sources.

    The library lies in plain files, which are read faster than a zip's. Pyodide wants a zip too: none.zip.
    """
    (output / "python").mkdir()
    (output / "wheels").mkdir()
    files = members(PYODIDE / "python_stdlib.zip", UNUSED_LIBRARY)
    for pattern, unused in PACKAGES.items():
        (archive,) = PYODIDE.glob(pattern)
        files |= {f"site-packages/{name}": data for name, data in members(archive, unused).items()}
    write_tar(compiled(files), output / "python" / "library.tar.gz")
    write_zip({}, output / "python" / "none.zip")
    write_wheel(wheel, output / "wheels")
