"""Online L-BFGS beside the second-order rule: how well it learns, and how its steps lie to those of the rule.

Online L-BFGS (Schraudolph, Yu and Günter 2007) estimates curvature from batches: both gradients of a pair are
of the same batch, and a multiple of the step is added to their difference. `second_order` runs this study.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from goosequill.lab import networks, paired
from goosequill.lab.networks import Floats
from goosequill.lab.second_order_learners import BATCH, GradientLearner, Trials

MEMORY = 10
"""Pairs of steps and changes of the gradient that describe the curvature."""
RATES = (0.2, 0.4, 0.8, 1.6, 3.2)
DAMPING = (0.1, 0.3, 1.0)
"""What multiplies the step that is added to the change of the gradient (lambda). A convex error needs none;
the more there is, the more the steps are those of gradient descent."""
EVERY = 4
"""Passes of which a cosine is the mean."""
SETTINGS = [(rate, damping) for damping in DAMPING for rate in RATES]


class Pairs:
    """The last pairs of steps and changes of the gradient, [pairs, ..., size] each, of many networks."""

    def __init__(self, damping: Floats) -> None:
        self.damping = damping
        self.steps: list[Floats] = []
        self.changes: list[Floats] = []

    def add(self, step: Floats, change: Floats) -> None:
        """Remember a step, [..., size], and how the gradient of one batch has changed by it."""
        change = change + self.damping * step
        positive = (step * change).sum(-1, keepdims=True) > 0  # no other pair has a curvature to use
        self.steps = [*self.steps, np.where(positive, step, 0)][-MEMORY:]
        self.changes = [*self.changes, np.where(positive, change, 0)][-MEMORY:]

    def direction(self, slope: Floats) -> Floats:
        """Return minus the inverse Hessian times a gradient, [..., size], by the two-loop recursion.

        The recursion begins with the mean of the pairs' own scales instead of the last one's (equation 14 of
        the paper), because single batches are noisy.
        """
        rest = -slope
        if not self.steps:
            return np.asarray(rest)
        bends = [_dot(step, change) for step, change in zip(self.steps, self.changes, strict=True)]
        shares = []
        for step, change, bend in zip(self.steps[::-1], self.changes[::-1], bends[::-1], strict=True):
            shares.append(_ratio(_dot(step, rest), bend))
            rest = rest - shares[-1] * change
        scales = [
            _ratio(bend, _dot(change, change)) for change, bend in zip(self.changes, bends, strict=True)
        ]
        known = np.sum([bend > 0 for bend in bends], axis=0)
        rest = rest * np.where(known > 0, np.sum(scales, axis=0) / np.maximum(known, 1), 1)
        for step, change, bend, share in zip(self.steps, self.changes, bends, shares[::-1], strict=True):
            rest = rest + step * (share - _ratio(_dot(change, rest), bend))
        return np.asarray(rest)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray((one * other).sum(-1, keepdims=True))


def _ratio(over: Floats, under: Floats) -> Floats:
    """Return a quotient, and 0 where a pair was left out."""
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)


class OnlineLearner(GradientLearner):
    """Networks of every seed, learning rate and damping that learn by online L-BFGS in steps of a batch."""

    def __init__(self, trials: Trials) -> None:
        super().__init__("online", trials, b=0.0, rates=tuple(rate for rate, _ in SETTINGS))
        self.pairs = Pairs(np.array([[damping] for _, damping in SETTINGS], np.float32))

    def _change(self, x: Floats, targets: Floats) -> Floats:
        slope = self._slope(self.weights, x, targets)
        step = self.rates * self.pairs.direction(slope)
        self.pairs.add(step, self._slope(self.weights + step, x, targets) - slope)
        return step

    def _slope(self, weights: Floats, x: Floats, targets: Floats) -> Floats:
        network = self.trials.network
        return networks.gradient(network, weights, x, targets, done=networks.forward(network, weights, x))


def cosines(trials: Trials, *, b: float, rate: float, damping: float, passes: int) -> dict[str, Any]:
    """Compare steps along the way of the rule: cosines of each batch's steps, averaged over `EVERY` passes.

    Returns
    -------
    dict
        ``rule``, ``gradient`` and ``term``: the cosine of online L-BFGS's step with the rule's whole step,
        with the gradient step and with the second-order term alone, each with ``mean``, ``low`` and ``high``
        over the seeds, [passes / EVERY].
    """
    network, weights, pairs = trials.network, trials.start, Pairs(np.array([damping], np.float32))
    images, labels = trials.train
    found: dict[str, list[Floats]] = {"rule": [], "gradient": [], "term": []}
    for epoch in range(passes):
        order, sums = trials.order(epoch), dict.fromkeys(found, np.zeros(1))
        for first in range(0, order.shape[1], BATCH):
            chosen = order[:, first : first + BATCH]
            x, targets = (
                np.take_along_axis(images, chosen[..., None], axis=1),
                np.take_along_axis(labels, chosen, axis=1),
            )
            done = networks.forward(network, weights, x)
            slope = networks.gradient(network, weights, x, targets, done=done)
            term = -b * networks.rule_term(network, weights, x, done=done)
            step, online = term - rate * slope, pairs.direction(slope)
            for name, other in (("rule", step), ("gradient", -slope), ("term", term)):
                lengths = np.linalg.norm(online, axis=-1) * np.linalg.norm(other, axis=-1)
                sums[name] = sums[name] + _dot(online, other)[..., 0] / lengths
            done = networks.forward(network, weights + step, x)
            pairs.add(step, networks.gradient(network, weights + step, x, targets, done=done) - slope)
            weights = weights + step
        batches = -(-order.shape[1] // BATCH)
        for name, total in sums.items():
            found[name].append(total[:, 0] / batches)
    means = {
        name: np.array(values).reshape(-1, EVERY, len(values[0])).mean(1) for name, values in found.items()
    }
    return {
        name: {part: np.round(curve, 3) for part, curve in paired.curve_of(mean).items()}
        for name, mean in means.items()
    }
