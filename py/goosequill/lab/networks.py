"""Small networks with one hidden layer, as flat vectors of weights, with exact derivatives.

Many networks are computed at once. Arrays have the axes [sets, nets, ...]: nets of one set read the same
examples. Besides the gradient of the error there are the first and second derivatives of the output by each
weight, and what two rules make of them. Nothing here updates weights: see `optimizers`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
"""float64 or float32: derivatives have the type of the weights and examples."""

UNITS = ("tanh", "sigmoid", "relu")
OUTPUTS = ("sigmoid", "linear")


@dataclass(frozen=True)
class Network:
    """The shape of a network: output = out(v . unit(W x + b) + c).

    A vector of weights is W row by row [hidden * inputs], b [hidden], v [hidden] and c [1].
    """

    inputs: int
    hidden: int
    unit: str = "tanh"
    output: str = "sigmoid"

    @property
    def size(self) -> int:
        """The number of weights."""
        return self.hidden * (self.inputs + 2) + 1

    def start(self, rng: np.random.Generator) -> Floats:
        """Draw weights to start from, [size]: normal, with variance 1 / (number of inputs) per layer."""
        first = rng.standard_normal(self.hidden * self.inputs) / np.sqrt(self.inputs)
        second = rng.standard_normal(self.hidden) / np.sqrt(self.hidden)
        return np.concatenate([first, np.zeros(self.hidden), second, np.zeros(1)])


class Parts(NamedTuple):
    """A vector of weights, taken apart; views of it."""

    first: Floats  # [sets, nets, hidden, inputs]
    bias: Floats  # [sets, nets, hidden]
    second: Floats  # [sets, nets, hidden]
    offset: Floats  # [sets, nets]


class Pass(NamedTuple):
    """What a forward pass computes, with the derivatives of each unit by its own input."""

    hidden: Floats  # [sets, nets, hidden, count], as the next two
    slope: Floats
    bend: Floats
    y: Floats  # [sets, nets, count], as the next two
    y_slope: Floats
    y_bend: Floats


def product(one: Floats, other: Floats) -> Floats:
    """Multiply matrices, [sets, m, k] by [sets, k, n], by the way that is fast here.

    Pyodide's numpy has no optimized BLAS; there einsum is more than ten times as fast for matrices of this
    size.
    """
    if sys.platform == "emscripten":
        return np.asarray(np.einsum("smk,skn->smn", one, other))
    return np.asarray(one @ other)


def split(network: Network, weights: Floats) -> Parts:
    """Take vectors of weights, [sets, nets, size], apart."""
    edge, hidden = network.hidden * network.inputs, network.hidden
    return Parts(
        weights[..., :edge].reshape(*weights.shape[:-1], hidden, network.inputs),
        weights[..., edge : edge + hidden],
        weights[..., edge + hidden : edge + 2 * hidden],
        weights[..., -1],
    )


def activate(kind: str, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a unit's value, and its first and second derivative. ReLU has slope 0 at 0."""
    if kind == "linear":
        return z, np.ones_like(z), np.zeros_like(z)
    if kind == "relu":
        return np.maximum(z, 0), (z > 0).astype(z.dtype), np.zeros_like(z)
    if kind == "tanh":
        value = np.tanh(z)
        slope = 1 - value * value
        return value, slope, -2 * value * slope
    value = 0.5 * (1 + np.tanh(0.5 * z))
    slope = value * (1 - value)
    return value, slope, slope * (1 - 2 * value)


def forward(network: Network, weights: Floats, x: Floats) -> Pass:
    """Compute networks [sets, nets, size] on examples [sets, count, inputs]."""
    parts = split(network, weights)
    sets, nets = weights.shape[:2]
    rows = parts.first.reshape(sets, nets * network.hidden, network.inputs)
    z = product(rows, np.ascontiguousarray(np.swapaxes(x, 1, 2)))  # [sets, nets * hidden, count]
    z = z.reshape(sets, nets, network.hidden, x.shape[1]) + parts.bias[..., None]
    hidden = activate(network.unit, z)
    a = (parts.second[..., None] * hidden[0]).sum(axis=2) + parts.offset[..., None]
    return Pass(*hidden, *activate(network.output, a))


def outputs(network: Network, weights: Floats, x: Floats) -> Floats:
    """Return what networks [sets, nets, size] answer to examples [sets, count, inputs]: [sets, nets,
    count]."""
    return forward(network, weights, x).y


def errors(y: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Return half the mean squared error and the share of correct answers, [sets, nets] each.

    Parameters
    ----------
    y
        [sets, nets, count]; an answer above 0.5 means 1.
    targets
        [sets, count], 0 or 1.
    """
    wanted = targets[:, None, :]
    return 0.5 * np.mean((y - wanted) ** 2, axis=-1), np.mean((y > 0.5) == (wanted > 0.5), axis=-1)


def _assemble(to_z: Floats, to_second: Floats, to_offset: Floats, x: Floats, x_bias: Floats) -> Floats:
    """Put derivatives together in the order of the weights: by the inputs of the hidden units, [sets, nets,
    hidden, count]; by `second` and `offset`. The bias's input is `x_bias`, [sets, count]."""
    sets, nets, hidden, count = to_z.shape
    first = product(to_z.reshape(sets, nets * hidden, count), x).reshape(sets, nets, -1)
    bias = (to_z * x_bias[:, None, None, :]).sum(axis=-1)
    return np.concatenate([first, bias, to_second, to_offset[..., None]], axis=-1)


def gradient(network: Network, weights: Floats, x: Floats, targets: Floats, *, done: Pass) -> Floats:
    """Return the gradient of half the mean squared error, [sets, nets, size], after the pass `done`."""
    to_a = (done.y - targets[:, None, :]) * done.y_slope / x.shape[1]  # [sets, nets, count]
    columns = to_a[:, :, None, :]
    to_z = columns * split(network, weights).second[..., None] * done.slope
    return _assemble(to_z, (columns * done.hidden).sum(-1), to_a.sum(-1), x, np.ones(x.shape[:2], x.dtype))


def rule_term(network: Network, weights: Floats, x: Floats, *, done: Pass) -> Floats:
    """Return the mean over the examples of (dy/dw_i)(d2y/dw_i2) for every weight, [sets, nets, size].

    With a the input of the output unit and z that of a hidden one, dy/dw = y' v h' x for a weight of the
    first layer, and d2y/dw2 = (y'' (v h')^2 + y' v h'') x^2: their product is a factor per unit and example,
    times x^3. No label enters.
    """
    second = split(network, weights).second[..., None]
    first, bend = done.y_slope[:, :, None, :] / x.shape[1], done.y_bend[:, :, None, :]
    to_a = second * done.slope  # da/dz
    to_z = first * to_a * (bend * to_a**2 + done.y_slope[:, :, None, :] * second * done.bend)
    to_second = (first * bend * done.hidden**3).sum(-1)
    to_offset = (first * bend).sum(-1)[..., 0]
    return _assemble(to_z, to_second, to_offset, x**3, np.ones(x.shape[:2], x.dtype))


def penalty_gradient(network: Network, weights: Floats, x: Floats, *, done: Pass) -> Floats:
    """Return the gradient of half the mean of |dy/dw|^2, [sets, nets, size]: all of the Hessian times dy/dw.

    |dy/dw|^2 = y'^2 M with M = (|x|^2 + 1) sum((v h')^2) + sum(h^2) + 1, which is differentiated by hand.
    """
    second = split(network, weights).second[..., None]
    norm = ((x * x).sum(-1) + 1)[:, None, None, :]  # [sets, 1, 1, count]
    slope, bend = done.y_slope[:, :, None, :], done.y_bend[:, :, None, :]
    to_a = second * done.slope
    inner = norm * (to_a**2).sum(2, keepdims=True) + (done.hidden**2).sum(2, keepdims=True) + 1  # M
    by_output = slope * bend * inner / x.shape[1]
    squared = slope**2 / x.shape[1]
    to_z = by_output * to_a + squared * (norm * to_a * second * done.bend + done.hidden * done.slope)
    to_second = (by_output * done.hidden + squared * norm * to_a * done.slope).sum(-1)
    return _assemble(to_z, to_second, by_output.sum(-1)[..., 0], x, np.ones(x.shape[:2], x.dtype))


# ---- One network, every derivative: for checks, not for training ----


def output_derivatives(network: Network, weights: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Return dy/dw [size] and the whole Hessian d2y/dw2 [size, size] of one network at one example [inputs].

    The Hessian is y'' (da/dw)(da/dw)^T + y' d2a/dw2, and d2a/dw2 couples only weights of the same hidden
    unit.
    """
    done = forward(network, weights[None, None], x[None, None])
    hidden, slope, bend = (part[0, 0, :, 0] for part in done[:3])
    parts = Parts(*(part[0, 0] for part in split(network, weights[None, None])))
    inputs = np.append(x, 1.0)
    by_unit = np.outer(parts.second * slope, inputs)  # [hidden, inputs + 1], the bias last
    by_a = np.concatenate([by_unit[:, :-1].ravel(), by_unit[:, -1], hidden, [1.0]])
    curvature = np.zeros((network.size, network.size))
    for unit in range(network.hidden):
        edge = network.hidden * network.inputs
        own = np.append(np.arange(unit * network.inputs, (unit + 1) * network.inputs), edge + unit)
        curvature[np.ix_(own, own)] = parts.second[unit] * bend[unit] * np.outer(inputs, inputs)
        to_second = edge + network.hidden + unit
        curvature[own, to_second] = curvature[to_second, own] = slope[unit] * inputs
    y_slope, y_bend = float(done.y_slope[0, 0, 0]), float(done.y_bend[0, 0, 0])
    return y_slope * by_a, y_bend * np.outer(by_a, by_a) + y_slope * curvature


def differences(function: Any, weights: Floats, *, step: float = 1e-5) -> Floats:
    """Return the derivatives of a function of a vector by central differences, [..., size].

    The error is of the order of ``step ** 2`` times the third derivative, plus rounding over ``step``.
    """
    columns = []
    for index in range(len(weights)):
        change = np.zeros(len(weights))
        change[index] = step
        columns.append((np.asarray(function(weights + change)) - function(weights - change)) / (2 * step))
    return np.stack(columns, axis=-1)
