"""Test the rule of thumb "50 samples for each feature": python -m scripts.lab_data.letters_features

It writes py/goosequill/lab/data/letters-features.json, which the page of the letters shows: the accuracy of
logistic regression by the number of training letters for each pixel, with pictures of 7, 14 and 28 pixels a
side. C is chosen for every point, on letters that do not judge. It goes on where it stopped, and takes some
minutes.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scripts.command import ROOT

from goosequill.lab import letters, letters_data
from goosequill.lab.letters_data import SIDE
from goosequill.lab.networks import Floats
from goosequill.support.progress import finish

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / letters.FEATURES
SIDES, RATIOS, SEEDS, FIRST_SEED, JUDGED = (7, 14, 28), (0.5, 1, 2, 5, 10, 20, 50, 100), 3, 100, 4000
STRENGTHS = dict.fromkeys(SIDES, (*letters.STRENGTHS, "10", "100")) | {28: letters.STRENGTHS}
"""Few pixels want a larger C. With 784, 1 is beyond the best one already, and 100 would take hours."""
MOST = 20_000  # training letters; more take too long


def shrink(pixels: Floats, side: int) -> Floats:
    """Return pictures, [n, 784] -> [n, side^2], each pixel the mean of a square."""
    step = SIDE // side
    squares = pixels.reshape(-1, side, step, side, step)
    return np.asarray(squares.mean(axis=(2, 4)).reshape(len(pixels), side * side))


def accuracy(source: letters_data.Letters, side: int, size: int, seed: int) -> float:
    """Return the accuracy with the C that did best on half of the validation letters, on the other half."""
    rng = np.random.default_rng([seed, side, size])
    train, judged = (
        letters_data.sample(source, part, count, rng=rng)
        for part, count in (("train", size), ("validation", 2 * JUDGED))
    )
    models = finish(letters.path(shrink(train.pixels, side), train.labels, STRENGTHS[side], 10))
    halves = slice(JUDGED), slice(JUDGED, None)
    x = shrink(judged.pixels, side)
    tuned, found = (
        [letters.accuracy(model, x[half], judged.labels[half]) for model in models] for half in halves
    )
    return round(found[int(np.argmax(tuned))], 4)


def main() -> None:
    """Compute what is missing, and write the file after each point."""
    about = {
        "command": "python -m scripts.lab_data.letters_features",
        "first_seed": FIRST_SEED,
        "seeds": SEEDS,
    }
    study: dict[str, Any] = about | {"ratios": RATIOS, "sides": {}}
    if OUTPUT.is_file():
        study |= json.loads(OUTPUT.read_text(encoding="utf-8"))
    source = letters_data.read(classes=10)
    for side in SIDES:
        points = study["sides"].setdefault(str(side), [])
        for ratio in RATIOS[len(points) :]:
            size = round(ratio * side * side)
            if size <= MOST:
                points.append([accuracy(source, side, size, FIRST_SEED + seed) for seed in range(SEEDS)])
                print(side, ratio, size, points[-1], flush=True)
                OUTPUT.write_text(json.dumps(study, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
