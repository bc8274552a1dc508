"""A monotone function of two inputs: an interpolated look-up table, with and without constraints.

The table has a value at each vertex of a lattice; between vertices, values are interpolated bilinearly. The
function is monotone exactly if no two neighbouring vertices decrease, so fitting it is a quadratic problem
with linear inequalities. A joint distribution function needs more: no cell may have negative probability.
Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.evaluation.statistics import wilson
from goosequill.lab.constrained import Floats, minimize_quadratic
from goosequill.lab.cumulative import normal_cdf
from goosequill.lab.paired import errors_of
from goosequill.parameters import ParameterSet, setting
from goosequill.support.progress import Progress

LIMIT = 3.0
"""Both inputs are between -LIMIT and LIMIT."""
AXIS = np.linspace(-LIMIT, LIMIT, 25)
"""Where surfaces are drawn and judged, along each input."""
TOLERANCE = 1e-9
"""A decrease below this is rounding."""
CONSTRAINTS = ("none", "monotone", "distribution")


class Settings(ParameterSet):
    """The settings of the experiment."""

    size: int = setting(
        "Vertices", "How many vertices the lattice has along each input.", default=6, range=(2, 9)
    )
    points: int = setting("How many noisy values are fitted.", default=80, range=(10, 1000, 10))
    noise: float = setting(
        "Standard deviation of the noise on each value.", default=0.2, neutral=0.0, range=(0.0, 1.0, 0.01)
    )
    smoothness: float = setting(
        "Penalty on the squared differences between neighbouring vertices.",
        default=0.001,
        range=(0.0001, 1.0, 0.0001),
    )
    seed: int = setting("The same seed gives the same data.", default=0, range=(0, 2**31 - 1))
    runs: int = setting(
        "How many data sets the study fits; each has a seed of its own.", default=200, range=(0, 1000, 10)
    )


DESCRIPTION = Settings.describe(
    "lattice",
    "Monotone lattice",
    "Fits a look-up table of two inputs that must not decrease in either.",
    "minimize |B v - y|^2 / n + smoothness |D v|^2 subject to v[i + 1, j] >= v[i, j], v[i, j + 1] >= v[i, j]",
    "Gupta et al. 2016 (JMLR 17, 109)",
)


@dataclass(frozen=True)
class Sample:
    """Noisy values of the truth at random inputs: ``x``, ``y`` and ``z``, [points]."""

    x: Floats
    y: Floats
    z: Floats


def truth(x: Floats, y: Floats) -> Floats:
    """Return the joint distribution function of two independent standard normal variables."""
    return np.asarray(normal_cdf(x) * normal_cdf(y))


def make_data(settings: Settings, seed: int) -> Sample:
    """Return the data of one seed."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-LIMIT, LIMIT, (2, settings.points))
    return Sample(x, y, truth(x, y) + settings.noise * rng.standard_normal(settings.points))


# ---- The lattice ----


def hats(at: Floats, size: int) -> Floats:
    """Return the weight of each vertex in linear interpolation along one input, [points, size]."""
    cells = np.clip((at + LIMIT) / (2 * LIMIT), 0, 1) * (size - 1)
    return np.asarray(np.maximum(0.0, 1 - np.abs(cells[:, None] - np.arange(size))))


def interpolation(x: Floats, y: Floats, size: int) -> Floats:
    """Return the weight of each vertex in bilinear interpolation, [points, size * size]; x is along rows."""
    weights = hats(x, size)[:, :, None] * hats(y, size)[:, None, :]  # [points, size, size]
    return np.asarray(weights.reshape(len(x), size * size))


def rises(size: int) -> Floats:
    """Return the matrix of differences between neighbouring vertices, [2 * size * (size - 1), size * size].

    First those along x, then those along y.
    """
    step = np.diff(np.eye(size), axis=0)  # [size - 1, size]
    return np.concatenate([np.kron(step, np.eye(size)), np.kron(np.eye(size), step)])


def masses(size: int) -> Floats:
    """Return the matrix that gives the probability of each cell of a joint distribution function.

    The lowest row and column stand for what lies below the lattice; [size * size, size * size].
    """
    step = np.eye(size) - np.eye(size, k=-1)
    return np.asarray(np.kron(step, step), np.float64)


def constraints(name: str, size: int) -> Floats:
    """Return the rows whose product with the vertices must not be negative."""
    if name == "monotone":
        return rises(size)
    return masses(size) if name == "distribution" else np.zeros((0, size * size))


def fit(sample: Sample, size: int, constraint: str, *, smoothness: float) -> Floats:
    """Return the values of the vertices, [size, size], that fit best by least squares, exactly.

    Parameters
    ----------
    constraint
        One of `CONSTRAINTS`.
    smoothness
        Greater than 0, so that a vertex without data has a value too.
    """
    weights, steps = interpolation(sample.x, sample.y, size), rises(size)
    curvature = weights.T @ weights / len(sample.z) + smoothness * steps.T @ steps
    pull = weights.T @ sample.z / len(sample.z)
    found = minimize_quadratic(curvature, pull, constraints(constraint, size))
    return found.reshape(size, size)


def surface(vertices: Floats) -> Floats:
    """Return the interpolated values on `AXIS` x `AXIS`."""
    weights = hats(AXIS, len(vertices))
    return np.asarray(weights @ vertices @ weights.T)


# ---- Judging ----


TRUTH = np.outer(normal_cdf(AXIS), normal_cdf(AXIS))


def violations(vertices: Floats) -> dict[str, Any]:
    """Return where a lattice breaks its constraints.

    Returns
    -------
    dict
        ``along_x`` [size - 1, size] and ``along_y`` [size, size - 1], 1 where a vertex is below its
        predecessor; ``pairs``, their number; ``cells`` [size - 1, size - 1], 1 where the probability of a
        cell is negative; ``negative``, their number.
    """
    along_x = np.diff(vertices, axis=0) < -TOLERANCE
    along_y = np.diff(vertices, axis=1) < -TOLERANCE
    cells = np.diff(np.diff(vertices, axis=0), axis=1) < -TOLERANCE
    return {
        "along_x": along_x.astype(np.uint8),
        "along_y": along_y.astype(np.uint8),
        "pairs": int(along_x.sum() + along_y.sum()),
        "cells": cells.astype(np.uint8),
        "negative": int(cells.sum()),
    }


def rmse(vertices: Floats) -> float:
    """Return the distance between a lattice and the truth."""
    return float(np.sqrt(np.mean((surface(vertices) - TRUTH) ** 2)))


def study(settings: Settings) -> Generator[Progress, None, dict[str, Any]]:
    """Fit many data sets with each constraint.

    Returns
    -------
    dict
        By constraint: ``runs``; ``decreases``, the share of the data sets in which some pair decreases, with
        ``_low`` and ``_high`` (Wilson, 95%); ``pairs``, the mean number of such pairs; and what
        `paired.errors_of` says of the errors and their differences from the fit without constraints.
    """
    pairs = np.zeros((len(CONSTRAINTS), settings.runs))
    errors = np.zeros((len(CONSTRAINTS), settings.runs))
    for run in range(settings.runs):
        sample = make_data(settings, settings.seed + 1 + run)
        for row, name in enumerate(CONSTRAINTS):
            vertices = fit(sample, settings.size, name, smoothness=settings.smoothness)
            pairs[row, run], errors[row, run] = violations(vertices)["pairs"], rmse(vertices)
        yield Progress("fits", run + 1, settings.runs)
    if not settings.runs:
        return {}
    return {name: _summary(pairs[row], errors[row], errors[0]) for row, name in enumerate(CONSTRAINTS)}


def _summary(pairs: Floats, errors: Floats, reference: Floats) -> dict[str, Any]:
    count = int(np.count_nonzero(pairs))
    low, high = wilson(count, len(pairs))
    summary: dict[str, Any] = {
        "runs": len(pairs),
        "decreases": count / len(pairs),
        "pairs": float(pairs.mean()),
    }
    summary |= {"decreases_low": low, "decreases_high": high}
    return summary | errors_of(errors, reference)


def compute(settings: Settings) -> Generator[Progress | dict[str, Any], None, dict[str, Any]]:
    """Fit one data set with each constraint, then many for the study.

    Returns
    -------
    dict
        ``x``, ``y`` and ``z``, the data; ``axis`` and ``truth`` on it; ``vertices``, the positions of the
        vertices along each input; ``lattices``, for each constraint its ``values`` [size, size], ``surface``
        on the axis, ``rmse`` and `violations`; ``comparisons``, how many pairs of neighbours there are; and
        ``study``, see `study`. All but the study comes first, as a partial result.
    """
    sample = make_data(settings, settings.seed)
    lattices = {}
    for name in CONSTRAINTS:
        values = fit(sample, settings.size, name, smoothness=settings.smoothness)
        judged = {"values": values, "surface": surface(values), "rmse": rmse(values)}
        lattices[name] = judged | violations(values)
    first = {
        **vars(sample),
        "axis": AXIS,
        "truth": TRUTH,
        "vertices": np.linspace(-LIMIT, LIMIT, settings.size),
        "lattices": lattices,
        "comparisons": 2 * settings.size * (settings.size - 1),
        "study": {},
    }
    yield first
    summary = yield from study(settings)
    return first | {"study": summary}
