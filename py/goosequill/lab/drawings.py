"""Small drawings of cats and of things that are not cats, made by formulas: a data set of our own.

Each drawing has 12 x 12 pixels of ink from 0 to 1. Position, size, tilt, proportions and strength of the ink
vary, and noise is added. No photograph or work of anybody else is in it, and nobody should mistake it for
photographs of animals: it is just hard enough that a small network does not learn it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIDE = 12
"""Pixels of a drawing's width and height."""
PIXELS = SIDE * SIDE
_SOFT = SIDE / 2  # pixels per unit: an edge is one pixel wide


class Drawings(NamedTuple):
    """A set of drawings."""

    images: Floats
    """[count, PIXELS], row by row from the top left."""
    labels: Floats
    """[count]: 1 for a cat, 0 for anything else."""
    kinds: NDArray[np.intp]
    """[count]: indices in `KINDS`."""


class _Canvas:
    """Drawings in the making: coordinates, [count, PIXELS], within about -1 to 1, and ink."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        self.rng, self.count = rng, count
        across = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
        x, y = np.tile(across, SIDE), np.repeat(across, SIDE)
        tilt, scale = self.vary(-0.2, 0.2), self.vary(0.8, 1.05)
        x, y = x - self.vary(-0.12, 0.12), y - self.vary(-0.12, 0.12)
        self.x = (np.cos(tilt) * x + np.sin(tilt) * y) / scale
        self.y = (np.cos(tilt) * y - np.sin(tilt) * x) / scale
        self.ink = np.zeros((count, PIXELS))

    def vary(self, low: float, high: float) -> Floats:
        """Draw a number for each drawing, [count, 1]."""
        return self.rng.uniform(low, high, (self.count, 1))

    def fill(self, distance: Floats, ink: float = 1.0) -> None:
        """Paint where a signed distance is negative."""
        cover = np.clip(0.5 - _SOFT * distance, 0, 1)
        self.ink += cover * (ink - self.ink)

    def outline(self, distance: Floats, ink: float = 0.35) -> None:
        """Paint a shape with a dark edge and a lighter inside."""
        self.fill(distance)
        self.fill(distance + 0.2, ink)

    def disk(self, x: Floats | float, y: Floats | float, radius: Floats | float) -> Floats:
        """Return the signed distance to a circle."""
        return np.asarray(np.hypot(self.x - x, self.y - y) - radius)

    def box(self, x: Floats | float, y: Floats | float, wide: Floats | float, high: Floats | float) -> Floats:
        """Return the signed distance to a rectangle with the given half sides, rounded outside."""
        return np.asarray(np.maximum(np.abs(self.x - x) - wide, np.abs(self.y - y) - high))

    def tent(self, x: Floats | float, top: Floats | float, base: Floats | float, half: Floats) -> Floats:
        """Return about the signed distance to an upright triangle: its tip, its base, half its width."""
        steep = half / (base - top)
        side = (np.abs(self.x - x) - (self.y - top) * steep) / np.sqrt(1 + steep * steep)
        return np.asarray(np.maximum(side, self.y - base))


def _face(canvas: _Canvas) -> Floats:
    """Paint a head with two eyes; return its radius."""
    radius = canvas.vary(0.5, 0.62)
    canvas.outline(canvas.disk(0, 0.15, radius))
    apart = canvas.vary(0.2, 0.28)
    for side in (-1, 1):
        canvas.fill(canvas.disk(side * apart, 0.05, 0.1))
    return radius


def _cat(canvas: _Canvas) -> None:
    apart, half = canvas.vary(0.34, 0.44), canvas.vary(0.2, 0.28)
    top = canvas.vary(-0.95, -0.75)
    for side in (-1, 1):
        canvas.fill(canvas.tent(side * apart, top, 0.0, half))
    radius = _face(canvas)
    for side in (-1, 1):
        canvas.fill(canvas.box(side * (radius + 0.12), 0.3, 0.22, 0.045), 0.8)  # whiskers


def _bear(canvas: _Canvas) -> None:
    apart, size = canvas.vary(0.38, 0.5), canvas.vary(0.2, 0.28)
    for side in (-1, 1):
        canvas.fill(canvas.disk(side * apart, canvas.vary(-0.5, -0.4), size))
    _face(canvas)
    canvas.fill(canvas.disk(0, 0.36, canvas.vary(0.12, 0.2)), 0.9)  # muzzle


def _rabbit(canvas: _Canvas) -> None:
    apart, high = canvas.vary(0.2, 0.3), canvas.vary(0.3, 0.42)
    for side in (-1, 1):
        canvas.fill(canvas.box(side * apart, -0.55, 0.12, high))
    _face(canvas)


def _ball(canvas: _Canvas) -> None:
    radius = canvas.vary(0.55, 0.8)
    canvas.outline(canvas.disk(0, 0, radius))
    canvas.fill(np.maximum(canvas.disk(0, 0, radius), np.abs(canvas.y) - canvas.vary(0.06, 0.14)), 0.9)


def _house(canvas: _Canvas) -> None:
    wide, middle = canvas.vary(0.45, 0.6), canvas.vary(-0.25, 0.0)
    canvas.fill(canvas.tent(0, canvas.vary(-0.95, -0.7), middle, wide + 0.15))
    canvas.outline(canvas.box(0, 0.4, wide, 0.45))
    canvas.fill(canvas.box(canvas.vary(-0.2, 0.2), 0.6, 0.12, 0.25))


def _tree(canvas: _Canvas) -> None:
    canvas.fill(canvas.tent(0, canvas.vary(-0.95, -0.8), 0.45, canvas.vary(0.5, 0.7)), 0.75)
    canvas.fill(canvas.box(0, 0.65, canvas.vary(0.08, 0.14), 0.25))


def _fish(canvas: _Canvas) -> None:
    long = canvas.vary(1.3, 1.6)
    body = np.hypot(canvas.x / long, canvas.y) - canvas.vary(0.34, 0.46)
    canvas.outline(body)
    canvas.fill(np.maximum(np.abs(canvas.y) - (canvas.x - 0.4) * 0.9, canvas.x - 0.95))
    canvas.fill(canvas.disk(-0.38, -0.08, 0.09))


def _cup(canvas: _Canvas) -> None:
    wide, high = canvas.vary(0.35, 0.48), canvas.vary(0.4, 0.55)
    canvas.fill(np.abs(canvas.disk(wide, 0.1, 0.25)) - 0.08)
    canvas.outline(canvas.box(-0.1, 0.1, wide, high))


KINDS: dict[str, Callable[[_Canvas], None]] = {
    "cat": _cat,
    "bear": _bear,
    "rabbit": _rabbit,
    "ball": _ball,
    "house": _house,
    "tree": _tree,
    "fish": _fish,
    "cup": _cup,
}
"""Each kind of drawing. A cat and a bear differ only in ears, whiskers and muzzle."""


def draw(count: int, rng: np.random.Generator, *, noise: float = 0.2) -> Drawings:
    """Draw cats and other things, about as many of the one as of the others together, in random order.

    Parameters
    ----------
    count
        How many drawings.
    noise
        Standard deviation of the noise that is added to each pixel; 0 draws cleanly.
    """
    labels = (rng.random(count) < 0.5).astype(np.float64)
    kinds = np.where(labels == 1, 0, rng.integers(1, len(KINDS), count))
    images = np.empty((count, PIXELS))
    for index, paint in enumerate(KINDS.values()):
        chosen = np.flatnonzero(kinds == index)
        canvas = _Canvas(len(chosen), rng)
        paint(canvas)
        images[chosen] = canvas.ink * canvas.vary(0.6, 1.0)
    if noise:
        images += noise * rng.standard_normal(images.shape)
    return Drawings(np.clip(images, 0, 1), labels, kinds)
