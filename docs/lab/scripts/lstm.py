"""An LSTM that learns to add two marked numbers, with back-propagation through time, in numpy alone."""

import numpy as np

INPUTS, UNITS, STEPS, BATCH = 2, 10, 16, 24


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def split(weights, units):
    """W [inputs, 4 units], R [units, 4 units] and b of i, f, o and g; then the read-out v and c."""
    ends = np.cumsum([4 * units * INPUTS, 4 * units * units, 4 * units, units])
    w, r, b, v, c = np.split(weights, ends)
    return w.reshape(INPUTS, -1), r.reshape(units, -1), b, v, c


def gradient(weights, x, wanted, units=UNITS):
    """The mean squared error of the last answer, and its gradient. x is [steps, batch, inputs]."""
    w, r, b, v, c = split(weights, units)
    h, cell, kept = np.zeros((x.shape[1], units)), np.zeros((x.shape[1], units)), []
    for row in x:
        i, f, o, g = np.split(row @ w + h @ r + b, 4, axis=1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        kept.append((row, h, cell, i, f, o, g))
        cell = f * cell + i * g
        h = o * np.tanh(cell)
    error = h @ v + c - wanted
    to_y = 2 * error / len(error)
    to_w, to_r, to_b = np.zeros_like(w), np.zeros_like(r), np.zeros_like(b)
    to_h, to_cell, last = to_y[:, None] * v, 0, h
    for row, h, before, i, f, o, g in reversed(kept):
        bounded = np.tanh(f * before + i * g)
        to_cell = to_cell + to_h * o * (1 - bounded**2)
        slopes = to_cell * g * i * (1 - i), to_cell * before * f * (1 - f), to_h * bounded * o * (1 - o)
        to_z = np.hstack([*slopes, to_cell * i * (1 - g**2)])
        to_w, to_r, to_b = to_w + row.T @ to_z, to_r + h.T @ to_z, to_b + to_z.sum(axis=0)
        to_h, to_cell = to_z @ r.T, to_cell * f
    parts = [to_w.ravel(), to_r.ravel(), to_b, last.T @ to_y, [to_y.sum()]]
    return np.mean(error**2), np.concatenate(parts)


def examples(rng, count):
    """Numbers from 0 to 1, a mark in each half, and the sum of the two marked numbers."""
    x = np.zeros((STEPS, count, 2))
    x[:, :, 0] = rng.random((STEPS, count))
    for start in (0, STEPS // 2):
        x[rng.integers(start, start + STEPS // 2, count), np.arange(count), 1] = 1
    return x, (x[:, :, 0] * x[:, :, 1]).sum(axis=0)


rng = np.random.default_rng(0)
weights = rng.standard_normal(4 * UNITS * (INPUTS + UNITS + 1) + UNITS + 1) / np.sqrt(UNITS)
split(weights, UNITS)[2][:] = np.repeat([0, 1, 0, 0], UNITS)  # the forget gate starts open
mean, square = np.zeros_like(weights), np.zeros_like(weights)
for step in range(1, 601):  # Adam
    value, slope = gradient(weights, *examples(rng, BATCH))
    slope /= max(1, np.linalg.norm(slope))
    mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
    weights -= 0.01 * mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
print(f"squared error {gradient(weights, *examples(rng, 500))[0]:.4f}; always answering 1: {1 / 6:.4f}")

x, wanted = examples(rng, 4)
change = 1e-6 * rng.standard_normal(len(weights))
numeric = gradient(weights + change, x, wanted)[0] - gradient(weights - change, x, wanted)[0]
exact = 2 * gradient(weights, x, wanted)[1] @ change
print(f"gradient: exact {exact:.6e}, by differences {numeric:.6e}")
kept = sigmoid(30.0) ** 1000  # a latch: the forget gate's bias is 30, the input gate is closed
print(f"latch: after 1,000 steps {kept:.9f} of a bit is left; untrained: {sigmoid(0.0) ** 1000:.1e}")
