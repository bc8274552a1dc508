"""Random weights in the shapes of released models; speed does not depend on their values.

All files of one shape are written once, from the same tensors, into build/bench.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.formats.safetensors import write
from goosequill.weights.packing import LAYOUTS, layout_for
from goosequill.weights.quantize import QuantizedMatrix, bits_for, quantize

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """The sizes of a model."""

    name: str
    version: Literal["4", "7"]
    layers: int
    width: int
    vocab: int

    @property
    def ffn(self) -> int:
        return 4 * self.width

    @property
    def parameters(self) -> int:
        """Number of weights in its matrices, including the embedding."""
        return self.products + self.vocab * self.width

    @property
    def products(self) -> int:
        """Multiply-adds of the matrix products per token."""
        c, f = self.width, self.ffn
        layer = 5 * c * c + 2 * c * f if self.version == "4" else 4 * c * c + 2 * c * f + 2 * c * RANKS_SUM
        return self.layers * layer + self.vocab * c


RANKS = {"w": 64, "a": 64, "v": 32, "g": 128}
RANKS_SUM = sum(RANKS.values())
RWKV4 = Shape("RWKV-4 169M", "4", layers=12, width=768, vocab=50277)
RWKV7 = Shape("RWKV-7 0.19B", "7", layers=12, width=768, vocab=65536)


class Draw:
    """Normally distributed numbers, taken from one block: fast for half a gigabyte.

    Each matrix starts at a different offset in the block: onnxruntime was 1.4 times as fast on a model of
    equal matrices as on one whose matrices differ, and those of real models do.
    """

    def __init__(self) -> None:
        self._block = np.random.default_rng(0).standard_normal(1_000_003).astype(np.float32)
        self._starts = itertools.count(step=7919)

    def matrix(self, rows: int, columns: int) -> Floats:
        block = np.roll(self._block, next(self._starts))
        return np.resize(block, (rows, columns)) * np.float32(columns**-0.5)

    def vector(self, *shape: int, mean: float = 0.0) -> Floats:
        return mean + np.resize(self._block, shape) * np.float32(0.1)


def _norm(draw: Draw, name: str, width: int) -> Iterator[tuple[str, Floats]]:
    yield f"{name}.weight", draw.vector(width, mean=1.0)
    yield f"{name}.bias", draw.vector(width)


def _block4(draw: Draw, at: str, ff: str, c: int) -> Iterator[tuple[str, Floats]]:
    yield at + "time_decay", draw.vector(c, mean=-2.0)
    yield at + "time_first", draw.vector(c)
    for name in "kvr":
        yield f"{at}time_mix_{name}", draw.vector(1, 1, c, mean=0.5)
    for name in ("key", "value", "receptance", "output"):
        yield f"{at}{name}.weight", draw.matrix(c, c)
    for name in "kr":
        yield f"{ff}time_mix_{name}", draw.vector(1, 1, c, mean=0.5)
    yield ff + "receptance.weight", draw.matrix(c, c)


def _block7(draw: Draw, at: str, ff: str, c: int) -> Iterator[tuple[str, Floats]]:
    for name in "rwkvag":
        yield f"{at}x_{name}", draw.vector(1, 1, c, mean=0.5)
    for name, rank in RANKS.items():
        if name != "g":
            yield f"{at}{name}0", draw.vector(1, 1, c)
        yield f"{at}{name}1", draw.matrix(c, rank) * np.float32(0.3)
        yield f"{at}{name}2", draw.matrix(rank, c) * np.float32(0.3)
    yield at + "k_k", draw.vector(1, 1, c, mean=0.8)
    yield at + "k_a", draw.vector(1, 1, c, mean=1.0)
    yield at + "r_k", draw.vector(c // 64, 64)
    for name in ("receptance", "key", "value", "output"):
        yield f"{at}{name}.weight", draw.matrix(c, c)
    yield from _norm(draw, at + "ln_x", c)
    yield ff + "x_k", draw.vector(1, 1, c, mean=0.5)


def tensors(shape: Shape) -> Iterator[tuple[str, Floats]]:
    """Names and values of a checkpoint, under BlinkDL's names."""
    draw, c = Draw(), shape.width
    yield "emb.weight", draw.vector(shape.vocab, c)
    yield from _norm(draw, "blocks.0.ln0", c)
    for layer in range(shape.layers):
        yield from _norm(draw, f"blocks.{layer}.ln1", c)
        yield from _norm(draw, f"blocks.{layer}.ln2", c)
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        yield from (_block4 if shape.version == "4" else _block7)(draw, at, ff, c)
        yield ff + "key.weight", draw.matrix(shape.ffn, c)
        yield ff + "value.weight", draw.matrix(c, shape.ffn)
    yield from _norm(draw, "ln_out", c)
    yield "head.weight", draw.matrix(shape.vocab, c)


def is_matrix(name: str) -> bool:
    """Whether a tensor is one of the large matrices, which are quantized."""
    return name in ("emb.weight", "head.weight") or name.endswith(
        tuple(f".{part}.weight" for part in ("key", "value", "receptance", "output"))
    )


def write_safetensors(shape: Shape, bits: Any, path: Path, *, pack: bool = False) -> None:
    """The file that `goosequill convert` would write; 16 bits are the original's."""

    def form(name: str, array: Floats) -> NDArray[Any] | QuantizedMatrix:
        if bits >= 16:
            return array.astype(np.float16) if bits == 16 else array
        chosen = bits_for(name, array.shape, bits)
        if chosen is None:
            return array
        layout = layout_for(name, chosen) if pack else None
        matrix = quantize(array, chosen)
        return LAYOUTS[layout].pack(matrix) if layout else matrix

    write(path, ((name, form(name, array)) for name, array in tensors(shape)))
