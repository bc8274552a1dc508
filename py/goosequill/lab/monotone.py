"""Curves that should rise from 0 to 1: an unconstrained polynomial, and fits that cannot decrease.

Every fit takes points and a degree and returns a function of x. The polynomial is fitted in x' = sigmoid(x)
with y(0) = 0 and y(1) = 1. Bernstein coefficients with non-negative increments answer the question how to
keep it monotone: the problem is convex, and is solved exactly. Data and study are in `cumulative`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np

from goosequill.lab.constrained import Floats, simplex_least_squares

Curve = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Points:
    """What is fitted.

    Attributes
    ----------
    x, y
        Arguments in increasing order and the cumulative probability at each, [points].
    places, shares
        Values and how much probability each of them stands for, for the fit by likelihood; the sum is 1.
    """

    x: Floats
    y: Floats
    places: Floats
    shares: Floats


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def fit_polynomial(points: Points, degree: int, *, linear: Curve = sigmoid) -> Curve:
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

    weights = np.linalg.lstsq(terms(points.x), points.y - linear(points.x), rcond=None)[0]
    return lambda at: np.asarray(linear(at) + terms(at) @ weights)


def fit_printed(points: Points, degree: int) -> Curve:
    """Fit the polynomial as the article's code has it, with the sigmoid applied twice in the linear term."""
    return fit_polynomial(points, degree, linear=lambda at: sigmoid(sigmoid(at)))


def bernstein(at: Floats, degree: int) -> Floats:
    """Return the Bernstein polynomials of x', [points, degree + 1]."""
    low, j = sigmoid(at)[:, None], np.arange(degree + 1)
    binomials = np.array([comb(degree, int(index)) for index in j], np.float64)
    return np.asarray(binomials * low**j * (1 - low) ** (degree - j))


def steps(at: Floats, degree: int) -> Floats:
    """Return the functions that the increments of the coefficients multiply, [points, degree]; each rises
    from 0 to 1."""
    return np.asarray(np.cumsum(bernstein(at, degree)[:, ::-1], axis=1)[:, ::-1][:, 1:])


def fit_bernstein(points: Points, degree: int) -> Curve:
    """Fit Bernstein coefficients from 0 to 1 whose increments are non-negative, by least squares."""
    increments = simplex_least_squares(steps(points.x, degree), points.y)
    return lambda at: np.asarray(steps(at, degree) @ increments)


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


def fit_isotonic(points: Points, degree: int) -> Curve:
    """Fit a step function: isotonic regression, clipped to [0, 1], constant from each point to the next."""
    x, values = points.x, np.clip(isotonic(points.y), 0, 1)
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


def fit_pchip(points: Points, degree: int) -> Curve:
    """Fit a smooth curve: the monotone cubic interpolant of isotonic regression, clipped to [0, 1]."""
    return pchip(points.x, np.clip(isotonic(points.y), 0, 1))


def fit_likelihood(points: Points, degree: int) -> Curve:
    """Fit Bernstein increments by maximum likelihood to values, each with its share of the probability.

    The increments are the weights of a mixture of beta densities of x', so raw samples need no bins, and
    densities no bin width: only their ratios count.
    """
    densities = degree * bernstein(points.places, degree - 1)  # [points, degree]
    increments = mixture_weights(densities, points.shares)
    return lambda at: np.asarray(steps(at, degree) @ increments)


def mixture_weights(densities: Floats, shares: Floats) -> Floats:
    """Return w with w >= 0 and sum(w) = 1 for which ``shares @ log(densities @ w)`` is greatest.

    Newton's method: the quadratic model of a step is a least-squares problem on the simplex (mixSQP, Kim,
    Carbonetto, Stephens & Anitescu 2020). It ends where no column could add more than 1e-9 to the likelihood.

    Parameters
    ----------
    densities
        Of each sample under each component, [samples, components]; positive.
    shares
        How much each sample counts, [samples]; the sum is 1.
    """
    weights, roots = np.full(densities.shape[1], 1 / densities.shape[1]), np.sqrt(shares)
    for _ in range(100):
        ratios = densities / (densities @ weights)[:, None]
        gains = shares @ ratios  # 1 for a component in use, at most 1 for the others, at the maximum
        if gains.max() <= 1 + 1e-9:
            break
        target = simplex_least_squares(roots[:, None] * ratios, 2 * roots)
        weights = _climb(densities, shares, weights, target - weights)
    return weights


def _climb(densities: Floats, shares: Floats, weights: Floats, direction: Floats) -> Floats:
    """Return the weights after the longest of the steps 1, 1/2, 1/4 ... that increases the likelihood
    enough."""
    mixture, change = densities @ weights, densities @ direction
    slope = float(shares @ (change / mixture))
    size = 1.0
    while size > 1e-12:
        ratio = 1 + size * change / mixture
        if np.all(ratio > 0) and shares @ np.log(ratio) >= 0.01 * size * slope:
            break
        size /= 2
    return np.asarray(weights + size * direction)


Fit = Callable[[Points, int], Curve]

FITS: dict[str, Fit] = {
    "printed": fit_printed,
    "polynomial": fit_polynomial,
    "bernstein": fit_bernstein,
    "isotonic": fit_isotonic,
    "pchip": fit_pchip,
    "likelihood": fit_likelihood,
}
"""Every fit, in the order in which the page shows them."""

MONOTONE = ("bernstein", "isotonic", "pchip", "likelihood")
"""The fits that never decrease and never leave [0, 1]."""
