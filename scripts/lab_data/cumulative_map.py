"""Find which fit of a cumulative distribution wins where: python -m scripts.lab_data.cumulative_map

It writes py/goosequill/lab/data/cumulative-map.json, which the page shows: for raw samples, for samples that
were counted in bins, and for sums of a noisy density, with few points and many, at two degrees. Its seeds are
not those of the page's own runs. It takes about a minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scripts.command import ROOT

from goosequill.lab import cumulative, paired
from goosequill.lab.monotone import FITS, Points

OUTPUT = ROOT / "py" / "goosequill" / "lab" / "data" / "cumulative-map.json"
FIRST_SEED, SEEDS = 500_000, 200
DEGREES, COUNTS, NOISES, BINS = (3, 9), (10, 20, 50, 200), (0.0, 0.2, 1.0), 12
TRIED = tuple(name for name in FITS if name != "printed")  # the printed one is a mistake


def samples(count: int, seed: int) -> Points:
    """Return the distribution of raw samples."""
    return cumulative.from_samples(np.random.default_rng(seed).standard_normal(count))


def binned(count: int, seed: int) -> Points:
    """Return the same samples, counted in `BINS` bins from -3 to 3; what is outside is in the outer ones."""
    drawn = np.clip(np.random.default_rng(seed).standard_normal(count), -2.999, 2.999)
    counts, edges = np.histogram(drawn, BINS, (-3, 3))
    shares = counts / count
    return Points(edges[1:], np.cumsum(shares), (edges[:-1] + edges[1:]) / 2, shares)


def sums(noise: float, count: int, seed: int) -> Points:
    """Return sums of a noisy density, each at the end of its bin."""
    return cumulative.make_data(count, seed, noise=noise, bin_ends=True)


KINDS: dict[str, Callable[[int, int], Points]] = {
    "raw samples": samples,
    f"samples in {BINS} bins": binned,
    **{f"sums, noise {noise:g}": partial(sums, noise) for noise in NOISES},
}


def cell(make: Callable[[int, int], Points], count: int, degree: int, looks: int) -> dict[str, Any]:
    """Return the errors of all fits of one kind of data, and which fits may be the best."""
    data = [make(count, FIRST_SEED + seed) for seed in range(SEEDS)]
    errors = {
        name: np.array(
            [cumulative.judge(FITS[name](points, degree)(cumulative.GRID)).rmse for points in data]
        )
        for name in TRIED
    }
    best = min(TRIED, key=lambda name: float(errors[name].mean()))
    tied = [
        name
        for name in TRIED
        if name != best and paired.sign_flip(errors[name] - errors[best], looks=looks) >= 0.05
    ]
    means = {name: round(float(each.mean()), 4) for name, each in errors.items()}
    return {"best": best, "tied": tied, "errors": means}


def main() -> None:
    """Fill every cell and write the file."""
    looks = len(KINDS) * len(COUNTS) * len(DEGREES) * (len(TRIED) - 1)
    rows = [
        {"data": kind, "degree": degree, "cells": [cell(make, count, degree, looks) for count in COUNTS]}
        for degree in DEGREES
        for kind, make in KINDS.items()
    ]
    study = {"command": "python -m scripts.lab_data.cumulative_map", "seeds": SEEDS, "first_seed": FIRST_SEED}
    study |= {"looks": looks, "counts": COUNTS, "rows": rows}
    OUTPUT.write_text(json.dumps(study, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
