"""Fit a cumulative distribution and count how often a fit is not one. Needs numpy; draws with matplotlib."""

from itertools import combinations
from math import comb, erf, sqrt

import numpy as np

points, degree, runs = 20, 3, 1000
x = np.linspace(-3, 3, points)
grid = np.linspace(-4, 4, 401)
truth = np.array([0.5 * (1 + erf(value / sqrt(2))) for value in grid])


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def data(seed):
    """Sum a normal density, each value times a number between 0 and 2."""
    density = np.exp(-0.5 * x * x) / sqrt(2 * np.pi)
    noise = 1 + np.random.default_rng(seed).uniform(-1, 1, points)
    return np.cumsum(density * noise) * (x[1] - x[0])


def polynomial(y, linear=sigmoid):
    """(1 - c - d) x' + c x'^2 + d x'^3 by least squares, with x' = sigmoid(x)."""

    def terms(at):
        return sigmoid(at)[:, None] ** np.arange(2, degree + 1) - linear(at)[:, None]

    weights = np.linalg.lstsq(terms(x), y - linear(x), rcond=None)[0]
    return linear(grid) + terms(grid) @ weights


def printed(y):
    """The same with the article's slip: the sigmoid twice in the linear term."""
    return polynomial(y, lambda at: sigmoid(sigmoid(at)))


def steps(at):
    """Functions that rise from 0 to 1: tails of the Bernstein polynomials of x'."""
    t, j = sigmoid(at)[:, None], np.arange(degree + 1)
    basis = [comb(degree, k) for k in j] * t**j * (1 - t) ** (degree - j)
    return basis[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]


def bernstein(y):
    """Mix the steps with weights >= 0 whose sum is 1: try every choice of the weights that are not 0."""
    tried = []
    for count in range(1, degree + 1):
        for used in map(list, combinations(range(degree), count)):
            first, others = steps(x)[:, used[:1]], steps(x)[:, used[1:]]
            rest = np.linalg.lstsq(others - first, y - first[:, 0], rcond=None)[0]
            weights = np.concatenate([[1 - rest.sum()], rest])
            if weights.min() >= 0:
                tried.append((np.sum((steps(x)[:, used] @ weights - y) ** 2), used, weights))
    _, used, weights = min(tried, key=lambda each: each[0])
    return steps(grid)[:, used] @ weights


fits = {"printed": printed, "polynomial": polynomial, "bernstein": bernstein}
for name, fit in fits.items():
    curves = np.array([fit(data(seed)) for seed in range(1, runs + 1)])
    decreases = np.any(np.diff(curves) < -1e-9, axis=1).mean()
    leaves = np.any((curves < -1e-9) | (curves > 1 + 1e-9), axis=1).mean()
    rmse = np.sqrt(np.mean((curves - truth) ** 2, axis=1)).mean()
    print(f"{name:<10}  decreases {decreases:6.1%}  leaves [0, 1] {leaves:6.1%}  RMSE {rmse:.4f}")

try:
    import matplotlib.pyplot as plt
except ImportError:
    print("Install matplotlib to see the curves.")
else:
    plt.plot(x, data(0), "o", grid, truth, "k:", label="truth")
    for name, fit in fits.items():
        plt.plot(grid, fit(data(0)), label=name)
    plt.legend()
    plt.show()
