"""`goosequill judge`: evaluate files of votes from the comparer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from goosequill.cli.output import say, say_json
from goosequill.errors import FileFormatError
from goosequill.evaluation.votes import judge
from goosequill.support.budget import Budget, File


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Evaluate files of votes together: the contenders' strengths (Bradley-Terry with ties) with 95% "
        "bootstrap intervals over prompts, permutation tests of each two, position bias, and agreement "
        "between raters."
    )
    parser.add_argument(
        "files", metavar="VOTES", type=Path, nargs="+", help="files of votes, saved by the comparer"
    )
    parser.add_argument(
        "--resamples", type=int, default=1000, help="resamples of the bootstrap (default: 1000)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the bootstrap (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Print the results and return the exit status."""
    result = judge(
        [read_file(path) for path in options.files], resamples=options.resamples, seed=options.seed
    )
    if options.json:
        say_json(result, indent=2)
    else:
        say(as_text(result))
    return 0


def read_file(path: Path) -> Any:
    """Return the JSON of a file, with its path in the member "file" for messages."""
    try:
        data = File.open(path, Budget()).json()
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path} cannot be read as JSON: {error}.", code="votes-file") from error
    return {**data, "file": str(path)} if isinstance(data, dict) else data


def as_text(result: dict[str, Any]) -> str:
    """Return the results as a small table and sentences."""
    width = max(len(row["name"]) for row in result["strengths"])
    lines = [f"{'':{width}}  strength  95% interval      won/lost/tied/both bad"]
    for row in result["strengths"]:
        known = row["low"] is not None
        interval = f"{row['low']:+.2f} to {row['high']:+.2f}" if known else "too few votes"
        score = f"{row['wins']}/{row['losses']}/{row['ties']}/{row['both_bad']}"
        lines.append(f"{row['name']:{width}}  {row['strength']:+8.2f}  {interval:16}  {score}")
    choices = result["choices"]
    lines += [
        "",
        f"{result['votes']} votes on {result['prompts']} prompts by {', '.join(result['raters'])}; "
        f"ties {choices['tie']}, both bad {choices['both_bad']}.",
        " ".join(result["position"]["sentences"]),
        agreement_text(result["agreement"]),
        *map(comparison_text, result["comparisons"] or []),
    ]
    return "\n".join(lines)


def comparison_text(row: dict[str, Any]) -> str:
    """Return the test of two contenders in a few sentences."""
    counts = f"{row['wins']} won, {row['losses']} lost, {row['ties']} tied"
    counts += f", {row['both_bad']} both bad" if row["both_bad"] else ""
    return f"{row['first']} against {row['second']}: {counts}. {' '.join(row['sentences'])}"


def agreement_text(agreement: dict[str, Any] | None) -> str:
    """Return one sentence on agreement."""
    if agreement is None:
        return "Agreement: no pair was judged by two raters."
    alpha = "not defined" if agreement["alpha"] is None else f"{agreement['alpha']:.2f}"
    units, raters = agreement["units"], agreement["raters"]
    return f"Agreement: Krippendorff's alpha {alpha} on {units} pairs by {raters} raters."
