"""SGD on letters, without and with a hidden layer, with numpy alone.

Give the path of letters-a-j.npz, which the page links to. Prints the accuracy on letters of other font
families as each network learns; if matplotlib is there, it plots them too.
"""

import sys

import numpy as np

BATCH, STEPS = 128, 1000
path = sys.argv[1] if len(sys.argv) > 1 else "letters-a-j.npz"

with np.load(path) as file:
    packed, y, splits = file["letters"], file["labels"].astype(int), file["splits"]
pairs = packed.reshape(-1, 14, 28)  # two pixels a byte: [letter, pair of columns, row]
x = np.stack([pairs >> 4, pairs & 15], axis=-1).transpose(0, 2, 1, 3).reshape(-1, 784) / np.float32(15)

train, test = splits == 0, splits == 2  # no font family is in both
x -= x[train].mean(axis=0)


def layers(sizes, rng):
    """Weights and biases; variance 2 / inputs before ReLU units."""
    scales = [2] * (len(sizes) - 2) + [1]
    return [
        (rng.standard_normal((m, n), np.float32) * np.float32(np.sqrt(gain / m)), np.zeros(n, np.float32))
        for m, n, gain in zip(sizes[:-1], sizes[1:], scales, strict=True)
    ]


def forward(network, x):
    """The input of each layer, then the logits."""
    values = [x]
    for index, (W, b) in enumerate(network):
        z = values[-1] @ W + b
        values.append(np.maximum(z, 0) if index < len(network) - 1 else z)
    return values


def step(network, x, y, rate):
    """One step along the gradient of the mean of -log p(letter), in place."""
    values = forward(network, x)
    p = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
    slope = p / p.sum(axis=1, keepdims=True)
    slope[np.arange(len(y)), y] -= 1
    slope /= len(y)
    for (W, b), inside in zip(network[::-1], values[-2::-1], strict=True):
        by_W, by_b = inside.T @ slope, slope.sum(axis=0)
        slope = (slope @ W.T) * (inside > 0)
        W -= rate * by_W
        b -= rate * by_b


curves = {}
for hidden, rate in ((0, 0.1), (64, 0.3)):
    rng = np.random.default_rng(0)
    network = layers([784, hidden, 10] if hidden else [784, 10], rng)
    members = np.flatnonzero(train)
    curve = []
    for done in range(STEPS):
        batch = rng.choice(members, BATCH)
        step(network, x[batch], y[batch], np.float32(rate))
        if done % 100 == 99:
            curve.append(np.mean(forward(network, x[test])[-1].argmax(axis=1) == y[test]))
    curves[hidden] = curve
    print(f"{hidden} hidden units, {STEPS} steps: {curve[-1]:.3f} of the letters of other families")

try:
    import matplotlib.pyplot as plt
except ImportError:
    sys.exit()
for hidden, curve in curves.items():
    plt.plot(np.arange(100, STEPS + 1, 100), curve, label=f"{hidden} hidden units")
plt.xlabel("steps")
plt.ylabel("accuracy")
plt.legend()
plt.show()
