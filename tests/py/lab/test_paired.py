"""Student's distribution, paired intervals and sign-flip tests against scipy, and choices by resampling."""

import numpy as np
import pytest
from scipy import stats

from goosequill.lab import paired


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 39, 120])
def test_students_distribution_equals_scipy(freedom: int) -> None:
    for t in (-3.1, 0.0, 0.4, 2.2, 12.0):
        assert paired.student_cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-12)
    for level in (0.5, 0.9, 0.975, 0.9999):
        assert paired.student_quantile(level, freedom) == pytest.approx(stats.t.ppf(level, freedom), rel=1e-8)


def test_a_comparison_is_a_paired_t_test_with_bonferronis_correction() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.standard_normal(12) + 0.6, rng.standard_normal(12)
    theirs = stats.ttest_rel(one, other)
    for looks in (1, 8):
        found = paired.compare(one, other, looks=looks)
        low, high = theirs.confidence_interval(1 - 0.05 / looks)
        assert (found["low"], found["high"]) == pytest.approx((low, high))
        assert found["p_value"] == pytest.approx(min(1, looks * theirs.pvalue))
        assert found["clear"] == (low > 0 or high < 0)


def test_equal_results_differ_by_nothing_and_constant_differences_are_clear() -> None:
    same = paired.compare(np.arange(5.0), np.arange(5.0), looks=4)
    assert (same["mean"], same["half_width"], same["clear"], same["p_value"]) == (0, 0, False, 1)
    shifted = paired.compare(np.arange(5.0) + 1, np.arange(5.0))
    assert (shifted["mean"], shifted["clear"], shifted["p_value"]) == (1, True, 0)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    draws = rng.standard_normal((2000, 10)) + 0.3
    inside = [
        found["low"] <= 0.3 and found["high"] >= 0.3 for found in (paired.compare(d, 0 * d) for d in draws)
    ]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("pairs", [2, 6, 10, 13])
def test_the_sign_flip_test_is_scipys_permutation_test(pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    one, other = rng.lognormal(size=pairs), rng.lognormal(size=pairs) - 0.3
    theirs = stats.permutation_test((one - other,), np.mean, permutation_type="samples", n_resamples=np.inf)
    for looks in (1, 8):
        found = paired.compare(one, other, looks=looks)
        assert found["sign_flip"] == pytest.approx(min(1, looks * theirs.pvalue), abs=1e-12)
        np.testing.assert_array_equal(found["values"], one - other)


def test_the_sign_flip_test_is_wrong_as_often_as_it_says_whatever_the_distribution() -> None:
    """Differences of two equal methods with rare large values."""
    rng = np.random.default_rng(0)
    found = [paired.sign_flip(rng.lognormal(0, 2, 10) - rng.lognormal(0, 2, 10)) for _ in range(1000)]
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.02)


def tuned(rng: np.random.Generator, *, gain: float, tie: float) -> paired.Tuned:
    """Two candidates, nearly tied in validation, that differ in what they get where it counts."""
    validation = rng.normal(0.05, 0.01, (2, 10))
    validation[1] += validation[0].mean() - validation[1].mean() + tie
    noise = rng.normal(0, 0.002, (2, 10))
    return paired.Tuned(validation, np.array([[0.05 - gain], [0.05]]) + noise)


def test_a_near_tie_of_candidates_does_not_decide_a_comparison() -> None:
    for seed in range(20):
        found = []
        for tie in (-1e-7, 1e-7):
            rng = np.random.default_rng(seed)
            one, other = tuned(rng, gain=0.01, tie=tie), tuned(rng, gain=0.0, tie=1.0)
            found.append(paired.compare_tuned(one, other))
        assert found[0]["mean"] == pytest.approx(found[1]["mean"], abs=1e-5)
        assert found[0]["grade"] == found[1]["grade"]
        assert found[0]["half_width"] > 0.004, "the interval includes what the choice is worth"


def test_without_a_choice_the_resampled_interval_is_students() -> None:
    rng = np.random.default_rng(3)
    one, other = (paired.Tuned(np.zeros((1, 24)), rng.standard_normal((1, 24))) for _ in range(2))
    found = paired.compare_tuned(one, other, looks=4)
    low, high = stats.ttest_rel(one.result[0], other.result[0]).confidence_interval(1 - 0.01 / 4)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=0.05 * (high - low))
    np.testing.assert_allclose(found["values"], one.result[0] - other.result[0])


@pytest.mark.parametrize(("shift", "grade"), [(0.0, "none"), (0.6, "undecided"), (2.0, "clear")])
def test_a_difference_has_one_of_three_grades(shift: float, grade: str) -> None:
    noise = np.tile([-1.0, 1.0], 12)[None]
    one = paired.Tuned(np.full((1, 24), np.nan), noise + shift)
    found = paired.compare_tuned(one, paired.Tuned(np.zeros((1, 24)), 0 * noise), looks=8)
    assert found["grade"] == grade and found["clear"] == (grade == "clear")
    assert (found["low"] > 0) == (grade == "clear")
