"""Recurrent cells with exact back-propagation through time: plain, LSTM, and RWKV-7's delta rule.

Every cell computes z_t = x_t W + h_{t-1} R + b, and differs in what it makes of z: a state and its output h.
Weights are one flat vector; arrays have the axes [steps, batch, units]. There is also a linear read-out with
its losses. Nothing here updates weights: see `optimizers`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.lab.products import product

Floats = NDArray[Any]
"""float64 or float32: results have the type of the weights and inputs."""

SLOWEST = float(np.exp(-0.5))
"""RWKV-7's channels decay by at most exp(-SLOWEST) = 0.545 a step (arXiv:2503.14456)."""
TINY = 1e-12


class Run(NamedTuple):
    """What a forward pass computes."""

    h: Floats  # [steps + 1, batch, hidden], the first before the first step
    kept: list[tuple[Floats, ...]]  # of each step, for the way back; see the cells
    memory: Any  # the state after the last step


class Cell:
    """The plain recurrent network, h = tanh(z) (Elman 1990), and what all cells have in common.

    A vector of weights is W [inputs, columns], R [hidden, columns] and b [columns], row by row.
    """

    blocks: tuple[str, ...] = ("h",)
    """The meaning of the columns of z, ``hidden`` for each."""

    def __init__(self, inputs: int, hidden: int) -> None:
        self.inputs, self.hidden = inputs, hidden
        self.columns = len(self.blocks) * hidden

    @property
    def size(self) -> int:
        """The number of weights."""
        return (self.inputs + self.hidden + 1) * self.columns

    def split(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return W, R and b as views of a vector of weights."""
        first, second = self.inputs * self.columns, (self.inputs + self.hidden) * self.columns
        return (
            weights[:first].reshape(self.inputs, self.columns),
            weights[first:second].reshape(self.hidden, self.columns),
            weights[second:],
        )

    def start(self, rng: np.random.Generator, *, biases: dict[str, float] | None = None) -> Floats:
        """Draw weights, [size]: normal, variance 1 / hidden; biases 0, or those given by the block."""
        weights: Floats = rng.standard_normal(self.size) / np.sqrt(self.hidden)
        bias = self.split(weights)[2].reshape(len(self.blocks), self.hidden)
        bias[:] = 0
        for name, value in (biases or {}).items():
            bias[self.blocks.index(name)] = value
        return weights

    def forward(self, weights: Floats, x: Floats, *, h: Floats | None = None, memory: Any = None) -> Run:
        """Read sequences x, [steps, batch, inputs], from the state before the first step (zeros if None)."""
        w, r, b = self.split(weights)
        steps, batch = x.shape[:2]
        z = product(x.reshape(steps * batch, -1), w).reshape(steps, batch, -1) + b
        states, kept = np.zeros((steps + 1, batch, self.hidden), z.dtype), []
        if h is not None:
            states[0] = h
        memory = self.empty(batch, z.dtype) if memory is None else memory
        for step in range(steps):
            row = z[step] + product(states[step], r)
            states[step + 1], memory, part = self.step(row, memory)
            kept.append(part)
        return Run(states, kept, memory)

    def backward(self, weights: Floats, x: Floats, run: Run, slope: Floats) -> Floats:
        """Return the gradient, [size], of a loss whose derivatives by h are ``slope``, [steps, batch,
        hidden]."""
        r = self.split(weights)[1]
        steps, batch = x.shape[:2]
        back = np.ascontiguousarray(r.T)
        to_z = np.empty((steps, batch, self.columns), slope.dtype)
        to_h, to_memory = np.zeros_like(slope[0]), self.empty(batch, slope.dtype)
        for step in reversed(range(steps)):
            to_z[step], to_memory = self.step_back(slope[step] + to_h, to_memory, run.kept[step])
            to_h = product(to_z[step], back)
        flat = to_z.reshape(steps * batch, self.columns)
        read, before = x.reshape(steps * batch, -1), run.h[:-1].reshape(steps * batch, -1)
        parts = product(read.T, flat), product(before.T, flat), flat.sum(axis=0)
        return np.concatenate([part.ravel() for part in parts])

    def empty(self, batch: int, dtype: Any) -> Floats:
        """Return the memory before the first step."""
        return np.zeros((batch, 0), dtype)

    def step(self, z: Floats, memory: Floats) -> tuple[Floats, Floats, tuple[Floats, ...]]:
        """Return h, the new memory, and what `step_back` needs."""
        h = np.tanh(z)
        return h, memory, (h,)

    def step_back(self, to_h: Floats, to_memory: Floats, kept: tuple[Floats, ...]) -> tuple[Floats, Floats]:
        """Return the derivatives by z and by the memory before the step, from those after it."""
        (h,) = kept
        return to_h * (1 - h * h), to_memory


class Lstm(Cell):
    """Long short-term memory: c = f c + i g, h = o tanh(c), with a forget gate (Gers et al. 2000)."""

    blocks = ("i", "f", "o", "g")

    def empty(self, batch: int, dtype: Any) -> Floats:
        return np.zeros((batch, self.hidden), dtype)

    def step(self, z: Floats, memory: Floats) -> tuple[Floats, Floats, tuple[Floats, ...]]:
        """The memory is c, [batch, hidden]; kept are i, f and o side by side, g, c before, and tanh(c)."""
        gates = sigmoid(z[:, : 3 * self.hidden])
        g = np.tanh(z[:, 3 * self.hidden :])
        i, f, o = self.three(gates)
        c = f * memory + i * g
        bounded = np.tanh(c)
        return o * bounded, c, (gates, g, memory, bounded)

    def step_back(self, to_h: Floats, to_memory: Floats, kept: tuple[Floats, ...]) -> tuple[Floats, Floats]:
        gates, g, before, bounded = kept
        i, f, o = self.three(gates)
        to_c = to_memory + to_h * o * (1 - bounded * bounded)
        to_gates = np.concatenate([to_c * g, to_c * before, to_h * bounded], axis=1)
        to_g = to_c * i * (1 - g * g)
        return np.concatenate([to_gates * gates * (1 - gates), to_g], axis=1), to_c * f

    def three(self, gates: Floats) -> tuple[Floats, Floats, Floats]:
        """Take the gates i, f and o apart."""
        size = self.hidden
        return gates[:, :size], gates[:, size : 2 * size], gates[:, 2 * size :]


class Delta(Cell):
    """The delta rule of RWKV-7 (arXiv:2503.14456), one head: S = S diag(w) - (S kk)(a kk)^T + v (a k)^T.

    The memory S, [batch, hidden, hidden], is a table from keys to values; kk is k with length 1, w =
    exp(-SLOWEST sigmoid(.)) how much each channel keeps, a how much of a key's old value is replaced. The
    output is h = tanh(S r). Differs from RWKV-7, which stacks layers that read only the layer below: here z
    also reads the last h, so that one layer can count; the scales of the keys are 1, and a tanh replaces
    group norm, bonus, output gate and channel mixing.
    """

    blocks = ("r", "k", "v", "w", "a")

    def empty(self, batch: int, dtype: Any) -> Floats:
        return np.zeros((batch, self.hidden, self.hidden), dtype)

    def step(self, z: Floats, memory: Floats) -> tuple[Floats, Floats, tuple[Floats, ...]]:
        size = self.hidden
        r, k, v = z[:, :size], z[:, size : 2 * size], z[:, 2 * size : 3 * size]
        gates = sigmoid(z[:, 3 * size :])
        w, a = np.exp(-SLOWEST * gates[:, :size]), gates[:, size:]
        length = np.maximum(np.sqrt((k * k).sum(axis=1, keepdims=True)), TINY)
        kk = k / length
        old = apply(memory, kk)  # the value that the table has for this key
        s = memory * w[:, None, :] - outer(old, kk * a) + outer(v, k * a)
        h = np.tanh(apply(s, r))
        return h, s, (r, k, v, gates, w, kk, length, old, memory, s, h)

    def step_back(self, to_h: Floats, to_memory: Floats, kept: tuple[Floats, ...]) -> tuple[Floats, Floats]:
        r, k, v, gates, w, kk, length, old, before, s, h = kept
        a = gates[:, self.hidden :]
        to_y = to_h * (1 - h * h)
        to_s = to_memory + outer(to_y, r)
        to_old, to_removed = -apply(to_s, kk * a), -apply_back(to_s, old)
        to_written = apply_back(to_s, v)
        to_kk = to_removed * a + apply_back(before, to_old)
        to_k = to_written * a + (to_kk - kk * (kk * to_kk).sum(axis=1, keepdims=True)) / length
        to_w = -SLOWEST * w * np.einsum("bij,bij->bj", to_s, before)
        to_gates = np.concatenate([to_w, to_removed * kk + to_written * k], axis=1) * gates * (1 - gates)
        to_z = np.concatenate([apply_back(s, to_y), to_k, apply(to_s, k * a), to_gates], axis=1)
        return to_z, to_s * w[:, None, :] + outer(to_old, kk)


CELLS: dict[str, type[Cell]] = {"lstm": Lstm, "rnn": Cell, "delta": Delta}


def sigmoid(z: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * z))


def outer(one: Floats, other: Floats) -> Floats:
    """[batch, m], [batch, n] -> [batch, m, n]."""
    return one[:, :, None] * other[:, None, :]


def apply(matrices: Floats, vectors: Floats) -> Floats:
    """[batch, m, n] @ [batch, n] -> [batch, m]."""
    return np.asarray(np.einsum("bij,bj->bi", matrices, vectors))


def apply_back(matrices: Floats, vectors: Floats) -> Floats:
    """The same with the matrices transposed, [batch, m, n], [batch, m] -> [batch, n]."""
    return np.asarray(np.einsum("bij,bi->bj", matrices, vectors))


# ---- The read-out, y = h V + c, and its losses ----


class RecurrentNetwork:
    """A cell with a linear read-out; a vector of weights is the cell's, V [hidden, outputs] and c."""

    def __init__(self, cell: Cell, outputs: int) -> None:
        self.cell, self.outputs = cell, outputs

    @property
    def size(self) -> int:
        """The number of weights."""
        return self.cell.size + (self.cell.hidden + 1) * self.outputs

    def start(self, rng: np.random.Generator, *, biases: dict[str, float] | None = None) -> Floats:
        """Draw weights as `Cell.start` does; those of the read-out have variance 1 / hidden."""
        out = rng.standard_normal((self.cell.hidden + 1) * self.outputs) / np.sqrt(self.cell.hidden)
        out[-self.outputs :] = 0
        return np.concatenate([self.cell.start(rng, biases=biases), out])

    def split(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the cell's weights, V and c, as views."""
        cell, out = weights[: self.cell.size], weights[self.cell.size :]
        return cell, out[: -self.outputs].reshape(self.cell.hidden, self.outputs), out[-self.outputs :]

    def answers(self, weights: Floats, h: Floats) -> Floats:
        """Return y of some outputs of the cell, [steps, batch, hidden] -> [steps, batch, outputs]."""
        _, v, c = self.split(weights)
        flat = product(h.reshape(-1, self.cell.hidden), v) + c
        return flat.reshape(*h.shape[:2], self.outputs)

    def gradient(self, weights: Floats, x: Floats, targets: Floats) -> tuple[float, Floats]:
        """Return the loss of sequences and its gradient, [size].

        Parameters
        ----------
        x
            [steps, batch, inputs].
        targets
            For the last steps of the sequences, as for `loss`.
        """
        cell, v, _ = self.split(weights)
        run = self.cell.forward(cell, x)
        read = run.h[len(run.h) - len(targets) :]
        value, to_y = loss(self.answers(weights, read), targets)
        flat, seen = to_y.reshape(-1, self.outputs), read.reshape(-1, self.cell.hidden)
        slope = np.zeros_like(run.h[1:])
        slope[len(slope) - len(targets) :] = product(flat, np.ascontiguousarray(v.T)).reshape(read.shape)
        to_cell = self.cell.backward(cell, x, run, slope)
        return value, np.concatenate([to_cell, product(seen.T, flat).ravel(), flat.sum(axis=0)])


def loss(y: Floats, targets: Floats) -> tuple[float, Floats]:
    """Return the mean loss of answers y, [steps, batch, outputs], and its derivatives by y.

    Integer targets, [steps, batch], are classes: cross-entropy in nats. Others, [steps, batch, outputs], are
    numbers: squared error.
    """
    count = y.shape[0] * y.shape[1]
    if targets.dtype.kind == "f":
        error = y - targets
        return float((error * error).sum() / count), 2 * error / count
    shifted = np.exp(y - y.max(axis=2, keepdims=True))
    shares = shifted / shifted.sum(axis=2, keepdims=True)
    chosen = np.take_along_axis(shares, targets[:, :, None], axis=2)
    slope = shares / count
    np.put_along_axis(slope, targets[:, :, None], (chosen - 1) / count, axis=2)
    return float(-np.log(np.maximum(chosen, 1e-30)).mean()), slope
