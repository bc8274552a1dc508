"""The part of training.py that runs in Pyodide: steps of SGD by this project, or with plain products."""

from __future__ import annotations

import time

import numpy as np

from goosequill.lab import classifier
from goosequill.lab.products import product

PRODUCTS = {"goosequill": product, "numpy": lambda left, right: left @ right}


def measure(name: str, hidden: int, steps: int) -> float:
    """Return the milliseconds of a number of steps with batches of 128."""
    rng = np.random.default_rng(0)
    layers = classifier.start((784, hidden, 10), rng)
    x, labels = rng.standard_normal((128, 784), np.float32), rng.integers(0, 10, 128)
    vars(classifier)["product"] = PRODUCTS[name]
    start = time.perf_counter()
    for _ in range(steps):
        _, slopes = classifier.gradients(layers, x, labels)
        classifier.descend(layers, slopes, 0.3)
    return 1e3 * (time.perf_counter() - start)
