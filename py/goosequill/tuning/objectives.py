"""What is minimized, by the kind of the examples: the cost of texts, or a loss on preferences or ratings.

An objective gets what sequences cost, -log p in nats, and returns losses and their derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.tuning.examples import Example, Pair, Rating
from goosequill.tuning.sequences import Unit

Array = NDArray[np.float64]
BETA = 0.5
"""How strongly a preference may move the model away from what it was."""


class Objective(NamedTuple):
    """How to learn from one kind of examples.

    Attributes
    ----------
    weigh
        From the costs of n units [n, S], what they cost the untuned model [n, S], and the units, to each
        one's loss [n] and its derivatives with respect to the costs [n, S].
    sequences
        S, the sequences of a unit.
    relative
        Whether the costs of the untuned model count.
    """

    name: str
    weigh: Callable[[Array, Array, Sequence[Unit]], tuple[Array, Array]]
    sequences: int = 1
    relative: bool = False

    def weight(self, units: Sequence[Unit]) -> float:
        """What a sum of losses is divided by before its gradient is clipped: tokens, or units."""
        return len(units) if self.relative else sum(unit.rows[0].count for unit in units)

    def measure(self, units: Sequence[Unit]) -> float:
        """What a sum of losses is divided by to be shown: in bits per byte, or nats per unit."""
        return len(units) if self.relative else math.log(2) * max(1, sum(unit.bytes for unit in units))


def _likelihood(costs: Array, untuned: Array, units: Sequence[Unit]) -> tuple[Array, Array]:
    return costs[:, 0], np.ones_like(costs)


def _preference(costs: Array, untuned: Array, units: Sequence[Unit]) -> tuple[Array, Array]:
    """DPO, -log sigmoid(beta (gain of the chosen - gain of the rejected)).

    Rafailov et al. 2023, "Direct Preference Optimization", equation 7. A gain is how much cheaper a reply
    has become than for the untuned model.
    """
    gains = untuned - costs
    margin = BETA * (gains[:, 0] - gains[:, 1])
    wrong = _sigmoid(-margin)
    return np.logaddexp(0, -margin), BETA * wrong[:, None] * np.array([[1.0, -1.0]])


def _rating(costs: Array, untuned: Array, units: Sequence[Unit]) -> tuple[Array, Array]:
    """KTO's loss, 1 - sigmoid(±beta gain), with the untuned model itself as its reference point.

    Ethayarajh et al. 2024, "KTO", equation 8, where the reference point is an estimate from other replies of
    how far the model has moved. With 0 instead, good replies gain and bad ones lose in any case, and no
    more sequences are computed (as in APO-zero of D'Oosterlinck et al. 2024).
    """
    signs = np.array([1.0 if unit.good else -1.0 for unit in units])
    value = _sigmoid(signs * BETA * (untuned - costs)[:, 0])
    return 1 - value, (signs * BETA * value * (1 - value))[:, None]


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


OBJECTIVES: dict[type[Example], Objective] = {
    Pair: Objective("preferences", _preference, sequences=2, relative=True),
    Rating: Objective("ratings", _rating, relative=True),
}
LIKELIHOOD = Objective("texts", _likelihood)


def objective_of(examples: Sequence[Example]) -> Objective:
    """Return how to learn from examples, which are of one kind."""
    return OBJECTIVES.get(type(examples[0]), LIKELIHOOD)
