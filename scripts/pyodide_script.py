"""Shorten Pyodide's compiled script, which a policy without `blob:` lets a page load only as it is served.

A third of it names each of the program's 4,700 exports three times: it is declared, assigned, and made a
property of the module, where Python's libraries find it. For those of which the script has no other use, a
loop does the last. Half of the rest is for programs that draw, play sounds or open sockets, and is left out
(pyodide_unused.js). What remains is minified.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from scripts.command import ROOT, BuildError

ASSIGN = "function assignWasmExports(wasmExports){"
LOOP = (
    "for(const[name,found]of Object.entries(wasmExports))"
    'Module["_"+name]=found instanceof WebAssembly.Global?found.value>>>0:found;'
)
EXPORT = re.compile(r'(?<=[;{])_([\w$]+)=Module\["_\1"\]=wasmExports\["\1"\](?:\.value>>>0)?;')
DECLARED = re.compile(r"\bvar ((?:[\w$]+,){200,}[\w$]+)")
ENGINE = ROOT / "site" / "engine"
USES = [*sorted((ENGINE / "worker").glob("*.js")), ENGINE / "threads.js", ROOT / "scripts" / "snapshot.js"]
"""The scripts of ours that use its module."""
NAMED = 3  # times: in the declaration, and twice where it is assigned


def shortened(script: str) -> str:
    """Return the script with a loop over exports instead of a line for each.

    Raises
    ------
    BuildError
        It is not as Emscripten wrote it for Pyodide 314.
    """
    if script.count(ASSIGN) != 1:
        raise BuildError("Pyodide's script assigns exports in another way: see scripts/pyodide_script.py")
    counts = Counter(re.findall(r"[\w$]+", script))
    unused = {f"_{name}" for name in EXPORT.findall(script) if counts[f"_{name}"] == NAMED}

    def declare(found: re.Match[str]) -> str:
        return "var " + ",".join(name for name in found[1].split(",") if name not in unused)

    script = EXPORT.sub(lambda found: "" if f"_{found[1]}" in unused else found[0], script)
    return DECLARED.sub(declare, script).replace(ASSIGN, ASSIGN + LOOP)


def shorten(path: Path, programs: Iterable[Path]) -> None:
    """Shorten and minify the script in place, for these programs in WebAssembly."""
    path.write_text(shortened(path.read_text(encoding="utf-8")), encoding="utf-8")
    uses = [path.with_name("pyodide.mjs"), *USES]
    command: list[str | Path] = ["node", ROOT / "scripts" / "pyodide_unused.js", path, *uses]
    subprocess.run(command, input="\n".join(map(str, programs)), text=True, check=True)
    esbuild = ROOT / "node_modules" / ".bin" / "esbuild"
    # Without --tsconfig-raw a tsconfig.json above the folder decides whether there is a "use strict".
    options = [
        "--minify",
        "--tsconfig-raw={}",
        "--charset=utf8",
        "--log-level=error",
        "--allow-overwrite",
        f"--outfile={path}",
    ]
    subprocess.run([esbuild, path, *options], check=True)


def write_script(pyodide: Path, target: Path) -> None:
    """Write the script of a folder of Pyodide, shortened for what a page loads, into a new folder.

    That is numpy: the kernels import nothing of the script.
    """
    target.mkdir()
    for name in ("pyodide.mjs", "pyodide.asm.mjs"):
        (target / name).write_bytes((pyodide / name).read_bytes())
    (numpy,) = pyodide.glob("numpy-*.whl")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(numpy) as wheel:
        libraries = [name for name in wheel.namelist() if name.endswith(".so")]
        unpacked = [Path(wheel.extract(name, folder)) for name in libraries]
        shorten(target / "pyodide.asm.mjs", [pyodide / "pyodide.asm.wasm", *unpacked])
    (target / "pyodide.mjs").unlink()
