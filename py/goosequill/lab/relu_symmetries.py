"""Changes of a ReLU network's weights: which leave its output as it is, and on how many inputs.

Each change takes weights [..., size] of `networks.Network` and returns new ones. Also a network small enough
to draw, one step of a change at a time, and noise of the same size. Nothing is trained here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.lab import networks
from goosequill.lab.networks import Floats, Network

BASIS = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
"""The article's new basis for a pair of units. It is its own inverse."""
INPUTS = 4000
"""Random inputs on which changes are measured."""
TRIALS = 8
"""How often each change is made, each time to other units."""
EQUAL = 1e-9
"""Outputs in float64 that differ by less, as a share of the largest, count as equal."""


# ---- The changes ----


def join(first: Floats, bias: Floats, second: Floats, offset: Floats) -> Floats:
    """Put weights together that `networks.split` has taken apart."""
    return np.concatenate(
        [first.reshape(*bias.shape[:-1], -1), bias, second, np.asarray(offset)[..., None]], axis=-1
    )


def mix(network: Network, weights: Floats, incoming: Floats, *, outgoing: Floats) -> Floats:
    """Replace the hidden units by weighted sums of them.

    Parameters
    ----------
    weights
        [..., size].
    incoming, outgoing
        [..., hidden, hidden]: row i says how much of each old unit's incoming or outgoing weights the new
        unit i has. Where no unit is cut off at 0, the output stays the same if ``outgoing.T @ incoming`` is
        the identity.
    """
    first, bias, second, offset = networks.split(network, weights)
    return join(
        incoming @ first, (incoming @ bias[..., None])[..., 0], (outgoing @ second[..., None])[..., 0], offset
    ).astype(weights.dtype)


def permute(network: Network, weights: Floats, order: NDArray[np.intp]) -> Floats:
    """Put the hidden units of one network, [size], in another order, [hidden]."""
    first, bias, second, offset = networks.split(network, weights)
    return join(first[order], bias[order], second[order], offset)


def swap_matrix(hidden: int, pairs: NDArray[np.intp]) -> Floats:
    """Return the matrix, [hidden, hidden], that swaps the units of each pair, [pairs, 2]."""
    return _pairs_matrix(hidden, pairs, np.array([[0.0, 1.0], [1.0, 0.0]]))


def rotation_matrix(hidden: int, pairs: NDArray[np.intp]) -> Floats:
    """Return the matrix, [hidden, hidden], that turns each pair of units, [pairs, 2], into `BASIS`."""
    return _pairs_matrix(hidden, pairs, BASIS)


def _pairs_matrix(hidden: int, pairs: NDArray[np.intp], block: Floats) -> Floats:
    matrix = np.eye(hidden)
    for pair in pairs:
        matrix[np.ix_(pair, pair)] = block
    return matrix


def equal_noise(
    network: Network, weights: Floats, changed: Floats, *, units: NDArray[np.intp], rng: np.random.Generator
) -> Floats:
    """Move weights, [size], as far as a change has moved them, but in a random direction.

    Parameters
    ----------
    changed
        [size], the weights after the change.
    units
        The hidden units that the change concerned: only their weights get noise.
    """
    mask = np.zeros(network.size)
    edge, hidden = network.hidden * network.inputs, network.hidden
    for unit in units:
        mask[unit * network.inputs : (unit + 1) * network.inputs] = 1
        mask[[edge + unit, edge + hidden + unit]] = 1
    noise = rng.standard_normal(network.size) * mask
    length = np.linalg.norm((changed - weights).astype(np.float64))
    return np.asarray(weights + noise * (length / np.linalg.norm(noise)), weights.dtype)


# ---- How much an output changes ----


CHANGES: dict[str, str] = {
    "swap": "Swap two units",
    "scale": "Scale a unit by s > 0",
    "rotate": "Change the basis of two units",
    "negative": "Scale a unit by s < 0",
    "half": "Swap only the incoming weights",
}
SYMMETRIES = ("swap", "scale")
"""The changes that leave the output as it is on every input."""


def change_matrices(name: str, hidden: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return how a change mixes incoming and outgoing weights, [hidden, hidden] each, for random units.

    A scaling is by 1/8 to 8, uniform in its logarithm.
    """
    pair = rng.permutation(hidden)[None, :2]
    if name == "rotate":
        matrix = rotation_matrix(hidden, pair)
        return matrix, matrix
    if name in ("swap", "half"):
        matrix = swap_matrix(hidden, pair)
        return matrix, np.eye(hidden) if name == "half" else matrix
    factors = np.ones(hidden)
    factors[pair[0, 0]] = np.exp(rng.uniform(-np.log(8), np.log(8))) * (-1 if name == "negative" else 1)
    return np.diag(factors), np.diag(1 / factors)


def measure(network: Network, weights: Floats, drawn: Floats, *, rng: np.random.Generator) -> list[Any]:
    """Make every change `TRIALS` times and compare the input of the output unit before and after.

    Parameters
    ----------
    weights
        One network, [size].
    drawn
        Inputs of the kind that it has learned, [count, inputs]; `INPUTS` random ones are added to them.

    Returns
    -------
    list of dict
        For each of `CHANGES`: its ``name`` and ``sentence``; ``largest`` change of an output as a share of
        the largest output, in float64 and as ``single`` in float32; the ``share`` of random inputs, and the
        ``drawn`` share of the others, on which nothing changes; whether it ``must`` be all of them. For the
        rotation also the share of random inputs on which both units are ``active`` before and after, and on
        which they are ``silent``.
    """
    linear = replace(network, output="linear")
    x = np.concatenate([rng.standard_normal((INPUTS, network.inputs)), drawn])
    rows = []
    for name, sentence in CHANGES.items():
        matrices = [change_matrices(name, network.hidden, rng) for _ in range(TRIALS)]
        incoming, outgoing = (np.stack(each) for each in zip(*matrices, strict=True))
        double = _differences(linear, weights.astype(np.float64), x, incoming=incoming, outgoing=outgoing)
        single = _differences(linear, weights.astype(np.float32), x, incoming=incoming, outgoing=outgoing)
        kept = double <= EQUAL
        row = {"name": name, "sentence": sentence, "must": name in SYMMETRIES}
        row |= {"largest": double.max(), "single": single.max()}
        row |= {"share": kept[:, :INPUTS].mean(), "drawn": kept[:, INPUTS:].mean()}
        if name == "rotate":
            row |= _both(linear, weights.astype(np.float64), x[:INPUTS], incoming)
        rows.append(row)
    return rows


def _differences(
    network: Network, weights: Floats, x: Floats, *, incoming: Floats, outgoing: Floats
) -> Floats:
    """Return how much outputs change as a share of the largest, [trials, count]."""
    many = np.repeat(weights[None], len(incoming), axis=0)
    changed = mix(network, many, incoming, outgoing=outgoing)
    inputs = x[None].astype(weights.dtype)
    before = networks.outputs(network, weights[None, None], inputs)[0]
    return np.asarray(
        np.abs(networks.outputs(network, changed[None], inputs)[0] - before) / np.abs(before).max()
    )


def _both(network: Network, weights: Floats, x: Floats, turned: Floats) -> dict[str, float]:
    """Return on which shares of the inputs all units of a turned pair are active, or silent, both times."""
    first, bias, _, _ = networks.split(network, weights)
    z = first @ x.T + bias[:, None]  # [hidden, count]
    active, silent = [], []
    for matrix in turned:
        pair = np.flatnonzero(np.abs(matrix - np.eye(len(matrix))).any(axis=1))
        every = np.concatenate([z[pair], (matrix @ z)[pair]])
        active.append((every > 0).all(axis=0).mean())
        silent.append((every < 0).all(axis=0).mean())
    return {"active": float(np.mean(active)), "silent": float(np.mean(silent))}


# ---- A network to draw ----

SMALL = Network(1, 3, "relu", "linear")
REACH = 3.0
"""The drawn network's input goes from -REACH to REACH."""


def small_weights() -> Floats:
    """Return the weights of the network that is drawn: one input, three units."""
    return np.array([1.0, 0.5, -1.0, 0.5, 1.0, 0.3, 1.0, -0.8, 0.6, 0.2])


AMOUNTS = {"swap": 0.0, "scale": 2.0, "rotate": 45.0, "negative": -1.0}
"""The changes of the picture, and how far each goes; see `drawn_steps`."""


def picture() -> dict[str, Any]:
    """Make each of `AMOUNTS` in the drawn network.

    Returns
    -------
    dict
        ``reach``, and ``changes``: the `drawn_steps` of each.
    """
    return {
        "reach": REACH,
        "changes": {name: drawn_steps(name, amount) for name, amount in AMOUNTS.items()},
    }


def drawn_steps(name: str, amount: float) -> list[dict[str, Any]]:
    """Change units 1 and 2 of the drawn network: nothing, then the incoming weights, then the outgoing ones.

    Parameters
    ----------
    amount
        Of a rotation the degrees: 45 give `BASIS`, and 90 a swap. Of a scaling the factor, which is not 0.

    Returns
    -------
    list of dict
        The weights ``first`` [units], ``bias``, ``second`` and ``offset``, the output ``y`` at its corners
        ``x``, ``kept``: the intervals of the input on which the output is the one before any change, and
        ``share``: their part of the whole range.
    """
    eye, pair = np.eye(SMALL.hidden), np.array([[0, 1]])
    if name == "swap":
        incoming = outgoing = swap_matrix(SMALL.hidden, pair)
    elif name == "rotate":
        cosine, sine = np.cos(np.radians(amount)), np.sin(np.radians(amount))
        block = np.array([[cosine, sine], [sine, -cosine]])
        incoming = outgoing = _pairs_matrix(SMALL.hidden, pair, block)
    else:
        incoming, outgoing = np.diag([amount, 1, 1]), np.diag([1 / amount, 1, 1])
    start = small_weights()
    return [
        _step(mix(SMALL, start, one, outgoing=other), start)
        for one, other in ((eye, eye), (incoming, eye), (incoming, outgoing))
    ]


def _step(weights: Floats, start: Floats) -> dict[str, Any]:
    first, bias, second, offset = networks.split(SMALL, weights)
    x = _corners(weights)
    kept = _kept(weights, start)
    return {
        "first": first[:, 0].round(4),
        "bias": bias.round(4),
        "second": second.round(4),
        "offset": float(offset),
        "x": x.round(4),
        "y": _answers(weights, x).round(4),
        "kept": kept,
        "share": sum(high - low for low, high in kept) / (2 * REACH),
    }


def _answers(weights: Floats, x: Floats) -> Floats:
    return np.asarray(networks.outputs(SMALL, weights[None, None], x[None, :, None])[0, 0])


def _corners(*several: Floats) -> Floats:
    """Return where the outputs of small networks may bend, with both ends of the range."""
    found = [np.array([-REACH, REACH])]
    for weights in several:
        first, bias, _, _ = networks.split(SMALL, weights)
        bends = [-b / w for w, b in zip(first[:, 0], bias, strict=True) if w]
        found.append(np.array([bend for bend in bends if abs(bend) < REACH]))
    return np.unique(np.concatenate(found).round(9))


def _kept(one: Floats, other: Floats) -> list[list[float]]:
    """Return the intervals on which two small networks answer the same; between corners both are straight."""
    corners = _corners(one, other)
    kept: list[list[float]] = []
    for low, high in pairwise(corners):
        inside = np.linspace(low, high, 3)
        if np.abs(_answers(one, inside) - _answers(other, inside)).max() > 1e-6:
            continue
        if kept and kept[-1][1] == low:
            kept[-1][1] = float(high)
        else:
            kept.append([float(low), float(high)])
    return kept
