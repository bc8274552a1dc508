"""Least squares under inequalities, against scipy's solvers and the conditions of a minimum."""

import numpy as np
import pytest
from scipy.optimize import minimize, nnls

from goosequill.lab import constrained
from goosequill.lab.cumulative import make_data
from goosequill.lab.monotone import steps


@pytest.mark.parametrize("degree", [1, 3, 8, 12])
def test_least_squares_on_the_simplex_equals_a_general_solver(degree: int) -> None:
    for seed in range(5):
        points = make_data(20, seed)
        matrix = steps(points.x, degree)
        ours = constrained.simplex_least_squares(matrix, points.y)
        assert ours.min() >= 0 and ours.sum() == pytest.approx(1)
        theirs = minimize(
            lambda w, m=matrix, t=points.y: np.sum((m @ w - t) ** 2),
            np.full(degree, 1 / degree),
            jac=lambda w, m=matrix, t=points.y: 2 * m.T @ (m @ w - t),
            bounds=[(0, None)] * degree,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
            method="SLSQP",
            options={"maxiter": 1000, "ftol": 1e-14},
        )
        assert np.sum((matrix @ ours - points.y) ** 2) <= theirs.fun + 1e-9


@pytest.mark.parametrize("shape", [(5, 3), (30, 12), (12, 30), (1, 1)])
def test_nonnegative_least_squares_equals_scipy(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(shape[0])
    for _ in range(20):
        matrix, target = rng.standard_normal(shape), rng.standard_normal(shape[0])
        ours, (theirs, distance) = constrained.nonnegative_least_squares(matrix, target), nnls(matrix, target)
        assert ours.min() >= 0
        assert np.linalg.norm(matrix @ ours - target) == pytest.approx(distance, abs=1e-9)
        np.testing.assert_allclose(matrix @ ours, matrix @ theirs, atol=1e-7)


def test_a_target_that_no_column_points_to_gets_no_weight() -> None:
    assert constrained.nonnegative_least_squares(np.eye(2), np.array([-1.0, 0.0])).tolist() == [0, 0]


def test_a_quadratic_without_constraints_has_its_free_minimum() -> None:
    curvature, pull = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([1.0, -1.0])
    found = constrained.minimize_quadratic(curvature, pull, np.zeros((0, 2)))
    np.testing.assert_allclose(found, np.linalg.solve(curvature, pull), atol=1e-12)


def test_a_quadratic_under_redundant_constraints_meets_the_conditions_of_its_minimum() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        root, pull = rng.standard_normal((8, 6)), rng.standard_normal(6)
        curvature, rows = root.T @ root + 0.01 * np.eye(6), rng.standard_normal((9, 6))
        rows = np.concatenate([rows, rows[:3], rows[:2] + rows[2:4]])  # doubled and dependent
        found = constrained.minimize_quadratic(curvature, pull, rows)
        assert (rows @ found).min() > -1e-9
        _, unbalanced = nnls(rows.T, curvature @ found - pull)
        assert unbalanced < 1e-8
