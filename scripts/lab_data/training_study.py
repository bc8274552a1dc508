"""Compute the long runs of the laboratory's page "Training", and the network of its drawing pad.

    OMP_NUM_THREADS=1 PYTHONPATH=py:. nice -n 19 python scripts/lab_data/training_study.py

It writes two files into ``py/goosequill/lab/data``: ``training-study.json``, the curves and the test
accuracies of networks of several widths over 9,000 and 18,000 steps, with their settings, and
``training-network.json``, one of the networks in 8 bits, with which the page classifies drawings until one
has been trained there. Runs that the file has already are kept; delete it to compute all again. On one core
it takes about six minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.lab import classifier, letters_data, training

FOLDER = Path(__file__).resolve().parents[2] / "py/goosequill/lab/data"
LETTERS = 60_000
TESTED = 9000  # steps between two tests
RUNS: tuple[dict[str, Any], ...] = (
    {"hidden": 128, "steps": 9000, "rate": 0.3, "seeds": 3},
    {"hidden": 0, "steps": 9000, "rate": 0.1, "seeds": 3},
    {"hidden": 1024, "steps": 18_000, "rate": 0.3, "seeds": 3},
)
KEPT = 128  # hidden units of the network of the pad


def study(data: training.Data, seeds: int, **run: Any) -> Iterator[tuple[dict[str, Any], training.Training]]:
    """Train a network for each seed; yield what the page shows, and the network, at every 9,000 steps."""
    accuracies: list[list[float]] = []
    curves: list[dict[str, list[float]]] = []
    for seed in range(seeds):
        accuracies.append([])
        for found in training.train(data, seed=seed, **run):
            if found.step % TESTED:
                continue
            accuracy = classifier.judge(found.layers, data.test.pixels, data.test.labels)[1]
            accuracies[-1].append(round(accuracy, 4))
            curve = {name: np.round(values, 4).tolist() for name, values in found.curve.items()}
            curves[seed:] = [curve]
            print(run, seed, found.step, accuracies, f"{time.process_time():.0f} s", flush=True)
            steps = [TESTED * (index + 1) for index in range(len(accuracies[-1]))]
            yield (
                {
                    **run,
                    "seeds": seed + 1,
                    "curves": curves,
                    "tested": {"steps": steps, "accuracy": accuracies},
                },
                found,
            )


def in_bytes(layers: list[classifier.Layer]) -> list[dict[str, Any]]:
    """Return layers with weights as whole numbers, -127 to 127, of a scale of their own."""
    found = []
    for weights, bias in layers:
        scale = float(np.abs(weights).max()) / 127
        rounded = np.rint(weights / scale).astype(int).tolist()
        found.append({"weights": rounded, "scale": scale, "bias": np.round(bias, 5).tolist()})
    return found


def main() -> None:
    data = training.draw(letters_data.read(), LETTERS, seed=0)
    settings = {"made_by": "scripts/lab_data/training_study.py", "letters": LETTERS}
    settings |= {"batch": training.BATCH, "tested": training.TESTED}
    target = FOLDER / training.STUDY
    before = json.loads(target.read_text(encoding="utf-8"))["runs"] if target.is_file() else []
    runs = [run for run in before if any(chosen.items() <= run.items() for chosen in RUNS)]
    for chosen in RUNS:
        if any(chosen.items() <= run.items() for run in runs):
            continue
        for shown, found in study(data, **chosen):
            save(training.STUDY, {**settings, "runs": [*runs, shown]})
            if chosen["hidden"] == KEPT and shown["seeds"] == 1:
                save(training.NETWORK, {"layers": in_bytes(classifier.around(found.layers, data.mean))})
        runs.append(shown)


def save(name: str, content: dict[str, Any]) -> None:
    (FOLDER / name).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
    print(name, (FOLDER / name).stat().st_size, "bytes", flush=True)


if __name__ == "__main__":
    main()
