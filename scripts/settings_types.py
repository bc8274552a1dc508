"""The types of the settings of decoder and chat and of the error codes, as JavaScript has them.

They come from the settings' own descriptions and the table of errors. The file is committed (generate.py), so
that the type checker needs no Python.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path

from scripts.command import ROOT

from goosequill.chat.formats import ChatSettings
from goosequill.decoding import PARAMETERS, DecodingConfig
from goosequill.errors import GROUPS
from goosequill.parameters import Parameter

MODULE = ROOT / "site" / "engine" / "settings.js"
TYPES = {
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "text": "string",
    "texts": "string | string[]",
    "tokens": "number[]",
    "biases": "Record<number, number>",
    "json": "unknown",
}
HEAD = """\
/**
 * The types of the decoder's settings and of the codes of errors.
 * Written by scripts/settings_types.py from the Python package; do not edit.
 */
"""


def module() -> str:
    """Return the JavaScript module, which is imported for its types only."""
    aliases = {name: other for name, other in DecodingConfig.ALIASES.items() if name not in PARAMETERS}
    fields = [*map(_field, PARAMETERS.values())]
    fields += [
        _property(_type(PARAMETERS[to]), name, f"Another name of {to}.") for name, to in aliases.items()
    ]
    chat = [_field(parameter) for parameter in ChatSettings.PARAMETERS.values()]
    types = [
        *_comment("The decoder's settings; null is the default.", "Settings", fields),
        *_comment("What can be asked of a reply in a chat; null is the default.", "ChatSettings", chat),
    ]
    return "\n".join([HEAD, *types, *_codes(), ""])


def _comment(sentence: str, name: str, fields: list[str]) -> list[str]:
    return ["/**", f" * {sentence}", f" * @typedef {{object}} {name}", *fields, " */", ""]


def _codes() -> Iterator[str]:
    yield "/** The codes of errors; the reference of errors has the meaning of each. */"
    yield "export const ERROR_CODES = /** @type {const} */ (["
    yield from (f'  "{code}",' for group in GROUPS.values() for code in group)
    yield "]);"
    yield ""
    yield "/** @typedef {(typeof ERROR_CODES)[number]} ErrorCode */"


def _field(parameter: Parameter) -> str:
    limits = (parameter.minimum, parameter.maximum)
    low, high = (f"{limit:.16g}" if limit is not None else None for limit in limits)
    allowed = f" From {low} to {high}." if low and high else ""
    default = json.dumps(parameter.default, ensure_ascii=False)
    return _property(_type(parameter), parameter.name, f"{parameter.sentence}{allowed} Default: {default}.")


def _type(parameter: Parameter) -> str:
    if parameter.kind == "choice":
        return " | ".join(json.dumps(choice) for choice in parameter.choices)
    return TYPES[parameter.kind]


def _property(kind: str, name: str, text: str) -> str:
    line = f"@property {{{kind} | null}} [{name}] {text}"
    return textwrap.fill(line, 108, initial_indent=" * ", subsequent_indent=" *   ", break_on_hyphens=False)


def files() -> dict[Path, str]:
    return {MODULE: module()}
