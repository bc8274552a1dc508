"""Optimizers against torch's Adam and scipy's L-BFGS-B, and the Wolfe conditions at every step."""

from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der

from goosequill.lab import optimizers


def rosenbrock(at):
    return rosen(at), rosen_der(at)


def test_adam_equals_torch() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.standard_normal((2, 3)), None
    theirs = torch.tensor(ours.copy(), requires_grad=True)
    adam, torch_adam = optimizers.Adam((2, 3)), torch.optim.Adam([theirs], lr=0.03)
    for _ in range(50):
        slope = rng.standard_normal((2, 3))
        ours = ours + 0.03 * adam.step(slope)
        theirs.grad = torch.tensor(slope)
        torch_adam.step()
    np.testing.assert_allclose(ours, theirs.detach(), atol=1e-6)


@pytest.mark.parametrize("start", [[-1.2, 1.0], [-1.2, 1.0, 0.5, 2.0], [3.0] * 10])
def test_lbfgs_finds_the_minimum_that_scipy_finds(start: list[float]) -> None:
    points = list(islice(optimizers.lbfgs(rosenbrock, np.array(start)), 300))
    theirs = minimize(rosen, start, jac=rosen_der, method="L-BFGS-B", options={"gtol": 1e-10, "ftol": 0})
    assert points[-1].value == pytest.approx(theirs.fun, abs=1e-12)
    np.testing.assert_allclose(points[-1].at, theirs.x, atol=1e-5)
    assert points[-1].evaluations < 2 * theirs.nfev


def test_every_step_satisfies_the_strong_wolfe_conditions() -> None:
    points = list(islice(optimizers.lbfgs(rosenbrock, np.array([-1.2, 1.0, 0.5])), 20))
    for before, after in pairwise(points):
        step = after.at - before.at
        assert after.value <= before.value + optimizers.SUFFICIENT * (before.slope @ step)
        assert abs(after.slope @ step) <= optimizers.CURVATURE * abs(before.slope @ step) + 1e-12


def test_lbfgs_solves_a_quadratic_problem_exactly_and_counts_its_evaluations() -> None:
    rng = np.random.default_rng(1)
    root = rng.standard_normal((30, 8))
    matrix, target = root.T @ root, rng.standard_normal(8)
    counted = 0

    def quadratic(at):
        nonlocal counted
        counted += 1
        return 0.5 * at @ matrix @ at - target @ at, matrix @ at - target

    *_, last = islice(optimizers.lbfgs(quadratic, np.zeros(8)), 60)
    np.testing.assert_allclose(last.at, np.linalg.solve(matrix, target), atol=1e-7)
    assert last.evaluations <= counted <= last.evaluations + 45


def test_a_search_that_cannot_descend_ends() -> None:
    def broken(at):
        return float(at @ at), -2 * at  # the gradient points the wrong way

    assert len(list(islice(optimizers.lbfgs(broken, np.ones(2)), 10))) == 1


def test_a_function_that_overflows_on_the_way_is_survived() -> None:
    def steep(at):
        with np.errstate(over="ignore", invalid="ignore"):
            return float(np.exp(at @ at) - at[0]), 2 * at * np.exp(at @ at) - np.array([1.0, 0.0])

    *_, last = islice(optimizers.lbfgs(steep, np.array([5.0, 5.0])), 200)
    np.testing.assert_allclose(last.slope, 0, atol=1e-6)
