"""Two tasks that need a memory (Hochreiter & Schmidhuber 1997): copying symbols and adding marked numbers.

Each makes sequences with their right answers, and says how well a network without memory could do. Nothing
here learns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

ALPHABET = 4
TOLERANCE = 0.1
"""A sum counts as right if it is no further off than this."""


class Examples(NamedTuple):
    """Sequences and the answers at their last steps."""

    x: Floats  # [steps, batch, inputs]
    targets: Floats  # [last steps, batch] integers, or [1, batch, 1] numbers


class Copy:
    """Read some symbols, wait, and repeat them after a cue. Nothing else is ever in the input.

    The inputs are one for each symbol of the alphabet, and one for the cue.
    """

    inputs, outputs = ALPHABET + 1, ALPHABET
    chance, idle_loss = 1 / ALPHABET, float(np.log(ALPHABET))
    """Accuracy and loss (nats) of guessing."""

    def __init__(self, *, symbols: int, delay: int) -> None:
        self.symbols, self.delay = symbols, delay
        self.steps = 2 * symbols + delay

    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        """Draw examples."""
        chosen = rng.integers(0, ALPHABET, (self.symbols, count))
        x = np.zeros((self.steps, count, self.inputs), np.float32)
        np.put_along_axis(x[: self.symbols], chosen[:, :, None], 1, axis=2)
        x[self.symbols + self.delay, :, ALPHABET] = 1
        return Examples(x, chosen)

    def right(self, y: Floats, targets: Floats) -> float:
        """Return the share of symbols that answers y, [symbols, batch, outputs], repeat."""
        return float(np.mean(y.argmax(axis=2) == targets))

    def labels(self, x: Floats) -> list[str]:
        """Return what one sequence, [steps, inputs], shows at each step."""
        names = [*"ABCD", "?"]
        return [names[int(row.argmax())] if row.any() else "·" for row in x]


class Adding:
    """Read random numbers from 0 to 1, two of them marked, and give the sum of those two at the end.

    The inputs are a number and its mark, 0 or 1; one mark is in each half.
    """

    inputs, outputs = 2, 1
    chance, idle_loss = 1 - (1 - TOLERANCE) ** 2, 1 / 6
    """Accuracy and squared error of always answering 1, the mean: a sum of two has a triangular density."""

    def __init__(self, *, delay: int) -> None:
        self.steps = max(2, delay)

    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        """Draw examples."""
        half = self.steps // 2
        places = np.array([rng.integers(0, half, count), rng.integers(half, self.steps, count)])
        x = np.zeros((self.steps, count, 2), np.float32)
        x[:, :, 0] = rng.random((self.steps, count))
        each = np.arange(count)
        x[places, each, 1] = 1
        return Examples(x, x[places, each, 0].sum(axis=0)[None, :, None])

    def right(self, y: Floats, targets: Floats) -> float:
        """Return the share of answers y, [1, batch, 1], within `TOLERANCE` of the sum."""
        return float(np.mean(np.abs(y - targets) <= TOLERANCE))

    def labels(self, x: Floats) -> list[str]:
        """Return what one sequence, [steps, inputs], shows at each step; marked numbers have a star."""
        return [f"{value:.2f}{'*' if mark else ''}" for value, mark in x]
