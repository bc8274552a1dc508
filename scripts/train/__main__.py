"""All of it, from nothing: fetch the text, train vocabulary and model, measure, write site/models/default.

Every part that is done already is passed over, so an interrupted call is repeated as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

from scripts.train.corpus import training_folder

STABLE_STEPS = 2543
DECAY_STEPS = 1547


def call(module: str, *arguments: str) -> None:
    """Run a module of this folder in a process of its own, at the lowest priority."""
    subprocess.run(
        ["nice", "-n", "19", sys.executable, "-m", f"scripts.train.{module}", *arguments], check=True
    )


def step_of(run: str) -> int:
    """The last step that a run's log speaks of."""
    log = training_folder() / "runs" / run / "log.jsonl"
    return int(json.loads(log.read_text().splitlines()[-1])["step"]) if log.exists() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STABLE_STEPS, help="at the full rate")
    parser.add_argument("--decay-steps", type=int, default=DECAY_STEPS, help="from the full rate to zero")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    folder, threads = training_folder(), str(options.threads)
    if not (folder / "manifest.json").exists():
        call("corpus")
    if not (folder / "test.npy").exists():
        call("tokenizer")
    if step_of("main") < options.steps:
        call("train", "--run", "main", "--steps", str(options.steps), "--threads", threads)
    decay = ("--branch-of", "main", "--decay-steps", str(options.decay_steps), "--threads", threads)
    if step_of("release") < options.steps + options.decay_steps:
        call("train", "--run", "release", *decay)
    call("evaluate", "--run", "release")
    call("export", "--run", "release")
    call("golden")
    call("card")


if __name__ == "__main__":
    main()
