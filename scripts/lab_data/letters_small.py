"""Make a case of the letters that a page fits by itself: python -m scripts.lab_data.letters_small

It writes py/goosequill/lab/data/letters-small.json: jittered letters to learn from and others, A to J in
turn, each of 10 by 10 pixels in three shades, a digit for each; and the accuracies for each C, by the
exponent of 10.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from scripts.command import ROOT

from goosequill.lab import letters, letters_data
from goosequill.lab.networks import Floats
from goosequill.lab.page_images import resize

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / letters.SMALL
SIDE, INK = 10, 2
BORDER = 1  # pixel at each edge, which few letters reach
COUNTS = {"train": letters.SmallSettings.PARAMETERS["size"].maximum, "validation": 200}
EXPONENTS = tuple(step / 4 for step in range(-16, 5))
CLASSES = 10


def digits(source: letters_data.Letters, split: str, rng: np.random.Generator) -> str:
    """Return jittered letters of a split, the ten classes in turn, pixel by pixel."""
    made = letters_data.sample(source, split, int(COUNTS[split] or 0), rng=rng)
    turns = np.argsort(made.labels, kind="stable").reshape(CLASSES, -1).T.ravel()
    inside = slice(BORDER, letters_data.SIDE - BORDER)
    ink = made.pixels.reshape(-1, letters_data.SIDE, letters_data.SIDE)[turns, inside, inside] + 0.5
    small = np.array([resize(picture, SIDE, SIDE) for picture in ink])
    return "".join(map(str, np.round(small * INK).astype(int).ravel()))


def read(text: str) -> tuple[Floats, letters.Labels]:
    """Return letters, [n, 100], 0 (paper) to 1 (ink), and their labels."""
    pixels = np.array(list(map(int, text)), np.float64).reshape(-1, SIDE * SIDE) / INK
    return pixels, np.arange(len(pixels)) % CLASSES


def fit(case: dict[str, Any], size: int, exponent: float, **settings: Any) -> letters.Regression:
    """Fit the first letters with C a power of 10, much more exactly than a page needs to."""
    pixels, labels = read(case["train"])
    given = {"tolerance": 1e-9, "most_steps": 5000} | settings
    return letters.fit(pixels[:size], labels[:size], c=10**exponent, classes=CLASSES, **given)


def judge(case: dict[str, Any], size: int, model: letters.Regression) -> dict[str, float]:
    """Return the accuracies on the letters that it has learned from, and on those that it has not."""
    parts = {name: read(case[name]) for name in COUNTS}
    parts["train"] = parts["train"][0][:size], parts["train"][1][:size]
    return {name: round(letters.accuracy(model, *part), 4) for name, part in parts.items()}


def make() -> dict[str, Any]:
    """Return what the file has."""
    rng, source = np.random.default_rng(0), letters_data.read(classes=CLASSES)
    case: dict[str, Any] = {split: digits(source, split, rng) for split in COUNTS}
    size = letters.SmallSettings().size
    curves = [judge(case, size, fit(case, size, exponent)) for exponent in EXPONENTS]
    return case | {
        "exponents": EXPONENTS,
        "curves": {split: [each[split] for each in curves] for split in COUNTS},
    }


if __name__ == "__main__":
    OUTPUT.write_text(json.dumps(make(), separators=(",", ":")) + "\n", encoding="utf-8")
