"""Dilated convolution in two dimensions: which input cells each output cell reads, and with what result.

One setting gives the sizes, the values and, for every output cell, the cells that it reads, in the order of
the animation. A stack of dilated layers is followed back to the input: the size of its receptive field, the
cells that it really touches, and how strongly. Nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.parameters import ParameterSet, setting

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]

LARGEST_INPUT = 32
LARGEST_KERNEL = 9


class Settings(ParameterSet):
    """The settings of the experiment."""

    size: int = setting(
        "Input size",
        "Rows and columns of the input.",
        default=7,
        minimum=1,
        maximum=LARGEST_INPUT,
        step=1,
        kind="integer",
    )
    kernel: int = setting(
        "Kernel size",
        "Rows and columns of the kernel.",
        default=3,
        minimum=1,
        maximum=LARGEST_KERNEL,
        step=1,
        kind="integer",
    )
    padding: int = setting(
        "Padding",
        "Zeros added around the input; a transposed convolution removes as many cells of its output.",
        default=0,
        minimum=0,
        maximum=LARGEST_KERNEL,
        step=1,
        kind="integer",
    )
    stride: int = setting(
        "Stride",
        "Cells from one position of the kernel to the next.",
        default=1,
        minimum=1,
        maximum=LARGEST_KERNEL,
        step=1,
        kind="integer",
    )
    dilation: int = setting(
        "Dilation",
        "Cells from one weight of the kernel to the next; 1 leaves no gaps.",
        default=2,
        minimum=1,
        maximum=LARGEST_INPUT,
        step=1,
        kind="integer",
    )
    transposed: bool = setting(
        "Transposed",
        "Spreads each input cell over the output instead of gathering input cells into one.",
        default=False,
        neutral=False,
        kind="boolean",
    )


DESCRIPTION = Settings.describe(
    "dilation",
    "Dilated convolution",
    "Slides a kernel with gaps between its weights over a square input.",
    "k_eff = k + (k - 1)(d - 1); out = floor((in + 2p - k_eff) / s) + 1; transposed: s(in - 1) + k_eff - 2p",
    "Dumoulin & Visin 2016 (convolution arithmetic); Yu & Koltun 2016 (dilation)",
)


def effective_kernel(kernel: int, dilation: int) -> int:
    """Return the cells from a kernel's first weight to its last, both included."""
    return kernel + (kernel - 1) * (dilation - 1)


def output_size(
    size: int, kernel: int, *, padding: int = 0, stride: int = 1, dilation: int = 1, transposed: bool = False
) -> int:
    """Return the rows of the output; 0 or less if the setting is impossible."""
    span = effective_kernel(kernel, dilation)
    if transposed:
        return stride * (size - 1) + span - 2 * padding
    return (size + 2 * padding - span) // stride + 1


def ranges(settings: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """Return the least and the largest value of each number that keeps the output at least one cell.

    Each range is computed with the other settings as they are, so that a control can never reach an
    impossible setting.
    """
    found = {}
    for parameter in Settings.PARAMETERS.values():
        if parameter.kind != "integer":
            continue
        low, high = int(parameter.minimum or 0), int(parameter.maximum or 0)
        valid = [
            value for value in range(low, high + 1) if output_size(**{**settings, parameter.name: value}) >= 1
        ]
        found[parameter.name] = (valid[0], valid[-1]) if valid else (low, low)
    return found


def reads(
    size: int, kernel: int, *, padding: int = 0, stride: int = 1, dilation: int = 1, transposed: bool = False
) -> Indices:
    """Return the input index under each weight for each output index, along one axis; -1 where there is none.

    Returns
    -------
    array of int32, [output, kernel]
    """
    out = output_size(size, kernel, padding=padding, stride=stride, dilation=dilation, transposed=transposed)
    outputs, weights = np.arange(out)[:, None], dilation * np.arange(kernel)[None, :]
    if transposed:
        places = outputs + padding - weights  # [out, kernel], in cells of the spread input
        inside = (places % stride == 0) & (places >= 0) & (places // stride < size)
        return np.where(inside, places // stride, -1).astype(np.int32)
    places = outputs * stride - padding + weights  # [out, kernel]
    return np.where((places >= 0) & (places < size), places, -1).astype(np.int32)


def convolve(values: Floats, weights: Floats, rows: Indices) -> Floats:
    """Return the output of a square input, [size, size] -> [out, out].

    Parameters
    ----------
    rows
        From `reads`; it serves both axes.
    """
    padded = np.pad(values, ((0, 1), (0, 1)))  # what index -1 finds is zero
    under = padded[rows[:, None, :, None], rows[None, :, None, :]]  # [out, out, kernel, kernel]
    return np.asarray(np.einsum("ijkl,kl->ij", under, weights))


def receptive_field(kernel: int, dilations: Sequence[int]) -> list[int]:
    """Return the cells between the first and last input that an output reads, after each layer of a stack.

    Formula: ``1 + sum((kernel - 1) * d)`` over the layers so far, at stride 1.
    """
    return [1 + (kernel - 1) * int(total) for total in np.cumsum(dilations)]


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


def compute(
    settings: Settings,
    *,
    values: Any = None,
    weights: Any = None,
    dilations: Sequence[int] = (1, 2, 4, 8, 16, 32),
) -> dict[str, Any]:
    """Return everything that the animation, the numbers and the stack show.

    Parameters
    ----------
    values, weights
        Numbers of the input and of the kernel, [size, size] and [kernel, kernel]; left out, counting numbers
        modulo ten, and an edge detector.
    dilations
        Of the stack's layers, from the input on.

    Returns
    -------
    dict
        ``output_size``, ``effective_kernel``, ``values``, ``weights``, ``output`` ([out, out]), ``reads``
        ([out, kernel], see `reads`), ``fields`` (see `receptive_field`), ``influence`` (see `influence`) and
        ``touched``, the number of cells that the whole stack really reads.

    Raises
    ------
    SettingsError
        ``setting-range``: the kernel does not fit into the input, or arrays have other sizes than the
        settings.
    """
    chosen = vars(settings)
    size, kernel, out = settings.size, settings.kernel, output_size(**chosen)
    if out < 1:
        raise SettingsError(
            f"A kernel of {effective_kernel(kernel, settings.dilation)} cells does not fit into {size} cells "
            f"with {settings.padding} of padding.",
            code="setting-range",
            remedy="Choose a larger input or padding, or a smaller kernel or dilation.",
        )
    numbers = _square(values, size, "values", (np.arange(size * size) * 7) % 10)
    kernel_weights = _square(weights, kernel, "weights", _edges(kernel))
    rows = reads(**chosen)
    shares = influence(kernel, dilations)
    return {
        "output_size": out,
        "effective_kernel": effective_kernel(kernel, settings.dilation),
        "values": numbers,
        "weights": kernel_weights,
        "output": convolve(numbers, kernel_weights, rows),
        "reads": rows,
        "fields": receptive_field(kernel, dilations),
        "influence": shares,
        "touched": int(np.count_nonzero(shares)),
    }


def _edges(kernel: int) -> Floats:
    """Weights that are negative but in the middle, with a sum of 0; 1 for a single weight."""
    weights = np.full(kernel * kernel, -1.0)
    weights[kernel * kernel // 2] = kernel * kernel - 1.0 if kernel > 1 else 1.0
    return weights


def _square(given: Any, size: int, name: str, default: Any) -> Floats:
    array = np.asarray(default if given is None else given, np.float64).reshape(-1)
    if array.size != size * size or not np.isfinite(array).all():
        raise SettingsError(
            f"{name} must be {size} x {size} finite numbers.",
            code="setting-range",
            remedy="Give one number for each cell.",
        )
    return array.reshape(size, size)
