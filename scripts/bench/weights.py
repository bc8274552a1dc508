"""Random weights in the shapes of released models; speed does not depend on their values.

All files of one shape are written once, from the same tensors, into build/bench. A model of billions of
parameters is drawn in packed 4 bits and written tensor by tensor, which takes seconds and 0.3 GB of memory.

    PYTHONPATH=py python -m scripts.bench.weights 2.9B build/rwkv7-2.9b.safetensors
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.elements import STORED
from goosequill.weights.formats.safetensors import flatten, header, packed_metadata, packing_of, write
from goosequill.weights.packing import GROUPS, LAYOUTS, PANEL, PackedMatrix, layout_for
from goosequill.weights.quantize import GROUP, QuantizedMatrix, bits_for, quantize

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
        layer = 5 * c * c + 2 * c * f if self.version == "4" else 4 * c * c + 2 * c * f
        return self.layers * layer + self.low_rank + self.vocab * c

    @property
    def low_rank(self) -> int:
        """Number of weights in its low-rank matrices, which are not quantized in files."""
        return 2 * self.layers * self.width * sum(self.ranks.values())

    @property
    def ranks(self) -> dict[str, int]:
        """Ranks of RWKV-7's low-rank pairs; those of the releases of 0.1B, 1.5B and 2.9B.

        Source: BlinkDL/RWKV-LM, RWKV-v7/train_temp/src/model.py.
        """
        if self.version == "4":
            return {}
        c = self.width
        suggested = {"w": 1.8 * c**0.5, "a": 1.8 * c**0.5, "v": 1.3 * c**0.5, "g": 0.6 * c**0.8}
        return {name: max(32, round(rank / 32) * 32) for name, rank in suggested.items()}


RWKV4 = Shape("RWKV-4 169M", "4", layers=12, width=768, vocab=50277)
RWKV7 = Shape("RWKV-7 0.19B", "7", layers=12, width=768, vocab=65536)
RWKV7_1B5 = Shape("RWKV-7 1.5B", "7", layers=24, width=2048, vocab=65536)
RWKV7_2B9 = Shape("RWKV-7 2.9B", "7", layers=32, width=2560, vocab=65536)
LARGE = {"1.5B": RWKV7_1B5, "2.9B": RWKV7_2B9}

Tensor = NDArray[Any] | QuantizedMatrix


class Draw:
    """Normally distributed numbers, taken from one block: fast for half a gigabyte.

    Each matrix starts at a different offset in the block: onnxruntime was 1.4 times as fast on a model of
    equal matrices as on one whose matrices differ, and those of real models do.
    """

    def __init__(self) -> None:
        self._block = np.random.default_rng(0).standard_normal(1_000_003).astype(np.float32)
        self._starts = itertools.count(step=7919)

    def matrix(self, rows: int, columns: int) -> Any:
        return self._floats(rows, columns)

    def low_rank(self, rows: int, columns: int) -> Any:
        return self._floats(rows, columns) * np.float32(0.3)

    def table(self, rows: int, columns: int) -> Any:
        return self.vector(rows, columns)

    def vector(self, *shape: int, mean: float = 0.0) -> Floats:
        return mean + np.resize(self._block, shape) * np.float32(0.1)

    def _floats(self, rows: int, columns: int) -> Floats:
        block = np.roll(self._block, next(self._starts))
        return np.resize(block, (rows, columns)) * np.float32(columns**-0.5)


class PackedDraw(Draw):
    """Draws what `goosequill convert --bits 4 --pack` writes for a 16-bit file, without quantizing it.

    A matrix consists of cells of 16 rows and 64 columns, quantized once and repeated, each time from another
    one on.
    """

    CELLS = 10_007  # a prime number, so that every matrix starts at a cell of its own

    def __init__(self) -> None:
        super().__init__()
        self._cells: dict[int, NDArray[np.uint8]] = {}

    def matrix(self, rows: int, columns: int) -> PackedMatrix:
        if columns not in self._cells:
            weights = np.resize(self._block, (self.CELLS * PANEL, GROUP)) * np.float32(columns**-0.5)
            self._cells[columns] = LAYOUTS[GROUPS].pack(quantize(weights, 4)).values.reshape(self.CELLS, -1)
        cells = np.roll(self._cells[columns], next(self._starts), axis=0)
        values = np.resize(cells, LAYOUTS[GROUPS].lengths((rows, columns))[0])
        return PackedMatrix(4, values, np.empty(0, np.float32), GROUPS, (rows, columns))

    def low_rank(self, rows: int, columns: int) -> NDArray[np.float16]:
        return np.asarray(super().low_rank(rows, columns), np.float16)

    def table(self, rows: int, columns: int) -> QuantizedMatrix:
        row = quantize(super().vector(1, len(self._block)), 8)
        return QuantizedMatrix(8, np.resize(row.values, (rows, columns)), np.resize(row.scales, rows))

    def vector(self, *shape: int, mean: float = 0.0) -> Any:
        return super().vector(*shape, mean=mean).astype(np.float16)


def _norm(draw: Draw, name: str, width: int) -> Iterator[tuple[str, Any]]:
    yield f"{name}.weight", draw.vector(width, mean=1.0)
    yield f"{name}.bias", draw.vector(width)


def _block4(draw: Draw, at: str, ff: str, c: int) -> Iterator[tuple[str, Any]]:
    yield at + "time_decay", draw.vector(c, mean=-2.0)
    yield at + "time_first", draw.vector(c)
    for name in "kvr":
        yield f"{at}time_mix_{name}", draw.vector(1, 1, c, mean=0.5)
    for name in ("key", "value", "receptance", "output"):
        yield f"{at}{name}.weight", draw.matrix(c, c)
    for name in "kr":
        yield f"{ff}time_mix_{name}", draw.vector(1, 1, c, mean=0.5)
    yield ff + "receptance.weight", draw.matrix(c, c)


def _block7(draw: Draw, at: str, ff: str, c: int, ranks: dict[str, int]) -> Iterator[tuple[str, Any]]:
    for name in "rwkvag":
        yield f"{at}x_{name}", draw.vector(1, 1, c, mean=0.5)
    for name, rank in ranks.items():
        if name != "g":
            yield f"{at}{name}0", draw.vector(1, 1, c)
        yield f"{at}{name}1", draw.low_rank(c, rank)
        yield f"{at}{name}2", draw.low_rank(rank, c)
    yield at + "k_k", draw.vector(1, 1, c, mean=0.8)
    yield at + "k_a", draw.vector(1, 1, c, mean=1.0)
    yield at + "r_k", draw.vector(c // 64, 64)
    for name in ("receptance", "key", "value", "output"):
        yield f"{at}{name}.weight", draw.matrix(c, c)
    yield from _norm(draw, at + "ln_x", c)
    yield ff + "x_k", draw.vector(1, 1, c, mean=0.5)


def tensors(shape: Shape, draw: Draw | None = None) -> Iterator[tuple[str, Any]]:
    """Names and values of a checkpoint, under BlinkDL's names; float32, or what `draw` makes."""
    draw, c = draw or Draw(), shape.width
    yield "emb.weight", draw.table(shape.vocab, c)
    yield from _norm(draw, "blocks.0.ln0", c)
    for layer in range(shape.layers):
        yield from _norm(draw, f"blocks.{layer}.ln1", c)
        yield from _norm(draw, f"blocks.{layer}.ln2", c)
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        if shape.version == "4":
            yield from _block4(draw, at, ff, c)
        else:
            yield from _block7(draw, at, ff, c, shape.ranks)
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

    def form(name: str, array: Floats) -> Tensor:
        if bits >= 16:
            return array.astype(np.float16) if bits == 16 else array
        chosen = bits_for(name, array.shape, bits)
        if chosen is None:
            return array
        layout = layout_for(name, chosen) if pack else None
        matrix = quantize(array, chosen)
        return LAYOUTS[layout].pack(matrix) if layout else matrix

    write(path, ((name, form(name, array)) for name, array in tensors(shape)))


def write_packed(shape: Shape, path: Path) -> None:
    """Write a packed file in 4 bits, with one tensor in memory at a time.

    It appears when it is complete. The tensors are drawn twice: for the header, and to be written.
    """

    def drawn() -> Iterator[tuple[str, Tensor]]:
        return tensors(shape, PackedDraw())

    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        file.write(_header(drawn))
        for name, tensor in drawn():
            for _, array in flatten(name, tensor):
                file.write(np.ascontiguousarray(array).data)
    part.rename(path)


def _header(drawn: Callable[[], Iterable[tuple[str, Tensor]]]) -> bytes:
    spelled = {stored: name for name, stored in STORED.items() if name != "BF16"}
    entries, packings = [], {}
    for name, tensor in drawn():
        if isinstance(tensor, PackedMatrix):
            packings[name] = packing_of(tensor)
        entries += [
            (stored, spelled[array.dtype], array.shape, array.nbytes)
            for stored, array in flatten(name, tensor)
        ]
    return header(entries, packed_metadata(packings))


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Write a model of random weights in the shape of an RWKV-7, in packed 4 bits."
    )
    parser.add_argument("size", choices=LARGE)
    parser.add_argument("path", type=Path, help="the safetensors file to write")
    options = parser.parse_args()
    options.path.parent.mkdir(parents=True, exist_ok=True)
    write_packed(LARGE[options.size], options.path)
    print(f"{options.path}: {options.path.stat().st_size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
