"""The second-order rule on drawings of cats and other things, with numpy alone.

Repeats the page's run for SGD and the rule, at the learning rate and the pass that its validation drawings
chose for both. Then it shows that the rule's term is not a gradient, and that it makes answers confident
without any label. It imports drawings.py, which needs only numpy too: save it beside this script.
"""

import numpy as np
from drawings import PIXELS, draw

UNITS, SEEDS, IMAGES, BATCH, PASSES, RATE, B = 8, 10, 200, 20, 28, 4, 3


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


def step(weights, x, t, a, b):
    gradient, term = derivatives(weights, x, t)
    return [w - a * g - b * s for w, g, s in zip(weights, gradient, term, strict=True)]


def train(weights, x, t, b, seed):
    for done in range(PASSES):
        order = np.random.default_rng([seed, 1 + done]).permutation(len(x))
        for chosen in order.reshape(-1, BATCH):
            weights = step(weights, x[chosen], t[chosen], RATE, b)
    return weights


losses = []
for seed in range(SEEDS):
    rng = np.random.default_rng([seed, 0])
    images, labels, _ = draw(IMAGES + 200 + 400, rng, noise=0.1)  # to learn from, to choose by, to judge by
    weights = start(rng)
    x, t, held, wanted = images[:IMAGES], labels[:IMAGES], images[-400:], labels[-400:]
    trained = [train(weights, x, t, b, seed) for b in (0, B)]
    losses.append([0.5 * np.mean((answer(each, held)[1] - wanted) ** 2) for each in trained])
sgd, rule = np.mean(losses, axis=0)
print(f"held-out loss of SGD {sgd:.4f}, of the rule {rule:.4f}: {rule - sgd:+.4f}")

ends = np.cumsum([part.size for part in weights])[:-1]


def flat(parts):
    return np.concatenate([part.ravel() for part in parts])


def term(w):
    W, bias, v, c = np.split(w, ends)
    return flat(derivatives((W.reshape(UNITS, PIXELS), bias, v, c), x[:20], t[:20])[1])


w, some = flat(trained[0]), np.arange(0, ends[0], 9)  # every ninth weight of the first layer
change = 1e-4 * np.eye(len(w))[some]
jacobian = np.array([term(w + e)[some] - term(w - e)[some] for e in change]) / 2e-4
print(f"asymmetry of the Jacobian: {np.linalg.norm(jacobian - jacobian.T) / np.linalg.norm(jacobian):.3f}")

early, sure = [step(weights, x, t, RATE, 0)] * 2
for _ in range(300):
    sure = step(sure, x, t, 0, B)
y, last = answer(early, held)[1], answer(sure, held)[1]
for name, chosen in (("right", (y > 0.5) == (wanted == 1)), ("wrong", (y > 0.5) != (wanted == 1))):
    before, after = (np.maximum(each, 1 - each)[chosen].mean() for each in (y, last))
    print(f"confidence of {name} answers, by the rule's term alone: {before:.2f} -> {after:.2f}")
