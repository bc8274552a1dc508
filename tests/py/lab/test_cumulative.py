"""Cumulative fits against scipy and scikit-learn, and what each fit promises over many seeds."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression

from goosequill.errors import SettingsError
from goosequill.lab import cumulative
from goosequill.lab.cumulative import FITS, GRID, judge, make_data

MONOTONE = ("bernstein", "isotonic", "pchip")


def finish(generator):
    while True:
        try:
            next(generator)
        except StopIteration as stop:
            return stop.value


def test_the_articles_data_do_not_end_at_one_without_the_bin_width() -> None:
    ends = [make_data(20, seed, bin_width=False)[1][-1] for seed in range(200)]
    assert np.mean(ends) == pytest.approx(3.16, abs=0.1)
    assert np.mean([make_data(20, seed)[1][-1] for seed in range(200)]) == pytest.approx(1, abs=0.03)


def test_the_truth_is_the_normal_distribution() -> None:
    np.testing.assert_allclose(cumulative.normal_cdf(GRID), norm.cdf(GRID), atol=1e-14)


def test_isotonic_regression_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 5, 50):
        y, weights = rng.standard_normal(count), rng.uniform(0.1, 3, count)
        theirs = IsotonicRegression().fit_transform(np.arange(count), y, sample_weight=weights)
        np.testing.assert_allclose(cumulative.isotonic(y, weights), theirs, atol=1e-12)


def test_pchip_equals_scipy() -> None:
    rng = np.random.default_rng(1)
    for count in (3, 4, 20):
        x, y = np.sort(rng.uniform(-3, 3, count)), np.sort(rng.uniform(0, 1, count))
        at = np.linspace(x[0], x[-1], 500)
        np.testing.assert_allclose(cumulative.pchip(x, y)(at), PchipInterpolator(x, y)(at), atol=1e-12)


@pytest.mark.parametrize("degree", [1, 3, 8, 12])
def test_least_squares_on_the_simplex_equals_a_general_solver(degree: int) -> None:
    for seed in range(5):
        x, y = make_data(20, seed)
        matrix = cumulative.steps(x, degree)
        ours = cumulative.simplex_least_squares(matrix, y)
        assert ours.min() >= 0 and ours.sum() == pytest.approx(1)
        theirs = minimize(
            lambda w, m=matrix, t=y: np.sum((m @ w - t) ** 2),
            np.full(degree, 1 / degree),
            jac=lambda w, m=matrix, t=y: 2 * m.T @ (m @ w - t),
            bounds=[(0, None)] * degree,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
            method="SLSQP",
            options={"maxiter": 1000, "ftol": 1e-14},
        )
        assert np.sum((matrix @ ours - y) ** 2) <= theirs.fun + 1e-9


def test_the_polynomial_meets_its_ends_and_the_printed_one_does_not() -> None:
    far = np.array([-700.0, 700.0])
    for seed in range(5):
        data = make_data(20, seed)
        np.testing.assert_allclose(FITS["polynomial"](*data, 3)(far), [0, 1], atol=1e-9)
        assert abs(FITS["printed"](*data, 3)(far)[0]) > 0.01


@pytest.mark.parametrize("degree", [2, 3, 6, 12])
def test_monotone_fits_never_decrease_or_leave_in_1000_seeds(degree: int) -> None:
    for seed in range(1000):
        data = make_data(20, seed)
        for name in MONOTONE:
            found = judge(FITS[name](*data, degree))
            assert not found.decreases and not found.leaves, (name, seed)


def test_the_printed_polynomial_is_almost_never_monotone_between_0_and_1() -> None:
    found = [judge(FITS["printed"](*make_data(20, seed, bin_width=False), 3)) for seed in range(200)]
    assert np.mean([each.decreases for each in found]) > 0.9
    assert np.mean([each.leaves for each in found]) > 0.9


def test_bernstein_costs_no_accuracy() -> None:
    study = finish(cumulative.compute(cumulative.Settings(runs=200)))["study"]
    assert study["bernstein"]["decreases"] == 0 == study["bernstein"]["leaves"]
    assert study["bernstein"]["rmse"] < study["polynomial"]["rmse"] + study["polynomial"]["rmse_half_width"]


def test_likelihood_needs_no_bins() -> None:
    samples = np.random.default_rng(0).standard_normal(2000)
    found = judge(cumulative.fit_likelihood(samples, 12))
    assert not found.decreases and not found.leaves and found.rmse < 0.02


def test_own_points_are_checked() -> None:
    found = finish(cumulative.compute(cumulative.Settings(runs=0), x=[2.0, 0.0, 1.0], y=[1.0, 0.0, 0.5]))
    assert found["x"].tolist() == [0, 1, 2] and found["study"] == {}
    for x, y in (([0, 1], [0, 1]), ([0, 1, 1], [0, 1, 1]), ([0, 1, np.nan], [0, 1, 1]), ([0, 1, 2], [0, 1])):
        with pytest.raises(SettingsError, match="cannot be fitted"):
            finish(cumulative.compute(cumulative.Settings(runs=0), x=x, y=y))
