"""`goosequill tune`: teach a model a manner from examples, and write what it learned as an adapter."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from goosequill.cli.models import add_model_options, load
from goosequill.cli.output import say, say_json
from goosequill.cli.progress import shows_progress
from goosequill.tuning.training import RATES, STEPS, Step
from goosequill.tuning.tune import adapter_of, examples_in, start


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.description = (
        "Teach a model a manner from examples, and write what it learned as a small file, an adapter. A "
        "fifth of the examples is held back, to see when to stop; Ctrl+C stops and keeps the best so far."
    )
    add_model_options(parser)
    parser.add_argument(
        "--examples",
        required=True,
        type=Path,
        help="plain text, or JSON lines with text, prompt and completion, messages, prompt and chosen and "
        "rejected, or prompt, completion and label; or conversations with ratings or ranks",
    )
    parser.add_argument(
        "--out", required=True, type=Path, help="the adapter, .safetensors; or .pth for a state alone"
    )
    parser.add_argument(
        "--method",
        choices=RATES,
        default="vectors",
        help="tune all vectors, or only the state before the first token (default: vectors)",
    )
    parser.add_argument(
        "--steps", type=int, default=STEPS, help=f"maximum number of steps (default: {STEPS})"
    )
    parser.add_argument(
        "--learning-rate", type=float, metavar="X", help="by default the better of two after ten steps"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the order of the examples (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Tune, write the adapter, print how much better it predicts, and return the exit status."""
    loaded = load(options)
    training = start(
        loaded,
        examples_in(loaded, options.examples),
        method=options.method,
        steps=options.steps,
        learning_rate=options.learning_rate,
        seed=options.seed,
    )
    try:
        for step in training.run():
            if shows_progress(options):
                print(f"\r\033[K{_line(step)}", end="", file=sys.stderr, flush=True)
    except KeyboardInterrupt:  # the best so far is kept
        pass
    if shows_progress(options):
        print("\r\033[K", end="", file=sys.stderr)
    adapter = adapter_of(training, loaded, options.out.stem)
    adapter.write(options.out)
    if options.json:
        say_json(asdict(adapter.about))
        return 0
    before, after = training.before, training.best
    unit = "bits per byte" if after.right is None else "loss"
    say(f"held back      {before.loss:.3f} -> {after.loss:.3f} {unit}")
    if after.right is not None:
        say(f"agrees with    {after.right:.0%} of {len(training.held_back)} held back")
    say(f"learning rate  {training.rate:g}, {training.best_steps} steps")
    say(f"adapter        {options.out}, {options.out.stat().st_size:,} bytes")
    return 0


def _line(step: Step) -> str:
    figures = f"{step.loss:.3f}, held back {step.best:.3f}"
    return f"step {step.done} of {step.total}: {figures}, {step.seconds_left:.0f} s left"
