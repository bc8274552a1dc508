"""Fitting a cumulative distribution function: an unconstrained polynomial, and fits that cannot decrease.

Every fit is a function from x to [0, 1] for data in x and y. The polynomial is fitted in x' = sigmoid(x) with
y(0) = 0 and y(1) = 1. Bernstein coefficients with non-negative increments answer the question how to keep it
monotone: the problem is convex, and is solved exactly. Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import comb, erf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.parameters import ParameterSet, setting
from goosequill.progress import Progress

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]

LIMIT = 4.0
"""Curves are judged between -LIMIT and LIMIT, where a standard normal variable has all but 0.006% of its
mass."""
GRID = np.linspace(-LIMIT, LIMIT, 401)
TOLERANCE = 1e-9
"""A decrease below this is rounding."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    points: int = setting(
        "Points",
        "How many points there are between -3 and 3.",
        default=20,
        minimum=4,
        maximum=400,
        step=1,
        kind="integer",
    )
    degree: int = setting(
        "Degree",
        "Highest power of the polynomials.",
        default=3,
        minimum=1,
        maximum=12,
        step=1,
        kind="integer",
    )
    noise: float = setting(
        "Noise",
        "Each density is multiplied by a uniform number between 1 - noise and 1 + noise.",
        default=1.0,
        neutral=0.0,
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    bin_width: bool = setting(
        "Bin width",
        "Multiplies the densities by the distance between points, without which their sum is not 1.",
        default=True,
        kind="boolean",
    )
    seed: int = setting(
        "Seed",
        "The same seed gives the same data.",
        default=0,
        minimum=0,
        maximum=2**31 - 1,
        step=1,
        kind="integer",
    )
    runs: int = setting(
        "Runs",
        "How many data sets the study fits; each has a seed of its own.",
        default=200,
        minimum=0,
        maximum=1000,
        step=10,
        kind="integer",
    )


DESCRIPTION = Settings.describe(
    "cumulative",
    "Cumulative distribution",
    "Fits a curve that should rise from 0 to 1 to noisy cumulative sums.",
    "x' = 1 / (1 + exp(-x)); y = sum(c[j] * comb(m, j) * x'^j * (1 - x')^(m - j)), c[j + 1] >= c[j]",
    "Tapsell 2016 (polynomial); Wolfe 1976 (minimum-norm point); Fritsch & Carlson 1980 (PCHIP)",
)


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def normal_cdf(x: Floats) -> Floats:
    """Return the distribution function of a standard normal variable: the truth behind the data."""
    return np.array([0.5 * (1 + erf(value / sqrt(2))) for value in np.ravel(x)]).reshape(np.shape(x))


def make_data(points: int, seed: int, *, noise: float = 1.0, bin_width: bool = True) -> tuple[Floats, Floats]:
    """Return x and y as the article makes them: cumulative sums of a normal density times noise."""
    x = np.linspace(-3, 3, points)
    density = np.exp(-0.5 * x * x) / sqrt(2 * np.pi)
    y = np.cumsum(density * (1 + np.random.default_rng(seed).uniform(-noise, noise, points)))
    return x, y * (x[1] - x[0]) if bin_width else y


# ---- Fits ----


def fit_polynomial(x: Floats, y: Floats, degree: int, *, linear: Curve = sigmoid) -> Curve:
    """Fit (1 - c - d - ...) x' + c x'^2 + d x'^3 + ... by least squares, which need not be monotone.

    Parameters
    ----------
    linear
        The function of x in the linear term. The article's code applies the sigmoid twice there; then y(1) is
        not 1.
    """

    def terms(at: Floats) -> Floats:
        powers = sigmoid(at)[:, None] ** np.arange(2, degree + 1)  # [points, degree - 1]
        return np.asarray(powers - linear(at)[:, None])

    weights = np.linalg.lstsq(terms(x), y - linear(x), rcond=None)[0]
    return lambda at: np.asarray(linear(at) + terms(at) @ weights)


def fit_printed(x: Floats, y: Floats, degree: int) -> Curve:
    """Fit the polynomial as the article's code has it, with the sigmoid applied twice in the linear term."""
    return fit_polynomial(x, y, degree, linear=lambda at: sigmoid(sigmoid(at)))


def bernstein(at: Floats, degree: int) -> Floats:
    """Return the Bernstein polynomials of x', [points, degree + 1]."""
    low, j = sigmoid(at)[:, None], np.arange(degree + 1)
    binomials = np.array([comb(degree, int(index)) for index in j], np.float64)
    return np.asarray(binomials * low**j * (1 - low) ** (degree - j))


def steps(at: Floats, degree: int) -> Floats:
    """Return the functions that the increments of the coefficients multiply, [points, degree]; each rises
    from 0 to 1."""
    return np.asarray(np.cumsum(bernstein(at, degree)[:, ::-1], axis=1)[:, ::-1][:, 1:])


def fit_bernstein(x: Floats, y: Floats, degree: int) -> Curve:
    """Fit Bernstein coefficients from 0 to 1 whose increments are non-negative, by least squares."""
    increments = simplex_least_squares(steps(x, degree), y)
    return lambda at: np.asarray(steps(at, degree) @ increments)


def simplex_least_squares(matrix: Floats, target: Floats) -> Floats:
    """Return w with w >= 0 and sum(w) = 1 for which |matrix w - target| is smallest.

    Because the sum is 1, it is the point of least norm among the convex combinations of the columns of
    ``matrix - target``: Wolfe's algorithm (Mathematical Programming 11, 1976) finds it in finitely many
    steps.
    """
    points = matrix - target[:, None]  # [points, columns]
    scale = float(np.max(np.sum(points * points, axis=0)))
    chosen = [int(np.argmin(np.sum(points * points, axis=0)))]
    weights = np.ones(1)
    for _ in range(100 * points.shape[1]):
        nearest = points[:, chosen] @ weights
        products = nearest @ points
        best = int(np.argmin(products))
        if best in chosen or nearest @ nearest - products[best] <= 1e-12 * scale:
            break
        chosen, weights = [*chosen, best], np.append(weights, 0.0)
        chosen, weights = _minor_cycle(points, chosen, weights)
    found = np.zeros(points.shape[1])
    found[chosen] = weights
    return found


def _minor_cycle(points: Floats, chosen: list[int], weights: Floats) -> tuple[list[int], Floats]:
    """Move to the least point of the affine hull of the chosen columns; drop those whose weight would turn
    negative."""
    while True:
        affine = _affine_minimum(points[:, chosen])
        if np.all(affine > 1e-14):
            return chosen, affine
        falling = affine <= 1e-14
        ratios = weights[falling] / np.maximum(weights[falling] - affine[falling], 1e-300)
        step = min(1.0, float(np.min(ratios)))
        weights = (1 - step) * weights + step * affine
        weights[np.flatnonzero(falling)[np.argmin(ratios)]] = 0.0
        kept = weights > 0
        chosen, weights = [index for index, keep in zip(chosen, kept, strict=True) if keep], weights[kept]


def _affine_minimum(columns: Floats) -> Floats:
    """Return weights with sum 1 for which the combination of the columns is shortest."""
    count = columns.shape[1]
    system = np.ones((count + 1, count + 1))
    system[:count, :count], system[count, count] = columns.T @ columns, 0.0
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(count), 1.0), rcond=None)[0][:count])


def isotonic(y: Floats, weights: Floats | None = None) -> Floats:
    """Return the non-decreasing values nearest to y by least squares (pool adjacent violators)."""
    given = np.ones(len(y)) if weights is None else weights
    means: list[float] = []
    totals: list[float] = []
    counts: list[int] = []
    for value, weight in zip(y, given, strict=True):
        mean, total, count = float(value), float(weight), 1
        while means and means[-1] >= mean:
            mean = (means[-1] * totals[-1] + mean * total) / (totals[-1] + total)
            total, count = total + totals.pop(), count + counts.pop()
            means.pop()
        means.append(mean)
        totals.append(total)
        counts.append(count)
    return np.repeat(means, counts)


def fit_isotonic(x: Floats, y: Floats, degree: int) -> Curve:
    """Fit a step function: isotonic regression, clipped to [0, 1], constant from each point to the next."""
    values = np.clip(isotonic(y), 0, 1)
    return lambda at: np.where(at < x[0], 0.0, values[np.clip(np.searchsorted(x, at, "right") - 1, 0, None)])


def pchip_slopes(x: Floats, y: Floats) -> Floats:
    """Return the slopes of the monotone cubic interpolant (Fritsch & Butland 1984)."""
    gaps, rises = np.diff(x), np.diff(y) / np.diff(x)
    before, after = rises[:-1], rises[1:]
    first, second = 2 * gaps[1:] + gaps[:-1], gaps[1:] + 2 * gaps[:-1]
    same = before * after > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(same, (first + second) / (first / before + second / after), 0.0)
    return np.concatenate(
        [
            [_end_slope(gaps[0], gaps[1], rises[0], rises[1])],
            inner,
            [_end_slope(gaps[-1], gaps[-2], rises[-1], rises[-2])],
        ]
    )


def _end_slope(gap: float, next_gap: float, rise: float, next_rise: float) -> float:
    slope = ((2 * gap + next_gap) * rise - gap * next_rise) / (gap + next_gap)
    if np.sign(slope) != np.sign(rise):
        return 0.0
    if np.sign(rise) != np.sign(next_rise) and abs(slope) > 3 * abs(rise):
        return float(3 * rise)
    return float(slope)


def pchip(x: Floats, y: Floats) -> Curve:
    """Return the monotone cubic interpolant of non-decreasing points, constant outside them."""
    slopes = pchip_slopes(x, y)

    def curve(at: Floats) -> Floats:
        inside = np.clip(at, x[0], x[-1])
        left = np.clip(np.searchsorted(x, inside, "right") - 1, 0, len(x) - 2)
        gap = x[left + 1] - x[left]
        t = (inside - x[left]) / gap
        high = t * t * (3 - 2 * t)
        bend = gap * t * (1 - t) * (slopes[left] * (1 - t) - slopes[left + 1] * t)
        return np.asarray(y[left] * (1 - high) + y[left + 1] * high + bend)

    return curve


def fit_pchip(x: Floats, y: Floats, degree: int) -> Curve:
    """Fit a smooth curve: the monotone cubic interpolant of isotonic regression, clipped to [0, 1]."""
    return pchip(x, np.clip(isotonic(y), 0, 1))


def fit_likelihood(samples: Floats, degree: int, *, iterations: int = 200) -> Curve:
    """Fit Bernstein increments to raw samples by maximum likelihood, without any bins.

    The increments are the weights of a mixture of beta densities of x'; each step of expectation maximization
    increases the likelihood (Dempster, Laird & Rubin 1977).
    """
    densities = degree * bernstein(samples, degree - 1)  # [samples, degree]
    weights = np.full(degree, 1 / degree)
    for _ in range(iterations):
        shares = densities * weights
        weights = np.mean(shares / shares.sum(axis=1, keepdims=True), axis=0)
    return lambda at: np.asarray(steps(at, degree) @ weights)


FITS: dict[str, Callable[[Floats, Floats, int], Curve]] = {
    "printed": fit_printed,
    "polynomial": fit_polynomial,
    "bernstein": fit_bernstein,
    "isotonic": fit_isotonic,
    "pchip": fit_pchip,
}
"""Every fit to points, in the order in which the page shows them."""


# ---- Study ----


@dataclass(frozen=True)
class Judgement:
    """What a curve does on `GRID`: whether it decreases somewhere, leaves [0, 1], and its distance to the
    truth."""

    decreases: bool
    leaves: bool
    rmse: float


def judge(curve: Curve) -> Judgement:
    """Judge a curve."""
    values = curve(GRID)
    return Judgement(
        decreases=bool(np.any(np.diff(values) < -TOLERANCE)),
        leaves=bool(values.min() < -TOLERANCE or values.max() > 1 + TOLERANCE),
        rmse=float(np.sqrt(np.mean((values - normal_cdf(GRID)) ** 2))),
    )


def compute(
    settings: Settings,
    *,
    x: Any = None,
    y: Any = None,
) -> Generator[Progress, None, dict[str, Any]]:
    """Fit one data set in every way, then many for the study.

    Parameters
    ----------
    x, y
        The visitor's own points instead of the article's; at least three different x, all finite.

    Returns
    -------
    dict
        ``x`` and ``y``; ``grid`` and ``truth``; ``curves``, each fit's values on the grid; ``judgements``;
        and ``study``: for each fit the share of runs in which it decreases or leaves [0, 1], and its mean
        RMSE with the half-width of a 95% interval.

    Raises
    ------
    SettingsError
        ``setting-range``: the given points cannot be fitted.
    """
    made: dict[str, Any] = {"noise": settings.noise, "bin_width": settings.bin_width}
    given = make_data(settings.points, settings.seed, **made) if x is None else _own_points(x, y)
    curves = {name: fit(*given, settings.degree) for name, fit in FITS.items()}
    judgements: dict[str, list[Judgement]] = {name: [] for name in FITS}
    for run in range(1, settings.runs + 1):
        data = make_data(settings.points, settings.seed + run, **made)
        for name, fit in FITS.items():
            judgements[name].append(judge(fit(*data, settings.degree)))
        yield Progress("fits", run, settings.runs)
    return {
        "x": given[0],
        "y": given[1],
        "grid": GRID,
        "truth": normal_cdf(GRID),
        "curves": {name: curve(GRID) for name, curve in curves.items()},
        "judgements": {name: vars(judge(curve)) for name, curve in curves.items()},
        "study": {name: _summary(found) for name, found in judgements.items() if found},
    }


def _summary(found: list[Judgement]) -> dict[str, float]:
    errors = np.array([each.rmse for each in found])
    spread = float(errors.std(ddof=1) / sqrt(len(errors))) if len(errors) > 1 else 0.0
    return {
        "decreases": float(np.mean([each.decreases for each in found])),
        "leaves": float(np.mean([each.leaves for each in found])),
        "rmse": float(errors.mean()),
        "rmse_half_width": 1.96 * spread,
    }


def _own_points(x: Any, y: Any) -> tuple[Floats, Floats]:
    xs, ys = np.asarray(x, np.float64).reshape(-1), np.asarray(y, np.float64).reshape(-1)
    if (
        len(xs) != len(ys)
        or not np.isfinite([*xs, *ys]).all()
        or len(np.unique(xs)) != len(xs)
        or len(xs) < 3
    ):
        raise SettingsError(
            "The points cannot be fitted.",
            code="setting-range",
            remedy="Give at least three points, each with an x of its own, and finite numbers only.",
        )
    order = np.argsort(xs)
    return xs[order], ys[order]
