"""Run the longer study of the second-order rule: python -m scripts.lab_data.second_order

It writes py/goosequill/lab/data/second-order.json, which the page of the experiment shows: the rule with
several weights b, and the gradient penalty, against SGD in several settings, and online L-BFGS in one. Its
seeds are not those of the page's own runs. It takes some minutes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from scripts.command import ROOT
from scripts.lab_data.second_order_online import DAMPING, OnlineLearner, cosines
from scripts.lab_data.second_order_online import SETTINGS as ONLINE

from goosequill.lab import paired
from goosequill.lab.second_order import Settings, summary, trials_of
from goosequill.lab.second_order_learners import PARTS, GradientLearner, Record, Trials

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / "second-order.json"
COMMAND = "python -m scripts.lab_data.second_order"
SEEDS, FIRST_SEED, PASSES, EVERY = 24, 1000, 60, 4
WEIGHTS = (1.0, 3.0, 10.0, -3.0)

FAST, SLOW, SIGMOID = (
    (0.3, 0.6, 1.0, 2.0, 3.0, 5.5, 7.5, 10.0, 14.0, 20.0),
    (0.1, 0.2, 0.4, 1.0, 2.0, 4.0, 7.5, 12.0),
    (5.0, 10.0, 20.0, 30.0, 45.0, 60.0),
)
"""Learning rates around the best one, which a coarser search has found. Steps of a factor of 3 were too wide:
they made SGD look worse than it is. None of the chosen rates is the first or last of its list."""

SETTINGS: dict[str, tuple[tuple[float, ...], dict[str, Any]]] = {
    "tanh, 200 drawings": (FAST, {}),
    "tanh, 400 drawings": (FAST, {"images": 400}),
    "tanh, 60 drawings": (FAST, {"images": 60}),
    "tanh, twice the noise": (SLOW, {"noise": 0.2}),
    "sigmoid units": (SIGMOID, {"unit": "sigmoid"}),
    "ReLU units": (FAST, {"unit": "relu"}),
}
PARTS_OF = "tanh, 200 drawings"
PARTS_WEIGHT = 3.0


def learn(trials: Trials, method: str, b: float, rates: tuple[float, ...]) -> Record:
    """Train networks with every learning rate and judge them as they learn."""
    return follow(trials, GradientLearner(method, trials, b=b, rates=rates), rates)


def follow(trials: Trials, learner: GradientLearner, rates: Sequence[float]) -> Record:
    """Judge networks of each learning rate as they learn."""
    record = Record(tuple(rates))
    with np.errstate(over="ignore", invalid="ignore"):
        for done in range(PASSES + 1):
            if done:
                learner.read(done - 1)
            if done % EVERY == 0:
                record.add(trials, learner.weights, passes=done)
    return record


def differences(one: Record, other: Record, looks: int) -> dict[str, Any]:
    """Return the differences of loss and accuracy; only those of the loss are drawn, seed by seed."""
    loss = paired.compare_tuned(one.tuned("loss"), other.tuned("loss"), looks=looks)
    accuracy = paired.compare_tuned(one.tuned("accuracy"), other.tuned("accuracy"), looks=looks)
    del accuracy["values"]
    return {"loss": loss, "accuracy": accuracy}


def compare(name: str, looks: int) -> list[dict[str, Any]]:
    """Return a row for each method in one setting."""
    rates, changes = SETTINGS[name]
    trials = trials_of(Settings(seeds=SEEDS, seed=FIRST_SEED, passes=PASSES, **changes))
    sgd = learn(trials, "sgd", 0.0, rates)
    base = summary(sgd)
    rows = []
    for method, b in [*(("rule", b) for b in WEIGHTS), ("penalty", 0.0)]:
        record = learn(trials, method, b, rates)
        found = summary(record)
        time, rate = record.choice()
        row = {
            "setting": name,
            "method": method,
            "b": b if method == "rule" else None,
            "rate": found["rate"],
            "sgd_rate": base["rate"],
            "at_edge": found["at_edge"] or base["at_edge"],
            "validation": float(record.validation[time][:, rate].mean()),
            "sgd_loss": float(base["loss"].mean()),
            "sgd_accuracy": float(base["accuracy"].mean()),
            **differences(record, sgd, looks),
        }
        rows.append(row)
        shown = ("rate", "sgd_rate", "at_edge")
        print(name, method, b, [row[key] for key in shown], row["loss"], flush=True)
    return rows


def compare_parts(looks: int) -> list[dict[str, Any]]:
    """Return a row for the whole rule and for each part of it, in one setting."""
    rates, changes = SETTINGS[PARTS_OF]
    trials = trials_of(Settings(seeds=SEEDS, seed=FIRST_SEED, passes=PASSES, **changes))
    sgd = learn(trials, "sgd", 0.0, rates)
    rows: list[dict[str, Any]] = []
    for part in PARTS:
        row = {"part": part, "b": PARTS_WEIGHT, "setting": PARTS_OF}
        row |= differences(learn(trials, part, PARTS_WEIGHT, rates), sgd, looks)
        rows.append(row)
        print(part, row["loss"], flush=True)
    return rows


def compare_online(looks: int) -> dict[str, Any]:
    """Return how online L-BFGS learns in one setting, and how its steps lie to those of the rule there."""
    rates, changes = SETTINGS[PARTS_OF]
    trials = trials_of(Settings(seeds=SEEDS, seed=FIRST_SEED, passes=PASSES, **changes))
    record = follow(trials, OnlineLearner(trials), [rate for rate, _ in ONLINE])
    _, chosen = record.choice()
    rate, damping = ONLINE[chosen]
    _, best = learn(trials, "rule", PARTS_WEIGHT, rates).choice()
    print("online", rate, damping, flush=True)
    return {
        "b": PARTS_WEIGHT,
        "rate": rate,
        "damping": damping,
        **differences(record, learn(trials, "sgd", 0.0, rates), looks),
        "cosines": [
            {"damping": each} | cosines(trials, b=PARTS_WEIGHT, rate=rates[best], damping=each, passes=PASSES)
            for each in (DAMPING[0], damping)
        ],
    }


def main() -> None:
    """Run every setting and write the file."""
    looks = 2 * len(SETTINGS) * (len(WEIGHTS) + 1) + 2 * len(PARTS) + 2
    rows = [row for name in SETTINGS for row in compare(name, looks)]
    study = {
        "command": COMMAND,
        "seeds": SEEDS,
        "first_seed": FIRST_SEED,
        "passes": PASSES,
        "looks": looks,
        "rows": rows,
        "parts": compare_parts(looks),
        "online": compare_online(looks),
    }
    text = json.dumps(study, default=lambda found: found.tolist())
    rounded = json.loads(text, parse_float=lambda number: float(f"{float(number):.5g}"))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(rounded, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
