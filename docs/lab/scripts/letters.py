"""Logistic regression on jittered letters, for four values of C, with numpy alone.

    python letters.py letters-a-j.npz

The page has a link to the file. It prints the accuracies of the page's first picture.
"""

import sys

import numpy as np


def read(path):
    with np.load(path) as file:
        packed, labels, splits = file["letters"], file["labels"].astype(int), file["splits"]
    pairs = packed.reshape(-1, 14, 28)  # two columns a byte, from top to bottom
    images = np.stack([pairs >> 4, pairs & 15], axis=-1).transpose(0, 2, 1, 3)
    return images.reshape(-1, 28, 28) / 15, labels, splits


def sample(data, split, size, rng):
    images, labels, splits = data
    chosen = np.empty(size, int)
    for label in range(10):  # as many of each letter
        places = np.arange(label, size, 10)
        members = np.flatnonzero((splits == split) & (labels == label))
        rounds = -(-len(places) // len(members))
        chosen[places] = np.concatenate([rng.permutation(members) for _ in range(rounds)])[: len(places)]
    rng.shuffle(chosen)
    blocks = [chosen[begin : begin + 200] for begin in range(0, size, 200)]
    pixels = np.concatenate([jitter(images[block], rng) for block in blocks])
    return pixels.reshape(size, 784) - 0.5, labels[chosen]


def jitter(images, rng):
    count = len(images)
    angle, shear, scale = (rng.uniform(-most, most, count) for most in (np.pi / 12, 0.25, 0.15))
    shift = rng.uniform(-2, 2, (count, 2, 1))
    cosine, sine = np.exp(-scale) * np.cos(angle), np.exp(-scale) * np.sin(angle)
    linear = np.array([[cosine - shear * sine, sine + shear * cosine], [-sine, cosine]]).transpose(2, 0, 1)
    down, across = np.indices((28, 28)).reshape(2, 784) - 13.5
    where = linear @ (np.stack([across, down]) - shift) + 14.5  # [count, 2, 784], with a border of 1
    x, y = np.clip(where, 0, 29).transpose(1, 0, 2)
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))
    left, top, image = x.astype(int), y.astype(int), np.arange(count)[:, None]
    x, y = x - left, y - top
    upper, lower = (
        padded[image, row, left] * (1 - x) + padded[image, row, left + 1] * x for row in (top, top + 1)
    )
    return upper * (1 - y) + lower * y


def fit(x, y, c):
    """Minimize C * sum(loss) + |weights|^2 / 2 with Nesterov's accelerated gradient."""
    mean, onehot, ridge = x.mean(axis=0), np.eye(10)[y], 1 / (c * len(y))
    x = np.hstack([x - mean, np.ones((len(x), 1))])  # around the mean: better conditioned
    rate = 1 / (np.linalg.norm(x, 2) ** 2 / len(x) / 2 + ridge)
    table = ahead = np.zeros((785, 10))
    momentum = 1.0
    for _ in range(20_000):
        logits = x @ ahead
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradient = x.T @ (chances - onehot) / len(y)
        gradient[:784] += ridge * ahead[:784]
        if np.abs(gradient).max() < 1e-4:
            break
        before, table = table, ahead - rate * gradient
        if np.vdot(gradient, table - before) > 0:
            momentum = 1.0  # it runs past the minimum: begin again
        momentum, last = (1 + np.sqrt(1 + 4 * momentum**2)) / 2, momentum
        ahead = table + (last - 1) / momentum * (table - before)
    return ahead[:784], ahead[784] - mean @ ahead[:784]


def main(path, largest=2000, seed=0):
    data, rng = read(path), np.random.default_rng(seed)
    held_x, held_y = sample(data, 1, 3000, rng)
    sample(data, 2, 3000, rng)  # the page's test letters, which the curves do not need
    print("letters       C  training  validation")
    for size in (each for each in (50, 100, 200, 500, 1000, 2000) if each <= largest):
        x, y = sample(data, 0, size, rng)
        for c in (1, 0.1, 0.01, 0.001):
            weights, bias = fit(x, y, c)
            train = np.mean((x @ weights + bias).argmax(axis=1) == y)
            held = np.mean((held_x @ weights + bias).argmax(axis=1) == held_y)
            print(f"{size:>7} {c:>7}    {train:.3f}       {held:.3f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "letters-a-j.npz")
