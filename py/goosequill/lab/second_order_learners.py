"""The data and the learners of the second-order experiment: who reads which images, and how weights move.

All methods share images, starting weights and the order of reading. Networks that train are in float32, which
is three times as fast in a browser; L-BFGS is in float64. What is compared, and how: see `second_order`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.lab import drawings, networks, optimizers
from goosequill.lab.networks import Floats, Network
from goosequill.lab.paired import Tuned

BATCH = 20
VALIDATION, HELD_OUT = 200, 400
"""Images per seed that tune and that judge."""
PENALTY = 0.01
"""Weight of the gradient penalty against the error. In trials 0.001 changed nothing; 0.1 stopped learning."""

_STEPS = (0.1, 0.3, 1.0, 2.0, 4.0, 7.0, 12.0, 30.0, 60.0)
RATES: dict[str, tuple[float, ...]] = {
    "sgd": _STEPS,
    "rule": _STEPS,
    "penalty": _STEPS,
    "adam": (0.001, 0.003, 0.01, 0.03, 0.1),
    "lbfgs": (),
}
"""Each method's learning rates, of which validation chooses one. L-BFGS has none: its line search finds the
steps."""

PARTS: dict[str, tuple[str, ...]] = {"rule": (), "hidden": ("y_bend",), "output": ("bend",)}
"""The rule, and what is left of it with only the curvature of the hidden units, or only that of the output
unit: the second derivatives that are taken as 0."""


# ---- Data ----


class Part(NamedTuple):
    """Images of every seed, [seeds, count, PIXELS], and their labels, [seeds, count]."""

    images: Floats
    labels: Floats


@dataclass(frozen=True)
class Trials:
    """What all methods share: images, starting weights and the order of reading."""

    network: Network
    train: Part
    validation: Part
    held_out: Part
    kinds: NDArray[np.intp]
    """What the first seed's held-out images show, [HELD_OUT]."""
    start: Floats
    """[seeds, 1, size]"""
    seed: int

    def order(self, epoch: int) -> NDArray[np.intp]:
        """Return the order in which a pass reads the training images, [seeds, count]."""
        seeds, count = self.train.labels.shape
        return np.stack([_rng(self.seed + k, 1 + epoch).permutation(count) for k in range(seeds)])


def _rng(seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose])


def make_trials(network: Network, *, images: int, noise: float, seeds: int, seed: int) -> Trials:
    """Draw images and starting weights; each seed has its own of both.

    Parameters
    ----------
    images
        How many each network learns from; `VALIDATION` and `HELD_OUT` come on top.
    noise
        Standard deviation of the noise on every pixel.
    """
    total = images + VALIDATION + HELD_OUT
    made, starts = [], []
    for index in range(seeds):
        rng = _rng(seed + index, 0)
        made.append(drawings.draw(total, rng, noise=noise))
        starts.append(network.start(rng))
    x = np.stack([each.images for each in made]).astype(np.float32)
    labels = np.stack([each.labels for each in made]).astype(np.float32)
    start = np.stack(starts)[:, None].astype(np.float32)
    edges = (0, images, images + VALIDATION, total)
    train, validation, held_out = (Part(x[:, a:b], labels[:, a:b]) for a, b in pairwise(edges))
    kinds = made[0].kinds[edges[2] :]
    return Trials(network, train, validation, held_out, kinds, start, seed)


# ---- Learners ----


class GradientLearner:
    """Networks of every seed and learning rate, [seeds, rates, size], that learn in steps of a batch."""

    def __init__(
        self, method: str, trials: Trials, *, b: float, rates: tuple[float, ...] | None = None
    ) -> None:
        rates = RATES[method] if rates is None else rates
        self.method, self.trials, self.b = method, trials, b
        self.rates = np.array(rates, np.float32)[:, None]
        self.weights = np.repeat(trials.start, len(rates), axis=1)
        self.adam = optimizers.Adam(self.weights.shape, dtype=self.weights.dtype)

    def read(self, epoch: int) -> None:
        """Learn from all training images once."""
        order, (images, labels) = self.trials.order(epoch), self.trials.train
        for first in range(0, order.shape[1], BATCH):
            chosen = order[:, first : first + BATCH]
            x = np.take_along_axis(images, chosen[..., None], axis=1)
            self.weights = self.weights + self._change(x, np.take_along_axis(labels, chosen, axis=1))

    def _change(self, x: Floats, targets: Floats) -> Floats:
        network, weights = self.trials.network, self.weights
        done = networks.forward(network, weights, x)
        slope = networks.gradient(network, weights, x, targets, done=done)
        if self.method == "adam":
            return self.rates * self.adam.step(slope)
        if self.method in PARTS:
            kept = done._replace(**{name: np.zeros_like(getattr(done, name)) for name in PARTS[self.method]})
            return -self.rates * slope - self.b * networks.rule_term(network, weights, x, done=kept)
        if self.method == "penalty":
            slope = slope + PENALTY * networks.penalty_gradient(network, weights, x, done=done)
        return -self.rates * slope


class LbfgsLearner:
    """One network per seed, [seeds, 1, size], that learns by L-BFGS from all training images at once.

    Each evaluation of the gradient, also within a line search, counts as a pass over the images.
    """

    def __init__(self, trials: Trials) -> None:
        self.trials, self.weights = trials, trials.start.astype(np.float64)
        self.searches = [
            optimizers.lbfgs(self._error(index), start[0]) for index, start in enumerate(self.weights.copy())
        ]
        self.waiting = [next(search, None) for search in self.searches]

    def _error(self, index: int) -> optimizers.Function:
        x, targets = (part[index : index + 1].astype(np.float64) for part in self.trials.train)
        network = self.trials.network

        def error(weights: Floats) -> tuple[float, Floats]:
            done = networks.forward(network, weights[None, None], x)
            slope = networks.gradient(network, weights[None, None], x, targets, done=done)
            return float(networks.errors(done.y, targets)[0][0, 0]), slope[0, 0]

        return error

    def read(self, epoch: int) -> None:
        """Take the steps that one more pass pays for."""
        for index, search in enumerate(self.searches):
            point = self.waiting[index]
            while point is not None and point.evaluations <= epoch + 1:
                self.weights[index, 0] = point.at
                point = next(search, None)
            self.waiting[index] = point


@dataclass
class Record:
    """What one method did each time it was judged: lists of [seeds, rates], and the first seed's weights."""

    rates: tuple[float, ...] = ()
    passes: list[int] = field(default_factory=list)
    validation: list[Floats] = field(default_factory=list)
    loss: list[Floats] = field(default_factory=list)
    accuracy: list[Floats] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)

    def add(self, trials: Trials, weights: Floats, *, passes: int) -> None:
        """Judge the networks as they are now."""
        self.passes.append(passes)
        network = trials.network
        y = networks.outputs(network, weights, trials.validation.images)
        self.validation.append(networks.errors(y, trials.validation.labels)[0])
        y = networks.outputs(network, weights, trials.held_out.images)
        loss, accuracy = networks.errors(y, trials.held_out.labels)
        self.loss.append(loss)
        self.accuracy.append(accuracy)
        self.weights.append(weights[0].copy())

    def tuned(self, measure: Literal["loss", "accuracy"]) -> Tuned:
        """Return what validation chooses by and what judges, with judgements and rates as candidates."""
        parts = (np.array(part).swapaxes(1, 2) for part in (self.validation, getattr(self, measure)))
        return Tuned(*(part.reshape(-1, part.shape[-1]) for part in parts))

    def choice(self) -> tuple[int, int]:
        """Return the indices of the judgement and of the rate with the lowest validation loss, averaged over
        the seeds."""
        means = np.array(self.validation).mean(axis=1)  # [judgements, rates]
        best = np.argmin(np.where(np.isfinite(means), means, np.inf))
        time, rate = np.unravel_index(best, means.shape)
        return int(time), int(rate)
