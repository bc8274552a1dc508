"""Fitting a cumulative distribution function: the data, every fit of them, and a study over many data sets.

The data are the article's, cumulative sums of a noisy density, or raw samples, or the visitor's own points.
The fits themselves are in `monotone`. Nothing is drawn here.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from math import erf, sqrt
from typing import Any, Literal

import numpy as np

from goosequill.errors import SettingsError
from goosequill.evaluation.statistics import wilson
from goosequill.lab.constrained import Floats
from goosequill.lab.monotone import FITS, Curve, Fit, Points, isotonic
from goosequill.lab.paired import errors_of
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress

LIMIT = 4.0
"""Curves are judged between -LIMIT and LIMIT, where a standard normal variable has all but 0.006% of its
mass."""
GRID = np.linspace(-LIMIT, LIMIT, 401)
DRAWN = slice(None, None, 2)
"""Half of the grid is enough to draw a curve."""
TOLERANCE = 1e-9
"""A decrease below this is rounding."""
MOST_POINTS, MOST_SAMPLES = 400, 10_000
"""Of the visitor's own data."""
PARTIAL = 100
"""Runs of the study after which it is shown as far as it has come."""
REFERENCE = "polynomial"
"""The fit from which the paired differences of the study are taken."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    data: Literal["sums", "samples"] = setting(
        "Cumulative sums of a noisy density, as in the article, or raw samples of a normal variable.",
        default="sums",
    )
    points: int = setting(
        "How many points there are between -3 and 3, or how many samples.", default=20, range=(4, 400)
    )
    degree: int = setting("Highest power of the polynomials.", default=3, range=(1, 12))
    noise: float = setting(
        "Each density is multiplied by a uniform number between 1 - noise and 1 + noise.",
        default=1.0,
        neutral=0.0,
        range=(0.0, 1.0, 0.05),
    )
    bin_width: bool = setting(
        "Multiplies the densities by the distance between points, without which their sum is not 1.",
        default=True,
    )
    bin_ends: bool = setting(
        "Plots each sum where its last bin ends, half a bin to the right of the article's points.",
        default=False,
    )
    seed: int = setting("The same seed gives the same data.", default=0, range=(0, 2**31 - 1))
    runs: int = setting(
        "How many data sets the study fits; each has a seed of its own.", default=1000, range=(0, 1000, 10)
    )


DESCRIPTION = Settings.describe(
    "cumulative",
    "Cumulative distribution",
    "Fits a curve that should rise from 0 to 1 to noisy cumulative sums.",
    "x' = 1 / (1 + exp(-x)); y = sum(c[j] * comb(m, j) * x'^j * (1 - x')^(m - j)), c[j + 1] >= c[j]",
    "Tapsell 2016 (polynomial); Wolfe 1976 (minimum-norm point); Fritsch & Butland 1984 (PCHIP)",
)


# ---- Data ----


def normal_cdf(x: Floats) -> Floats:
    """Return the distribution function of a standard normal variable: the truth behind the data."""
    return np.array([0.5 * (1 + erf(value / sqrt(2))) for value in np.ravel(x)]).reshape(np.shape(x))


TRUTH = normal_cdf(GRID)
TRUE_DENSITY = np.exp(-0.5 * GRID * GRID) / sqrt(2 * np.pi)


def make_data(
    points: int, seed: int, *, noise: float = 1.0, bin_width: bool = True, bin_ends: bool = False
) -> Points:
    """Return the article's data: cumulative sums of a normal density times noise, between -3 and 3."""
    x = np.linspace(-3, 3, points)
    width = x[1] - x[0]
    density = np.exp(-0.5 * x * x) / sqrt(2 * np.pi)
    noisy = density * (1 + np.random.default_rng(seed).uniform(-noise, noise, points))
    scale, shift = width if bin_width else 1.0, width / 2 if bin_ends else 0.0
    return Points(x + shift, np.cumsum(noisy) * scale, x, noisy / noisy.sum())


def from_samples(samples: Floats) -> Points:
    """Return the empirical distribution function of raw samples, in the middle of each of its steps."""
    x, counts = np.unique(samples, return_counts=True)
    shares = counts / len(samples)
    return Points(x, np.cumsum(shares) - shares / 2, x, shares)


def generate(settings: Settings, seed: int) -> Points:
    """Return the data of one seed."""
    if settings.data == "samples":
        return from_samples(np.random.default_rng(seed).standard_normal(settings.points))
    kept = {"noise": settings.noise, "bin_width": settings.bin_width, "bin_ends": settings.bin_ends}
    return make_data(settings.points, seed, **kept)  # type: ignore[arg-type]


# ---- Study ----


@dataclass(frozen=True)
class Judgement:
    """What a curve does on `GRID`: whether it decreases somewhere, leaves [0, 1], and its distance to the
    truth."""

    decreases: bool
    leaves: bool
    rmse: float


def judge(values: Floats) -> Judgement:
    """Judge a curve by its values on `GRID`."""
    return Judgement(
        decreases=bool(np.any(np.diff(values) < -TOLERANCE)),
        leaves=bool(values.min() < -TOLERANCE or values.max() > 1 + TOLERANCE),
        rmse=float(np.sqrt(np.mean((values - TRUTH) ** 2))),
    )


def study(
    settings: Settings, *, fits: Mapping[str, Fit] = FITS
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Fit many data sets, each in every way, and summarize how the fits did; see `summarize`.

    Parameters
    ----------
    fits
        At least `REFERENCE`.
    """
    found: dict[str, list[Judgement]] = {name: [] for name in fits}
    for run in range(1, settings.runs + 1):
        points = generate(settings, settings.seed + run)
        for name, fit in fits.items():
            found[name].append(judge(fit(points, settings.degree)(GRID)))
        if run % 5 == 0:
            yield Progress("fits", run, settings.runs)
        if run % PARTIAL == 0 and run < settings.runs:
            yield {"study": summarize(found)}
    return summarize(found) if settings.runs else {}


def summarize(found: Mapping[str, list[Judgement]]) -> dict[str, dict[str, Any]]:
    """Return each fit's shares, with Wilson's 95% intervals, and errors.

    Returns
    -------
    dict
        By fit: ``runs``; ``decreases`` and ``leaves``, shares, each with ``_low`` and ``_high``; and what
        `paired.errors_of` says of the errors and their differences from the polynomial's.
    """
    reference = np.array([each.rmse for each in found[REFERENCE]])
    return {name: _summary(judgements, reference) for name, judgements in found.items()}


def _summary(found: list[Judgement], reference: Floats) -> dict[str, Any]:
    errors = np.array([each.rmse for each in found])
    summary: dict[str, Any] = {"runs": len(found)}
    for key in ("decreases", "leaves"):
        count = sum(getattr(each, key) for each in found)
        low, high = wilson(count, len(found))
        summary |= {key: count / len(found), f"{key}_low": low, f"{key}_high": high}
    return summary | errors_of(errors, reference)


# ---- The visitor's own data ----


def own_points(x: Any, y: Any) -> Points:
    """Return points from outside, sorted by x.

    Raises
    ------
    SettingsError
        ``points``: fewer than three points or more than `MOST_POINTS`, lengths that differ, numbers that are
        not finite or beyond bounds, or two points with the same x.
    """
    xs, ys = _numbers(x, "x", MOST_POINTS), _numbers(y, "y", MOST_POINTS)
    if len(xs) != len(ys):
        raise _refused(f"There are {len(xs)} numbers for x and {len(ys)} for y.")
    if np.abs(ys).max() > 100:
        raise _refused("A y is far from 0 to 1. Divide cumulative counts by their total.")
    order = np.argsort(xs)
    xs, ys = xs[order], ys[order]
    rises = np.diff(np.clip(isotonic(ys), 0, 1), prepend=0.0)
    total = rises.sum()
    return Points(xs, ys, xs, rises / total if total > 0 else np.full(len(xs), 1 / len(xs)))


def own_samples(samples: Any) -> Points:
    """Return the distribution of raw samples from outside; raises like `own_points`."""
    return from_samples(_numbers(samples, "samples", MOST_SAMPLES))


def rescale(points: Points) -> tuple[Points, float, float]:
    """Return points between -3 and 3, where the sigmoid is not flat, and the centre and scale that lead back.

    Raises
    ------
    SettingsError
        ``points``: fewer than three different x.
    """
    low, high = points.x[0], points.x[-1]
    center, scale = (low + high) / 2, (high - low) / 6
    if len(points.x) < 3 or scale <= 0 or np.diff((points.x - center) / scale).min() < 1e-9:
        raise _refused("There are fewer than three different x, or two that are equal or nearly so.")
    x = (points.x - center) / scale
    return Points(x, points.y, x, points.shares), float(center), float(scale)


def _numbers(given: Any, name: str, most: int) -> Floats:
    try:
        found = np.asarray(given, np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise _refused(f"Among {name} there is something other than numbers.") from None
    if not 3 <= len(found) <= most:
        raise _refused(f"There are {len(found):,} numbers for {name}; between 3 and {most:,} can be fitted.")
    if not np.isfinite(found).all() or np.abs(found).max() > 1e15:
        raise _refused(f"Among {name} there is a number that is not finite or beyond 1e15.")
    return found


def _refused(problem: str) -> SettingsError:
    return SettingsError(
        problem,
        code="points",
        remedy='Give lines of "x, y", each with a different x, or one column of raw samples.',
    )


# ---- The experiment ----


def files(settings: Any) -> tuple[str, ...]:
    """Return the data file that every run shows beside its own result: where each fit is the best."""
    return ("cumulative-map.json",)


def compute(
    settings: Settings,
    *,
    files: Mapping[str, bytes] | None = None,
    x: Any = None,
    y: Any = None,
    samples: Any = None,
    moved: bool = False,
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Fit one data set in every way, then many for the study, which is not of own data.

    Parameters
    ----------
    x, y
        The visitor's own points; at least three different x, all finite. They are scaled to -3 .. 3.
    samples
        The visitor's own raw samples instead of points.
    moved
        The points are the experiment's own, and some have been moved: the scale and the truth stay.
    files
        The committed study under the name that `files` returns.

    Returns
    -------
    dict
        ``kind``, "points" or "samples"; ``x`` and ``y``; ``grid``; ``truth`` and ``true_density`` on the
        grid, None for own data; ``curves`` and ``densities``, each fit's values and its derivative on the
        grid (isotonic regression has none); ``judgements``; ``map``, which fit is the best for which data
        (None if not given); and ``study``, see `summarize`. All but the study comes first, as a partial
        result.

    Raises
    ------
    SettingsError
        ``points``: the given points or samples cannot be fitted.
    """
    own = samples is not None or x is not None
    points, center, scale = generate(settings, settings.seed), 0.0, 1.0
    if own:
        points = own_points(x, y) if samples is None else own_samples(samples)
        rescaled = rescale(points)
        if not moved:
            points, center, scale = rescaled
    curves = {name: fit(points, settings.degree) for name, fit in FITS.items()}
    first = _first_part(points, curves, center=center, scale=scale, known=moved or not own)
    is_sample = samples is not None or (not own and settings.data == "samples")
    first["kind"] = "samples" if is_sample else "points"
    first["map"] = json.loads(files["cumulative-map.json"]) if files else None
    yield first
    summary = {} if own else (yield from study(settings))
    return first | {"study": summary}


def _first_part(
    points: Points, curves: Mapping[str, Curve], *, center: float, scale: float, known: bool
) -> dict[str, Any]:
    values = {name: curve(GRID) for name, curve in curves.items()}
    judgements = {name: vars(judge(each)) for name, each in values.items()}
    if not known:  # nobody knows the distance to the truth
        judgements = {name: found | {"rmse": None} for name, found in judgements.items()}
    slopes = {name: np.gradient(each, GRID) / scale for name, each in values.items() if name != "isotonic"}
    return {
        "x": points.x * scale + center,
        "y": points.y,
        "grid": (GRID * scale + center)[DRAWN],
        "truth": TRUTH[DRAWN] if known else None,
        "true_density": TRUE_DENSITY[DRAWN] if known else None,
        "curves": {name: each[DRAWN] for name, each in values.items()},
        "densities": {name: each[DRAWN] for name, each in slopes.items()},
        "judgements": judgements,
        "study": {},
    }
