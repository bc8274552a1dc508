"""Student's distribution and paired intervals against scipy."""

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
