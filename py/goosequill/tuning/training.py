"""Tunes a model, step by step: Adam, a learning rate chosen by trial, and a stop where it is best.

What is best is measured on a fifth of the examples, from which nothing is learned. The recipe is that of
small data: the more steps, the closer to the examples, and after some the further from everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from goosequill.errors import SettingsError
from goosequill.tokenizers import Tokenizer
from goosequill.tuning.adapter import Method
from goosequill.tuning.examples import Example
from goosequill.tuning.gradient import Gradient
from goosequill.tuning.objectives import Array, Objective, objective_of
from goosequill.tuning.operations import Floats
from goosequill.tuning.sequences import MOST_TOKENS, Unit, batch_of, batches, groups, split, units_of

LEAST_EXAMPLES = 5
STEPS = 180
"""At most, by default."""
WARM_UP = 5
"""Steps in which the learning rate rises to its value."""


class Pace(NamedTuple):
    """Units in a batch, steps between two measurements, and how many without a better one end tuning."""

    units: int
    measured: int
    patience: float


PACE, SLOW_PACE = Pace(4, 5, 4), Pace(1, 10, 2)
"""The latter is a quarter of the work, for large models; small ones learn as well with it."""
LARGE = 50_000_000
"""Parameters from which a model is large."""
TRIAL = 10
"""Steps with each learning rate, of which the better one is taken."""
MOST_HELD_BACK = 64
"""Units that are measured."""
CLIP = 1.0
"""Largest length of a gradient; a longer one is scaled down."""
MEMORY = 256_000_000
"""Bytes that a pass may take, beside the model: a batch that needs more is divided.

Where a single sequence would, sequences are shorter. The transposes of the matrices take a byte for each of
the model's weights besides.
"""
RATES = {"vectors": (1e-2, 3e-3), "state": (1e-1, 3e-2)}
"""Learning rates to choose from, by method: the former suits a manner that is far from the model's own."""


class Packing:
    """Named arrays as one flat vector, and back."""

    def __init__(self, values: Mapping[str, Floats]) -> None:
        self.shapes = {name: values[name].shape for name in sorted(values)}

    def pack(self, values: Mapping[str, Floats]) -> Floats:
        """Return arrays as one vector; one that is missing counts as zeros."""
        parts = (values.get(name, np.zeros(shape, np.float32)) for name, shape in self.shapes.items())
        return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)

    def unpack(self, flat: Floats) -> dict[str, Floats]:
        """Return the arrays in a vector, without copying it."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            size = int(np.prod(shape))
            found[name] = flat[start : start + size].reshape(shape)
            start += size
        return found


class Adam:
    """Adam (Kingma and Ba 2015) with a short memory (.9, .99), warm-up and clipping."""

    def __init__(self, values: Floats, rate: float) -> None:
        self.values, self.rate, self.steps = values.copy(), rate, 0
        self._mean, self._square = np.zeros_like(values), np.zeros_like(values)

    def step(self, gradient: Floats) -> None:
        """Change the values; a gradient that is not finite changes nothing."""
        self.steps += 1
        length = float(np.linalg.norm(gradient))
        if not np.isfinite(length):
            return
        gradient = gradient * np.float32(min(1.0, CLIP / max(length, 1e-12)))
        self._mean += np.float32(0.1) * (gradient - self._mean)
        self._square += np.float32(0.01) * (np.square(gradient) - self._square)
        rate = self.rate * min(1.0, self.steps / WARM_UP) / (1 - 0.9**self.steps)
        spread = np.sqrt(self._square / np.float32(1 - 0.99**self.steps)) + np.float32(1e-8)
        self.values -= np.float32(rate) * self._mean / spread


@dataclass(frozen=True)
class Step:
    """How far tuning has come.

    Attributes
    ----------
    done, total
        Steps, those of trials of learning rates among them, and how many there will be at most.
    step
        Steps with this learning rate.
    loss
        Of the batch: bits per byte, or for preferences and ratings the loss in nats.
    held_back, best
        The same of what is held back, now (None if it was not measured after this step), and at its best.
    right
        The share of the pairs or ratings held back that the model agrees with now; None for texts.
    seconds_left
        An estimate, if no step is the last before `total`.
    """

    done: int
    total: int
    step: int
    rate: float
    loss: float
    held_back: float | None
    best: float
    right: float | None
    seconds_left: float


@dataclass(frozen=True)
class Measure:
    """What is held back: its loss, and the share that the model agrees with (None for texts)."""

    loss: float
    right: float | None


class Prepared(NamedTuple):
    """Examples as a model learns from them, and how many tokens fit into a pass."""

    objective: Objective
    kept: list[Unit]
    held_back: list[Unit]
    tokens: int


def prepare(
    gradient: Gradient,
    tokenizer: Tokenizer,
    examples: Sequence[Example],
    *,
    seed: int,
    held_back: Sequence[Example] | None = None,
) -> Prepared:
    """Make units of examples, and hold some back, unless others are given for that.

    Raises
    ------
    SettingsError
        ``too-few-examples``: there are less than 5.
    """
    if len(examples) < LEAST_EXAMPLES:
        raise SettingsError(
            f"There are {len(examples)} examples, but tuning needs at least {LEAST_EXAMPLES}.",
            code="too-few-examples",
        )
    objective = objective_of(examples)
    tokens = max(32, MEMORY // (4 * gradient.floats_per_token()))
    longest = min(MOST_TOKENS, max(16, tokens // objective.sequences))
    parts = split(examples, seed) if held_back is None else (examples, held_back)
    kept, held = ([unit for one in part for unit in units_of(one, tokenizer, longest)] for part in parts)
    return Prepared(objective, kept, held[:MOST_HELD_BACK], tokens)


class Training:
    """Tunes one model on one list of examples.

    Parameters
    ----------
    rates
        Learning rates to choose from; by default those of the method.
    clock
        Returns seconds.
    held_back
        Examples to measure, from which nothing is learned; by default a fifth of `examples`.
    only
        Tune only what has this in its name, such as "ln" for layer norms; by default everything.
    pace
        By default that for the size of the model.

    Attributes
    ----------
    kept, held_back
        How many units are learned from, and how many are held back.
    before, best
        What is held back, without tuning and at its best.
    best_values, rate, best_steps
        The values that were best, and the learning rate and the number of steps that led to them.
    current
        The values after the last step.
    examples
        How many there are.

    Raises
    ------
    SettingsError
        ``too-few-examples``: there are less than 5. ``option``: there is no such method.
    """

    def __init__(
        self,
        gradient: Gradient,
        tokenizer: Tokenizer,
        examples: Sequence[Example],
        *,
        method: Method = "vectors",
        seed: int = 0,
        steps: int = STEPS,
        rates: Sequence[float] | None = None,
        clock: Callable[[], float] = perf_counter,
        held_back: Sequence[Example] | None = None,
        only: str = "",
        pace: Pace | None = None,
    ) -> None:
        if method not in RATES:
            raise SettingsError(
                f"There is no method {method!r}.", code="option", remedy="Choose vectors or state."
            )
        self.gradient, self.method, self.seed, self.steps = gradient, method, seed, steps
        self.rates, self.clock = tuple(rates or RATES[method]), clock
        self.pace = pace or (SLOW_PACE if gradient.model.config.parameters >= LARGE else PACE)
        prepared = prepare(gradient, tokenizer, examples, seed=seed, held_back=held_back)
        self.objective, self.kept, self.held_back, self._tokens = prepared
        self._untuned = gradient.untuned()
        states = gradient.states()
        start = {name: values for name, values in self._untuned.items() if name not in states}
        if method == "state":
            start = {name: self._untuned.get(name, state) for name, state in states.items()}
        start = {name: values for name, values in start.items() if only in name}
        self.packing = Packing(start)
        self._start = self.best_values = self.current = self.packing.pack(start)
        self._references: dict[int, Array] = {}
        self.examples, self.rate, self.best_steps = len(examples), self.rates[0], 0
        self.before = self.best = self._measure(self._untuned, self.held_back)
        if method == "state":  # the state to begin with is not quite that of an empty text
            self.best = self._measure(self.values(self._start), self.held_back)

    def tensors(self, flat: Floats | None = None) -> dict[str, Floats]:
        """Return what an adapter has: differences of vectors, or initial states; by default the best."""
        flat = self.best_values if flat is None else flat
        return self.packing.unpack((flat - self._start) if self.method == "vectors" else flat.copy())

    def run(self) -> Generator[Step, None, None]:
        """Tune, and yield after every step. It may be left at any step: what was best until then is kept."""
        began, done = self.clock(), 0
        trials = [Learner(self, rate) for rate in self.rates]
        total = self.steps + TRIAL * (len(trials) - 1)

        def told(step: Step) -> Step:
            nonlocal done
            done += 1
            pace = (self.clock() - began) / done
            return replace(step, done=done, total=total, seconds_left=pace * (total - done))

        if len(trials) > 1:
            for learner in trials:
                yield from map(told, learner.learn(min(TRIAL, self.steps)))
        best = min(trials, key=lambda learner: learner.last)
        yield from map(told, best.learn(self.steps))

    def values(self, flat: Floats) -> dict[str, Floats]:
        """Return what the gradient needs."""
        return {**self._untuned, **self.packing.unpack(flat)}

    def slope(self, flat: Floats, units: Sequence[Unit]) -> tuple[float, Floats]:
        """Return the loss of a batch, as it is shown, and the gradient."""
        values, loss = self.values(flat), 0.0
        total = np.zeros_like(flat)
        for group in groups(units, self._tokens):

            def weigh(costs: Array, group: Sequence[Unit] = group) -> tuple[float, Array]:
                losses, slopes = self._weigh(costs, group)
                return float(losses.sum()), slopes.reshape(-1) / self.objective.weight(units)

            found, gradients, _ = self.gradient.gradients(values, batch_of(group), weigh)
            loss += found
            total += self.packing.pack(self.gradient.restrained(gradients))
        return loss / self.objective.measure(units), total

    def measure(self, adam: Adam) -> Measure:
        """Measure what is held back, and keep the values if none were better."""
        found = self._measure(self.values(adam.values), self.held_back)
        if found.loss < self.best.loss:
            self.best, self.best_values = found, adam.values.copy()
            self.rate, self.best_steps = adam.rate, adam.steps
        return found

    def loss(self, units: Sequence[Unit]) -> float:
        """Return the loss of units with the values after the last step, as it is shown."""
        return self._measure(self.values(self.current), units).loss

    def _measure(self, values: Mapping[str, Floats], units: Sequence[Unit]) -> Measure:
        total, right = 0.0, 0
        for group in groups(units, self._tokens):
            losses = self._weigh(self.gradient.costs(values, batch_of(group)), group)[0]
            total += float(losses.sum())
            right += int((losses < self._indifferent).sum())
        share = right / len(units) if self.objective.relative else None
        return Measure(total / self.objective.measure(units), share)

    @property
    def _indifferent(self) -> float:
        """The loss of a pair or a rating about which the model thinks as before."""
        return np.log(2) if self.objective.sequences > 1 else 0.5

    def _weigh(self, costs: Array, units: Sequence[Unit]) -> tuple[Array, Array]:
        costs = costs.reshape(len(units), -1)
        untuned = self._costs_untuned(units) if self.objective.relative else costs
        return self.objective.weigh(costs, untuned, units)

    def _costs_untuned(self, units: Sequence[Unit]) -> Array:
        """What units cost the untuned model, [n, S]; each is computed once."""
        if new := [unit for unit in units if id(unit) not in self._references]:
            costs = self.gradient.costs(self._untuned, batch_of(new)).reshape(len(new), -1)
            self._references |= {id(unit): cost for unit, cost in zip(new, costs, strict=True)}
        return np.stack([self._references[id(unit)] for unit in units])


class Learner:
    """Learns with one learning rate.

    Attributes
    ----------
    last
        The loss of what is held back when it was measured last.
    """

    def __init__(self, training: Training, rate: float) -> None:
        self.training = training
        self.adam = Adam(training._start, rate)
        self.last = self._best = float("inf")
        self._worse = 0
        self._batches = batches(training.kept, training.seed, training.pace.units)

    def learn(self, steps: int) -> Generator[Step, None, None]:
        """Take steps up to so many, or until what is held back no longer gets better."""
        training, adam = self.training, self.adam
        while adam.steps < steps and self._worse < training.pace.patience:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                loss, gradient = training.slope(adam.values, next(self._batches))
                adam.step(gradient)
                training.current = adam.values
                is_due = adam.steps % training.pace.measured == 0 or adam.steps == steps
                found = self._measured() if is_due else None
            held, right = (found.loss, found.right) if found else (None, None)
            yield Step(0, 0, adam.steps, adam.rate, loss, held, training.best.loss, right, 0.0)

    def _measured(self) -> Measure:
        found = self.training.measure(self.adam)
        self.last = found.loss if np.isfinite(found.loss) else float("inf")
        self._worse = 0 if self.last < self._best else self._worse + 1
        self._best = min(self._best, self.last)
        return found
