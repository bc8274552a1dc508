"""Means and paired differences with intervals: how sure one may be that one method beats another.

Student's t for a few pairs, with Bonferroni's correction for the number of comparisons. Knows nothing of what
is compared.
"""

from __future__ import annotations

from math import atan, cos, pi, sin, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def student_cdf(t: float, freedom: int) -> float:
    """Return the distribution function of Student's t for a whole number of degrees of freedom.

    The finite sums of Abramowitz & Stegun, 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(freedom))
    cosine, sine = cos(angle), sin(angle)
    term = total = cosine if freedom % 2 else 1.0
    for index in range(3 if freedom % 2 else 2, freedom, 2):
        term *= (index - 1) / index * cosine * cosine
        total += term
    if freedom == 1:
        inside = 2 * angle / pi
    elif freedom % 2:
        inside = 2 / pi * (angle + sine * total)
    else:
        inside = sine * total
    return 0.5 * (1 + inside)


def student_quantile(level: float, freedom: int) -> float:
    """Return the t below which a share `level`, 0.5 to just under 1, of Student's distribution lies."""
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < level and high < 1e12:
        low, high = high, 2 * high
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if student_cdf(middle, freedom) < level else (low, middle)
    return 0.5 * (low + high)


def curve_of(losses: Floats) -> dict[str, Floats]:
    """Return the mean over seeds, of [times, seeds], with a 95% interval."""
    mean, count = losses.mean(axis=1), losses.shape[1]
    half = student_quantile(0.975, count - 1) / np.sqrt(count) * losses.std(axis=1, ddof=1)
    return {"mean": mean, "low": mean - half, "high": mean + half}


def compare(one: Floats, other: Floats, *, looks: int = 1, confidence: float = 0.95) -> dict[str, Any]:
    """Return the mean of ``one - other`` over pairs, with an interval that holds for all looks together.

    Parameters
    ----------
    one, other
        [pairs], at least two.
    looks
        How many comparisons are made; each interval has confidence ``1 - (1 - confidence) / looks``.

    Returns
    -------
    dict
        ``mean``, ``half_width``, ``low``, ``high``, ``clear`` (whether the interval excludes 0) and
        ``p_value``, two-sided and multiplied by the number of looks, at most 1.
    """
    difference = np.asarray(one, np.float64) - other
    count = len(difference)
    mean, error = float(difference.mean()), float(difference.std(ddof=1) / sqrt(count))
    half = student_quantile(1 - (1 - confidence) / looks / 2, count - 1) * error
    tail = 1 - student_cdf(abs(mean) / error, count - 1) if error else float(mean == 0)
    return {
        "mean": mean,
        "half_width": half,
        "low": mean - half,
        "high": mean + half,
        "clear": bool(abs(mean) > half),
        "p_value": min(1.0, 2 * tail * looks),
    }
