"""`goosequill report`: sampling reports of models, for the comparer."""

from __future__ import annotations

import argparse
import functools
import sys
import time
from pathlib import Path

from goosequill.errors import SettingsError
from goosequill.evaluation.reports import (
    ModelChoice,
    model_name,
    read_decoders,
    read_prompts,
    run_here,
    run_on_cluster,
    write_report,
)

_WIDTH = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Let models continue prompts under decoders, and write what they wrote as sampling reports. A run "
        "that was killed goes on where it was when the same command is given again."
    )
    parser.add_argument("--models", required=True, nargs="+", help="model folders, or files of weights")
    parser.add_argument(
        "--prompts", required=True, type=Path, help="a JSON list, JSON lines, or a text with a prompt a line"
    )
    parser.add_argument(
        "--decoders",
        required=True,
        type=Path,
        help="JSON: a table from name to settings, or a list of presets",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        help="the report; of several models each gets its name before the ending",
    )
    parser.add_argument(
        "--samples", type=int, default=1, help="outputs of each decoder that draws (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the first sample (default: 0)")
    parser.add_argument("--tokenizer", help="name or file; by default each model's own")
    parser.add_argument(
        "--quantize", type=int, choices=(8, 4), help="first round weights stored in full to so many bits"
    )
    parser.add_argument("--scheduler", metavar="ADDRESS", help="spread the work over this Dask cluster")


def run(options: argparse.Namespace) -> int:
    """Write the reports and return the exit status."""
    prompts, decoders = (
        read_prompts(options.prompts),
        read_decoders(options.decoders, samples=options.samples),
    )
    runner = functools.partial(run_on_cluster, options.scheduler) if options.scheduler else run_here
    for path, out in zip(options.models, out_paths(options.models, options.out), strict=True):
        place = str(Path(path).resolve())
        write_report(
            out,
            ModelChoice(place, options.tokenizer, options.quantize),
            prompts,
            decoders,
            seed=options.seed,
            run=runner,
            progress=ProgressBar(model_name(place)),
        )
        print(out)
    return 0


def out_paths(models: list[str], out: Path) -> list[Path]:
    """Return where each model's report goes.

    Raises
    ------
    SettingsError
        ``same-name``: two models would write one file.
    """
    if len(models) == 1:
        return [out]
    paths = [
        out.with_name(f"{out.stem}-{model_name(str(Path(model).resolve()))}{out.suffix}") for model in models
    ]
    if len(set(paths)) < len(paths):
        raise SettingsError(
            "Two of the models have one name, so that their reports would be one file.",
            code="same-name",
            remedy="Write them with two commands and two values of --out.",
        )
    return paths


class ProgressBar:
    """A line on the terminal that fills; on a file, nothing."""

    def __init__(self, title: str) -> None:
        self._title, self._start, self._before = title, time.monotonic(), -1

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        self._before = done if self._before < 0 else self._before
        filled = _WIDTH * done // max(1, total)
        bar = "#" * filled + "." * (_WIDTH - filled)
        end = "\n" if done == total else ""
        print(
            f"\r{self._title} [{bar}] {done}/{total}{self._rest(done, total)}\033[K", end=end, file=sys.stderr
        )

    def _rest(self, done: int, total: int) -> str:
        fresh = done - self._before
        if not fresh or done == total:
            return ""
        seconds = (time.monotonic() - self._start) / fresh * (total - done)
        return f", {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
