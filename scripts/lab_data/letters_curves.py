"""Compute the figures of the laboratory's letters that take too long for a page.

    OMP_NUM_THREADS=1 PYTHONPATH=py:. nice -n 19 python scripts/lab_data/letters_curves.py

It writes ``letters-curves.json`` into ``py/goosequill/lab/data``, with the settings in it: the article's
figure, accuracy over the size of the training set for four values of C, up to 200,000 letters; the same for
one C with clean letters and with A to Z; and accuracy over the share of wrong labels. On one core it takes
about eight minutes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from goosequill.lab import letters, letters_data
from goosequill.support.progress import finish

TARGET = Path(__file__).resolve().parents[2] / "py/goosequill/lab/data" / letters.CURVES
SIZES = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000)
SEEDS = {50: 10, 10_000: 3, 50_000: 2}  # how many, from this size on
HELD_OUT = 10_000
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
NOISY = 2000  # training letters, of which a share has wrong labels
NOISY_SEEDS, CLEAN_SEEDS, ALPHABET_SEEDS = 5, 5, 3


def seeds_of(size: int) -> int:
    """Return how many seeds there are for a size: fewer for the sizes that take long."""
    return next(count for least, count in reversed(SEEDS.items()) if size >= least)


def curves(
    classes: int, strengths: Sequence[str], sizes: Sequence[int], *, jitter: bool = True, seeds: int = 10
) -> Iterator[dict[str, Any]]:
    """Yield accuracies, [c][sizes][seeds], after each seed: always the same dictionary, as it grows."""
    source = letters_data.read(classes=classes)
    found: dict[str, Any] = {"c": strengths, "sizes": sizes, "jitter": jitter, "classes": classes}
    found |= {name: [[[] for _ in sizes] for _ in strengths] for name in ("train", "validation")}
    for seed in range(seeds):
        held = letters_data.sample(
            source, "validation", HELD_OUT, rng=np.random.default_rng([seed, classes]), jitter=jitter
        )
        models: list[letters.Regression] = []
        for place, size in enumerate(size for size in sizes if seed < seeds_of(size)):
            rng = np.random.default_rng([seed, classes, size])
            train = letters_data.sample(source, "train", size, rng=rng, jitter=jitter)
            models = finish(letters.path(train.pixels, train.labels, strengths, classes, models))
            for name, judged in (("train", train), ("validation", held)):
                for row, model in enumerate(models):
                    found[name][row][place].append(accuracy(model, judged))
            print(classes, jitter, seed, size, f"{time.process_time():.0f} s", flush=True)
        yield found


def noise(strengths: Sequence[str]) -> dict[str, Any]:
    """Return validation accuracies over the share of wrong training labels, [c][shares][seeds]."""
    source = letters_data.read(classes=10)
    found: list[list[list[float]]] = [[[] for _ in SHARES] for _ in strengths]
    for seed in range(NOISY_SEEDS):
        rng = np.random.default_rng([seed, 1000])
        train = letters_data.sample(source, "train", NOISY, rng=rng)
        held = letters_data.sample(source, "validation", HELD_OUT, rng=rng)
        for place, share in enumerate(SHARES):
            labels = letters.mislabel(train.labels, share, 10, np.random.default_rng([seed, 2000]))
            for row, model in enumerate(finish(letters.path(train.pixels, labels, strengths, 10))):
                found[row][place].append(accuracy(model, held))
    return {"c": strengths, "size": NOISY, "shares": SHARES, "validation": found}


def accuracy(model: letters.Regression, judged: letters_data.Sample) -> float:
    return round(letters.accuracy(model, judged.pixels, judged.labels), 4)


def main() -> None:
    settings = {
        "seeds_from_size": SEEDS,
        "noise_seeds": NOISY_SEEDS,
        "clean_seeds": CLEAN_SEEDS,
        "alphabet_seeds": ALPHABET_SEEDS,
        "held_out": HELD_OUT,
        "tolerance": 1e-4,
        "most_steps": 500,
    }
    found: dict[str, Any] = {"made_by": "scripts/lab_data/letters_curves.py", "settings": settings}
    jittered = curves(10, letters.STRENGTHS, SIZES)
    found["jittered"] = next(jittered)  # the first seed alone has all sizes; the others follow below
    found["noise"] = noise(letters.STRENGTHS)
    found["clean"] = list(curves(10, ("0.01",), SIZES[:8], jitter=False, seeds=CLEAN_SEEDS))[-1]
    found["alphabet"] = list(curves(26, ("0.01",), SIZES[1:9], seeds=ALPHABET_SEEDS))[-1]
    save(found)
    for found["jittered"] in jittered:
        save(found)


def save(found: dict[str, Any]) -> None:
    TARGET.write_text(json.dumps(found, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes, {time.process_time():.0f} s", flush=True)


if __name__ == "__main__":
    main()
