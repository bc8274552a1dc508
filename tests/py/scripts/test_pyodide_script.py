"""Pyodide's script gets shorter, and does the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from scripts.command import BuildError
from scripts.pyodide_script import shorten, shortened

FILLING = [f"_other{number}" for number in range(200)]
SCRIPT = f"""
const Module={{}};var {",".join(FILLING)},_used,_unused,_global;
function assignWasmExports(wasmExports){{_used=Module["_used"]=wasmExports["used"];\
_unused=Module["_unused"]=wasmExports["unused"];_global=Module["_global"]=wasmExports["global"].value>>>0;}}
const global=new WebAssembly.Global({{value:"i32"}},-2);
assignWasmExports({{used:()=>1,unused:()=>2,global}});
console.log(JSON.stringify([_used(),Module._used(),Module["_un"+"used"](),Module["_glo"+"bal"]]));
""".replace(";\\\n", ";")


def run(script: str) -> object:
    done = subprocess.run(["node", "--eval", script], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_the_module_has_the_same_exports() -> None:
    short = shortened(SCRIPT)
    assert run(short) == run(SCRIPT) == [1, 1, 2, 2**32 - 2]
    assert "_used=" in short
    assert "_unused" not in short
    assert "_global" not in short
    assert all(name in short for name in FILLING)


def test_a_script_of_another_form_is_refused() -> None:
    with pytest.raises(BuildError, match="pyodide_script"):
        shortened("var Module={};")


IMPORTS_KEPT = bytes.fromhex("0061736d01000000 01040160 0000 020c0103656e76046b6570740000")
"""A program that imports the function `kept`."""
OFFERS = f"""
const Module={{}};var {",".join(FILLING)},_used;
function assignWasmExports(wasmExports){{_used=Module["_used"]=wasmExports["used"];}}
function helper(){{return 3}}helper.sig="i";
function _kept(){{return helper()}}_kept.sig="i";
var SCREEN={{draw(){{return _paint()}}}};
function _paint(){{return SCREEN.size}}_paint.sig="i";
function run(text){{return eval(text)}}
var wasmImports={{kept:_kept,paint:_paint,run:run}};
Module["_kept"]=_kept;Module["SCREEN"]=SCREEN;Module["loadLibrary"]=helper;Module["helper"]=helper;
assignWasmExports({{used:()=>1}});
console.log(JSON.stringify([wasmImports.kept(),_used(),typeof Module["hel"+"per"]]));
""".replace("\n", "")


def test_what_no_program_imports_and_no_script_uses_is_left_out(tmp_path: Path) -> None:
    script, program = tmp_path / "pyodide.asm.mjs", tmp_path / "program.wasm"
    (tmp_path / "pyodide.mjs").write_text("export const use = (module) => module.helper();")
    program.write_bytes(IMPORTS_KEPT)
    script.write_text(OFFERS)
    shorten(script, [program])
    short = script.read_text()
    assert run(short) == run(OFFERS) == [3, 1, "function"]
    assert not any(name in short for name in ("paint", "SCREEN", "eval"))
