"""Each operation again, as float64 loops over single numbers, written from the formulas.

Slow and obvious on purpose: every kernel is compared with this.
"""

from math import erf, exp, sqrt, tanh
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z)) if z > -700 else 0.0


ACTIVATIONS = {
    "sigmoid": sigmoid,
    "silu": lambda z: z * sigmoid(z),
    "tanh": tanh,
    "relu_squared": lambda z: z * z if z > 0 else 0.0,
    "decay6": lambda z: exp(-exp(z)),
    "decay7": lambda z: exp(-exp(-0.5) * sigmoid(z)),
    "gelu": lambda z: z * (1 + erf(z / sqrt(2))) / 2,
}


def product(matrix: Array, x: Array, bias: Array | None = None, activation: str | None = None) -> Array:
    out = np.zeros((len(x), len(matrix)))
    for t in range(len(x)):
        for i in range(len(matrix)):
            z = sum(float(w) * float(a) for w, a in zip(matrix[i], x[t], strict=True))
            z += float(bias[i]) if bias is not None else 0.0
            out[t, i] = z if activation is None else ACTIVATIONS[activation](z)
    return out


def group_norm(x: Array, weight: Array, bias: Array, heads: int, eps: float) -> Array:
    out = np.zeros(x.shape)
    size = x.shape[1] // heads
    for t in range(len(x)):
        for head in range(heads):
            part = [float(value) for value in x[t, head * size : (head + 1) * size]]
            mean = sum(part) / size
            variance = sum((value - mean) ** 2 for value in part) / size
            for j, value in enumerate(part):
                c = head * size + j
                out[t, c] = (value - mean) / sqrt(variance + eps) * float(weight[c]) + float(bias[c])
    return out


def shift(x: Array, previous: Array) -> Array:
    return np.array([previous if t == 0 else x[t - 1] for t in range(len(x))], np.float64)


def mix(x: Array, previous: Array, weights: Array) -> list[Array]:
    before = shift(x, previous)
    x, weights = x.astype(np.float64), weights.astype(np.float64)
    return [(1 - weight) * x + weight * before for weight in weights]


def wkv4(k: Array, v: Array, decay: Array, bonus: Array, state: Array | None = None) -> Array:
    """The weighted average in full: every earlier value has the weight exp(age x decay + its key).

    An initial state [3, C] counts as a value before the first, divided by the state's denominator.
    """
    out = np.zeros(k.shape)
    before = np.array([0, 0, -1e30])[:, None].repeat(k.shape[1], 1) if state is None else state
    for c in range(k.shape[1]):
        for t in range(len(k)):
            logs = [float(decay[c]) * (t - 1 - i) + float(k[i, c]) for i in range(t)]
            logs.append(float(bonus[c]) + float(k[t, c]))
            first = float(before[2, c]) + t * float(decay[c])
            top = max(*logs, first)
            shares = [exp(log - top) for log in logs]
            weighted = sum(share * float(v[i, c]) for i, share in enumerate(shares))
            above, below = (exp(first - top) * float(before[row, c]) for row in (0, 1))
            out[t, c] = (weighted + above) / (sum(shares) + below)
    return out


def wkv5(r: Array, k: Array, v: Array, decay: Array, bonus: Array, state: Array) -> tuple[Array, Array]:
    """Return the outputs and the state after the last token; `decay` is [T, H S] here."""
    s, out = state.astype(np.float64), np.zeros(r.shape)
    heads, size, _ = s.shape
    for t in range(len(r)):
        for h in range(heads):
            for j in range(size):
                for i in range(size):
                    c, d = h * size + i, h * size + j
                    kv = float(k[t, c]) * float(v[t, d])
                    out[t, d] += float(r[t, c]) * (float(bonus[c]) * kv + s[h, i, j])
                    s[h, i, j] = kv + float(decay[t, c]) * s[h, i, j]
    return out, s


def delta_keys(k: Array, a: Array, removal: Array, replacement: Array, heads: int) -> tuple[Array, Array]:
    k, a = k.astype(np.float64), a.astype(np.float64)
    unit = k * removal
    size = k.shape[1] // heads
    for t in range(len(k)):
        for h in range(heads):
            part = unit[t, h * size : (h + 1) * size]
            part /= max(sqrt(sum(value * value for value in part)), 1e-12)
    return unit, k * (1 + (a - 1) * replacement)


def wkv7(
    r: Array, decay: Array, k: Array, v: Array, removal: Array, a: Array, state: Array
) -> tuple[Array, Array]:
    """Return the outputs and the state after the last token."""
    s, out = state.astype(np.float64), np.zeros(r.shape)
    heads, size, _ = s.shape
    for t in range(len(r)):
        for h in range(heads):
            at = slice(h * size, (h + 1) * size)
            q, w, x, u, g, rate = (z[t, at].astype(np.float64) for z in (r, decay, k, v, removal, a))
            s[h] = s[h] @ (np.diag(w) - np.outer(g, g * rate)) + np.outer(u, x)
            out[t, at] = s[h] @ q
    return out, s


def deep_embed(x: Array, rows: Array, base: Array) -> Array:
    steps, size = x.shape
    columns = base.shape[1] // size
    out = np.zeros((steps, columns))
    for t in range(steps):
        for d in range(size):
            for e in range(columns):
                weight = float(rows[t, d * columns + e]) + float(base[t, d * columns + e])
                out[t, e] += float(x[t, d]) * weight
    return out


def head_bonus(r: Array, k: Array, v: Array, weight: Array, heads: int) -> Array:
    out = np.zeros(r.shape)
    size = r.shape[1] // heads
    for t in range(len(r)):
        for h in range(heads):
            at = slice(h * size, (h + 1) * size)
            strength = sum(
                float(p) * float(q) * float(w) for p, q, w in zip(r[t, at], k[t, at], weight[at], strict=True)
            )
            out[t, at] = strength * v[t, at].astype(np.float64)
    return out
