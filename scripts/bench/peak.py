"""Multiply-adds a second: what prompts reach, and the most that this machine's instructions allow.

While a prompt is read, each weight is multiplied with many tokens, so arithmetic is the limit, not memory.
The peak is what `peak.c` reaches in registers with the instruction that the large matrices are multiplied
with, and with the addition that each product needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from scripts.bench.weights import Shape
from scripts.kernel import BUILDS, build

SOURCE = Path(__file__).with_name("peak.c")


class Instruction(NamedTuple):
    """An instruction of WebAssembly: the build and the function of peak.c, and its products per call."""

    build: str
    function: str
    products: int
    name: str
    note: str = ""


INSTRUCTIONS = {
    "shorts": Instruction("plain", "multiply_add", 8, "i32x4.dot_i16x8_s"),
    "bytes": Instruction("relaxed", "multiply_add_bytes", 16, "i16x8.relaxed_dot_i8x16_i7x16_s"),
    "quads": Instruction("relaxed", "multiply_add_quads", 16, "i32x4.relaxed_dot_i8x16_i7x16_add_s"),
    "split": Instruction(
        "relaxed", "multiply_add_quads", 8, "i32x4.relaxed_dot_i8x16_i7x16_add_s", " for inputs of two bytes"
    ),
    "floats plain": Instruction("plain", "multiply_floats", 4, "f32x4.mul"),
    "floats relaxed": Instruction("relaxed", "multiply_floats", 4, "f32x4.relaxed_madd"),
}

ALTERNATIVES = {"bytes": ("bytes", "quads"), "shorts or split": ("shorts", "split")}
"""Where a kernel uses the faster one of two."""


def alternatives(names: Iterable[str]) -> list[str]:
    """All instructions that are meant by some names; "" means none."""
    return sorted({each for name in names if name for each in ALTERNATIVES.get(name, (name,))})


def highest(peaks: dict[str, float], name: str) -> float:
    """The peak of the faster one of the instructions that are meant by a name."""
    return max(peaks[each] for each in alternatives([name]))


def prepare(folder: Path) -> None:
    """Compile peak.c once plain and once with relaxed SIMD, into peak-BUILD.wasm."""
    for name, flags in BUILDS.items():
        functions = {each.function for each in INSTRUCTIONS.values() if each.build == name}
        build(flags, [], sorted(functions), folder / f"peak-{name}.wasm", source=SOURCE)


def of_prompt(shape: Shape, tokens: int, *, head_of_each: bool) -> int:
    """Multiply-adds of a prompt: of all tokens in the layers, and in the head of the last one or of each."""
    head = shape.vocab * shape.width
    return tokens * (shape.products - head) + head * (tokens if head_of_each else 1)


def describe(peaks: dict[str, float]) -> str:
    """One sentence with the peaks, in billions of multiply-adds a second on one thread."""
    found = (
        f"{peaks[kind]:.0f} with `{each.name}`{each.note}"
        for kind, each in INSTRUCTIONS.items()
        if kind in peaks
    )
    return f"Peaks of one thread, in billions of multiply-adds a second (GMAC/s): {', '.join(found)}."
