"""Options for decoder settings, made from the descriptions of the decoder's parameters."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from goosequill.decoding import DESCRIPTIONS, PRESETS, DecodingConfig, Parameter, describe_presets
from goosequill.errors import SettingsError
from goosequill.support.budget import Budget

_METAVARS = {"number": "X", "integer": "N", "tokens": "IDS", "biases": "JSON", "json": "JSON"}
_ALIASES = {"max_new_tokens": ["--max-tokens"]}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare an option for every setting, in groups, and --preset."""
    titles = "; ".join(f"{preset['name']}: {preset['title']}" for preset in describe_presets())
    parser.add_argument(
        "--preset", choices=PRESETS, help=f"settings to start from. {titles}".replace("%", "%%")
    )
    for part in DESCRIPTIONS:
        group = parser.add_argument_group(part.label, part.sentence)
        for parameter in part.parameters:
            add_parameter(group, parameter)


def read_settings(options: argparse.Namespace) -> DecodingConfig:
    """Return the settings in the parsed options."""
    settings: dict[str, Any] = dict(PRESETS[options.preset]) if options.preset else {}
    for part in DESCRIPTIONS:
        for parameter in part.parameters:
            value = getattr(options, parameter.name)
            if value is not None:
                settings[parameter.name] = value
    return DecodingConfig.from_dict(settings)


def add_parameter(group: argparse._ActionsContainer, parameter: Parameter) -> None:
    """Declare the option of one setting; it is None where it is not given."""
    flags = ["--" + parameter.name.replace("_", "-"), *_ALIASES.get(parameter.name, [])]
    options: dict[str, Any] = {"dest": parameter.name}
    options["help"] = f"{parameter.sentence}{_default(parameter)}".replace("%", "%%")
    if parameter.kind == "boolean":
        options |= {"action": "store_const", "const": True}
    elif parameter.kind == "texts":
        options |= {"action": "append", "metavar": "TEXT", "type": _text}
    elif parameter.kind == "choice":
        options["choices"] = parameter.choices
    else:
        options |= {"type": _TYPES[parameter.kind], "metavar": _METAVARS.get(parameter.kind, "TEXT")}
    group.add_argument(*flags, **options)


def _default(parameter: Parameter) -> str:
    if parameter.kind not in ("number", "integer", "choice") or parameter.default is None:
        return ""
    return f" (default: {parameter.default})"


def _text(value: str) -> str:
    return value.replace("\\n", "\n").replace("\\t", "\t")


def _json(value: str) -> Any:
    try:
        return Budget().json(value)
    except ValueError as error:
        raise SettingsError(
            f"{value[:60]!r} is not JSON: {error}.", code="setting-type", remedy="Quote it for the shell."
        ) from error


def parse_ids(text: str) -> list[int]:
    """Parse token ids such as ``34,105,110``.

    Raises
    ------
    SettingsError
        ``token-ids``
    """
    try:
        return [int(item) for item in text.replace(",", " ").split()]
    except ValueError as error:
        raise SettingsError(f"{text[:60]!r} is not a list of token ids.", code="token-ids") from error


_TYPES: dict[str, Callable[[str], Any]] = {
    "number": float,
    "integer": int,
    "text": str,
    "tokens": parse_ids,
    "biases": _json,
    "json": _json,
}
