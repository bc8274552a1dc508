"""Run the longer study of the symmetries: python -m scripts.lab_data.symmetries

It writes py/goosequill/lab/data/symmetries.json, which the page of the experiment shows: what changes of
trained networks gain when they learn on, in several settings, and how large the barrier between networks of
several widths is. Its seeds are not those of the page's own runs. It takes some minutes.
"""

from __future__ import annotations

import json
from typing import Any

from scripts.command import ROOT

from goosequill.lab import drawings, paired, symmetries
from goosequill.lab.networks import Network
from goosequill.lab.second_order_learners import make_trials
from goosequill.lab.symmetries import ARMS, COMPARED, NOISE, Settings
from goosequill.support.progress import finish

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / "symmetries.json"
COMMAND = "python -m scripts.lab_data.symmetries"
SEEDS, FIRST_SEED, PASSES = 24, 1000, 80

SETTINGS: dict[str, dict[str, Any]] = {
    "half of 16 units": {},
    "all 16 units": {"share": 1.0},
    "half of 32 units": {"hidden": 32},
    "60 drawings": {"images": 60},
    "400 drawings": {"images": 400},
    "Adam": {"method": "adam"},
}
WIDTHS = (4, 8, 16, 32, 64)


def retrain(name: str, looks: int) -> dict[str, Any]:
    """Return what the changes gain in one setting."""
    settings = Settings(seeds=SEEDS, seed=FIRST_SEED, passes=PASSES, retrain=PASSES, **SETTINGS[name])
    trials = symmetries.trials_of(settings)
    _, weights, _ = finish(symmetries.train(trials, method=settings.method, passes=PASSES))
    arms = finish(symmetries.retrain(trials, weights, settings))["arms"]
    row: dict[str, Any] = {
        "setting": name,
        "losses": {arm: float(arms[arm]["loss"].mean()) for arm in ARMS},
        "differences": symmetries.differences(arms, looks=looks),
    }
    print(
        name, [(found["name"], found["against"], found["mean"]) for found in row["differences"]], flush=True
    )
    return row


def barrier(hidden: int) -> dict[str, Any]:
    """Return the barriers between networks of one width, before and after matching."""
    network = Network(drawings.PIXELS, hidden, "relu", "sigmoid")
    trials = make_trials(network, images=200, noise=NOISE, seeds=SEEDS, seed=FIRST_SEED)
    _, one, other = finish(symmetries.train(trials, method="sgd", passes=PASSES))
    line = symmetries.between(trials, one, other)
    factor = paired.student_quantile(0.975, SEEDS - 1) / SEEDS**0.5
    row = {"hidden": hidden, "loss": float(line["curves"]["apart"]["mean"][0]), "gain": line["gain"]}
    for name, found in line["barriers"].items():
        half = float(factor * found.std(ddof=1))
        row[name] = {"mean": float(found.mean()), "half_width": half, "values": found.tolist()}
    print(hidden, row["gain"]["mean"], flush=True)
    return row


def main() -> None:
    """Run every setting and every width, and write the file."""
    looks = len(SETTINGS) * len(COMPARED)
    study = {
        "command": COMMAND,
        "seeds": SEEDS,
        "first_seed": FIRST_SEED,
        "passes": PASSES,
        "looks": looks,
        "rows": [retrain(name, looks) for name in SETTINGS],
        "widths": [barrier(hidden) for hidden in WIDTHS],
    }
    text = json.dumps(study, default=float)
    rounded = json.loads(text, parse_float=lambda number: float(f"{float(number):.4g}"))
    OUTPUT.write_text(json.dumps(rounded, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
