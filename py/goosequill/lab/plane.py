"""A network that learns points of a plane: so small that a page trains it by itself, under the pointer.

The steps are those of `classifier`, in float64. site/lab/plane-instant.js computes the same numbers. Nothing
is drawn here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Literal

import numpy as np

from goosequill.lab import classifier
from goosequill.lab.classifier import Floats, Labels, Layer
from goosequill.parameters import ParameterSet, neutral_setting, setting

COUNT = 200  # points to learn from, and as many to test with
BATCH = 10


class Settings(ParameterSet):
    """The settings of the small training."""

    data: Literal["spirals", "ring", "corners", "clouds"] = setting(
        "Points", "How the points of the two colours lie.", default="spirals"
    )
    hidden: int = setting(
        "Hidden units",
        "How many ReLU units the hidden layer has; 0 trains a linear model.",
        default=8,
        range=(0, 32),
    )
    rate: float = setting(
        "Learning rate",
        "How far each step goes along the gradient. While the training plays, a change applies from the next "
        "step on.",
        default=0.3,
        range=(0.02, 2.0, 0.02),
    )
    noise: float = setting("How far the points are scattered.", default=0.05, range=(0.0, 0.3, 0.01))
    decay: float = neutral_setting(
        "Weight decay",
        "Adds half of this times the squared weights to the loss.",
        default=0.0,
        range=(0.0, 0.05, 0.001),
    )
    seed: int = setting(
        "The same seed gives the same points and the same starting weights.",
        default=0,
        range=(0, 2**31 - 1),
    )


DESCRIBED = Settings.describe(
    "plane", "Points of a plane", "Trains a network on points of two colours.", "", ""
)
"""Not an experiment: the page on training shows it as a figure."""


def points(data: str, noise: float, rng: np.random.Generator) -> tuple[Floats, Labels]:
    """Draw `COUNT` points, [COUNT, 2], from about -1 to 1, and their classes, 0 and 1 in turn."""
    index = np.arange(COUNT)
    labels = index % 2
    one, other = rng.random((2, COUNT))
    scatter = noise * rng.standard_normal((2, COUNT))
    if data in ("spirals", "ring"):
        radius = 0.1 + 0.9 * one if data == "spirals" else np.where(labels, 0.65 + 0.35 * one, 0.45 * one)
        angle = 2 * np.pi * (radius + 0.5 * labels if data == "spirals" else other)
        x, y = radius * np.cos(angle), radius * np.sin(angle)
    else:
        side = 1 - 2 * labels
        left = 1 - 2 * (index // 2 % 2) if data == "corners" else 1
        x, y = side * left * (0.1 + 0.8 * one), (left if data == "corners" else side) * (0.1 + 0.8 * other)
    return np.stack([x, y]).T + scatter.T, labels


def train(settings: Settings, *, rates: Mapping[int, float] | None = None) -> Iterator[list[Layer]]:
    """Yield the layers before the first step and after each; they are the same arrays.

    Parameters
    ----------
    rates
        Learning rates that apply from a step on, by its number; the first step is 0.
    """
    rng = np.random.default_rng(settings.seed)
    x, labels = points(settings.data, settings.noise, rng)
    points(settings.data, settings.noise, rng)  # those that test
    sizes = (2, *([settings.hidden] if settings.hidden else []), 2)
    layers, rate = classifier.start(sizes, rng, np.float64), settings.rate
    for step in count():
        yield layers
        rate = (rates or {}).get(step, rate)
        first = step * BATCH % COUNT
        if first == 0:
            order = np.argsort(rng.random(COUNT))
        batch = order[first : first + BATCH]
        _, found = classifier.gradients(layers, x[batch], labels[batch], decay=settings.decay)
        classifier.descend(layers, found, rate)
