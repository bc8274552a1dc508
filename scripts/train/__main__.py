"""Train from scratch: fetch the text, train vocabulary and model, evaluate, write site/models/default.

The model is trained in phases: each is a constant rate and then a decay into a model that could be released;
the next phase continues from its last checkpoint, or from the mean of that one and another one. Steps that
are already done are skipped, so an interrupted command can simply be repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace

from scripts.train.corpus import training_folder
from scripts.train.phases import BITS, COMPENSATED, PHASES, Phase


def call(module: str, *arguments: object) -> None:
    """Run a module of this folder in its own process, at the lowest priority."""
    words = ["nice", "-n", "19", sys.executable, "-m", f"scripts.train.{module}", *map(str, arguments)]
    subprocess.run(words, check=True)


def step_of(run: str) -> int:
    """The last step in a run's log, 0 if there is none."""
    log = training_folder() / "runs" / run / "log.jsonl"
    return int(json.loads(log.read_text().splitlines()[-1])["step"]) if log.exists() else 0


def train(phases: tuple[Phase, ...], threads: int) -> None:
    """Train the phases in order; the step count continues from phase to phase."""
    done = 0
    start: tuple[object, ...] = ()
    for phase in phases:
        shared = ("--peak", phase.peak, "--threads", threads)
        if phase.mean_with:
            start = (*start, "--mean-with", phase.mean_with)
        if not phase.decay:
            start = (*start, "--bits", BITS)
        if step_of(phase.constant) < done + phase.steps:
            call("train", "--run", phase.constant, "--steps", done + phase.steps, *start, *shared)
        done += phase.steps
        if phase.decay:
            done += phase.decay_steps
            branch = ("--branch-of", phase.constant, "--decay-steps", phase.decay_steps, "--tokens", "decay")
            if step_of(phase.decay) < done:
                call("train", "--run", phase.decay, *branch, "--bits", BITS, *shared)
        start = ("--branch-of", phase.end)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, help="of each phase at its constant rate, at most")
    parser.add_argument("--decay-steps", type=int, help="of each phase from the constant rate to zero")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    folder = training_folder()
    phases = tuple(
        replace(
            phase,
            steps=min(phase.steps, options.steps or phase.steps),
            decay_steps=options.decay_steps or phase.decay_steps,
        )
        for phase in PHASES
    )
    if not (folder / "manifest.json").exists():
        call("corpus")
    if not (folder / "test.npy").exists():
        call("tokenizer")
    train(phases, options.threads)
    call("compensation", "--run", COMPENSATED, "--branch-of", phases[-1].end)
    call("evaluate", "--run", phases[-1].end)
    call("evaluate", "--run", COMPENSATED, "--only", "int4,int4-all")
    call("export", "--run", COMPENSATED)
    call("golden")
    call("card")


if __name__ == "__main__":
    main()
