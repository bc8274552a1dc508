"""Write the figures in site/models/catalogue.json: parameters, bytes and memory of each model.

Run it as python scripts/catalogue.py. They follow from the sizes that an entry has: the names and shapes of
the tensors are made from them, and nothing is downloaded. A test fails while the file differs from what
this writes.
"""

from __future__ import annotations

import json
import sys
from math import prod
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "py"))

from goosequill.models.estimate import estimate, quantized_bytes, stored_bits  # noqa: E402
from goosequill.weights.mapped import Floats  # noqa: E402
from goosequill.weights.quantize import is_row_table  # noqa: E402
from goosequill.weights.source import ByteRange, Extent  # noqa: E402
from goosequill.weights.writing import Bits, plan  # noqa: E402

CATALOGUE = ROOT / "site" / "models" / "catalogue.json"
HEAD_SIZE = 64
"""Channels of a head in all of BlinkDL's models from version 5 on."""
ONE_FILE = 1 << 50

Shapes = dict[str, tuple[int, ...]]


class ShapesOnly:
    """A TensorSource in 16 bits without values."""

    format = "shapes"

    def __init__(self, shapes: Shapes) -> None:
        self.metadata: dict[str, Any] = {}
        self._shapes = shapes

    def names(self) -> list[str]:
        return list(self._shapes)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._shapes[name]

    def dtype(self, name: str) -> str:
        return "BF16"

    def read(self, name: str) -> Floats:
        raise TypeError(f"{name} has a shape only")

    def extents(self, name: str) -> list[Extent]:
        return []

    def ranges(self, name: str) -> list[ByteRange]:
        return []


def checkpoint(
    version: str, layers: int, width: int, vocab: int, ranks: dict[str, int], ffn: int | None = None
) -> ShapesOnly:
    """The tensors of a checkpoint of these sizes; `ffn` is by default what BlinkDL's training code takes.

    `ranks` are those of the low-rank matrices: "shift" and "decay" of version 6; "w", "a", "v" and "g" of 7,
    and "s" of 7a.
    """
    ffn = ffn or (width * 4 if version[0] in "47" else width * 7 // 2 // 32 * 32)
    found: Shapes = {"emb.weight": (vocab, width), "head.weight": (vocab, width)}
    norms = ["ln_out", "blocks.0.ln0"]
    for layer in range(layers):
        block = f"blocks.{layer}."
        norms += [block + "ln1", block + "ln2"] + [block + "att.ln_x"] * (version != "4")
        found |= {f"{block}att.{name}": shape for name, shape in _att(version[0], width, ranks).items()}
        found |= {f"{block}ffn.{name}": shape for name, shape in _ffn(version[0], width, ffn).items()}
        if version == "7a":
            deep = _deep_embed(vocab, width, ffn, ranks["s"])
            found |= {f"{block}ffn.{name}": shape for name, shape in deep.items()}
    return ShapesOnly(found | {f"{norm}.{part}": (width,) for norm in norms for part in ("weight", "bias")})


def _att(version: str, width: int, ranks: dict[str, int]) -> Shapes:
    one, heads = (1, 1, width), (width // HEAD_SIZE, HEAD_SIZE)
    square: Shapes = {f"{name}.weight": (width, width) for name in ("receptance", "key", "value", "output")}
    if version == "4":
        return square | {"time_decay": (width,), "time_first": (width,)} | _each("time_mix_", "kvr", one)
    if version == "7":
        found: Shapes = square | _each("x_", "rwkvag", one) | {"k_k": one, "k_a": one, "r_k": heads}
        for name in "wavg":
            rank = ranks[name]
            found |= {f"{name}1": (width, rank), f"{name}2": (rank, width)}
        return found | {"w0": one, "a0": one, "v0": one}
    gated: Shapes = square | {"gate.weight": (width, width), "time_faaaa": heads}
    if version == "5":
        return gated | {"time_decay": heads} | _each("time_mix_", "kvrg", one)
    shift, decay = ranks["shift"], ranks["decay"]
    low_rank: Shapes = {"time_maa_w1": (width, 5 * shift), "time_maa_w2": (5, shift, width)}
    low_rank |= {"time_decay_w1": (width, decay), "time_decay_w2": (decay, width)}
    return gated | low_rank | {"time_decay": one} | _each("time_maa_", "xwkvrg", one)


def _ffn(version: str, width: int, ffn: int) -> Shapes:
    found: Shapes = {"key.weight": (ffn, width), "value.weight": (width, ffn)}
    if version == "7":
        return found | {"x_k": (1, 1, width)}
    mix = "time_maa_" if version == "6" else "time_mix_"
    return found | {"receptance.weight": (width, width)} | _each(mix, "kr", (1, 1, width))


def _deep_embed(vocab: int, width: int, ffn: int, rank: int) -> Shapes:
    found: Shapes = {"s_emb.weight": (vocab, rank * rank), "s_emb_x.weight": (rank * rank, width)}
    return found | {"s1": (width, rank), "s2": (rank, ffn), "s0": (1, 1, ffn)}


def _each(prefix: str, letters: str, shape: tuple[int, ...]) -> Shapes:
    return {prefix + letter: shape for letter in letters}


def figures(model: dict[str, Any]) -> dict[str, Any]:
    """What is computed of an entry.

    Returns
    -------
    dict
        ``parameters``; ``bytes`` of the weights in 16, 8 and 4 bits: those of the original, and of what
        `goosequill convert` makes of it; ``memory``, the peak of bytes while it is loaded with 16 (which are
        computed in 32), 8 and 4; ``read``, the bytes of weights that are read for each token, with the same.
    """
    tensors = checkpoint(
        model["version"], model["layers"], model["width"], model["vocab_size"], model.get("low_rank", {})
    )
    parameters = sum(prod(tensors.shape(name)) for name in tensors.names())
    size, memory = {"16": 2 * parameters}, {"16": estimate(tensors).peak}
    read = {"16": _read(tensors, None)}
    quantized: tuple[Bits, ...] = (8, 4)
    for bits in quantized:
        (pieces,) = plan(tensors, bits=bits, pack=True, shard_size=ONE_FILE)
        size[str(bits)] = sum(piece.bytes for piece in pieces)
        memory[str(bits)] = estimate(tensors, quantize=bits).peak
        read[str(bits)] = _read(tensors, bits)
    return {"parameters": parameters, "bytes": size, "memory": memory, "read": read}


def _read(tensors: ShapesOnly, quantize: Bits | None) -> int:
    """All weights, except those of which a token reads a row: the embedding and the tables of version 7a."""
    total = 0
    for name in tensors.names():
        shape = tensors.shape(name)
        if name == "emb.weight" or is_row_table(name):
            continue
        bits = stored_bits(name, shape, "BF16", quantize) or (8 if quantize and len(shape) == 2 else None)
        total += quantized_bytes(shape, bits) if bits else 4 * prod(shape)
    return total


def written(catalogue: dict[str, Any]) -> str:
    """The catalogue with all figures, as JSON."""
    models = [{**model, **figures(model)} for model in catalogue["models"]]
    return json.dumps({**catalogue, "models": models}, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the catalogue."""
    CATALOGUE.write_text(written(json.loads(CATALOGUE.read_text())))


if __name__ == "__main__":
    main()
