"""Draw the training curves as an SVG, from the runs' log.jsonl files; no plotting library is needed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 60, 190, 30, 50
COLOURS = ("#b3541e", "#2b6cb0", "#2f855a", "#805ad5", "#97266d", "#4a5568")
DASHES = ("", "7 4", "2 3", "9 3 2 3", "4 4", "1 3")
Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A named line through (x, y) points."""

    name: str
    points: Sequence[Point]


def read_log(folder: Path) -> list[dict[str, float]]:
    """The entries of a run's log.jsonl."""
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def read_curve(folder: Path, name: str, *, x: str = "tokens", y: str = "valid_bpb") -> Curve:
    """One field of a run's log against another; steps that a resumed run repeated count once."""
    return Curve(name, sorted({line[x]: line[y] for line in read_log(folder) if y in line}.items()))


def draw(curves: Sequence[Curve], *, title: str, x_title: str, y_title: str, x_unit: float = 1.0) -> str:
    """An SVG of the curves on linear axes; curves differ in both colour and dash."""
    xs = [x / x_unit for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    x_ticks, y_ticks = _ticks(0, max(xs)), _ticks(min(ys), min(max(ys), min(ys) + 1.0))
    across = _scale(x_ticks, LEFT, WIDTH - RIGHT)
    up = _scale(y_ticks, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
    ]
    for tick in x_ticks:
        parts.append(_text(across(tick), HEIGHT - BOTTOM + 18, f"{tick:g}", "middle"))
    for tick in y_ticks:
        parts.append(f'<path d="M{LEFT} {up(tick):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 8, up(tick) + 4, f"{tick:g}", "end"))
    for index, curve in enumerate(curves):
        parts += _line(curve, index, across, up, x_unit=x_unit, ceiling=y_ticks[-1])
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_title, "middle"))
    parts.append(_text(LEFT, TOP - 12, y_title, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(
    curve: Curve,
    index: int,
    across: Callable[[float], float],
    up: Callable[[float], float],
    *,
    x_unit: float,
    ceiling: float,
) -> list[str]:
    inside = [(x / x_unit, y) for x, y in curve.points if y <= ceiling]
    path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in inside)
    style = (
        f'stroke="{COLOURS[index % 6]}" stroke-width="2" stroke-dasharray="{DASHES[index % 6]}" fill="none"'
    )
    key = TOP + 10 + 20 * index
    start = WIDTH - RIGHT + 12
    return [
        f'<path d="M{path}" {style}/>' if path else "",
        f'<path d="M{start} {key}h24" {style}/>',
        _text(start + 30, key + 4, curve.name, "start"),
    ]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#222">{escape(text)}</text>'


def _ticks(low: float, high: float) -> list[float]:
    """Five to ten round numbers that span low to high."""
    rough = max(high - low, 1e-9) / 6
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _scale(ticks: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - ticks[0]) / (ticks[-1] - ticks[0]) * (end - start)
