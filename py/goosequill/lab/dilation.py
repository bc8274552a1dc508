"""Dilated convolution in two dimensions: which input cells each output cell reads, and with what result.

One setting gives the sizes, the values and, for every output cell, the cells that it reads, in the order of
the animation, and where an animation draws them. Stacks of layers are in `dilation_stack`. Nothing is drawn
here.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.parameters import ParameterSet, neutral_setting, setting

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]

LARGEST_INPUT = 32
LARGEST_KERNEL = 9
GEOMETRY = ("size", "kernel", "padding", "stride", "dilation", "transposed")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,2})?", re.ASCII)
CHUNK = 1 << 20
"""Products that `convolve` forms at once; it bounds its memory."""


class Settings(ParameterSet):
    """The settings of the experiment."""

    size: int = setting("Input size", "Rows and columns of the input.", default=7, range=(1, LARGEST_INPUT))
    kernel: int = setting(
        "Kernel size", "Rows and columns of the kernel.", default=3, range=(1, LARGEST_KERNEL)
    )
    padding: int = setting(
        "Zeros added around the input; a transposed convolution removes as many cells of its output.",
        default=0,
        range=(0, LARGEST_KERNEL),
    )
    stride: int = setting(
        "Cells from one position of the kernel to the next.", default=1, range=(1, LARGEST_KERNEL)
    )
    dilation: int = setting(
        "Cells from one weight of the kernel to the next; 1 leaves no gaps.",
        default=2,
        range=(1, LARGEST_INPUT),
    )
    transposed: bool = neutral_setting(
        "Spreads each input cell over the output instead of gathering input cells into one.", default=False
    )
    pattern: Literal["digits", "impulse", "edge"] = setting(
        "Input values",
        "Digits; a single 1 in the middle, which makes the output a picture of the kernel; or 0 on the left "
        "and 1 on the right.",
        default="digits",
    )
    filter: Literal["edges", "mean", "ones", "counting", "own"] = setting(
        "Kernel values",
        "An edge detector, the mean, all ones, 1, 2, 3 and so on, or your own weights.",
        default="edges",
    )
    weights: str = setting(
        "Own weights",
        "A square of numbers, row by row. For a kernel of another size it is cut or surrounded with zeros.",
        default="0 0 0 0 1 0 0 0 0",
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


def lattice(
    size: int, kernel: int, *, padding: int = 0, stride: int = 1, dilation: int = 1, transposed: bool = False
) -> dict[str, Any]:
    """Return where the cells lie along one axis when the kernel is drawn as it slides over the input.

    A convolution slides over the input and its padding, ``stride`` cells at a time. A transposed one is drawn
    as the convolution that equals it: it slides one cell at a time over the input with ``stride - 1`` zeros
    between its cells and ``k_eff - 1 - padding`` around them (Dumoulin & Visin 2016, section 4).

    Returns
    -------
    dict
        ``low`` and ``high``, the first place and the one after the last; ``first``, the place of input cell
        0; ``spacing``, the places from one input cell to the next; ``taps``, the place under each weight for
        each output, [out, kernel].
    """
    out = output_size(size, kernel, padding=padding, stride=stride, dilation=dilation, transposed=transposed)
    outputs = np.arange(out, dtype=np.int32)[:, None]
    weights = dilation * np.arange(kernel, dtype=np.int32)[None, :]
    span = effective_kernel(kernel, dilation)
    if transposed:
        taps, first, spacing = outputs + span - 1 - weights, span - 1 - padding, stride
    else:
        taps, first, spacing = outputs * stride + weights, padding, 1
    end = first + spacing * (size - 1) + 1
    around = 0 if transposed else padding
    return {
        "low": min(0, first),
        "high": max(end + around, int(taps.max()) + 1),
        "first": first,
        "spacing": spacing,
        "taps": taps,
    }


def convolve(values: Floats, weights: Floats, rows: Indices) -> Floats:
    """Return the output of a square input, [size, size] -> [out, out].

    Parameters
    ----------
    rows
        From `reads`; it serves both axes.
    """
    out, kernel = rows.shape
    padded = np.pad(values, ((0, 1), (0, 1)))  # what index -1 finds is zero
    result = np.empty((out, out))
    step = max(1, CHUNK // (out * kernel * kernel))
    for start in range(0, out, step):
        part = rows[start : start + step]
        under = padded[part[:, None, :, None], rows[None, :, None, :]]  # [step, out, kernel, kernel]
        result[start : start + step] = np.einsum("ijkl,kl->ij", under, weights)
    return result


def size_formula(settings: Settings) -> str:
    """Return the arithmetic of the output's size with its numbers: ``(7 + 0 - 5) / 1 + 1 = 3``."""
    span, out = effective_kernel(settings.kernel, settings.dilation), output_size(**_geometry(settings))
    size, twice, stride = settings.size, 2 * settings.padding, settings.stride
    if settings.transposed:
        return f"{stride} × ({size} − 1) + {span} − {twice} = {out}"
    return f"⌊({size} + {twice} − {span}) / {stride}⌋ + 1 = {out}"


def pytorch_call(settings: Settings) -> str:
    """Return the same convolution as PyTorch code that ends with the shape of its output."""
    layer = "ConvTranspose2d" if settings.transposed else "Conv2d"
    size, out = settings.size, output_size(**_geometry(settings))
    return (
        f"conv = torch.nn.{layer}(1, 1, kernel_size={settings.kernel}, stride={settings.stride}, "
        f"padding={settings.padding}, dilation={settings.dilation}, bias=False)\n"
        f"conv(torch.zeros(1, 1, {size}, {size})).shape  # torch.Size([1, 1, {out}, {out}])"
    )


def compute(settings: Settings, *, values: Any = None, weights: Any = None) -> dict[str, Any]:
    """Return everything that the animation and the numbers show.

    Parameters
    ----------
    values
        Numbers of the input, [size, size], instead of the settings' pattern.
    weights
        Numbers of the kernel, a square of any size up to `LARGEST_KERNEL`, instead of the settings' filter.
        A square of another size than the kernel is cut or surrounded with zeros.

    Returns
    -------
    dict
        ``output_size``, ``effective_kernel``, ``values``, ``weights``, ``output`` ([out, out]), ``reads``
        ([out, kernel], see `reads`), ``lattice`` (see `lattice`), ``size_formula`` and ``pytorch``.

    Raises
    ------
    SettingsError
        ``setting-range``: the kernel does not fit into the input, arrays have other sizes than the settings,
        or the own weights are not a square of numbers.
    """
    chosen = _geometry(settings)
    out, span = output_size(**chosen), effective_kernel(settings.kernel, settings.dilation)
    if out < 1:
        raise SettingsError(_why_impossible(settings, span), code="setting-range", remedy=_remedy(settings))
    numbers = pattern(settings.pattern, settings.size) if values is None else _square(values, settings.size)
    kernel = _weights(settings, weights)
    rows = reads(**chosen)
    return {
        "output_size": out,
        "effective_kernel": span,
        "values": numbers,
        "weights": kernel,
        "output": convolve(numbers, kernel, rows),
        "reads": rows,
        "lattice": lattice(**chosen),
        "size_formula": size_formula(settings),
        "pytorch": pytorch_call(settings),
    }


def pattern(name: str, size: int) -> Floats:
    """Return the values of a named input, [size, size]."""
    if name == "impulse":
        values = np.zeros((size, size))
        values[size // 2, size // 2] = 1
        return values
    if name == "edge":
        return np.tile((np.arange(size) >= size / 2).astype(np.float64), (size, 1))
    return ((np.arange(size * size) * 7) % 10).astype(np.float64).reshape(size, size)


def filter_weights(name: str, kernel: int) -> Floats:
    """Return the weights of a named kernel, [kernel, kernel]."""
    count = kernel * kernel
    weights = np.ones((kernel, kernel))
    if name == "mean":
        return weights / count
    if name == "counting":
        return np.arange(1.0, count + 1).reshape(kernel, kernel)
    if name == "edges" and kernel > 1:  # -1 all around, and a sum of 0
        weights[:] = -1
        weights[kernel // 2, kernel // 2] = count - 1
    return weights


def _geometry(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in GEOMETRY}


def _why_impossible(settings: Settings, span: int) -> str:
    if settings.transposed:
        return f"A padding of {settings.padding} removes all cells of the output."
    room = f"{settings.size} cells with {settings.padding} of padding"
    return f"A kernel of {span} cells does not fit into {room}."


def _remedy(settings: Settings) -> str:
    if settings.transposed:
        return "Choose a smaller padding, or a larger input, kernel, stride or dilation."
    return "Choose a larger input or padding, or a smaller kernel or dilation."


def _numbers(given: Any, name: str, wanted: str, allowed: range) -> Floats:
    array = np.asarray(given, np.float64).reshape(-1)
    side = round(array.size**0.5)
    if side * side != array.size or side not in allowed or not np.isfinite(array).all():
        raise SettingsError(
            f"{name} must be {wanted} finite numbers.",
            code="setting-range",
            remedy="Give one number for each cell.",
        )
    return array.reshape(side, side)


def _square(given: Any, size: int) -> Floats:
    return _numbers(given, "values", f"{size} x {size}", range(size, size + 1))


def _weights(settings: Settings, given: Any) -> Floats:
    if given is None and settings.filter != "own":
        return filter_weights(settings.filter, settings.kernel)
    numbers = _read(settings.weights) if given is None else given
    square = _numbers(numbers, "weights", "a square of 1 to 81", range(1, LARGEST_KERNEL + 1))
    return _fit(square, settings.kernel)


def _read(text: str) -> list[float]:
    """Return the numbers in a text; NaN, which is refused later, for what is not one."""
    words = re.split(r"[\s,;]+", text[:4000].strip())
    return [float(word) if NUMBER.fullmatch(word) else float("nan") for word in words]


def _fit(weights: Floats, kernel: int) -> Floats:
    """Cut a square of weights around its middle, or surround it with zeros."""
    size = len(weights)
    fitted = np.zeros((kernel, kernel))
    start, offset = max(0, size // 2 - kernel // 2), max(0, kernel // 2 - size // 2)
    part = weights[start : start + kernel, start : start + kernel]
    fitted[offset : offset + len(part), offset : offset + len(part)] = part
    return fitted
