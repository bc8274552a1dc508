"""The assignment problem: the least cost, against scipy, and inputs that are refused."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from goosequill.errors import SettingsError
from goosequill.lab.assignment import LARGEST, assign
from tests.py.refusals import refused


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 30, 90])
@pytest.mark.parametrize("kind", ["normal", "ties", "negative", "wide"])
def test_the_cost_is_that_of_scipy(count: int, kind: str) -> None:
    rng = np.random.default_rng(count)
    cost = {
        "normal": rng.standard_normal((count, count)),
        "ties": rng.integers(0, 3, (count, count)).astype(float),
        "negative": -rng.random((count, count)),
        "wide": np.exp(20 * rng.standard_normal((count, count))),
    }[kind]
    found = assign(cost)
    assert sorted(found) == list(range(count))
    rows, columns = linear_sum_assignment(cost)
    assert cost[np.arange(count), found].sum() == pytest.approx(cost[rows, columns].sum(), rel=1e-9)


def test_it_is_not_the_greedy_choice() -> None:
    # Row 0 likes column 0 best, but row 1 needs it more.
    assert assign(np.array([[1.0, 2.0], [1.0, 100.0]])).tolist() == [1, 0]


def test_a_hidden_permutation_is_found() -> None:
    rng = np.random.default_rng(1)
    points, order = rng.standard_normal((40, 5)), rng.permutation(40)
    distance = ((points[:, None] - points[order][None]) ** 2).sum(axis=-1)
    np.testing.assert_array_equal(order[assign(distance)], np.arange(40))


@pytest.mark.parametrize(
    "cost", [np.zeros((2, 3)), np.zeros(4), np.array([[np.nan]]), np.array([[np.inf, 0], [0, 0]])]
)
def test_what_is_not_a_square_of_finite_costs_is_refused(cost) -> None:
    with refused(SettingsError, "setting-range"):
        assign(cost)


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(SettingsError):
        assign(np.zeros((LARGEST + 1, LARGEST + 1)))
