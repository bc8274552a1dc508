"""`goosequill report`: write sampling reports, for the comparer."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from goosequill.cli.models import (
    add_adapter_options,
    add_kernel_options,
    add_quantize_option,
    add_tokenizer_option,
    find_model,
)
from goosequill.cli.output import say, say_json
from goosequill.cli.progress import ProgressBar
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Generate outputs for prompts with models and decoders, and write them as sampling reports. Run the "
        "same command again to resume an interrupted run."
    )
    parser.add_argument("--models", required=True, nargs="+", help="model folders, files of weights, or ids")
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
    add_adapter_options(parser)
    add_tokenizer_option(parser)
    add_quantize_option(parser)
    add_kernel_options(parser)
    parser.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster")
    parser.add_argument("--json", action="store_true", help="print the paths of the reports as JSON")


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
    threads = options.threads or (1 if options.scheduler else None)  # a cluster has a process for each core
    models = [str(find_model(options, model)) for model in options.models]
    reports = out_paths(models, options.out)
    adapter = str(options.adapter.resolve()) if options.adapter else None
    how = (options.tokenizer, options.quantize, options.kernel, threads, adapter, options.strength)
    for path, out in zip(models, reports, strict=True):
        location = str(Path(path).resolve())
        write_report(
            out,
            ModelChoice(location, *how),
            prompts,
            decoders,
            seed=options.seed,
            run=runner,
            progress=ProgressBar(options, model_name(location)),
        )
        if not options.json:
            say(str(out))
    if options.json:
        say_json([str(out) for out in reports])
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
