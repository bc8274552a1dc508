"""The kernel's interface (kernels/abi.py) for C and for JavaScript.

Both files are committed (generate.py), so that neither installing the package nor serving the site needs this
script.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from scripts.command import ROOT

from goosequill.kernels import abi
from goosequill.kernels.activations import ACTIVATIONS

HEADER = ROOT / "py" / "goosequill" / "kernels" / "simd" / "abi.h"
MODULE = ROOT / "site" / "engine" / "abi.js"
NOTE = "Written by scripts/abi.py from py/goosequill/kernels/abi.py; do not edit."


def header() -> str:
    """Return the C header: limits, numbers, the step as a union of structs, and the exported functions."""
    structs = "".join(_struct(operation, fields) for operation, fields in abi.OPERATIONS.items())
    exports = {**abi.EXPORTS, **abi.HELPER_EXPORTS, **abi.NATIVE_EXPORTS}
    forms = ", ".join(f"{name.upper()} = {number}" for name, number in abi.FORMS.items())
    cases = (f"  case {name.upper()}: {code} break;" for name, (_, code) in ACTIVATIONS.items())
    return "\n".join(
        [
            f"// {NOTE}",
            "#pragma once\n",
            "typedef __INTPTR_TYPE__ word;\n",
            *(f"#define {name.upper()} {limit}" for name, limit in abi.LIMITS.items()),
            f"\nenum {{ {', '.join(abi.OPERATIONS).upper()} }};",
            f"enum {{ {', '.join(abi.ACTIVATIONS).upper()} }};",
            "// What `activate` does for each of them, except for NONE.",
            " \\\n".join(["#define EACH_ACTIVATION", *cases]),
            f"enum {{ {forms} }};",
            f"enum {{ {', '.join(abi.TYPES)} }};\n",
            "// A step of a program: the operation, then its fields, a word each.",
            f"typedef union step {{\n  word operation;\n{structs}}} step;\n",
            '_Static_assert(sizeof(step) == STEP_WORDS * sizeof(word), "every field is a word");\n',
            *(f"{result} {name}({arguments});" for name, (result, arguments) in exports.items()),
            "",
        ]
    )


def _struct(operation: str, fields: str) -> str:
    members = [f"{field};".replace(" ", "~") for field in ("word operation", *fields.split(", "))]
    text = f"struct {{ {' '.join(members)} }} {operation};"
    return textwrap.fill(text, 118, initial_indent="  ", subsequent_indent="    ").replace("~", " ") + "\n"


def module() -> str:
    """Return the JavaScript module: the limits, and the words of a product's step."""
    limits = "".join(f"export const {name.upper()} = {limit};\n" for name, limit in abi.LIMITS.items())
    fields = "".join(f"  {_camel(name)}: {index},\n" for name, index in abi.FIELDS["product"].items())
    return (
        f"/**\n * The kernel's interface, as helper threads need it.\n * {NOTE}\n */\n\n"
        f"{limits}\n"
        f"/** The operation number of a product. */\nexport const PRODUCT = {abi.NUMBERS['product']};\n\n"
        f"/** Index of each field in the words of a product's step. */\n"
        f"export const product = Object.freeze({{\n{fields}}});\n"
    )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def files() -> dict[Path, str]:
    return {HEADER: header(), MODULE: module()}
