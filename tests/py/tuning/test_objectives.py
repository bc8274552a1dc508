"""The losses and their derivatives, which finite differences agree with."""

from __future__ import annotations

import math

import numpy as np
import pytest

from goosequill.tuning.examples import Pair, Rating, Text
from goosequill.tuning.objectives import BETA, LIKELIHOOD, OBJECTIVES, objective_of
from goosequill.tuning.sequences import Row, Unit

TEXT = Text((("a", True),))
ROW = Row((0, 1, 2), (False, True, True))


def test_each_kind_of_examples_has_its_objective() -> None:
    assert objective_of([TEXT]) is LIKELIHOOD
    assert objective_of([Pair(TEXT, TEXT)]).name == "preferences"
    assert objective_of([Rating(TEXT, True)]).name == "ratings"


@pytest.mark.parametrize("objective", [LIKELIHOOD, *OBJECTIVES.values()], ids=lambda each: each.name)
def test_derivatives(objective: object) -> None:
    assert isinstance(objective, type(LIKELIHOOD))
    rng = np.random.default_rng(0)
    units = [Unit((ROW,) * objective.sequences, 4, good=bool(n % 2)) for n in range(6)]
    costs, untuned = rng.normal(3, 2, (2, 6, objective.sequences))
    _, slopes = objective.weigh(costs, untuned, units)
    for at in np.ndindex(costs.shape):
        above, below = costs.copy(), costs.copy()
        above[at] += 1e-5
        below[at] -= 1e-5
        difference = objective.weigh(above, untuned, units)[0] - objective.weigh(below, untuned, units)[0]
        assert slopes[at] == pytest.approx(difference.sum() / 2e-5, abs=1e-8)


def test_an_untuned_model_is_indifferent() -> None:
    costs = np.array([[3.0, 5.0]])
    losses, slopes = OBJECTIVES[Pair].weigh(costs, costs, [Unit((ROW, ROW), 4)])
    assert losses == pytest.approx([math.log(2)]) and slopes == pytest.approx(np.array([[BETA, -BETA]]) / 2)
    for good in (True, False):
        losses, slopes = OBJECTIVES[Rating].weigh(costs[:, :1], costs[:, :1], [Unit((ROW,), 4, good)])
        assert losses == pytest.approx([0.5]) and np.sign(slopes[0, 0]) == (1 if good else -1)


def test_extreme_costs_give_finite_numbers() -> None:
    for objective in OBJECTIVES.values():
        costs = np.full((2, objective.sequences), 1e6)
        costs[0, 0] = 0
        found = objective.weigh(costs, np.zeros_like(costs), [Unit((ROW,), 4)] * 2)
        assert all(np.isfinite(each).all() for each in found)


def test_texts_are_measured_in_bits_per_byte() -> None:
    units = [Unit((ROW,), 4)] * 3
    assert LIKELIHOOD.weight(units) == 6 and LIKELIHOOD.measure(units) == pytest.approx(12 * math.log(2))
    assert OBJECTIVES[Pair].weight(units) == OBJECTIVES[Pair].measure(units) == 3
