"""The second-order rule on a small tanh network, with numpy alone.

Trains pairs of networks, with and without the rule, on noisy waves of two kinds instead of drawings. Then it
shows that the rule's term is not a gradient, and that it makes answers confident without any label.
"""

import numpy as np

PIXELS, UNITS, SEEDS = 24, 6, 10


def waves(rng, count):
    """Images of one or of two waves with noise, [count, PIXELS], and labels: 1 for two waves."""
    t = (rng.random(count) < 0.5).astype(float)
    angle = np.linspace(0, 2 * np.pi, PIXELS) * (1 + t[:, None]) + rng.uniform(0, 2, (count, 1))
    return np.sin(angle) + rng.standard_normal((count, PIXELS)), t


def start(rng):
    W = rng.standard_normal((UNITS, PIXELS)) / np.sqrt(PIXELS)
    return W, np.zeros(UNITS), rng.standard_normal(UNITS) / np.sqrt(UNITS), np.zeros(1)


def answer(weights, x):
    W, bias, v, c = weights
    h = np.tanh(x @ W.T + bias)  # [count, UNITS]
    return h, 1 / (1 + np.exp(-(h @ v + c)))


def derivatives(weights, x, t):
    """Return dE/dw, and the mean of (dy/dw)(d2y/dw2), each for W, bias, v and c."""
    v, (h, y) = weights[2], answer(weights, x)
    first, second = y * (1 - y), y * (1 - y) * (1 - 2 * y)  # of the sigmoid
    slope, bend = 1 - h * h, -2 * h * (1 - h * h)  # of tanh
    count = len(x)
    to_a = (y - t) * first / count
    to_z = to_a[:, None] * v * slope
    gradient = to_z.T @ x, to_z.sum(0), to_a @ h, to_a.sum(keepdims=True)
    a = v * slope  # da/dz
    q = first[:, None] * a * (second[:, None] * a * a + first[:, None] * v * bend) / count
    r = first * second / count
    return gradient, (q.T @ x**3, q.sum(0), r @ h**3, r.sum(keepdims=True))


def train(weights, x, t, a, b, steps=400):
    for _ in range(steps):
        gradient, term = derivatives(weights, x, t)
        weights = [w - a * g - b * s for w, g, s in zip(weights, gradient, term, strict=True)]
    return weights


def flat(parts):
    return np.concatenate([part.ravel() for part in parts])


differences = []
for seed in range(SEEDS):
    rng = np.random.default_rng(seed)
    weights, (x, t), (held, wanted) = start(rng), waves(rng, 100), waves(rng, 1000)
    plain, ruled = train(weights, x, t, a=3, b=0), train(weights, x, t, a=3, b=3)
    losses = [0.5 * np.mean((answer(each, held)[1] - wanted) ** 2) for each in (ruled, plain)]
    differences.append(losses[0] - losses[1])
half = 2.262 * np.std(differences, ddof=1) / np.sqrt(SEEDS)  # Student's t for 9 degrees of freedom
print(f"held-out loss, rule minus SGD: {np.mean(differences):+.4f} +- {half:.4f}")

ends, w = np.cumsum([part.size for part in weights])[:-1], flat(weights)


def term(w):
    W, bias, v, c = np.split(w, ends)
    return flat(derivatives((W.reshape(UNITS, PIXELS), bias, v, c), x, t)[1])


jacobian = np.array([term(w + 1e-5 * e) - term(w - 1e-5 * e) for e in np.eye(len(w))]) / 2e-5
print(f"asymmetry of the Jacobian: {np.linalg.norm(jacobian - jacobian.T) / np.linalg.norm(jacobian):.3f}")

y = answer(weights, held)[1]
sure = answer(train(weights, x, t, a=0, b=1), held)[1]
for name, chosen in (("right", (y > 0.5) == (wanted == 1)), ("wrong", (y > 0.5) != (wanted == 1))):
    before, after = (np.maximum(each, 1 - each)[chosen].mean() for each in (y, sure))
    print(f"confidence of {name} answers, untrained, by the rule alone: {before:.2f} -> {after:.2f}")
