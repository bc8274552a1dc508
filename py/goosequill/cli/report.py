"""`goosequill report`: write sampling reports, for the comparer."""

from __future__ import annotations

import argparse
import functools
import sys
import time
from pathlib import Path

from goosequill.cli.models import add_quantize_option, add_tokenizer_option
from goosequill.cli.output import say
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
from goosequill.printable import printable

_WIDTH = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Generate outputs for prompts with models and decoders, and write them as sampling reports. Run the "
        "same command again to resume an interrupted run."
    )
    parser.add_argument("--models", required=True, nargs="+", help="model folders, or files of weights")
    parser.add_argument(
        "--prompts", required=True, type=Path, help="a JSON list, JSON lines, or one prompt per line"
    )
    parser.add_argument(
        "--decoders",
        required=True,
        type=Path,
        help="a JSON object from names to settings, or a JSON list of preset names",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        help="the report; with several models, each one's name is put before the extension",
    )
    parser.add_argument(
        "--samples", type=int, default=1, help="outputs per prompt of each decoder that samples (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the first sample (default: 0)")
    add_tokenizer_option(parser)
    add_quantize_option(parser)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster")


def run(options: argparse.Namespace) -> int:
    """Write the reports and return the exit status."""
    if not options.out.name or options.out.is_dir():
        raise SettingsError(
            f"The report {options.out} would be a folder.",
            code="output",
            remedy="Give --out the name of a file.",
        )
    prompts, decoders = (
        read_prompts(options.prompts),
        read_decoders(options.decoders, samples=options.samples),
    )
    runner = functools.partial(run_on_cluster, options.scheduler) if options.scheduler else run_here
    for path, out in zip(options.models, out_paths(options.models, options.out), strict=True):
        location = str(Path(path).resolve())
        write_report(
            out,
            ModelChoice(location, options.tokenizer, options.quantize),
            prompts,
            decoders,
            seed=options.seed,
            run=runner,
            progress=ProgressBar(model_name(location)),
        )
        say(str(out))
    return 0


def out_paths(models: list[str], out: Path) -> list[Path]:
    """Return the path of each model's report.

    Raises
    ------
    SettingsError
        ``same-name``: two models would write the same file.
    """
    if len(models) == 1:
        return [out]
    paths = [
        out.with_name(f"{out.stem}-{model_name(str(Path(model).resolve()))}{out.suffix}") for model in models
    ]
    if len(set(paths)) < len(paths):
        raise SettingsError(
            "Two of the models have the same name, so their reports would be the same file.", code="same-name"
        )
    return paths


class ProgressBar:
    """A progress bar on a terminal; prints nothing if standard error is not one."""

    def __init__(self, title: str) -> None:
        self._title, self._start, self._before = printable(title, 200), time.monotonic(), -1

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        self._before = done if self._before < 0 else self._before
        filled = _WIDTH * done // max(1, total)
        bar = "#" * filled + "." * (_WIDTH - filled)
        end = "\n" if done == total else ""
        print(
            f"\r{self._title} [{bar}] {done}/{total}{self._time_left(done, total)}\033[K",
            end=end,
            file=sys.stderr,
        )

    def _time_left(self, done: int, total: int) -> str:
        fresh = done - self._before
        if not fresh or done == total:
            return ""
        seconds = (time.monotonic() - self._start) / fresh * (total - done)
        return f", {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
