"""Who is paired with whom at the least total cost: the assignment problem, solved exactly.

The Hungarian method in its O(n^3) form with prices (shortest augmenting paths). It does not know what the
costs mean, and pairs sets of equal size only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError

LARGEST = 1024
"""Rows that are accepted: the work grows with their cube."""


def assign(cost: NDArray[Any]) -> NDArray[np.intp]:
    """Return for each row its column, [n], so that the sum of the chosen costs is least.

    Parameters
    ----------
    cost
        [n, n], finite, with n at most `LARGEST`.

    Raises
    ------
    SettingsError
        ``setting-range``: the matrix is not square, too large, or not finite.

    Notes
    -----
    Kuhn 1955; with prices and shortest paths as in Jonker & Volgenant 1987. Among several best assignments
    it returns one.
    """
    costs = np.asarray(cost, np.float64)
    if costs.ndim != 2 or costs.shape[0] != costs.shape[1] or len(costs) > LARGEST:
        raise _refused(f"The costs have the shape {costs.shape}.")
    if not np.all(np.isfinite(costs)):
        raise _refused("A cost is infinite or not a number.")
    count = len(costs)
    row_prices, column_prices = np.zeros(count), np.zeros(count)
    row_of = np.full(count, -1)
    for row in range(count):
        _place(costs, row, row_of=row_of, row_prices=row_prices, column_prices=column_prices)
    found = np.empty(count, np.intp)
    found[row_of] = np.arange(count)
    return found


def _place(
    costs: NDArray[np.float64],
    row: int,
    *,
    row_of: NDArray[Any],
    row_prices: NDArray[np.float64],
    column_prices: NDArray[np.float64],
) -> None:
    """Give one more row a column, along the cheapest path that moves other rows; update the arrays."""
    count = len(costs)
    least, came_from = np.full(count, np.inf), np.full(count, -1)
    reached: list[int] = []
    current, path_cost, column = row, 0.0, -1
    while current >= 0:
        reduced = path_cost + costs[current] - row_prices[current] - column_prices
        better = reduced < least
        better[reached] = False
        least[better], came_from[better] = reduced[better], column
        open_columns = least.copy()
        open_columns[reached] = np.inf
        column = int(np.argmin(open_columns))
        path_cost = float(least[column])
        reached.append(column)
        current = int(row_of[column])
    row_prices[row] += path_cost
    for passed in reached[:-1]:
        row_prices[row_of[passed]] += path_cost - least[passed]
        column_prices[passed] -= path_cost - least[passed]
    while column >= 0:
        before = int(came_from[column])
        row_of[column] = row_of[before] if before >= 0 else row
        column = before


def _refused(message: str) -> SettingsError:
    return SettingsError(
        message, code="setting-range", remedy=f"Give a square matrix of finite costs, at most {LARGEST} wide."
    )
