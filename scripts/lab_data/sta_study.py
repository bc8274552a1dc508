"""Measure the averages of the page "sta" over many seeds: python -m scripts.lab_data.sta_study

It writes py/goosequill/lab/data/sta-study.json, from which the article has its numbers. It takes a few
minutes.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scripts.command import ROOT

from goosequill.lab import experiments, neurons, sta
from goosequill.support.progress import finish

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / "sta-study.json"
FIRST_SEED, SEEDS = 1000, 20
COUNTS = (10, 100, 1_000, 10_000)
"""Numbers of spikes."""


def run(**settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = finish(experiments.run("sta", settings))
    return found


def ears() -> list[dict[str, float]]:
    """Return where both recordings' averages peak, and how far peaks and eigenvalues are from chance."""
    found = []
    for recording in (1, 2):
        ear = run(neuron="grasshopper", recording=recording, dt=0.5)
        moved, change = np.abs(ear["average"] - ear["baseline"]), ear["covariance"]
        found.append(
            {
                "peak": float(-ear["time"][np.argmax(moved)]),
                "times_chance": float(moved.max() / ear["null"]),
                "above": float(change["eigenvalues"][0] / change["high"]),
                "below": float(change["eigenvalues"][-1] / change["low"]),
            }
        )
    return found


def main() -> None:
    """Run every seed and write the file."""
    each: dict[str, list[Any]] = {}

    def note(name: str, value: Any) -> None:
        each.setdefault(name, []).append(np.round(value, 4).tolist())

    gain = sta.Settings().gain
    for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
        recording = sta.simulate(sta.Settings(seed=seed))
        assert recording.weights is not None  # the neuron is made
        totals, _ = finish(sta.running_totals(recording.stimulus, recording.spikes, 150, np.array(COUNTS)))
        note("cosines", [sta.cosine(total, recording.weights) for total in totals])
        found = run(seed=seed)
        white = found["whitening"]
        note("short", [white["cosine"], white["cosines"][0], max(white["cosines"])])
        cells = found["membranes"]
        note("decays", [cells[name]["decays"][0] for name in ("leaky", "perfect")])
        note("squaring_bits", run(seed=seed, neuron="squaring")["prediction"]["bits"])
        white = run(seed=seed, neuron="lnp-correlated")["whitening"]
        note("long", [white["cosine"], white["cosines"][0]])
        ignoring = run(seed=seed, gain=0)
        note("idle_bits", ignoring["prediction"]["bits"])
        note("idle_reach", np.abs(ignoring["average"] - ignoring["baseline"]).max() / ignoring["null"])
        print(seed, {name: values[-1] for name, values in each.items()}, flush=True)
    spread = np.std([cosines[0] for cosines in each["cosines"]], ddof=1)
    study = {
        "command": "python -m scripts.lab_data.sta_study",
        "first_seed": FIRST_SEED,
        "seeds": SEEDS,
        "counts": COUNTS,
        "gain": round(neurons.effective_gain(gain), 4),
        "spread_of_ten": round(float(spread), 4),
        "each": each,
        "grasshopper": ears(),
    }
    OUTPUT.write_text(json.dumps(study, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
