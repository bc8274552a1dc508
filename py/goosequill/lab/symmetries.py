"""Symmetries of a ReLU network: what they leave as it is, whether they help training, and how networks meet.

Trained networks have their weights changed by a symmetry, or nearly one, and learn on; beside each change
there is noise of the same size, and training without any change. Then networks trained apart are matched by a
permutation. The changes are in `relu_symmetries`; nothing here draws.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.lab import drawings, networks, paired
from goosequill.lab import relu_symmetries as changes
from goosequill.lab.assignment import assign
from goosequill.lab.networks import Floats, Network
from goosequill.lab.second_order_learners import GradientLearner, Trials, make_trials
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress, in_steps

RATES = {"sgd": 2.0, "adam": 0.01}
NOISE = 0.1
"""Standard deviation of the noise on every pixel, where ink is 1."""
JUDGEMENTS = 12
"""About how often networks are judged while they learn, before the change and after it."""
SCALES = 4.0
"""Units are scaled by 1 / SCALES to SCALES before they learn on."""
CHANGED = ("swap", "rotate", "scale")
ARMS = ("extra", "swap", "swap_noise", "rotate", "rotate_noise", "scale", "scale_noise")
"""What is done to a trained network before it learns on; "extra" is nothing."""
COMPARED = tuple((name, other) for name in CHANGED for other in ("extra", f"{name}_noise"))
POINTS = 25
"""Points on the line between two networks."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    hidden: int = setting(
        "Hidden units", "How many ReLU units each network has.", default=16, range=(4, 32, 2)
    )
    share: float = setting(
        "Changed units",
        "Share of the hidden units that are swapped, changed in basis, or scaled.",
        default=0.5,
        range=(0.25, 1.0, 0.25),
    )
    method: str = setting(
        "How the networks learn, before the change and after it.", default="sgd", choices=tuple(RATES)
    )
    images: int = setting(
        "Training images", "How many drawings each network learns from.", default=200, range=(40, 400, 20)
    )
    passes: int = setting(
        "Passes before",
        "How often each network reads its training images before its weights are changed.",
        default=40,
        range=(10, 100, 10),
    )
    retrain: int = setting(
        "Passes after", "How often it reads them again afterwards.", default=40, range=(10, 100, 10)
    )
    seeds: int = setting(
        "How many times everything is repeated, with new drawings and new starting weights.",
        default=10,
        range=(10, 30),
    )
    seed: int = setting(
        "First seed",
        "The same seed gives the same drawings and the same networks.",
        default=0,
        range=(0, 2**31 - 1),
    )


DESCRIPTION = Settings.describe(
    "symmetries",
    "Symmetries of a ReLU network",
    "Changes the weights of trained networks by symmetries, lets them learn on, and matches networks.",
    "v . relu(W x + b) = (D^-1 P v) . relu(D P (W x + b)) for D > 0",
    "Tapsell 2016 (the idea); Ainsworth, Hayase & Srinivasa 2023 (matching)",
)


# ---- The experiment ----


def files(settings: Any) -> tuple[str, ...]:
    """Return the data file that every run shows beside its own result: the longer study."""
    return ("symmetries.json",)


def compute(
    settings: Settings, *, files: Mapping[str, bytes] | None = None
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Train networks, measure the changes, let the networks learn on, and match networks trained apart.

    Parameters
    ----------
    files
        The committed study under the name that `files` returns.

    Returns
    -------
    dict
        ``picture`` and ``changes``: see `relu_symmetries`; ``learned``: how the networks learned before any
        change; ``after``: after how many passes in all they were judged; ``arms``: see `retrain`;
        ``differences``: paired, each with the ``looks`` that its interval allows for; ``line``: see
        `between`; and ``study``, the longer run of a file (None if not given).
    """
    trials = trials_of(settings)
    learned, weights, twins = yield from train(trials, method=settings.method, passes=settings.passes)
    yield {"learned": learned}
    retrained = yield from retrain(trials, weights, settings)
    rng = np.random.default_rng([settings.seed, 10**6])
    drawn = trials.held_out.images[0].astype(np.float64)
    last = {
        "line": lambda: between(trials, weights, twins),
        "changes": lambda: changes.measure(trials.network, weights[0, 0], drawn, rng=rng),
    }
    measured = yield from in_steps("measurements", last)
    measured |= {"picture": changes.picture(), "differences": differences(retrained["arms"])}
    study = json.loads(files["symmetries.json"]) if files else None
    return {"learned": learned, **retrained, **measured, "study": study}


def trials_of(settings: Settings) -> Trials:
    """Return the images and starting weights of some settings."""
    network = Network(drawings.PIXELS, settings.hidden, "relu", "sigmoid")
    return make_trials(network, images=settings.images, noise=NOISE, seeds=settings.seeds, seed=settings.seed)


def learner_of(trials: Trials, method: str, weights: Floats) -> GradientLearner:
    """Return a learner of networks, [seeds, nets, size], that all have the usual learning rate."""
    learner = GradientLearner(method, trials, b=0.0, rates=(RATES[method],) * weights.shape[1])
    learner.weights = weights
    return learner


def twin_start(trials: Trials) -> Floats:
    """Return other weights to start from, [seeds, 1, size]."""
    rngs = [np.random.default_rng([trials.seed + index, 10**7]) for index in range(len(trials.start))]
    return np.stack([trials.network.start(rng) for rng in rngs])[:, None].astype(np.float32)


def train(
    trials: Trials, *, method: str, passes: int
) -> Generator[Progress | dict[str, Any], None, tuple[dict[str, Any], Floats, Floats]]:
    """Train two networks of each seed apart: other starting weights, and another order of the same images.

    Returns
    -------
    tuple
        The held-out loss of the first network as it learned: ``passes`` and a curve; then the weights of
        both, [seeds, 1, size] each.
    """
    one = learner_of(trials, method, trials.start)
    other = learner_of(trials, method, twin_start(trials))
    every, losses, judged = -(-passes // JUDGEMENTS), [], []
    for done in range(passes + 1):
        if done:
            one.read(done - 1)
            other.read(10**6 + done)
        if done % every == 0 or done == passes:
            judged.append(done)
            losses.append(judge(trials, one.weights)[0][:, 0])
            yield {"learned": {"passes": np.array(judged), **paired.curve_of(np.array(losses))}}
        yield Progress("passes before", done, passes)
    return {"passes": np.array(judged), **paired.curve_of(np.array(losses))}, one.weights, other.weights


def judge(trials: Trials, weights: Floats) -> tuple[Floats, Floats]:
    """Return the loss and the accuracy on the held-out images, [seeds, nets] each."""
    y = networks.outputs(trials.network, weights, trials.held_out.images)
    return networks.errors(y, trials.held_out.labels)


# ---- Change, and learn on ----


def change(
    name: str, network: Network, weights: Floats, *, units: NDArray[np.intp], rng: np.random.Generator
) -> Floats:
    """Return one network's weights, [size], with some units (an even number) swapped, turned or scaled."""
    hidden, pairs = network.hidden, units.reshape(-1, 2)
    if name == "scale":
        factors = np.ones(hidden)
        factors[units] = np.exp(rng.uniform(-np.log(SCALES), np.log(SCALES), len(units)))
        incoming, outgoing = np.diag(factors), np.diag(1 / factors)
    else:
        make = changes.rotation_matrix if name == "rotate" else changes.swap_matrix
        incoming = outgoing = make(hidden, pairs)
    return changes.mix(network, weights, incoming, outgoing=outgoing)


def changed_weights(trials: Trials, weights: Floats, *, share: float) -> Floats:
    """Return the weights with which each of `ARMS` learns on, [seeds, arms, size]; units are drawn by chance.

    Each noise moves the weights of the same units as far as its change does.
    """
    hidden = trials.network.hidden
    count = 2 * max(1, round(share * hidden / 2))
    made = np.repeat(weights, len(ARMS), axis=1)
    for index, own in enumerate(weights[:, 0]):
        rng = np.random.default_rng([trials.seed + index, 10**8])
        units = rng.permutation(hidden)[:count]
        for name in CHANGED:
            changed = change(name, trials.network, own, units=units, rng=rng)
            made[index, ARMS.index(name)] = changed
            made[index, ARMS.index(f"{name}_noise")] = changes.equal_noise(
                trials.network, own, changed, units=units, rng=rng
            )
    return made


def retrain(
    trials: Trials, weights: Floats, settings: Settings
) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Change trained networks, [seeds, 1, size], in every way and let all learn on from the same images.

    Returns
    -------
    dict
        ``after``: passes in all when the networks were judged; ``arms``: for each its held-out ``curve``, the
        final ``loss`` and ``accuracy`` of each seed, and how far the change has ``moved`` the weights
        (Euclidean, mean of the seeds).
    """
    changed = changed_weights(trials, weights, share=settings.share)
    moved = np.linalg.norm((changed - weights).astype(np.float64), axis=-1).mean(axis=0)
    learner, losses, after = learner_of(trials, settings.method, changed), [], []
    every = -(-settings.retrain // JUDGEMENTS)
    result: dict[str, Any] = {}
    for done in range(settings.retrain + 1):
        if done:
            learner.read(settings.passes + done)
        if done % every == 0 or done == settings.retrain:
            loss, accuracy = judge(trials, learner.weights)
            losses.append(loss)
            after.append(settings.passes + done)
            result = {"after": np.array(after), "arms": _summaries(np.array(losses), accuracy, moved)}
            yield result
        yield Progress("passes after", done, settings.retrain)
    return result


def _summaries(losses: Floats, accuracy: Floats, moved: Floats) -> dict[str, Any]:
    """Return what the page shows of each arm, of losses [times, seeds, arms]."""
    return {
        name: {
            "curve": paired.curve_of(losses[:, :, index]),
            "loss": losses[-1, :, index],
            "accuracy": accuracy[:, index],
            "moved": float(moved[index]),
        }
        for index, name in enumerate(ARMS)
    }


def differences(arms: Mapping[str, Any], *, looks: int = len(COMPARED)) -> list[dict[str, Any]]:
    """Return the paired differences of the final held-out loss for each of `COMPARED`."""
    return [
        {
            "name": name,
            "against": other,
            "looks": looks,
            **paired.compare(arms[name]["loss"], arms[other]["loss"], looks=looks),
        }
        for name, other in COMPARED
    ]


# ---- Networks that were trained apart ----


def match(network: Network, one: Floats, other: Floats) -> NDArray[np.intp]:
    """Return the order of the other network's units, [hidden], that brings its weights nearest the first's.

    Parameters
    ----------
    one, other
        [size]. With one hidden layer the nearest permutation is an assignment problem, solved exactly.
    """
    first, bias, second, _ = networks.split(network, one.astype(np.float64))
    others = networks.split(network, other.astype(np.float64))
    alike = first @ others.first.T + np.outer(bias, others.bias) + np.outer(second, others.second)
    return assign(-alike)


def between(trials: Trials, one: Floats, other: Floats) -> dict[str, Any]:
    """Measure the held-out loss along the straight line between two networks of each seed, [seeds, 1, size].

    Returns
    -------
    dict
        ``along``: 0 to 1; ``curves``: the held-out loss as the networks are (``apart``), and with the other's
        units ``matched`` to the first's; ``barriers``: of each seed, how far the loss rises above the chord
        between the losses of both ends; ``gain``: their paired difference; ``moved``: the share of units
        that changed place.
    """
    along = np.linspace(0, 1, POINTS)
    orders = np.stack([match(trials.network, a[0], b[0]) for a, b in zip(one, other, strict=True)])
    matched = np.stack(
        [changes.permute(trials.network, b[0], order) for b, order in zip(other, orders, strict=True)]
    )
    curves, barriers = {}, {}
    for name, end in (("apart", other), ("matched", matched[:, None])):
        line = one + along.astype(one.dtype)[:, None] * (end - one)  # [seeds, points, size]
        loss = judge(trials, line)[0].T  # [points, seeds]
        curves[name] = paired.curve_of(loss)
        chord = loss[0] + along[:, None] * (loss[-1] - loss[0])
        barriers[name] = (loss - chord).max(axis=0)
    return {
        "along": along,
        "curves": curves,
        "barriers": barriers,
        "gain": paired.compare(barriers["matched"], barriers["apart"]),
        "moved": float((orders != np.arange(orders.shape[1])).mean()),
    }
