"""A stack of dilated layers followed back from one output to the input, along one axis.

It gives the size of the receptive field by formula and by count, the cells that the stack really reads, and
how much each of them weighs. Both axes of a picture behave alike, so a square field is the product of two of
these. Nothing is drawn here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from goosequill.errors import SettingsError
from goosequill.lab.dilation import Floats, effective_kernel
from goosequill.parameters import ParameterSet, setting

MOST_LAYERS = 8
LARGEST_DILATION = 32


class Settings(ParameterSet):
    """The settings of the experiment."""

    dilations: str = setting(
        "One number from 1 to 32 for each layer, up to eight, from the input on.", default="1 2 4 8 16 32"
    )
    width: int = setting("Kernel size of each layer", "Weights along one axis.", default=3, range=(2, 5))


DESCRIPTION = Settings.describe(
    "dilation-stack",
    "Stack of dilated layers",
    "Follows one output back through a stack of dilated convolutions.",
    "field = 1 + sum of (k - 1) d over the layers",
    "Yu & Koltun 2016 (growth of the field); Wang et al. 2018 (gridding); Luo et al. 2016 (effective field)",
)


def read_dilations(text: str) -> list[int]:
    """Return the dilations in a text such as ``1, 2, 4``.

    Raises
    ------
    SettingsError
        ``setting-range``: there are none or more than eight, or one is not a whole number from 1 to 32.
    """
    words = [word for word in re.split(r"[\s,;]+", text[:200]) if word]
    valid = all(re.fullmatch(r"[0-9]{1,4}", word) and 1 <= int(word) <= LARGEST_DILATION for word in words)
    if not valid or not 1 <= len(words) <= MOST_LAYERS:
        raise SettingsError(
            f"The dilations {text[:60]!r} are not one to {MOST_LAYERS} whole numbers from 1 to "
            f"{LARGEST_DILATION}.",
            code="setting-range",
            remedy="Write one number for each layer, for example 1 2 4 8.",
        )
    return [int(word) for word in words]


def receptive_field(kernel: int, dilations: Sequence[int]) -> list[int]:
    """Return the cells between the first and last input that an output reads, after each layer of a stack.

    Formula: ``1 + sum((kernel - 1) * d)`` over the layers so far, at stride 1 (Yu & Koltun 2016).
    """
    return [1 + (kernel - 1) * int(total) for total in np.cumsum(dilations)]


def trace(kernel: int, dilations: Sequence[int]) -> list[list[int]]:
    """Return the cells that output 0 reads at each level of a stack, from the output to the input.

    Returns
    -------
    list
        ``[[0], ...]``, one list for the output and one for what each layer reads, the last layer first;
        each is sorted, and a cell is counted from the first that its level could read.
    """
    levels = [[0]]
    for dilation in reversed(dilations):
        reached = {cell + dilation * weight for cell in levels[-1] for weight in range(kernel)}
        levels.append(sorted(reached))
    return levels


def influence(kernel: int, dilations: Sequence[int]) -> Floats:
    """Return the share of the paths from each input to one output of a stack, along one axis.

    With all weights equal this is the effective receptive field (Luo et al. 2016); a zero inside it is a cell
    that the stack never touches: gridding.
    """
    weights = np.ones(1)
    for dilation in dilations:
        layer = np.zeros(effective_kernel(kernel, dilation))
        layer[::dilation] = 1 / kernel
        weights = np.convolve(weights, layer)
    return weights


def deviation(kernel: int, dilations: Sequence[int]) -> float:
    """Return the standard deviation of the influence in cells: ``sqrt((k^2 - 1) / 12 * sum(d^2))``.

    The layers' offsets are independent, so their variances add.
    """
    squares = sum(dilation * dilation for dilation in dilations)
    return float(np.sqrt((kernel * kernel - 1) / 12 * squares))


def central_cells(shares: Floats, share: float = 0.95) -> int:
    """Return the size of the smallest window around the middle that has a share of the influence."""
    for edge in range((len(shares) - 1) // 2, -1, -1):
        if shares[edge : len(shares) - edge].sum() >= share - 1e-12:
            return len(shares) - 2 * edge
    return len(shares)


def compute(settings: Settings) -> dict[str, Any]:
    """Return everything that the figures of a stack show.

    Returns
    -------
    dict
        ``dilations``; for the stack's first one, two, ... layers: ``fields`` (by formula), ``spans`` (from
        the first to the last cell that is read, counted) and ``touched`` (cells that are read, counted);
        ``levels`` (see `trace`); ``influence`` (see `influence`), its ``deviation`` and ``central``, the
        cells in the middle with 95 % of it.

    Raises
    ------
    SettingsError
        ``setting-range``: see `read_dilations`.
    """
    kernel, dilations = settings.width, read_dilations(settings.dilations)
    reached = [trace(kernel, dilations[:layers])[-1] for layers in range(1, len(dilations) + 1)]
    shares = influence(kernel, dilations)
    return {
        "dilations": dilations,
        "width": kernel,
        "fields": receptive_field(kernel, dilations),
        "spans": [cells[-1] - cells[0] + 1 for cells in reached],
        "touched": [len(cells) for cells in reached],
        "levels": trace(kernel, dilations),
        "influence": shares,
        "deviation": deviation(kernel, dilations),
        "central": central_cells(shares),
    }
