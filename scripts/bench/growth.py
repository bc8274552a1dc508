"""How the cost of a token grows with its position in a text and with the size of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scripts.bench.weights import RWKV4, Shape

SHAPES = (
    Shape("RWKV-4 3M", "4", layers=4, width=192, vocab=4096),
    Shape("RWKV-4 21M", "4", layers=8, width=320, vocab=16384),
    Shape("RWKV-4 58M", "4", layers=12, width=512, vocab=16384),
    RWKV4,
    Shape("RWKV-4 430M", "4", layers=24, width=1024, vocab=50277),
)
PLACES, BLOCK = 10_000, 100  # tokens
NORMAL = 1.96  # half of a 95% interval, in standard errors

Floats = NDArray[np.float64]
Decode = Callable[[int], list[float]]
"""Decodes this many further tokens; returns the milliseconds of each."""


@dataclass(frozen=True)
class Line:
    """A straight line fitted to points by least squares, and half the 95% interval of its slope."""

    start: float
    slope: float
    within: float
    explained: float  # share of the variance


def fit(x: Floats, y: Floats) -> Line:
    """Ordinary least squares over at least three points."""
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    start = float(y.mean() - slope * x.mean())
    rest = y - start - slope * x
    error = float(np.sqrt(rest @ rest / (len(x) - 2) / (centred @ centred)))
    total = float(((y - y.mean()) ** 2).sum())
    return Line(start, slope, NORMAL * error, 1 - float(rest @ rest) / total if total else 1.0)


def over_places(decode: Decode) -> dict[str, Any]:
    """Tokens 1 to 10,000 of one text: the median of every hundred, and a line through the medians.

    Each token of the text alternates with one of a new text, and their ratio counts: a machine's speed
    changes more in two minutes than the cost does. The slope is in percent of the first token's cost over
    the whole text.

    Parameters
    ----------
    decode
        Milliseconds of further tokens of the text, each followed by one of a new text.
    """
    pairs = np.array([decode(BLOCK) for _ in range(0, PLACES, BLOCK)]).reshape(-1, BLOCK, 2)
    text, other = np.median(pairs, axis=1).T
    medians = text / other * np.median(other)
    places = np.arange(BLOCK / 2, PLACES, BLOCK)
    line = fit(places, medians)
    scale = 100 * PLACES / line.start
    return {
        "tokens": PLACES,
        "first_ms": line.start,
        "growth_percent": line.slope * scale,
        "within_percent": line.within * scale,
        "medians_ms": medians.tolist(),
    }


def over_sizes(decodes: list[Decode], rounds: int) -> dict[str, Any]:
    """The median cost of a token at each of `SHAPES`, and a line through cost by multiply-adds."""
    times: list[list[float]] = [[] for _ in SHAPES]
    for _ in range(rounds):
        for decode, found in zip(decodes, times, strict=True):
            found += decode(10)
    cost = np.array([np.median(each) for each in times])
    work = np.array([shape.products / 1e6 for shape in SHAPES])
    line = fit(work, cost)
    power = fit(np.log(work), np.log(cost))
    rows = [
        {
            "shape": shape.name,
            "parameters": shape.parameters,
            "multiply_adds": shape.products,
            "ms": float(ms),
        }
        for shape, ms in zip(SHAPES, cost, strict=True)
    ]
    return {
        "rows": rows,
        "start_ms": line.start,
        "ms_per_million": line.slope,
        "within": line.within,
        "explained": line.explained,
        "exponent": power.slope,
    }


def describe(places: dict[str, Any], sizes: dict[str, Any]) -> str:
    """Both results as Markdown."""
    low, high = (places["growth_percent"] + sign * places["within_percent"] for sign in (-1, 1))
    lines = [
        f"From token 1 to token {places['tokens']:,} of one text (RWKV-4 169M, int8) the cost of a token, "
        f"{places['first_ms']:.2f} ms at first, changed by {places['growth_percent']:+.1f}% relative to "
        f"a new text (95% interval: {low:+.1f}% to {high:+.1f}%).",
        "",
        "| model, int8 | parameters | multiply-adds per token | ms per token | ms per million |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in sizes["rows"]:
        million = row["multiply_adds"] / 1e6
        lines.append(
            f"| {row['shape']} | {row['parameters'] / 1e6:.1f} M | {million:.1f} M | {row['ms']:.2f} "
            f"| {row['ms'] / million:.3f} |"
        )
    lines += [
        "",
        f"A straight line, {sizes['start_ms']:.2f} ms and {sizes['ms_per_million']:.4f} ms per million "
        f"multiply-adds, explains {sizes['explained']:.2%} of the variance; the best fit as a power of the "
        f"size has the exponent {sizes['exponent']:.2f}.",
    ]
    return "\n".join(lines)
