"""Options from the environment and from a file of settings, put before those of the command line.

So they are checked like any other, and an option on the command line replaces them.
"""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from goosequill.errors import SettingsError
from goosequill.support.budget import Budget, File

VARIABLES = {
    "GOOSEQUILL_MODEL": "--model",
    "GOOSEQUILL_KERNEL": "--kernel",
    "GOOSEQUILL_THREADS": "--threads",
    "GOOSEQUILL_API_KEY": "--api-key",
}
"""Environment variable -> the option for which it gives the default."""


def config_path(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file of settings: ``$GOOSEQUILL_CONFIG``, or goosequill/config.toml in the user's settings.

    None if there is none, or the variable is empty.
    """
    if "GOOSEQUILL_CONFIG" in environment:
        return Path(environment["GOOSEQUILL_CONFIG"]) if environment["GOOSEQUILL_CONFIG"] else None
    root = environment.get("XDG_CONFIG_HOME") or environment.get("APPDATA") or Path.home() / ".config"
    path = Path(root) / "goosequill" / "config.toml"
    return path if path.is_file() else None


def default_arguments(
    command: str, parser: argparse.ArgumentParser, environment: Mapping[str, str] = os.environ
) -> list[str]:
    """Return a command's options from the file of settings, then from the environment.

    Raises
    ------
    SettingsError
        ``config-file``: the file cannot be read, or has an option that the command does not have.
    """
    path = config_path(environment)
    found = list(_from_file(path, command, parser)) if path else []
    for variable, option in VARIABLES.items():
        if environment.get(variable) and _takes(parser, option):
            found = [each for each in found if each.partition("=")[0] != option]
            found.append(f"{option}={environment[variable]}")
    return found


def _from_file(path: Path, command: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options at the top of the file that the command has, and all of the command's own table."""
    try:
        settings = tomllib.loads(File.open(path, Budget()).bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as TOML: {error}.", code="config-file") from error
    for name, value in settings.items():
        if not isinstance(value, dict) and _takes(parser, f"--{name}"):
            yield from _as_arguments(f"--{name}", value)
    own = settings.get(command, {})
    for name, value in own.items() if isinstance(own, dict) else ():
        if f"--{name}" not in parser._option_string_actions:
            raise SettingsError(
                f"{path} sets {name!r} in [{command}], but the command has no option --{name}.",
                code="config-file",
            )
        yield from _as_arguments(f"--{name}", value)


def _takes(parser: argparse.ArgumentParser, option: str) -> bool:
    """Whether a command has an option with its common meaning: the --model of `index` is another one."""
    action = parser._option_string_actions.get(option)
    return action is not None and not (option == "--model" and action.choices)


def _as_arguments(option: str, value: Any) -> Iterator[str]:
    if value is True:
        yield option
    elif isinstance(value, list):
        for item in value:
            yield from _as_arguments(option, item)
    elif value is not False:
        yield f"{option}={value}"
