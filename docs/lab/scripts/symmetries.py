"""The symmetries of a ReLU network, with numpy alone.

Changes the hidden units of a random network and prints how far its output moves. Then it trains pairs of
networks apart, matches their units, and prints the loss halfway between them, before and after.
"""

from itertools import permutations

import numpy as np

INPUTS, UNITS, SEEDS = 20, 6, 10


def start(rng):
    """Weights: W with the biases as its last column, then v with its bias as the last number."""
    W, v = rng.standard_normal((UNITS, INPUTS + 1)) / INPUTS**0.5, rng.standard_normal(UNITS + 1) / UNITS**0.5
    W[:, -1] = v[-1] = 0
    return W, v


def ones(x):
    return np.hstack([x, np.ones((len(x), 1))])


def answer(W, v, x):
    h = np.maximum(ones(x) @ W.T, 0)
    return h, ones(h) @ v


def change(W, v, incoming, outgoing):
    """Make each unit a mixture of the old ones: rows of `incoming` for W, rows of `outgoing` for v."""
    return incoming @ W, np.append(outgoing @ v[:-1], v[-1])


def pair(block):
    matrix = np.eye(UNITS)
    matrix[:2, :2] = block
    return matrix


rng = np.random.default_rng(0)
(W, v), x = start(rng), rng.standard_normal((20_000, INPUTS))
swap, turn = pair([[0, 1], [1, 0]]), pair(np.array([[1, 1], [1, -1]]) / 2**0.5)
changes = {
    "swap": (swap, swap),
    "scale by 3": (pair([[3, 0], [0, 1]]), pair([[1 / 3, 0], [0, 1]])),
    "change of basis": (turn, turn),
    "scale by -1": (pair([[-1, 0], [0, 1]]), pair([[-1, 0], [0, 1]])),
}
shares = {}
for name, (incoming, outgoing) in changes.items():
    moved = np.abs(answer(*change(W, v, incoming, outgoing), x)[1] - answer(W, v, x)[1])
    shares[name] = np.mean(moved < 1e-9)
    print(f"{name}: largest change {moved.max():.1e}, none on {shares[name]:.1%} of the inputs")
z = ones(x) @ W[:2].T
active = np.all((z > 0) & (z @ turn[:2, :2] > 0), axis=1).mean()
print(f"both units active before and after the change of basis: {active:.1%}")


def train(W, v, x, t, rate=0.1, steps=3000):
    for _ in range(steps):
        h, y = answer(W, v, x)
        to_y = (y - t) / len(x)
        to_z = np.outer(to_y, v[:-1]) * (h > 0)
        W, v = W - rate * to_z.T @ ones(x), v - rate * to_y @ ones(h)
    return W, v


def loss(W, v, x, t):
    return 0.5 * np.mean((answer(W, v, x)[1] - t) ** 2)


halfway = []
for seed in range(SEEDS):
    rng = np.random.default_rng(seed)
    x, teacher = rng.standard_normal((400, INPUTS)), start(rng)
    t = answer(*teacher, x)[1]
    (W, v), (W2, v2) = (train(*start(rng), x, t) for _ in range(2))
    alike = W @ W2.T + np.outer(v[:-1], v2[:-1])
    best = max(permutations(range(UNITS)), key=lambda order: alike[range(UNITS), order].sum())
    order = np.array([*best, UNITS])
    ends = (W2, v2), (W2[order[:-1]], v2[order])
    halfway.append([loss((W + W3) / 2, (v + v3) / 2, x, t) for W3, v3 in ends])
apart, matched = np.mean(halfway, axis=0)
print(f"loss halfway between two networks: {apart:.4f}, with matched units {matched:.4f}")
