"""Least squares under inequalities, solved exactly: on the simplex, with non-negative weights, in general.

Active-set methods: they end after finitely many steps at the minimum, to rounding, where projected gradients
would only come near. For the sizes of the laboratory, up to some hundred unknowns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def simplex_least_squares(matrix: Floats, target: Floats) -> Floats:
    """Return w with w >= 0 and sum(w) = 1 for which |matrix w - target| is smallest.

    Because the sum is 1, it is the point of least norm among the convex combinations of the columns of
    ``matrix - target``: Wolfe's algorithm (Mathematical Programming 11, 1976) finds it in finitely many
    steps.
    """
    points = matrix - target[:, None]  # [points, columns]
    scale = float(np.max(np.sum(points * points, axis=0)))
    chosen = [int(np.argmin(np.sum(points * points, axis=0)))]
    weights = np.ones(1)
    for _ in range(100 * points.shape[1]):
        nearest = points[:, chosen] @ weights
        products = nearest @ points
        best = int(np.argmin(products))
        if best in chosen or nearest @ nearest - products[best] <= 1e-12 * scale:
            break
        chosen, weights = [*chosen, best], np.append(weights, 0.0)
        chosen, weights = _minor_cycle(points, chosen, weights)
    found = np.zeros(points.shape[1])
    found[chosen] = weights
    return found


def _minor_cycle(points: Floats, chosen: list[int], weights: Floats) -> tuple[list[int], Floats]:
    """Move to the least point of the affine hull of the chosen columns; drop those whose weight would turn
    negative."""
    while True:
        affine = _affine_minimum(points[:, chosen])
        if np.all(affine > 1e-14):
            return chosen, affine
        falling = affine <= 1e-14
        ratios = weights[falling] / np.maximum(weights[falling] - affine[falling], 1e-300)
        step = min(1.0, float(np.min(ratios)))
        weights = (1 - step) * weights + step * affine
        weights[np.flatnonzero(falling)[np.argmin(ratios)]] = 0.0
        kept = weights > 0
        chosen, weights = [index for index, keep in zip(chosen, kept, strict=True) if keep], weights[kept]


def _affine_minimum(columns: Floats) -> Floats:
    """Return weights with sum 1 for which the combination of the columns is shortest."""
    count = columns.shape[1]
    system = np.ones((count + 1, count + 1))
    system[:count, :count], system[count, count] = columns.T @ columns, 0.0
    return np.asarray(np.linalg.lstsq(system, np.append(np.zeros(count), 1.0), rcond=None)[0][:count])


def nonnegative_least_squares(matrix: Floats, target: Floats) -> Floats:
    """Return w >= 0 for which |matrix w - target| is smallest (Lawson & Hanson 1974, chapter 23)."""
    gram, aim = matrix.T @ matrix, matrix.T @ target
    weights, used = np.zeros(len(aim)), np.zeros(len(aim), bool)
    tolerance = 1e-12 * max(1.0, float(np.abs(aim).max(initial=0.0)))
    for _ in range(10 * len(weights)):
        slopes = np.where(used, -np.inf, aim - gram @ weights)
        best = int(np.argmax(slopes))
        if slopes[best] <= tolerance:
            break
        used[best] = True
        weights, used = _retreat(gram, aim, weights, used)
    return weights


def _retreat(
    gram: Floats, aim: Floats, weights: Floats, used: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the least squares of the used columns; drop those whose weight would turn negative."""
    while True:
        wanted = np.zeros_like(weights)
        wanted[used] = np.linalg.solve(gram[np.ix_(used, used)], aim[used])
        falling = used & (wanted <= 0)
        if not falling.any():
            return wanted, used
        ratios = np.where(falling, weights / np.maximum(weights - wanted, 1e-300), np.inf)
        weights = weights + float(ratios.min()) * (wanted - weights)
        weights[np.argmin(ratios)] = 0.0
        used = used & (weights > 0)
        weights = np.where(used, weights, 0.0)


def minimize_quadratic(curvature: Floats, pull: Floats, constraints: Floats) -> Floats:
    """Return v with constraints v >= 0 for which v' curvature v / 2 - pull' v is smallest.

    The dual is a problem of non-negative least squares: the multipliers are the forces with which the
    constraints push.

    Parameters
    ----------
    curvature
        Symmetric and positive definite, [unknowns, unknowns].
    constraints
        One inequality a row, [inequalities, unknowns]; none at all gives the free minimum.
    """
    inverse = np.linalg.inv(np.linalg.cholesky(curvature))  # of L, where curvature = L L'
    free = inverse @ pull
    pushes = inverse @ constraints.T  # [unknowns, inequalities]
    forces = nonnegative_least_squares(pushes, -free) if len(constraints) else np.zeros(0)
    return np.asarray(inverse.T @ (free + pushes @ forces))
