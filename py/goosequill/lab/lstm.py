"""The naive LSTM: its gates before training, as a latch and a counter set by hand, and trained on two tasks.

Beside it a plain recurrent network and RWKV-7's delta rule learn from the same examples, with as nearly the
same number of weights as their shapes allow. The cells are in `recurrent`, the tasks in `sequence_tasks`;
nothing here draws.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from goosequill.lab.optimizers import Adam
from goosequill.lab.recurrent import CELLS, Floats, Lstm, RecurrentNetwork, loss, sigmoid
from goosequill.lab.sequence_tasks import Adding, Copy
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress, in_steps

BATCH = 24
HELD_OUT = 200
"""Sequences that judge; no network learns from them."""
JUDGEMENTS = 24
LONG = 1000
"""Steps over which the cells that are set by hand are verified."""
THIN = 4
GAIN = 30.0
"""The weights of inputs that open or close a gate by hand: sigmoid(15) differs from 1 by 3e-7."""
STEP = 1e-6
"""Of the central differences."""
_READ = "()."
"""The first input of a cell that is set by hand, the second one, and none: what it has read, for a page."""
KEEPING: dict[str, dict[str, float]] = {"lstm": {}, "rnn": {}, "delta": {"w": -3.0}}
"""Biases to start with. RWKV-7's decay starts near 1 too; the LSTM's forget gate is a setting."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    task: Literal["adding", "copy"] = setting(
        "Adding: give the sum of two marked numbers. Copying: repeat symbols after a pause.", default="adding"
    )
    length: int = setting(
        "Numbers in a sequence of the adding task; steps of the pause when copying.",
        default=16,
        range=(2, 60),
    )
    symbols: int = setting("Symbols to copy", "Only for copying.", default=1, range=(1, 4))
    units: int = setting(
        "Units of the LSTM",
        "The other networks get as many units as make their number of weights most nearly equal.",
        default=10,
        range=(2, 24),
    )
    updates: int = setting(
        f"Steps of Adam, each on {BATCH} new sequences.", default=480, range=(24, 4000, 24)
    )
    rate: float = setting("Learning rate", "Of Adam.", default=0.01, range=(0.0005, 0.1, 0.0005))
    forget_bias: float = setting(
        "Where the bias of the LSTM's forget gates starts: how much it remembers before it has learned.",
        default=1.0,
        range=(-2.0, 6.0, 0.5),
    )
    strength: float = setting(
        "Strength of the latch",
        "The bias of the forget gate that is set by hand, in the latch and the counter.",
        default=15.0,
        range=(0.0, 30.0, 0.5),
    )
    seed: int = setting("Draws weights and sequences.", default=0, range=(0, 9999))


DESCRIPTION = Settings.describe(
    "lstm",
    "A naive LSTM",
    "Trains an LSTM, a plain recurrent network and RWKV-7's delta rule on the same sequences.",
    "c = f c + i g; h = o tanh(c)",
    "Hochreiter & Schmidhuber 1997; Gers et al. 2000; Peng et al. 2025 (arXiv:2503.14456)",
)


class Learner(NamedTuple):
    """A network that learns."""

    reader: RecurrentNetwork
    weights: Floats
    adam: Adam


def files(settings: Any) -> tuple[str, ...]:
    """Return the data file that every run shows beside its own result: the same over many seeds."""
    return ("lstm-study.json",)


def compute(
    settings: Settings, *, files: Mapping[str, bytes] | None = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Train the three networks.

    Parameters
    ----------
    files
        The committed study under the name that `files` returns.

    Yields
    ------
    The result's ``updates``, ``networks``, ``gates``, ``labels`` and ``idle`` so far.

    Returns
    -------
    dict
        ``updates`` at which the networks were judged; ``networks``, for each its ``hidden`` units and
        ``weights``, and the held-out ``loss`` and ``accuracy`` at each; ``gates``, the LSTM's i, f, o, g, c
        and h while it reads a held-out sequence, [units, steps] each; ``labels`` of that sequence's steps;
        ``answer`` and ``wanted`` of it; ``idle``, loss and accuracy of guessing; ``start``, the gates before
        training; ``decay``, how long memories last; ``latch`` and ``counter``; ``checks``; and ``study``, the
        shares of right answers of many seeds, by task and network (None if not given).
    """
    task = task_of(settings)
    learners = start(settings, task)
    rng, judge = np.random.default_rng([settings.seed, 2]), np.random.default_rng([settings.seed, 3])
    held = task.draw(judge, HELD_OUT)
    curves: dict[str, dict[str, list[float]]] = {name: {"loss": [], "accuracy": []} for name in learners}
    updates: list[int] = []
    every = max(1, settings.updates // JUDGEMENTS)
    first = gates_of(learners["lstm"], held.x)
    shown: dict[str, Any] = {}
    for done in range(settings.updates + 1):
        if done % every == 0 or done == settings.updates:
            updates.append(done)
            for name, learner in learners.items():
                judge_one(learner, task, held, into=curves[name])
            shown = report(learners, curves, task, held) | {"updates": np.array(updates)}
            yield shown
        yield Progress("updates", done, settings.updates)
        if done < settings.updates:
            examples = task.draw(rng, BATCH)
            for learner in learners.values():
                update(learner, examples.x, examples.targets, rate=settings.rate)
    study = json.loads(files["lstm-study.json"]) if files else None
    made = by_hand(settings)
    return {**shown, "start": first, **made, "checks": (yield from checks(settings)), "study": study}


def task_of(settings: Settings) -> Copy | Adding:
    """Return the task of some settings."""
    if settings.task == "copy":
        return Copy(symbols=settings.symbols, delay=settings.length)
    return Adding(delay=settings.length)


def start(settings: Settings, task: Copy | Adding) -> dict[str, Learner]:
    """Return the three networks before training."""
    learners = {}
    for index, (name, reader) in enumerate(readers(settings.units, task).items()):
        biases = KEEPING[name] | ({"f": settings.forget_bias} if name == "lstm" else {})
        weights = reader.start(np.random.default_rng([settings.seed, 1, index]), biases=biases)
        learners[name] = Learner(reader, weights.astype(np.float32), Adam(weights.shape, dtype=np.float32))
    return learners


def readers(units: int, task: Copy | Adding) -> dict[str, RecurrentNetwork]:
    """Return an LSTM, and networks with as nearly as many weights as the number of units allows."""
    wanted = RecurrentNetwork(Lstm(task.inputs, units), task.outputs).size
    found = {}
    for name, cell in CELLS.items():
        sizes = [
            RecurrentNetwork(cell(task.inputs, hidden), task.outputs) for hidden in range(1, 4 * units + 8)
        ]
        found[name] = min(sizes, key=lambda reader: abs(reader.size - wanted))
    return found


def update(learner: Learner, x: Floats, targets: Floats, *, rate: float) -> None:
    """Take one step of Adam, on a gradient that is no longer than 1 (Pascanu et al. 2013)."""
    _, slope = learner.reader.gradient(learner.weights, x, targets)
    slope /= max(1.0, float(np.linalg.norm(slope)))
    learner.weights[:] += np.float32(rate) * learner.adam.step(slope)


def judge_one(learner: Learner, task: Copy | Adding, held: Any, *, into: dict[str, list[float]]) -> None:
    """Add loss and accuracy on the held-out sequences."""
    y = answers(learner, held)
    into["loss"].append(loss(y, held.targets)[0])
    into["accuracy"].append(task.right(y, held.targets))


def answers(learner: Learner, examples: Any) -> Floats:
    """Return what a network answers at the last steps of sequences."""
    reader = learner.reader
    run = reader.cell.forward(reader.split(learner.weights)[0], examples.x)
    return reader.answers(learner.weights, run.h[len(run.h) - len(examples.targets) :])


def report(learners: dict[str, Learner], curves: Any, task: Copy | Adding, held: Any) -> dict[str, Any]:
    """Return what the page shows of networks that are still learning."""
    y = answers(learners["lstm"], held)[:, 0]
    return {
        "networks": {
            name: {
                "hidden": learner.reader.cell.hidden,
                "weights": learner.reader.size,
                **{measure: np.array(values) for measure, values in curves[name].items()},
            }
            for name, learner in learners.items()
        },
        "gates": gates_of(learners["lstm"], held.x),
        "labels": task.labels(held.x[:, 0]),
        "answer": y.argmax(axis=1) if isinstance(task, Copy) else y[:, 0],
        "wanted": held.targets[:, 0].ravel(),
        "idle": {"loss": task.idle_loss, "accuracy": task.chance},
    }


def gates_of(learner: Learner, x: Floats) -> dict[str, Floats]:
    """Return what an LSTM's units do while it reads the first of some sequences, [units, steps] each."""
    cell = learner.reader.cell
    run = cell.forward(learner.reader.split(learner.weights)[0], x[:, :1])
    size = cell.hidden
    gates = np.array([kept[0][0] for kept in run.kept])  # [steps, 3 units]
    found = {name: gates[:, index * size : (index + 1) * size] for index, name in enumerate("ifo")}
    found["g"] = np.array([kept[1][0] for kept in run.kept])
    found["c"] = np.array([*(kept[2][0] for kept in run.kept[1:]), run.memory[0]])
    found["h"] = run.h[1:, 0]
    return {name: np.round(values.T, 3) for name, values in found.items()}


# ---- Set by hand ----


def by_hand(settings: Settings) -> dict[str, Any]:
    """Return how long memories last, and a latch and a counter over `LONG` steps."""
    ages = np.unique(np.round(np.geomspace(1, LONG, 60)).astype(int))
    kept = {
        "untrained": 0.5 ** ages.astype(float),
        "start": float(sigmoid(np.array(settings.forget_bias))) ** ages,
        "latch": float(sigmoid(np.array(settings.strength))) ** ages,
    }
    decay = {"ages": ages, "kept": {name: np.maximum(values, 1e-12) for name, values in kept.items()}}
    rng = np.random.default_rng([settings.seed, 4])
    made = {"latch": latch(settings.strength, rng), "counter": counter(settings.strength, rng)}
    for found in made.values():  # a quarter of the steps is enough to draw
        found["steps"] = np.arange(1, LONG + 1)[::THIN]
        found |= {name: np.round(found[name][::THIN], 3) for name in ("value", "wanted")}
    return {"decay": decay, **made}


def one_unit(inputs: int, **blocks: list[float]) -> tuple[Lstm, Floats]:
    """Return an LSTM of one unit whose weights are given by hand, and its vector of weights.

    Parameters
    ----------
    blocks
        For i, f, o and g: a weight for each input, and the bias. None reads the last output.
    """
    cell = Lstm(inputs, 1)
    columns = np.array([blocks[name] for name in cell.blocks]).T  # [inputs + 1, 4]
    return cell, np.concatenate([columns[:-1].ravel(), np.zeros(4), columns[-1]])


def latch(strength: float, rng: np.random.Generator) -> dict[str, Any]:
    """Set and reset one unit at rare random moments, and compare it with the bit that it should keep.

    The inputs are "set" and "reset". Either opens i; g is +1 or -1 then, and f closes, so the old value goes.
    Otherwise i stays closed and f open.
    """
    cell, weights = one_unit(
        2,
        i=[2 * GAIN, 2 * GAIN, -GAIN],
        f=[-2 * GAIN - strength, -2 * GAIN - strength, strength],
        o=[0, 0, GAIN],
        g=[GAIN, -GAIN, 0],
    )
    x = np.zeros((LONG, 1, 2))
    kinds = rng.integers(0, 2, LONG)
    moments = np.append(0, np.flatnonzero(rng.random(LONG - 1) < 0.01) + 1)  # one in a hundred steps
    x[moments, 0, kinds[moments]] = 1
    last = np.maximum.accumulate(np.where(x[:, 0].any(axis=1), np.arange(LONG), 0))
    wanted = 1 - 2 * kinds[last]
    found = cell.forward(weights, x).h[1:, 0, 0] / np.tanh(1)
    return {
        "read": "".join(_READ[kind] if step in moments else _READ[2] for step, kind in enumerate(kinds)),
        "value": np.round(found, 6),
        "wanted": wanted,
        "wrong": int(np.sum(found * wanted < 0.5)),  # less than half of the bit is left
        "error": float(np.abs(found - wanted).max()),
    }


def counter(strength: float, rng: np.random.Generator) -> dict[str, Any]:
    """Count up and down with one unit: the depth of brackets in a random text of `LONG` characters.

    The inputs are "(" and ")"; g is then one thousandth up or down, i and f are open, and h = tanh(c) is at
    most tanh(1). The count is read from h.
    """
    unit = float(np.arctanh(1 / LONG))
    cell, weights = one_unit(
        2, i=[2 * GAIN, 2 * GAIN, -GAIN], f=[0, 0, strength], o=[0, 0, GAIN], g=[unit, -unit, 0]
    )
    x, depth, wanted = np.zeros((LONG, 1, 2)), 0, []
    for step, chance in enumerate(rng.random(LONG)):
        kind = 0 if chance < 0.4 else 1 if chance < 0.75 and depth else 2
        depth += (1, -1, 0)[kind]
        x[step, 0] = [kind == 0, kind == 1]
        wanted.append(depth)
    found = np.arctanh(cell.forward(weights, x).h[1:, 0, 0]) * LONG
    error = np.abs(found - wanted)
    return {
        "read": "".join(_READ[list(pair).index(1) if pair.any() else 2] for pair in x[:, 0]),
        "value": np.round(found, 4),
        "wanted": np.array(wanted),
        "wrong": int(np.sum(error > 0.5)),
        "error": float(error.max()),
    }


# ---- Checks ----


def checks(settings: Settings) -> Generator[Progress, None, list[dict[str, Any]]]:
    """Return what is verified at every run: exact gradients, and the latch and the counter."""
    rng = np.random.default_rng([settings.seed, 5])
    errors: dict[str, Callable[[], float]] = {
        f"gradient-{name}": partial(gradient_error, name, settings.seed) for name in CELLS
    }
    errors |= {"latch": lambda: latch(GAIN, rng)["error"], "counter": lambda: counter(GAIN, rng)["error"]}
    found = yield from in_steps("checks", errors)
    return [
        {"name": name, "measured": error, "bound": 1e-6, "passed": bool(error <= 1e-6)}
        for name, error in found.items()
    ]


def gradient_error(name: str, seed: int) -> float:
    """Return the largest difference between a network's gradient and central differences of its loss,
    relative to the gradient's largest component, on both tasks. In float64, with three units."""
    return max(_gradient_error(name, task, seed) for task in (Copy(symbols=1, delay=2), Adding(delay=4)))


def _gradient_error(name: str, task: Copy | Adding, seed: int) -> float:
    rng = np.random.default_rng([seed, 6])
    reader = RecurrentNetwork(CELLS[name](task.inputs, 3), task.outputs)
    # Biases too, because the delta rule divides by the length of its keys, which else may be almost 0.
    weights, examples = reader.start(rng) + 0.3 * rng.standard_normal(reader.size), task.draw(rng, 4)
    x = examples.x.astype(np.float64)
    exact = reader.gradient(weights, x, examples.targets)[1]
    numeric = np.empty_like(exact)
    for index, change in enumerate(STEP * np.eye(reader.size)):
        ends = [value_of(reader, weights + sign * change, x, examples.targets) for sign in (1, -1)]
        numeric[index] = (ends[0] - ends[1]) / (2 * STEP)
    return float(np.abs(exact - numeric).max() / np.abs(exact).max())


def value_of(reader: RecurrentNetwork, weights: Floats, x: Floats, targets: Floats) -> float:
    """Return the loss alone."""
    run = reader.cell.forward(reader.split(weights)[0], x)
    return loss(reader.answers(weights, run.h[len(run.h) - len(targets) :]), targets)[0]
