"""Students that see only pixels, three ways in which a teacher that knows the map teaches them, and walks.

A student is a `classifier` with one hidden layer: the last views in, the three actions out. It knows neither
the map, nor where it is, nor where the goal is. Mazes, states and actions are those of `maze_world`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from goosequill.lab import classifier
from goosequill.lab.classifier import Layer
from goosequill.lab.maze_world import ACTIONS, FORWARD, LEFT, PIXELS, RIGHT, Floats, Indices, Worlds
from goosequill.lab.optimizers import Adam

WAYS = ("clone", "dagger", "near")
BATCH = 128
STEPS = 200
"""Steps of Adam after each lesson."""
RATE = 0.003
PATIENCE = 12
"""A walk ends after so many steps for each cell of the maze's side."""
LEAST = 0.01
"""How likely the teacher at least thinks that the student takes an action."""
DIGITS = 3
"""Digits behind the point of a student's weights as they are measured and handed out."""


class Place(NamedTuple):
    """Where several walkers stand."""

    mazes: Indices  # [n]
    states: Indices  # [n]
    inputs: Floats  # [n, memory * PIXELS], the newest view first


Choose = Callable[[Place], Indices]
"""Returns the action of each walker, [n]."""


class Walks(NamedTuple):
    """What happened on several walks."""

    places: Place  # of all steps of all walks
    actions: Indices  # [steps], what was done there
    taken: Indices  # [walks], steps to the goal; -1 if it was not reached


def begin(worlds: Worlds, mazes: Indices, rng: np.random.Generator) -> Indices:
    """Draw a state to begin in for each of the mazes, [walks]."""
    states = np.array([rng.choice(np.flatnonzero(free)) for free in worlds.starts()[mazes]], int)
    return states.reshape(len(mazes))


def walk(
    worlds: Worlds, mazes: Indices, states: Indices, choose: Choose, *, memory: int, limit: int = 0
) -> Walks:
    """Walk through mazes at the same time until each goal is reached, at most `limit` steps.

    The limit is `PATIENCE` steps per cell of a side if it is 0. At the beginning the first view fills the
    memory.
    """
    limit = limit or PATIENCE * worlds.walls.shape[1]
    taken, going = np.full(len(mazes), -1), np.arange(len(mazes))
    inputs = np.tile(worlds.views[mazes, states], memory)
    places, actions = [], []
    for step in range(1, limit + 1):
        place = Place(mazes[going], states[going], inputs)
        action = np.asarray(choose(place))
        places.append(place)
        actions.append(action)
        states = states.copy()
        states[going] = worlds.next[place.mazes, place.states, action]
        seen = worlds.views[place.mazes, states[going]]
        inputs = np.concatenate([seen, inputs[:, : (memory - 1) * PIXELS]], axis=1)
        arrived = worlds.steps[place.mazes, states[going]] == 0
        taken[going[arrived]] = step
        going, inputs = going[~arrived], inputs[~arrived]
        if not len(going):
            break
    return Walks(Place(*map(np.concatenate, zip(*places, strict=True))), np.concatenate(actions), taken)


# ---- Who walks ----


def drawn(shares: Floats, rng: np.random.Generator) -> Indices:
    """Draw an action for each row of probabilities, [n]."""
    below = shares.cumsum(axis=1) < rng.random((len(shares), 1))
    return np.asarray(np.minimum(below.sum(axis=1), ACTIONS - 1))


def student(layers: Sequence[Layer], rng: np.random.Generator | None = None) -> Choose:
    """Return the student as a walker: it draws its actions, or without `rng` does what is likeliest."""

    def choose(place: Place) -> Indices:
        logits = classifier.forward(layers, place.inputs)[1]
        return logits.argmax(axis=1) if rng is None else drawn(classifier.probabilities(logits), rng)

    return choose


def teacher(worlds: Worlds) -> Choose:
    """Return the teacher as a walker: the first best action, forward before left before right."""
    return lambda place: worlds.best[place.mazes, place.states].argmax(axis=1)


def follower(worlds: Worlds) -> Choose:
    """Return one who keeps the right hand at the wall, and remembers whether it has just turned right.

    It needs nothing but whether the cells ahead and on the right are free, which pixels show.
    """
    turned = np.zeros(len(worlds.goals), bool)

    def choose(place: Place) -> Indices:
        def is_free(states: Indices) -> Any:
            return worlds.next[place.mazes, states, FORWARD] != states

        right = is_free(worlds.next[place.mazes, place.states, RIGHT]) & ~turned[place.mazes]
        action = np.where(right, RIGHT, np.where(is_free(place.states), FORWARD, LEFT))
        turned[place.mazes] = right
        return action

    return choose


def near_plan(leads: Indices, goals: Indices, shares: Floats, leash: float) -> Floats:
    """Return z = exp(-V / leash), [mazes, states], of a teacher who pays for being unlike a student, too.

    V(s) = min over p of 1 + sum p(a) V(next(s, a)) + leash KL(p || q(s)) for the student's probabilities q,
    which is linear in z: z(s) = exp(-1 / leash) sum q(a) z(next(s, a)), and 1 at the goal (Todorov 2009).

    Parameters
    ----------
    shares
        The student's probabilities in each state, [mazes, states, 3].
    leash
        Steps that the teacher would walk more for one nat less of divergence.
    """
    at_goal = np.arange(leads.shape[1]) // 4 == goals[:, None]
    mazes = np.arange(len(leads))[:, None, None]
    z, cost = at_goal.astype(float), np.exp(-1 / leash)
    for _ in range(PATIENCE * leads.shape[1]):
        found = np.where(at_goal, 1.0, cost * (shares * z[mazes, leads]).sum(axis=-1))
        if np.allclose(found, z, rtol=1e-4, atol=0):
            return found
        z = found
    return np.asarray(z)


def near_teacher(worlds: Worlds, layers: Sequence[Layer], leash: float, rng: np.random.Generator) -> Choose:
    """Return the teacher held near the student as a walker: it draws p(a) ~ q(a) exp(-V(next) / leash).

    While it plans, the student is asked in every state as if it had stood there long enough to remember
    nothing else; while it walks, with what the student would remember.
    """
    memory = len(layers[0].weights) // PIXELS
    count, states, _ = worlds.views.shape
    inside = np.isfinite(worlds.steps)
    shares = np.full((count, states, ACTIONS), 1 / ACTIONS)
    shares[inside] = _guessed(layers, np.tile(worlds.views[inside], memory))
    z = near_plan(worlds.next, worlds.goals, shares, leash)

    def choose(place: Place) -> Indices:
        after = z[place.mazes[:, None], worlds.next[place.mazes, place.states]]
        weighed = _guessed(layers, place.inputs) * after
        weighed = np.where(
            weighed.sum(axis=1, keepdims=True) > 0, weighed, worlds.best[place.mazes, place.states]
        )
        return drawn(weighed / weighed.sum(axis=1, keepdims=True), rng)

    return choose


def _guessed(layers: Sequence[Layer], inputs: Floats) -> Floats:
    """What the teacher takes for the student's probabilities: no action is impossible."""
    found = classifier.probabilities(classifier.forward(layers, inputs)[1]).astype(float)
    return (1 - ACTIONS * LEAST) * found + LEAST


# ---- Lessons ----


@dataclass
class Lessons:
    """A student, and all that it has been shown.

    Parameters
    ----------
    worlds
        The mazes in which it practises.
    way
        ``clone``: the teacher walks, and the student learns what it does (behavioural cloning). ``dagger``:
        from the second lesson on the student walks, and learns what the teacher would have done there (Ross,
        Gordon & Bagnell 2011). ``near``: a teacher walks that is held near the student (the idea of guided
        policy search).
    labels
        Steps to learn from, per lesson.
    """

    worlds: Worlds
    way: str
    rng: np.random.Generator
    labels: int = 1000
    hidden: int = 32
    memory: int = 4
    leash: float = 1.0

    def __post_init__(self) -> None:
        self.layers = classifier.start((self.memory * PIXELS, self.hidden, ACTIONS), self.rng)
        self.inputs = np.zeros((0, self.memory * PIXELS), np.float32)
        self.actions = np.zeros(0, int)
        self.adam = [[Adam(value.shape, dtype=np.float32) for value in layer] for layer in self.layers]

    def teach(self, shown: tuple[Floats, Indices] | None = None) -> Iterator[int]:
        """Give one lesson and learn from all so far; yield after each step of learning.

        Parameters
        ----------
        shown
            Inputs and actions of this lesson, if they are not the teacher's.
        """
        inputs, actions = shown or self._lesson()
        self.inputs = np.concatenate([self.inputs, inputs])
        self.actions = np.concatenate([self.actions, actions])
        for step in range(STEPS):
            batch = self.rng.integers(len(self.actions), size=BATCH)
            slopes = classifier.gradients(self.layers, self.inputs[batch], self.actions[batch])[1]
            for layer, slope, adam in zip(self.layers, slopes, self.adam, strict=True):
                for value, each, rule in zip(layer, slope, adam, strict=True):
                    value += np.float32(RATE) * rule.step(each)
            yield step + 1

    def handed_out(self) -> list[Layer]:
        """Return the student with rounded weights, as it is measured and as a page gets it."""
        return [
            Layer(*(np.round(value.astype(np.float32), DIGITS) for value in layer)) for layer in self.layers
        ]

    def _lesson(self) -> tuple[Floats, Indices]:
        """Walk until there are enough steps; return some of them, with what the teacher says to them."""
        first, knows = not len(self.actions), teacher(self.worlds)
        walker = knows
        if self.way == "dagger" and not first:
            walker = student(self.layers, self.rng)
        if self.way == "near" and not first:
            walker = near_teacher(self.worlds, self.layers, self.leash, self.rng)
        inputs, actions, count = [], [], 0
        while count < self.labels:
            mazes = np.arange(len(self.worlds.goals))
            states = begin(self.worlds, mazes, self.rng)
            found = walk(self.worlds, mazes, states, walker, memory=self.memory)
            inputs.append(found.places.inputs)
            actions.append(found.actions if self.way == "near" else knows(found.places))
            count += len(actions[-1])
        chosen = self.rng.choice(count, self.labels, replace=False)
        return np.concatenate(inputs)[chosen], np.concatenate(actions)[chosen]


# ---- Measures ----


def measured(worlds: Worlds, states: Indices, choose: Choose, *, memory: int = 1) -> tuple[float, float]:
    """Walk once through every maze.

    Returns
    -------
    The share of goals that are reached, and how many times the shortest way the walks to them were; NaN for
    none.
    """
    mazes = np.arange(len(worlds.goals))
    taken = walk(worlds, mazes, states, choose, memory=memory).taken
    there = taken >= 0
    shortest = worlds.steps[mazes, states]
    return float(there.mean()), float(taken[there].sum() / shortest[there].sum()) if there.any() else float(
        "nan"
    )
