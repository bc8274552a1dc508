"""`goosequill lab`: run a laboratory experiment natively, as its page does."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.cli.output import say
from goosequill.cli.progress import shows_progress
from goosequill.errors import SettingsError
from goosequill.lab import experiments
from goosequill.support.budget import Budget
from goosequill.support.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = "Run a laboratory experiment and print what it computed."
    parser.add_argument(
        "experiment", metavar="NAME", nargs="?", help="the experiment; without one, all are listed"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="a setting; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print everything, arrays included, as JSON")


def run(options: argparse.Namespace) -> int:
    """Print the experiments, one experiment's result as JSON, or a summary of it."""
    if options.experiment is None:
        for name in experiments.names():
            say(f"{name}: {experiments.describe(name)['sentence']}")
        return 0
    settings = dict(map(read_setting, options.settings))
    found = _finish(experiments.run(options.experiment, settings), progress=shows_progress(options))
    say(json.dumps(plain(found), allow_nan=False) if options.json else _summary(found))
    return 0


def read_setting(text: str) -> tuple[str, Any]:
    """Return the name and the value of `key=value`; a value is JSON, or a text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(
            f"{text!r} is not a setting.", code="setting-type", remedy="Write it as --set key=value."
        )
    try:
        return key, Budget().json(value)
    except ValueError:
        return key, value  # a text needs no quotes


def _finish(running: Any, *, progress: bool) -> dict[str, Any]:
    """Run to the end; show the progress on the terminal if asked for."""
    while True:
        try:
            step = next(running)
        except StopIteration as stop:
            if progress:
                print("\r\033[K", end="", file=sys.stderr)
            result: dict[str, Any] = stop.value
            return result
        if progress and isinstance(step, Progress):
            print(
                f"\r{step.status}: {step.loaded} of {step.total}\033[K", end="", file=sys.stderr, flush=True
            )


def plain(value: Any, digits: int | None = None) -> Any:
    """Return a result as JSON has it: objects, lists, numbers and texts, and null for NaN and infinity.

    `digits` rounds the numbers of arrays, but not single numbers, to so many significant digits.
    """
    if isinstance(value, dict):
        return {str(key): plain(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, digits) for item in value]
    if isinstance(value, np.ndarray):
        return _plain_array(value, digits)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain_array(array: NDArray[Any], digits: int | None) -> Any:
    if array.dtype.kind != "f":
        return array.tolist()
    numbers = [float(f"{number:.{digits}g}") if digits else number for number in array.ravel().tolist()]
    kept = [number if math.isfinite(number) else None for number in numbers]
    return np.array([*kept, None], dtype=object)[:-1].reshape(array.shape).tolist()


def _summary(found: dict[str, Any], indent: str = "") -> str:
    """Return one line a value; of an array its shape and range."""
    lines = []
    for name, value in found.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", _summary(value, indent + "  ")]
        elif isinstance(value, np.ndarray) and value.size:
            shape = " x ".join(map(str, value.shape))
            lines.append(f"{indent}{name}: {shape} numbers from {value.min():.6g} to {value.max():.6g}")
        else:
            lines.append(
                f"{indent}{name}: {value:.6g}" if isinstance(value, float) else f"{indent}{name}: {value}"
            )
    return "\n".join(lines)
