"""Writes checkpoints as shards of safetensors, one tensor in memory at a time.

What goes where is planned from names and shapes alone, so that every file's header can be written
first; then each tensor is read, brought into its form and appended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.weights.elements import STORED, float32_to_bfloat16
from goosequill.weights.quantize import GROUP, QuantizedMatrix, bits_for, quantize
from goosequill.weights.safetensors import SCALE, flatten, header
from goosequill.weights.sharded import ROWS
from goosequill.weights.source import TensorSource

Bits = Literal[8, 4]
Progress = Callable[[int, int], None]
"""Called with (tensors written so far, tensors in all)."""

ENTRY = 256
"""Bytes allowed for a tensor's line in the header."""
_QUANTIZED: dict[str, Bits] = {"int8": 8, "int4": 4}


@dataclass(frozen=True)
class Piece:
    """Rows of a tensor, and the form in which they are written.

    Attributes
    ----------
    form
        8 or 4 bits, or the name of a floating type.
    rows
        (first, end) where a matrix is cut; None for the whole tensor.
    """

    name: str
    shape: tuple[int, ...]
    form: Bits | str
    rows: tuple[int, int] | None = None
    index: int = 0

    @property
    def stored_name(self) -> str:
        """The name in the file."""
        return self.name if self.rows is None else f"{self.name}{ROWS}{self.index}"

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape of the part that is written."""
        return self.shape if self.rows is None else (self.rows[1] - self.rows[0], *self.shape[1:])

    def entries(self) -> list[tuple[str, str, tuple[int, ...], int]]:
        """(name, type, shape, bytes) of what lies in the file."""
        shape = self.stored_shape
        if isinstance(self.form, str):
            return [(self.stored_name, self.form, shape, prod(shape) * STORED[self.form].itemsize)]
        rows, columns = shape
        name, scales = self.stored_name, self.stored_name + SCALE
        if self.form == 8:
            return [(name, "I8", shape, rows * columns), (scales, "F32", (rows,), 4 * rows)]
        half, groups = columns // 2, columns // GROUP
        return [(name, "U8", (rows, half), rows * half), (scales, "F16", (rows, groups), 2 * rows * groups)]

    @property
    def bytes(self) -> int:
        """Room that the piece takes, its lines in the header included."""
        return sum(length + ENTRY for *_, length in self.entries())


def plan(tensors: TensorSource, *, bits: Bits | None, shard_size: int) -> list[list[Piece]]:
    """What each shard will hold; see `write_shards`."""
    shards: list[list[Piece]] = [[]]
    room = shard_size - 2 * ENTRY
    used = 0
    for name in tensors.names():
        whole = Piece(name, tensors.shape(name), _form(tensors, name, bits))
        for piece in _cut(whole, room):
            if used + piece.bytes > room:
                shards.append([])
                used = 0
            shards[-1].append(piece)
            used += piece.bytes
    return [shard for shard in shards if shard]


def _form(tensors: TensorSource, name: str, bits: Bits | None) -> Bits | str:
    shape, dtype = tensors.shape(name), tensors.dtype(name)
    if dtype in _QUANTIZED and bits is None:
        return _QUANTIZED[dtype]
    rounded = bits and bits_for(name, shape, bits)
    if rounded:
        return rounded
    return dtype if dtype in ("F16", "BF16") else "F32"


def _cut(whole: Piece, room: int) -> Iterator[Piece]:
    """A tensor as it is, or in as many stretches of rows as it takes to fit."""
    if whole.bytes <= room:
        yield whole
        return
    rows = whole.shape[0] if len(whole.shape) == 2 else 1
    one_row = (whole.bytes - 2 * ENTRY) / rows
    height = int((room - 2 * ENTRY) / one_row)
    if rows == 1 or height < 1:
        raise SettingsError(
            f"A shard of {room:,} bytes cannot hold one row of the tensor {whole.name!r}.",
            code="shard-size",
            remedy="Choose larger shards.",
        )
    for index, start in enumerate(range(0, rows, height)):
        yield replace(whole, rows=(start, min(rows, start + height)), index=index)


def write_shards(
    folder: Path,
    tensors: TensorSource,
    *,
    bits: Bits | None = None,
    shard_size: int,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Write all tensors into a folder.

    Parameters
    ----------
    bits
        Round the large matrices to 8 or 4 bits; None keeps the form of the file, where 16-bit
        types stay as they are and blocks of few bits (of GGUF, of rwkv.cpp) become float32.
    shard_size
        Most bytes of a file. A matrix that is larger is cut by rows.

    Returns
    -------
    list
        For each file its name, length and SHA-256, as config.json lists them.
    """
    shards = plan(tensors, bits=bits, shard_size=shard_size)
    done, total = 0, sum(len(shard) + 1 for shard in shards)  # A header counts as one.
    written = []
    for number, shard in enumerate(shards, 1):
        count = len(shards)
        name = "model.safetensors" if count == 1 else f"model-{number:05}-of-{count:05}.safetensors"
        digest, length = hashlib.sha256(), 0
        with open(folder / name, "wb") as file:
            for part in _parts(tensors, shard):
                file.write(part)
                digest.update(part)
                length += len(part)
                done += 1
                if progress:
                    progress(done, total)
        written.append({"name": name, "bytes": length, "sha256": digest.hexdigest()})
    return written


def _parts(tensors: TensorSource, shard: list[Piece]) -> Iterator[bytes]:
    bits = {piece.stored_name: piece.form for piece in shard if not isinstance(piece.form, str)}
    metadata = {"format": "pt"}
    if bits:
        metadata["goosequill.quantization"] = json.dumps(bits, separators=(",", ":"))
    yield header([entry for piece in shard for entry in piece.entries()], metadata)
    for piece in shard:
        yield b"".join(np.ascontiguousarray(array).tobytes() for _, array in flatten(*_read(tensors, piece)))


def _read(tensors: TensorSource, piece: Piece) -> tuple[str, NDArray[Any] | QuantizedMatrix]:
    found = tensors.read(piece.name)
    part = slice(*piece.rows) if piece.rows else ...
    if isinstance(found, QuantizedMatrix):
        if found.bits == piece.form:
            return piece.stored_name, QuantizedMatrix(found.bits, found.values[part], found.scales[part])
        found = found.dequantize()
    array = found[part]
    if piece.form == "BF16":
        return piece.stored_name, float32_to_bfloat16(array)
    if isinstance(piece.form, str):
        return piece.stored_name, array.astype(STORED[piece.form])
    return piece.stored_name, quantize(array, piece.form)
