"""Fits against choix and a likelihood, intervals against simulation, tests against those of scipy, agreement
against scikit-learn.
"""

from collections.abc import Callable
from itertools import combinations

import choix
import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from sklearn.metrics import cohen_kappa_score

from goosequill.evaluation.statistics import (
    EXACT_UP_TO,
    FEWEST_FLIPS,
    bootstrap_interval,
    cohen,
    davidson,
    flag_gap_interval,
    holm,
    krippendorff,
    levels,
    mean_interval,
    paired_permutation,
    resample_weights,
    share_interval,
    student,
)

NO_TIES = np.zeros((4, 4))
Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
Interval = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


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


def test_the_prior_is_the_regularization_of_choix() -> None:
    results = [(0, 1)] * 5 + [(1, 2)] * 5
    fitted, _ = davidson(counted(results, 3), np.zeros((3, 3)), prior_sd=2.0)
    expected = choix.opt_pairwise(3, results, alpha=1 / (2 * 2.0**2))
    np.testing.assert_allclose(fitted, expected, atol=1e-5)


def test_with_ties_it_maximizes_the_likelihood_of_davidson() -> None:
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


@pytest.mark.rest
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


def test_student_is_that_of_scipy() -> None:
    for free in range(4, 200):
        assert student(free) == pytest.approx(stats.t.ppf(0.975, free), rel=0.003)


def test_a_share_of_flags_has_wilsons_interval_and_less_varied_values_a_narrower_one() -> None:
    flags = np.array([1.0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    expected = stats.binomtest(3, 12).proportion_ci(method="wilson")
    assert share_interval(flags) == pytest.approx((expected.low, expected.high))
    values = np.random.default_rng(1).beta(6, 4, 60)
    expected = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    assert share_interval(values) == pytest.approx(expected, abs=0.002)


def test_symmetric_values_have_the_interval_of_student() -> None:
    values = np.arange(20.0)
    expected = stats.t.interval(0.95, 19, values.mean(), stats.sem(values))
    assert mean_interval(values) == pytest.approx(expected, rel=0.003)
    assert np.isnan(mean_interval(np.full(20, 0.1))).all()


def flags(share: float, samples: int = 1) -> Draw:
    return lambda g, size: (g.random((samples, *size)) < share).mean(axis=0)


def gaps(more: float, less: float) -> Draw:
    return lambda g, size: g.choice([1.0, -1.0, 0.0], size, p=[more, less, 1 - more - less])


FAMILIES: dict[str, tuple[Interval, int, list[tuple[Draw, float]]]] = {
    "flags": (share_interval, 5, [(flags(p), p) for p in (0.05, 0.1, 0.2, 0.3, 0.5)]),
    "flags of three samples": (share_interval, 5, [(flags(p, 3), p) for p in (0.1, 0.3, 0.5)]),
    "shares": (
        share_interval,
        5,
        [
            (lambda g, size: g.beta(6, 4, size), 0.6),
            (lambda g, size: g.beta(1, 9, size), 0.1),
            (lambda g, size: np.where(g.random(size) < 0.7, 1, g.beta(8, 2, size)), 0.94),
            (lambda g, size: (g.random(size) < 0.3) * g.uniform(0.3, 1, size), 0.195),
        ],
    ),
    "differences of flags": (
        flag_gap_interval,
        5,
        [(gaps(*p), p[0] - p[1]) for p in ((0.25, 0.25), (0.5, 0.1), (0.4, 0.2), (0.5, 0.5))],
    ),
    "values": (
        mean_interval,
        10,
        [
            (lambda g, size: g.normal(size=size), 0.0),
            (lambda g, size: g.lognormal(0, 0.5, size), np.exp(0.125)),
            (lambda g, size: g.lognormal(0, 0.8, size), np.exp(0.32)),
            (lambda g, size: g.lognormal(0, 1, size), np.exp(0.5)),
            (lambda g, size: g.exponential(1, size), 1.0),
            (lambda g, size: (g.random(size) < 0.75) * g.normal(1, 1, size), 0.75),
            (lambda g, size: (g.random(size) < 0.5) * g.exponential(1, size), 0.5),
        ],
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_intervals_of_means_contain_the_truth_93_to_97_times_in_100(family: str) -> None:
    """Of single cases somewhat less or more: the mean of few flags has few values."""
    method, fewest, cases = FAMILIES[family]
    generator, shares = np.random.default_rng(4), []
    for count in (5, 7, 10, 20, 50, 100):
        for draw, truth in cases if count >= fewest else ():
            low, high = method(draw(generator, (4000, count)))
            shares.append(np.mean((low <= truth + 1e-9) & (truth - 1e-9 <= high)))
    assert 0.93 <= np.mean(shares) <= 0.97
    assert min(shares) > 0.87


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


def scipys(differences: np.ndarray, flips: float) -> float:
    """The p-value of scipy's permutation test, which swaps the two values of each pair."""
    data = (differences, np.zeros(len(differences)))
    found = stats.permutation_test(
        data,
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=flips,
        rng=np.random.default_rng(5),
    )
    return float(found.pvalue)


@pytest.mark.parametrize("kind", ["normal", "whole", "shifted", "votes"])
@pytest.mark.parametrize("count", [2, 3, 5, 11])
def test_the_exact_permutation_test_is_that_of_scipy(count: int, kind: str) -> None:
    generator = np.random.default_rng(count)
    values = {
        "normal": generator.normal(size=count),
        "whole": generator.integers(-3, 4, count),
        "shifted": generator.normal(0.7, 1, count),
        "votes": generator.integers(-1, 2, count) / 3,  # ties between sums, up to rounding
    }[kind]
    found = paired_permutation(values)
    assert found.exact and found.flips == 2 ** np.count_nonzero(values)
    assert found.p == pytest.approx(scipys(values, np.inf), abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5])
def test_many_prompts_are_tested_with_random_flips(shift: float) -> None:
    values = np.random.default_rng(8).normal(shift, 1, 80)
    found = paired_permutation(values)
    assert not found.exact and found.flips == 9_999 and found == paired_permutation(values)
    assert found.p == (found.hits + 1) / 10_000
    assert found.p == pytest.approx(scipys(values, 9_999), abs=0.02)
    assert found.p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.02)


def test_random_flips_agree_with_the_exact_test() -> None:
    values = np.random.default_rng(2).normal(0.4, 1, EXACT_UP_TO)
    exact = paired_permutation(values)
    random = paired_permutation(np.concatenate([values, [1e-9]]))  # one value more than is tried exactly
    assert exact.exact and not random.exact
    assert random.p == pytest.approx(exact.p, abs=0.015)


def test_prompts_without_a_difference_do_not_count() -> None:
    assert paired_permutation(np.zeros(9)).p == 1
    assert paired_permutation(np.array([])).p == 1
    assert paired_permutation(np.array([1.0, 0, 2, 0, 0, 4])) == paired_permutation(np.array([1.0, 2, 4]))


def test_the_work_of_a_permutation_test_is_bounded() -> None:
    found = paired_permutation(np.random.default_rng(0).normal(size=100_000))
    assert found.flips == FEWEST_FLIPS and 0 < found.p <= 1


def test_permutation_tests_of_equal_runs_are_rarely_significant() -> None:
    generator = np.random.default_rng(7)
    found = [paired_permutation(generator.standard_t(3, 12)).p <= 0.05 for _ in range(800)]
    assert 0.03 < np.mean(found) < 0.07


@pytest.mark.parametrize("seed", range(3))
def test_holm_is_closed_testing_with_bonferroni(seed: int) -> None:
    p_values = [*np.random.default_rng(seed).uniform(0, 0.3, 5), 0.04, 0.04]
    every = [set(chosen) for size in range(1, 8) for chosen in combinations(range(7), size)]
    expected = [
        max(min(1, len(chosen) * min(p_values[i] for i in chosen)) for chosen in every if index in chosen)
        for index in range(7)
    ]
    np.testing.assert_allclose(holm(p_values), expected)
    assert holm([]) == []
