"""The fits against scipy and scikit-learn, and what each of them promises over many seeds."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression

from goosequill.lab import monotone
from goosequill.lab.cumulative import GRID, from_samples, judge, make_data
from goosequill.lab.monotone import FITS, MONOTONE
from tests.py.tiers import tiers


def judged(name, points, degree):
    return judge(FITS[name](points, degree)(GRID))


def test_isotonic_regression_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 5, 50):
        y, weights = rng.standard_normal(count), rng.uniform(0.1, 3, count)
        theirs = IsotonicRegression().fit_transform(np.arange(count), y, sample_weight=weights)
        np.testing.assert_allclose(monotone.isotonic(y, weights), theirs, atol=1e-12)


def test_the_isotonic_fit_equals_scikit_learns_with_bounds() -> None:
    for seed in range(20):
        points = make_data(20, seed)
        theirs = IsotonicRegression(y_min=0, y_max=1).fit_transform(points.x, points.y)
        np.testing.assert_allclose(FITS["isotonic"](points, 3)(points.x), theirs, atol=1e-12)


def test_pchip_equals_scipy() -> None:
    rng = np.random.default_rng(1)
    for count in (3, 4, 20):
        x, y = np.sort(rng.uniform(-3, 3, count)), np.sort(rng.uniform(0, 1, count))
        at = np.linspace(x[0], x[-1], 500)
        np.testing.assert_allclose(monotone.pchip(x, y)(at), PchipInterpolator(x, y)(at), atol=1e-12)


def test_the_polynomial_meets_its_ends_and_the_printed_one_does_not() -> None:
    far = np.array([-700.0, 700.0])
    for seed in range(5):
        points = make_data(20, seed)
        np.testing.assert_allclose(FITS["polynomial"](points, 3)(far), [0, 1], atol=1e-9)
        assert abs(FITS["printed"](points, 3)(far)[0]) > 0.01


def test_the_polynomial_equals_numpys_in_the_transformed_input() -> None:
    points = make_data(20, 0)
    at = monotone.sigmoid(points.x)
    fitted = FITS["polynomial"](points, 3)
    # y - x' = c (x'^2 - x') + d (x'^3 - x'): a polynomial that is 0 at both ends
    design = np.stack([at**2 - at, at**3 - at], axis=1)
    c, d = np.linalg.solve(design.T @ design, design.T @ (points.y - at))
    expected = np.polynomial.Polynomial([0, 1 - c - d, c, d])(monotone.sigmoid(GRID))
    np.testing.assert_allclose(fitted(GRID), expected, atol=1e-8)


@tiers("seeds", 50, 1000)
@pytest.mark.parametrize("degree", [2, 3, 6, 12])
def test_monotone_fits_never_decrease_or_leave_in_1000_seeds(degree: int, seeds: int) -> None:
    for seed in range(seeds):
        points = make_data(20, seed)
        for name in MONOTONE:
            found = judged(name, points, degree)
            assert not found.decreases and not found.leaves, (name, seed)


@tiers("seeds", 50, 1000)
@pytest.mark.parametrize("degree", [3, 8])
def test_monotone_fits_of_raw_samples_never_decrease_or_leave_in_1000_seeds(degree: int, seeds: int) -> None:
    for seed in range(seeds):
        points = from_samples(np.random.default_rng(seed).standard_normal(20))
        for name in MONOTONE:
            found = judged(name, points, degree)
            assert not found.decreases and not found.leaves, (name, seed)


def test_the_printed_polynomial_is_almost_never_monotone_between_0_and_1() -> None:
    found = [judged("printed", make_data(20, seed, bin_width=False), 3) for seed in range(200)]
    assert np.mean([each.decreases for each in found]) > 0.9
    assert np.mean([each.leaves for each in found]) > 0.9


@pytest.mark.parametrize("degree", [1, 2, 4, 8])
def test_the_likelihood_is_as_great_as_a_general_solver_makes_it(degree: int) -> None:
    for seed in range(5):
        samples = np.random.default_rng(seed).standard_normal(60)
        points = from_samples(samples)
        densities = degree * monotone.bernstein(points.x, degree - 1)
        ours = monotone.mixture_weights(densities, points.shares)
        assert ours.min() >= -1e-12 and ours.sum() == pytest.approx(1)
        theirs = minimize(
            lambda w, d=densities, s=points.shares: -s @ np.log(np.maximum(d @ w, 1e-300)),
            np.full(degree, 1 / degree),
            bounds=[(0, 1)] * degree,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"maxiter": 1000, "ftol": 1e-14},
        )
        assert points.shares @ np.log(densities @ ours) >= -theirs.fun - 1e-9


def test_no_component_could_add_to_the_greatest_likelihood() -> None:
    for seed in range(20):
        points = make_data(400, seed)
        densities = 12 * monotone.bernstein(points.x, 11)
        weights = monotone.mixture_weights(densities, points.shares)
        gains = points.shares @ (densities / (densities @ weights)[:, None])
        assert gains.max() <= 1 + 1e-8


def test_likelihood_needs_no_bins_and_no_bin_width() -> None:
    samples = np.random.default_rng(0).standard_normal(2000)
    assert judged("likelihood", from_samples(samples), 12).rmse < 0.02
    with_width, without = make_data(20, 0), make_data(20, 0, bin_width=False)
    fits = [FITS["likelihood"](points, 3)(GRID) for points in (with_width, without)]
    np.testing.assert_array_equal(*fits)
    ends = FITS["likelihood"](make_data(20, 0, bin_ends=True), 3)(GRID)
    np.testing.assert_array_equal(ends, fits[0])  # where the sums are plotted does not matter either
