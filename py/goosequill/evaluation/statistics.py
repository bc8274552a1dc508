"""The statistics of votes between pairs, as formulas over arrays and labels.

Strengths from wins and ties (Davidson's model, which is Bradley and Terry's with ties), intervals of
strengths, shares and means, paired permutation tests, and agreement between raters. Knows nothing of the
format of votes: see `votes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import erfc, sqrt
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

PRIOR_SD = 5.0
"""Of a strength, in log-odds: weak, but it keeps a contender that won every vote finite."""
NEWTON_STEPS = 40
NORMAL_975 = 1.959963984540054
EXACT_UP_TO = 16
"""Differences other than 0 up to which a permutation test tries all 2^n signs: 65,536."""
FLIPS = 9_999
FEWEST_FLIPS = 999
MAX_SIGNS = 1 << 25
"""Random signs that one test draws; with many prompts it makes fewer flips, but at least `FEWEST_FLIPS`."""


def davidson(wins: Array, ties: Array, *, prior_sd: float = PRIOR_SD) -> tuple[Array, Array]:
    """Fit Davidson's model to any number of tables of votes at once.

    P(i beats j) = p_i / (p_i + p_j + v sqrt(p_i p_j)), P(tie) = v sqrt(p_i p_j) / (the same), with
    strengths log p (their mean is 0) and tie propensity v. Without ties this is Bradley and Terry's model.

    Parameters
    ----------
    wins
        [..., n, n]: how often i beat j.
    ties
        [..., n, n], symmetric: how often i and j tied.
    prior_sd
        Standard deviation of the normal prior of each strength; ``inf`` for none.

    Returns
    -------
    strengths [..., n] in log-odds, and log v [...], which is -inf where there was no tie.

    Source: Davidson, "On extending the Bradley-Terry model to accommodate ties", JASA 65 (1970).
    """
    wins, ties = np.broadcast_arrays(np.asarray(wins, float), np.asarray(ties, float))
    count = wins.shape[-1]
    tied = ties.sum(axis=(-1, -2)) > 0
    start = np.zeros((*wins.shape[:-2], count + 1))
    start[..., -1] = np.where(tied, 0.0, -30.0)
    parameters = start
    for _ in range(NEWTON_STEPS):
        gradient, hessian = _slopes(parameters, wins, ties, prior_sd=prior_sd)
        gradient[..., -1] = np.where(tied, gradient[..., -1], 0.0)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        parameters = parameters + np.clip(step, -1.5, 1.5)
        if np.abs(step).max() < 1e-10:
            break
    strengths = parameters[..., :-1]
    log_tie = np.where(tied, parameters[..., -1], -np.inf)
    return strengths - strengths.mean(axis=-1, keepdims=True), log_tie


def _slopes(parameters: Array, wins: Array, ties: Array, *, prior_sd: float) -> tuple[Array, Array]:
    """Gradient [..., n + 1] and negative Hessian [..., n + 1, n + 1] of the log posterior.

    In exponential-family form each game has the features (e_i, e_j or their mean; is it a tie), so the
    gradient is observed minus expected features, and the Hessian their covariance.
    """
    strengths, log_tie = parameters[..., :-1], parameters[..., -1, None, None]
    gap = strengths[..., :, None] - strengths[..., None, :]  # [..., n, n]
    low = np.exp(-np.logaddexp(np.logaddexp(gap / 2, -gap / 2), log_tie))
    win, tie = np.exp(gap / 2) * low, np.exp(log_tie) * low  # P(i beats j), P(i and j tie)
    games = wins + np.swapaxes(wins, -1, -2) + ties
    games[..., np.arange(games.shape[-1]), np.arange(games.shape[-1])] = 0.0
    score = (wins + ties / 2).sum(axis=-1) - (games * (win + tie / 2)).sum(axis=-1)
    tied = (ties - games * tie).sum(axis=(-1, -2)) / 2
    precision = prior_sd**-2
    gradient = np.concatenate([score - precision * strengths, tied[..., None]], axis=-1)
    mean = win - np.swapaxes(win, -1, -2)  # of the outcome +1, 0, -1
    variance = games * (1 - tie - mean**2) / 4
    cross = -(games * tie * mean).sum(axis=-1) / 2
    hessian = np.zeros((*gradient.shape, gradient.shape[-1]))
    size = strengths.shape[-1]
    diagonal = np.arange(size)
    hessian[..., :size, :size] = -variance
    hessian[..., diagonal, diagonal] += variance.sum(axis=-1) + precision + 1e-9
    hessian[..., :size, size] = hessian[..., size, :size] = cross
    hessian[..., size, size] = (games * tie * (1 - tie)).sum(axis=(-1, -2)) / 2 + 1e-9
    return gradient, hessian


def resample_weights(prompts: int, *, resamples: int, seed: int) -> Array:
    """How often each resample of the prompts contains each prompt: [resamples, prompts]."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(prompts, np.full(prompts, 1 / prompts), size=resamples).astype(float)


def levels(prompts: int) -> tuple[float, float]:
    """The two percentiles of a bootstrap that form a 95% interval, widened for few prompts.

    Plain percentiles (2.5, 97.5) are too narrow by about sqrt((n - 1) / n) and the difference between the
    normal and Student's distribution. Source: Hesterberg, "What Teachers Should Know About the Bootstrap",
    The American Statistician 69 (2015), section 3.2.
    """
    if prompts < 2:
        return 0.0, 100.0
    free = prompts - 1
    tail = 50 * erfc(student(free) * sqrt(prompts / free) / sqrt(2))
    return tail, 100 - tail


def student(free: int) -> float:
    """The 97.5% quantile of Student's distribution, to within 0.3% from 4 degrees of freedom on.

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5.
    """
    z = NORMAL_975
    terms = (z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96)
    last = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return float(sum(term / free**power for power, term in enumerate((*terms, last))))


def bootstrap_interval(drawn: Array, prompts: int) -> tuple[Array, Array]:
    """The 95% interval of a bootstrap's fits [resamples, ...].

    Percentiles are positions among resamples + 1 gaps, which is correct on average for any number of
    resamples; interpolating between the lowest and the highest would make the interval too narrow.
    """
    low, high = np.percentile(drawn, levels(prompts), axis=0, method="weibull")
    return low, high


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """Wilson's 95% interval of a proportion; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    low, high = _wilson(np.array(successes / trials), np.array(float(trials)))
    return float(low), float(high)


def _wilson(share: Array, trials: Array) -> tuple[Array, Array]:
    square = NORMAL_975**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    root = np.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    half = NORMAL_975 / (1 + square / trials) * root
    return np.maximum(0.0, middle - half), np.minimum(1.0, middle + half)


def share_interval(values: Array) -> tuple[Array, Array]:
    """The 95% interval of the mean of values from 0 to 1: Wilson's, with an effective number of trials.

    Of flags it is exactly Wilson's interval. Values that vary less than flags with the same mean are worth
    more trials. Equal values are worth as many as they are, so that no interval has a width of 0.

    Parameters
    ----------
    values
        [..., prompts], at least two.

    Source: Korn and Graubard, "Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data", Survey Methodology 24 (1998), for the effective number.
    """
    count = values.shape[-1]
    share, variance = values.mean(axis=-1), values.var(axis=-1, ddof=1)
    trials = np.full_like(share, count)
    np.divide(count * share * (1 - share), variance, out=trials, where=variance > 1e-12)
    return _wilson(share, np.maximum(count, trials * (NORMAL_975 / student(count - 1)) ** 2))


def flag_gap_interval(values: Array) -> tuple[Array, Array]:
    """The 95% interval of the mean difference of paired flags, each -1, 0 or 1. [..., prompts]

    One prompt is added on either side, so that equal differences do not look certain.

    Source: Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial proportions
    based on paired data", Journal of Educational and Behavioral Statistics 37 (2012).
    """
    ends = np.broadcast_to([1.0, -1.0], (*values.shape[:-1], 2))
    more = np.concatenate([values, ends], axis=-1)
    middle, half = more.mean(axis=-1), NORMAL_975 * more.std(axis=-1) / sqrt(more.shape[-1])
    return np.maximum(-1.0, middle - half), np.minimum(1.0, middle + half)


def mean_interval(values: Array) -> tuple[Array, Array]:
    """The 95% interval of a mean: Student's, widened on the side to which the values are skewed.

    Skewness is corrected for by Hall's transformation; that of few values is underestimated, and multiplied
    by 1 + 6 / n, which simulations with lognormal values gave. NaN where all values are equal.

    Parameters
    ----------
    values
        [..., prompts], at least two.

    Source: Hall, "On the removal of skewness by transformation", JRSS B 54 (1992).
    """
    count, mean = values.shape[-1], values.mean(axis=-1)
    deviation = values.std(axis=-1, ddof=1)
    deviation = np.where(deviation > 1e-9 * np.abs(values).max(axis=-1), deviation, np.nan)
    scaled = (values - mean[..., None]) / (deviation * sqrt((count - 1) / count))[..., None]
    skew = (scaled**3).mean(axis=-1) * (1 + 6 / count)
    skew = np.where(np.abs(skew) < 1e-6, 1e-6, skew)
    edge = student(count - 1) / sqrt(count)

    def moved(z: float) -> Array:
        moved: Array = 3 / skew * (np.cbrt(1 + skew * (z - skew / (6 * count))) - 1)
        return moved

    low = mean - deviation * np.maximum(edge, moved(edge))
    return low, mean + deviation * np.maximum(edge, -moved(-edge))


@dataclass(frozen=True)
class Permutation:
    """The result of a paired permutation test.

    Attributes
    ----------
    p
        Two-sided p-value, above 0 and at most 1.
    hits
        How many of the flips give a difference at least as large as the observed one.
    flips
        How many assignments of signs were tried.
    exact
        Whether these are all assignments; otherwise they were drawn at random.
    changed
        How many differences are not 0. Only they matter: with n of them, p is at least 2 / 2^n.
    """

    p: float
    hits: int
    flips: int
    exact: bool
    changed: int


def paired_permutation(differences: Array, *, flips: int = FLIPS, seed: int = 0) -> Permutation:
    """Test whether the mean of paired differences could be 0, without assuming a distribution.

    If the two runs were alike, each difference could as well have the other sign. The p-value is the share
    of assignments of signs whose mean is at least as far from 0 as the observed one: of all of them if there
    are at most 2^`EXACT_UP_TO`, else of random ones, among which the observed one counts.

    Parameters
    ----------
    differences
        [prompts]: one run's value minus the other's, for each prompt.
    flips
        Random assignments to try, from 1.

    Example
    -------
    >>> paired_permutation(np.array([1.0, 2.0, 3.0])).p
    0.25

    Source: Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses" (2005), section 3.7; Phipson
    and Smyth, "Permutation p-values should never be zero" (2010).
    """
    values = np.asarray(differences, float)
    values = values[values != 0]
    count = len(values)
    least = abs(values.sum()) - 1e-12 * np.abs(values).sum()  # equal sums differ by their rounding
    if count <= EXACT_UP_TO:
        sums = np.zeros(1)
        for value in values:
            sums = np.concatenate([sums + value, sums - value])
        hits = int((np.abs(sums) >= least).sum())
        return Permutation(hits / len(sums), hits, len(sums), exact=True, changed=count)
    flips = min(flips, max(FEWEST_FLIPS, MAX_SIGNS // count))
    generator, hits = np.random.default_rng(seed), 0
    rows = max(1, (1 << 20) // count)
    for start in range(0, flips, rows):
        up = generator.integers(0, 2, (min(rows, flips - start), count), dtype=np.int8)
        sums = 2 * (up @ values) - values.sum()
        hits += int((np.abs(sums) >= least).sum())
    return Permutation((hits + 1) / (flips + 1), hits, flips, exact=False, changed=count)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number, so that 5% bounds the chance of any false positive among them.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    order = np.argsort(p_values)
    steps = np.asarray(p_values, float)[order] * (len(order) - np.arange(len(order)))
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(p) for p in adjusted]


def krippendorff(units: Iterable[Sequence[str]]) -> float | None:
    """Krippendorff's alpha for nominal labels; a unit is the list of labels that raters gave it.

    None if no unit has two labels, or all labels are equal. Source: Krippendorff, "Computing
    Krippendorff's alpha-reliability" (2011).
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for labels in units:
        for i, j in combinations(range(len(labels)), 2):
            share = 1 / (len(labels) - 1)
            pairs[labels[i], labels[j]] += share  # type: ignore[assignment]
            pairs[labels[j], labels[i]] += share  # type: ignore[assignment]
    totals: Counter[str] = Counter()
    for (label, _), share in pairs.items():
        totals[label] += share
    total = sum(totals.values())
    expected = total * total - sum(count * count for count in totals.values())
    if total <= 1 or expected == 0:
        return None
    differing = sum(share for (one, other), share in pairs.items() if one != other)
    return 1 - (total - 1) * differing / expected


def cohen(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Cohen's kappa of two raters over the same units; None if chance explains all agreement."""
    if not first:
        return None
    count = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    ones, others = Counter(first), Counter(second)
    chance = sum(ones[label] * others[label] for label in ones) / count**2
    return None if chance == 1 else (observed - chance) / (1 - chance)
