"""The monotone lattice against scipy, and what its constraints promise."""

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import lsq_linear, minimize, nnls
from scipy.stats import norm

from goosequill.lab import lattice
from goosequill.lab.lattice import CONSTRAINTS, Settings, compute, fit, make_data
from goosequill.support.progress import finish
from tests.py.tiers import tiers


def problem(settings: Settings):
    """Return a data set with the matrix and target of its penalized least squares."""
    sample = make_data(settings, settings.seed)
    weights = lattice.interpolation(sample.x, sample.y, settings.size) / np.sqrt(settings.points)
    penalty = np.sqrt(settings.smoothness) * lattice.rises(settings.size)
    target = np.concatenate([sample.z / np.sqrt(settings.points), np.zeros(len(penalty))])
    return sample, np.concatenate([weights, penalty]), target


def test_interpolation_equals_scipy() -> None:
    rng = np.random.default_rng(0)
    for size in (2, 3, 6):
        vertices, axis = rng.standard_normal((size, size)), np.linspace(-3, 3, size)
        x, y = rng.uniform(-3, 3, (2, 50))
        theirs = RegularGridInterpolator((axis, axis), vertices)(np.stack([x, y], axis=1))
        ours = lattice.interpolation(x, y, size) @ vertices.ravel()
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        on_axis = RegularGridInterpolator((axis, axis), vertices)(
            np.stack(np.meshgrid(lattice.AXIS, lattice.AXIS, indexing="ij"), axis=-1)
        )
        np.testing.assert_allclose(lattice.surface(vertices), on_axis, atol=1e-12)


def test_without_constraints_it_is_least_squares() -> None:
    settings = Settings(size=5)
    sample, matrix, target = problem(settings)
    theirs = np.linalg.lstsq(matrix, target, rcond=None)[0]
    ours = fit(sample, 5, "none", smoothness=settings.smoothness)
    np.testing.assert_allclose(ours.ravel(), theirs, atol=1e-9)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_the_monotone_lattice_equals_a_general_solver(size: int) -> None:
    for seed in range(3):
        settings = Settings(size=size, seed=seed, noise=0.5)
        sample, matrix, target = problem(settings)
        rises = lattice.rises(size)
        theirs = minimize(
            lambda v, m=matrix, t=target: np.sum((m @ v - t) ** 2),
            np.zeros(size * size),
            jac=lambda v, m=matrix, t=target: 2 * m.T @ (m @ v - t),
            constraints={"type": "ineq", "fun": lambda v, a=rises: a @ v, "jac": lambda v, a=rises: a},
            method="SLSQP",
            options={"maxiter": 2000, "ftol": 1e-15},
        )
        ours = fit(sample, size, "monotone", smoothness=settings.smoothness)
        assert (rises @ ours.ravel()).min() > -1e-10
        np.testing.assert_allclose(ours.ravel(), theirs.x, atol=1e-5)


@pytest.mark.parametrize("size", [2, 4, 6])
def test_the_distribution_equals_bounded_least_squares_of_the_cells_masses(size: int) -> None:
    settings = Settings(size=size, noise=0.5)
    sample, matrix, target = problem(settings)
    totals = np.linalg.inv(lattice.masses(size))  # from the cells' probabilities to the vertices
    theirs = totals @ lsq_linear(matrix @ totals, target, (0, np.inf), tol=1e-14).x
    ours = fit(sample, size, "distribution", smoothness=settings.smoothness)
    np.testing.assert_allclose(ours.ravel(), theirs, atol=1e-5)


@pytest.mark.parametrize("constraint", ["monotone", "distribution"])
@pytest.mark.parametrize("size", [3, 6, 9])
def test_a_lattice_meets_the_conditions_of_its_minimum(size: int, constraint: str) -> None:
    for points, smoothness in ((10, 1e-4), (1000, 1e-4), (30, 1.0)):
        settings = Settings(size=size, points=points, smoothness=smoothness, noise=1.0)
        sample, matrix, target = problem(settings)
        rows = lattice.constraints(constraint, size)
        ours = fit(sample, size, constraint, smoothness=smoothness).ravel()
        assert (rows @ ours).min() > -1e-10
        _, unbalanced = nnls(rows.T, matrix.T @ (matrix @ ours - target), maxiter=10_000)
        assert unbalanced < 1e-12


@tiers("seeds", 50, 1000)
def test_constraints_are_never_violated_in_1000_seeds(seeds: int) -> None:
    settings = Settings(size=5, points=40, noise=0.5)
    broken = 0
    for seed in range(seeds):
        sample = make_data(settings, seed)
        for name in CONSTRAINTS:
            found = lattice.violations(fit(sample, 5, name, smoothness=settings.smoothness))
            if name == "none":
                broken += found["pairs"] > 0
            else:
                assert found["pairs"] == 0, (name, seed)
            assert name != "distribution" or found["negative"] == 0
    assert broken == seeds


def test_violations_are_found_where_they_are() -> None:
    found = lattice.violations(np.array([[0.0, 0.5, 0.4], [0.2, 0.3, 1.0]]))
    assert found["along_x"].tolist() == [[0, 1, 0]] and found["along_y"].tolist() == [[0, 1], [0, 0]]
    assert found["pairs"] == 2
    assert found["cells"].tolist() == [[1, 0]] and found["negative"] == 1


def test_the_truth_is_a_joint_distribution() -> None:
    np.testing.assert_allclose(
        lattice.TRUTH, norm.cdf(lattice.AXIS)[:, None] * norm.cdf(lattice.AXIS), atol=1e-12
    )
    settings = Settings(noise=0, points=1000, size=9, smoothness=1e-4)
    vertices = fit(make_data(settings, 0), 9, "distribution", smoothness=1e-4)
    assert lattice.rmse(vertices) < 0.01


def test_each_constraint_brings_the_fit_nearer_to_the_truth() -> None:
    found = finish(compute(Settings(runs=50)))
    study = found["study"]
    assert study["none"]["decreases"] == 1 and study["monotone"]["decreases"] == 0
    for name in ("monotone", "distribution"):
        assert study[name]["difference"] + study[name]["difference_half_width"] < 0
    assert study["distribution"]["rmse"] < study["monotone"]["rmse"]
    assert found["comparisons"] == 60 and found["lattices"]["none"]["pairs"] > 0
    assert finish(compute(Settings(runs=0)))["study"] == {}
