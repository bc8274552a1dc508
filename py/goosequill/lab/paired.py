"""Means and paired differences with intervals: how sure one may be that one method beats another.

Student's t for a few pairs, with Bonferroni's correction for the number of comparisons, beside an exact test
that needs no normal distribution. Knows nothing of what is compared.
"""

from __future__ import annotations

from math import atan, cos, pi, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.evaluation.statistics import paired_permutation

Floats = NDArray[np.float64]

RESAMPLES = 2000
SURE, LENIENT = 0.99, 0.9
"""Confidence of the interval that must exclude 0, for all looks together, for a difference to be clear, and
of the one, for a single look, that must exclude 0 for it to be more than nothing."""
DRAWN = 100
"""The most runs of a study that are drawn one by one."""
WORST = 1e9
"""What a result that is not a finite number counts as, so that it is never chosen."""


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
        ``mean``, ``half_width``, ``low``, ``high``, ``clear`` (whether the interval excludes 0), ``values``
        (the difference of each pair), and two p-values, two-sided and multiplied by the number of looks, at
        most 1: ``p_value`` of the t-test, and ``sign_flip``, see `sign_flip`.
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
        "sign_flip": sign_flip(difference, looks=looks),
        "values": difference.tolist(),
    }


def errors_of(errors: Floats, reference: Floats) -> dict[str, Any]:
    """Return what a study says of a method's errors, [runs]: they are skewed, so their median as well.

    Returns
    -------
    dict
        ``rmse`` and ``difference``, the mean error and its mean difference from the `reference` of the same
        runs, each with ``_half_width`` (95%, Student's); ``rmse_median``; ``difference_sign_flip``, see
        `sign_flip`; and ``errors``, those of the first `DRAWN` runs.
    """
    found: dict[str, Any] = {}
    for key, values in (("rmse", errors), ("difference", errors - reference)):
        half = student_quantile(0.975, len(values) - 1) * values.std(ddof=1) if len(values) > 1 else 0.0
        found |= {key: float(values.mean()), f"{key}_half_width": float(half / sqrt(len(values)))}
    found["rmse_median"] = float(np.median(errors))
    found["difference_sign_flip"] = sign_flip(errors - reference)
    return found | {"errors": errors[:DRAWN].round(5).tolist()}


def sign_flip(differences: Floats, *, looks: int = 1) -> float:
    """Return the p-value of the sign-flip test of paired differences, multiplied by `looks`, at most 1.

    It needs no normal distribution: Student's interval of a mean is too short where differences are skewed.
    Exact for up to 16 pairs, else from random flips.
    """
    return min(1.0, paired_permutation(differences).p * looks)


class Tuned(NamedTuple):
    """What a method got with each of its candidates (a learning rate and a time to stop), of which the lowest
    mean loss in validation is chosen; both [candidates, seeds]."""

    validation: Floats
    result: Floats


def compare_tuned(one: Tuned, other: Tuned, *, looks: int = 1) -> dict[str, Any]:
    """Compare two methods by seeds that they share, with an interval that includes the choice of candidates.

    The seeds are drawn `RESAMPLES` times with replacement, and each time both methods choose again. So where
    two candidates are nearly tied, as rounding can decide which of them wins, both count. The interval is
    Student's, with the standard deviation of the resamples as the error (times sqrt(n / (n - 1)), as a sample
    of n varies too little). Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993).

    Returns
    -------
    dict
        ``mean`` of the resamples; ``half_width``, ``low`` and ``high`` of the interval of confidence `SURE`
        for all looks together; ``lenient``, the half-width at confidence `LENIENT` for one look; ``grade``:
        "clear" if the first excludes 0, "none" if the second includes it, else "undecided"; ``clear``;
        ``values``, each seed's difference, averaged over what was chosen; and ``sign_flip`` of these.
    """
    count = one.result.shape[1]
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
    each = _chosen(one, draws) - _chosen(other, draws)  # [resamples, seeds]
    means = (draws * each).sum(axis=1)
    mean, error = float(means.mean()), float(means.std() * sqrt(count / (count - 1)))
    half = student_quantile(1 - (1 - SURE) / looks / 2, count - 1) * error
    lenient = student_quantile(1 - (1 - LENIENT) / 2, count - 1) * error
    grade = "clear" if abs(mean) > half else "undecided" if abs(mean) > lenient else "none"
    values = each.mean(axis=0)
    return {
        "mean": mean,
        "half_width": half,
        "low": mean - half,
        "high": mean + half,
        "lenient": lenient,
        "grade": grade,
        "clear": grade == "clear",
        "sign_flip": sign_flip(values, looks=looks),
        "values": values.tolist(),
    }


def _chosen(method: Tuned, draws: Floats) -> Floats:
    """Return the results, [resamples, seeds], of what each resample of the seeds chooses."""
    validation = np.where(np.isfinite(method.validation), method.validation, WORST).astype(np.float64)
    return np.asarray(method.result[np.argmin(draws @ validation.T, axis=1)], np.float64)
