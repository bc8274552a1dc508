"""How weights move: steps of gradient descent and Adam for many networks at once, and L-BFGS for one.

L-BFGS has a line search that satisfies the strong Wolfe conditions. Nothing here knows what it minimizes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Function = Callable[[Floats], tuple[float, Floats]]
"""Returns the value and the gradient at a point."""

SUFFICIENT, CURVATURE = 1e-4, 0.9
"""The constants of the Wolfe conditions that Nocedal & Wright recommend for quasi-Newton methods."""


class Adam:
    """Adam (Kingma & Ba 2015) with its usual constants, for arrays of any shape."""

    def __init__(self, shape: tuple[int, ...], *, dtype: Any = np.float64) -> None:
        self.mean, self.square, self.steps = np.zeros(shape, dtype), np.zeros(shape, dtype), 0

    def step(self, slope: Floats) -> Floats:
        """Return the change of the weights per unit of learning rate."""
        self.steps += 1
        self.mean += 0.1 * (slope - self.mean)
        self.square += 0.001 * (slope * slope - self.square)
        mean = self.mean / (1 - 0.9**self.steps)
        return np.asarray(-mean / (np.sqrt(self.square / (1 - 0.999**self.steps)) + 1e-8))


class Point(NamedTuple):
    """A point that a search has reached."""

    at: Floats
    value: float
    slope: Floats
    evaluations: int
    """How often the function has been evaluated so far."""


class _Line:
    """A function along a ray: value and directional derivative at each step length, counted."""

    def __init__(self, function: Function, origin: Point, direction: Floats) -> None:
        self.function, self.origin, self.direction = function, origin, direction
        self.evaluations = origin.evaluations
        self.value, self.slope = origin.value, float(origin.slope @ direction)
        self.last = origin

    def __call__(self, step: float) -> tuple[float, float]:
        at = self.origin.at + step * self.direction
        value, slope = self.function(at)
        self.evaluations += 1
        self.last = Point(at, float(value), slope, self.evaluations)
        return self.last.value, float(slope @ self.direction)

    def too_high(self, step: float, value: float) -> bool:
        """Whether the decrease at a step is not sufficient (Armijo)."""
        return not value <= self.value + SUFFICIENT * step * self.slope

    def flat(self, slope: float) -> bool:
        """Whether the slope at a step is small enough (strong Wolfe)."""
        return abs(slope) <= -CURVATURE * self.slope


def search_line(line: _Line, *, trials: int = 20) -> Point | None:
    """Return a point that satisfies the strong Wolfe conditions, or None (Nocedal & Wright, algorithm 3.5).

    Step lengths start at 1 and double until an interval surely contains such a point.
    """
    before, before_value, before_slope = 0.0, line.value, line.slope
    step = 1.0
    for trial in range(trials):
        value, slope = line(step)
        if line.too_high(step, value) or (trial and value >= before_value):
            return _zoom(line, (before, before_value, before_slope), (step, value, slope), trials=trials)
        if line.flat(slope):
            return line.last
        if slope >= 0:
            return _zoom(line, (step, value, slope), (before, before_value, before_slope), trials=trials)
        before, before_value, before_slope = step, value, slope
        step *= 2
    return None


def _zoom(
    line: _Line, low: tuple[float, float, float], high: tuple[float, float, float], *, trials: int
) -> Point | None:
    """Narrow an interval (algorithm 3.6): each end is a step length, its value and its slope."""
    for _ in range(trials):
        step = _between(low, high)
        value, slope = line(step)
        if line.too_high(step, value) or value >= low[1]:
            high = (step, value, slope)
            continue
        if line.flat(slope):
            return line.last
        if slope * (high[0] - low[0]) >= 0:
            high = low
        low = (step, value, slope)
    return None


def _between(low: tuple[float, float, float], high: tuple[float, float, float]) -> float:
    """Return where the cubic through both ends is smallest, kept away from the ends."""
    width = high[0] - low[0]
    middle = low[0] + 0.5 * width
    if width == 0 or not (np.isfinite(high[1]) and np.isfinite(high[2])):
        return middle
    first = low[2] + high[2] - 3 * (high[1] - low[1]) / width
    inside = first * first - low[2] * high[2]
    if inside < 0:
        return middle
    root = np.sign(width) * np.sqrt(inside)
    bottom = high[2] - low[2] + 2 * root
    found = high[0] - width * (high[2] + root - first) / bottom if bottom else middle
    near, far = sorted((low[0] + 0.1 * width, low[0] + 0.9 * width))
    return float(found) if near <= found <= far else middle


def lbfgs(function: Function, start: Floats, *, memory: int = 10) -> Iterator[Point]:
    """Yield the start and then each iterate, until no line search succeeds (Nocedal & Wright, section 7.2).

    Parameters
    ----------
    memory
        How many pairs of steps and changes of the gradient describe the curvature.
    """
    value, slope = function(start)
    point = Point(start, float(value), slope, 1)
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=memory)
    yield point
    while np.any(point.slope):
        direction = _direction(point.slope, pairs)
        found = search_line(_Line(function, point, direction))
        if found is None:
            return
        change, bend = found.at - point.at, found.slope - point.slope
        if change @ bend > 0:
            pairs.append((change, bend))
        point = found
        yield point


def _direction(slope: Floats, pairs: deque[tuple[Floats, Floats]]) -> Floats:
    """Return minus the inverse Hessian times the gradient, by the two-loop recursion (algorithm 7.4)."""
    rest = -slope
    if not pairs:
        return np.asarray(rest / max(1.0, float(np.linalg.norm(slope))))
    shares = []
    for change, bend in reversed(pairs):
        share = float(change @ rest) / float(change @ bend)
        shares.append(share)
        rest = rest - share * bend
    change, bend = pairs[-1]
    rest = rest * (float(change @ bend) / float(bend @ bend))
    for (change, bend), share in zip(pairs, reversed(shares), strict=True):
        rest = rest + change * (share - float(bend @ rest) / float(change @ bend))
    return np.asarray(rest)
