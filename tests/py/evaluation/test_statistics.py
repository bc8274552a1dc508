"""Fits against choix and a likelihood, intervals against simulation, agreement against scikit-learn."""

from __future__ import annotations

from itertools import combinations

import choix
import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from sklearn.metrics import cohen_kappa_score

from goosequill.evaluation.statistics import (
    bootstrap_interval,
    cohen,
    davidson,
    krippendorff,
    levels,
    resample_weights,
)

NO_TIES = np.zeros((4, 4))


def games(strengths: np.ndarray, count: int, seed: int) -> list[tuple[int, int]]:
    """(winner, loser) of games between random pairs."""
    generator = np.random.default_rng(seed)
    pairs = [generator.choice(len(strengths), 2, replace=False) for _ in range(count)]
    chances = [1 / (1 + np.exp(strengths[j] - strengths[i])) for i, j in pairs]
    return [(i, j) if generator.random() < p else (j, i) for (i, j), p in zip(pairs, chances, strict=True)]


def counted(results: list[tuple[int, int]], size: int) -> np.ndarray:
    wins = np.zeros((size, size))
    for winner, loser in results:
        wins[winner, loser] += 1
    return wins


@pytest.mark.parametrize("seed", range(4))
def test_without_ties_it_is_the_bradley_terry_fit_of_choix(seed: int) -> None:
    results = games(np.array([0.9, 0.2, -0.3, -0.8]), 300, seed)
    fitted, log_tie = davidson(counted(results, 4), NO_TIES, prior_sd=np.inf)
    expected = choix.opt_pairwise(4, results)
    np.testing.assert_allclose(fitted, expected - expected.mean(), atol=1e-5)
    assert log_tie == -np.inf


def test_the_prior_is_the_regularisation_of_choix() -> None:
    results = [(0, 1)] * 5 + [(1, 2)] * 5
    fitted, _ = davidson(counted(results, 3), np.zeros((3, 3)), prior_sd=2.0)
    expected = choix.opt_pairwise(3, results, alpha=1 / (2 * 2.0**2))
    np.testing.assert_allclose(fitted, expected, atol=1e-5)


def test_with_ties_it_maximises_the_likelihood_of_davidson() -> None:
    generator = np.random.default_rng(3)
    wins, upper = generator.integers(1, 9, (4, 4)), np.triu(generator.integers(0, 9, (4, 4)), 1)
    np.fill_diagonal(wins, 0)
    ties = upper + upper.T

    def loss(parameters: np.ndarray) -> float:
        strengths, tie, total = parameters[:4], parameters[4], 0.0
        for i, j in combinations(range(4), 2):
            terms = [strengths[i], strengths[j], tie + (strengths[i] + strengths[j]) / 2]
            whole = np.logaddexp.reduce(terms)
            counts = [wins[i, j], wins[j, i], ties[i, j]]
            total -= sum(count * (term - whole) for count, term in zip(counts, terms, strict=True))
        return total + 1e-9 * float(strengths.mean() ** 2)

    best = minimize(loss, np.zeros(5), tol=1e-12).x
    fitted, log_tie = davidson(wins, ties, prior_sd=np.inf)
    np.testing.assert_allclose(fitted, best[:4] - best[:4].mean(), atol=1e-4)
    assert log_tie == pytest.approx(best[4], abs=1e-4)


def test_a_contender_that_wins_every_vote_stays_finite() -> None:
    fitted, _ = davidson(np.array([[0, 1000], [0, 0]]), np.zeros((2, 2)))
    assert np.all(np.isfinite(fitted)) and 4 < fitted[0] < 40


def simulated(prompts: int, *, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Votes of one rater on all pairs of three contenders, whose strengths vary between prompts."""
    generator = np.random.default_rng(seed)
    strengths = np.array([0.6, 0.0, -0.6]) + spread * generator.normal(size=(prompts, 3))
    wins, ties = np.zeros((prompts, 3, 3)), np.zeros((prompts, 3, 3))
    for i, j in combinations(range(3), 2):
        one, other = np.exp(strengths[:, i]), np.exp(strengths[:, j])
        tie = 0.6 * np.sqrt(one * other)
        chance, whole = generator.random(prompts), one + other + tie
        wins[:, i, j] = chance < one / whole
        wins[:, j, i] = chance > 1 - other / whole
        ties[:, i, j] = ties[:, j, i] = 1 - wins[:, i, j] - wins[:, j, i]
    return wins, ties


@pytest.mark.parametrize(("prompts", "spread"), [(10, 0.0), (40, 1.0), (400, 0.0)])
def test_the_95_percent_interval_covers_the_truth_93_to_97_times_in_100(prompts: int, spread: float) -> None:
    """A thousand rounds measure the coverage to within 1 in 100; four hundred once gave 92.7."""
    wins, ties = simulated(400_000, spread=spread, seed=9)
    truth, _ = davidson(wins.sum(axis=0), ties.sum(axis=0))
    hits = []
    for seed in range(1000):
        wins, ties = simulated(prompts, spread=spread, seed=10_000 + seed)
        weights = resample_weights(prompts, resamples=300, seed=seed)
        drawn, _ = davidson(np.tensordot(weights, wins, 1), np.tensordot(weights, ties, 1))
        low, high = bootstrap_interval(drawn, prompts)
        hits.append((low <= truth) & (truth <= high))
    assert 0.93 <= np.mean(hits) <= 0.97


def test_few_resamples_make_the_interval_no_narrower_on_average() -> None:
    drawn = np.random.default_rng(0).normal(size=(100, 4000))
    low, high = bootstrap_interval(drawn, 100_000)
    assert np.mean(stats.norm.cdf(high) - stats.norm.cdf(low)) == pytest.approx(0.95, abs=0.004)


@pytest.mark.parametrize("prompts", [10, 40, 400])
def test_levels_use_the_quantile_of_student(prompts: int) -> None:
    quantile = stats.t.ppf(0.975, prompts - 1) * np.sqrt(prompts / (prompts - 1))
    expected = 100 * stats.norm.cdf(-quantile)
    assert levels(prompts)[0] == pytest.approx(expected, rel=0.02)


def test_kappa_is_that_of_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    one = generator.choice(["x", "y", "z"], 50)
    other = np.where(generator.random(50) < 0.6, one, generator.choice(["x", "y", "z"], 50))
    assert cohen(list(one), list(other)) == pytest.approx(cohen_kappa_score(one, other))
    assert cohen(["x", "x"], ["x", "x"]) is None


def test_alpha_is_that_of_krippendorffs_own_example() -> None:
    """Nominal data, four raters, with gaps: section C of the paper; alpha = 0.743."""
    raters = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [[str(rater[i]) for rater in raters if rater[i] is not None] for i in range(12)]
    assert krippendorff(units) == pytest.approx(0.743, abs=0.001)
    assert krippendorff([["x"], ["y"]]) is None
    assert krippendorff([["x", "x"]]) is None
