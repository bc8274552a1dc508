"""Measure the networks of the page "lstm" over many seeds: python -m scripts.lab_data.lstm_study

It writes py/goosequill/lab/data/lstm-study.json, from which the article has its numbers: the share of right
answers of each network after training, for each task and each seed. It goes on where it stopped.
"""

from __future__ import annotations

import json
from typing import Any

from scripts.command import ROOT

from goosequill.lab.lstm import Settings, compute
from goosequill.support.progress import finish

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / "lstm-study.json"
FIRST_SEED, SEEDS = 100, 10

TASKS: dict[str, dict[str, Any]] = {
    "adding 32": {"length": 32},
    "adding 16": {},
    "adding 8": {"length": 8},
    "copy 16": {"task": "copy"},
    "copy 3": {"task": "copy", "symbols": 3, "length": 10, "updates": 960, "units": 16},
    "forget -2": {"forget_bias": -2.0},
    "forget 3": {"forget_bias": 3.0},
    "adding 32 longer": {"length": 32, "updates": 1920},
    "copy 60": {"task": "copy", "length": 60},
    "adding 60": {"length": 60},
}


def main() -> None:
    """Train what is missing, and write the file after each run."""
    study: dict[str, Any] = {"command": "python -m scripts.lab_data.lstm_study", "first_seed": FIRST_SEED}
    study["seeds"] = SEEDS
    if OUTPUT.is_file():
        study |= json.loads(OUTPUT.read_text(encoding="utf-8"))
    tasks = study.setdefault("tasks", {})
    for name, changes in TASKS.items():
        right = tasks.setdefault(name, {})
        for seed in range(len(right.get("lstm", [])), SEEDS):
            found = finish(compute(Settings(seed=FIRST_SEED + seed, **changes)))["networks"]
            for network, each in found.items():
                right.setdefault(network, []).append(round(float(each["accuracy"][-1]), 4))
            print(name, seed, {network: values[-1] for network, values in right.items()}, flush=True)
            OUTPUT.write_text(json.dumps(study, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
