"""Writes checkpoints as safetensors shards, with one tensor in memory at a time.

The shards are planned from names and shapes alone, so that every file's header can be written first;
then each tensor is read, converted and appended. Quantized matrices may be packed: written in the
kernel's layout, so that a page need not convert them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.support.progress import OnProgress
from goosequill.weights.elements import STORED, all_finite, float32_to_bfloat16, not_finite
from goosequill.weights.formats.safetensors import (
    SCALE,
    Packing,
    flatten,
    header,
    packed_metadata,
    packing_of,
)
from goosequill.weights.packing import LAYOUTS, PackedMatrix, layout_for
from goosequill.weights.quantize import GROUP, QuantizedMatrix, bits_for, quantize
from goosequill.weights.rows import JOINED, joinable, joined_rows
from goosequill.weights.sharded import ROWS
from goosequill.weights.source import TensorSource

Bits = Literal[8, 4]

ENTRY = 256
"""Bytes allowed for a tensor's entry in the header."""
_QUANTIZED: dict[str, Bits] = {"int8": 8, "int4": 4}


@dataclass(frozen=True)
class Piece:
    """Rows of a tensor, and how they are written.

    Attributes
    ----------
    form
        8 or 4 bits, or the name of a floating-point type.
    layout
        Of a packed matrix.
    rows
        (first, end) of a split matrix; None for a whole tensor.
    """

    name: str
    shape: tuple[int, ...]
    form: Bits | str
    layout: str | None = None
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

    @property
    def packing(self) -> Packing | None:
        """How the part is packed, if it is."""
        if self.layout is None or isinstance(self.form, str):
            return None
        rows, columns = self.stored_shape
        return Packing(self.layout, self.form, (rows, columns))

    def entries(self) -> list[tuple[str, str, tuple[int, ...], int]]:
        """(name, type, shape, bytes) of each tensor in the file."""
        shape = self.stored_shape
        if isinstance(self.form, str):
            return [(self.stored_name, self.form, shape, prod(shape) * STORED[self.form].itemsize)]
        rows, columns = shape
        name, scales = self.stored_name, self.stored_name + SCALE
        if packing := self.packing:
            return packing.entries(name)
        if self.form == 8:
            return [(name, "I8", shape, rows * columns), (scales, "F32", (rows,), 4 * rows)]
        half, groups = columns // 2, columns // GROUP
        return [(name, "U8", (rows, half), rows * half), (scales, "F16", (rows, groups), 2 * rows * groups)]

    @property
    def bytes(self) -> int:
        """Bytes that the piece takes, including its entries in the header."""
        return sum(length + ENTRY for *_, length in self.entries())


def plan(
    tensors: TensorSource, *, bits: Bits | None, pack: bool = False, shard_size: int
) -> list[list[Piece]]:
    """Return the pieces of each shard; see `write_shards`."""
    shards: list[list[Piece]] = [[]]
    space = shard_size - 2 * ENTRY
    used = 0
    for whole in _wholes(tensors, bits, pack=pack):
        for piece in _split(whole, space):
            if used + piece.bytes > space:
                shards.append([])
                used = 0
            shards[-1].append(piece)
            used += piece.bytes
    return [shard for shard in shards if shard]


def _wholes(tensors: TensorSource, bits: Bits | None, *, pack: bool) -> Iterator[Piece]:
    """Yield all tensors; the tables of which a token needs a row each come last, as one."""
    tables = joinable(tensors)
    for name in tensors.names():
        if name in tables:
            continue
        form = _form(tensors, name, bits)
        layout = layout_for(name, form) if pack and not isinstance(form, str) else None
        yield Piece(name, tensors.shape(name), form, layout)
    if tables:
        rows, columns = tensors.shape(tables[0])
        yield Piece(JOINED, (rows, columns * len(tables)), tensors.dtype(tables[0]))


def _form(tensors: TensorSource, name: str, bits: Bits | None) -> Bits | str:
    shape, dtype = tensors.shape(name), tensors.dtype(name)
    if dtype in _QUANTIZED and bits is None:
        return _QUANTIZED[dtype]
    quantized = bits and bits_for(name, shape, bits)
    if quantized:
        return quantized
    return dtype if dtype in ("F16", "BF16") else "F32"


def _split(whole: Piece, space: int) -> Iterator[Piece]:
    """Yield a tensor whole, or split by rows if it does not fit into a shard."""
    if whole.bytes <= space:
        yield whole
        return
    rows = whole.shape[0] if len(whole.shape) == 2 else 1
    one_row = (whole.bytes - 2 * ENTRY) / rows
    height = int((space - 2 * ENTRY) / one_row)
    if whole.layout is not None:
        height -= height % LAYOUTS[whole.layout].multiple
    if rows == 1 or height < 1:
        raise SettingsError(
            f"A shard of {space:,} bytes is too small for one row of the tensor {whole.name!r}.",
            code="shard-size",
        )
    for index, start in enumerate(range(0, rows, height)):
        yield replace(whole, rows=(start, min(rows, start + height)), index=index)


def write_shards(
    folder: Path,
    tensors: TensorSource,
    *,
    bits: Bits | None = None,
    pack: bool = False,
    shard_size: int,
    progress: OnProgress | None = None,
) -> list[dict[str, Any]]:
    """Write all tensors into a folder.

    Parameters
    ----------
    bits
        Quantize the large matrices to 8 or 4 bits. None keeps the file's types: 16-bit types stay as
        they are, and quantized blocks (of GGUF and rwkv.cpp) become float32.
    pack
        Write quantized matrices in the SIMD kernel's layout.
    shard_size
        Limit for the size of a file in bytes. Larger matrices are split by rows.

    Returns
    -------
    list
        Name, length and SHA-256 of each file, as config.json lists them.
    """
    shards = plan(tensors, bits=bits, pack=pack, shard_size=shard_size)
    done, total = 0, sum(len(shard) + 1 for shard in shards)  # a header counts as one
    written = []
    for number, shard in enumerate(shards, 1):
        count = len(shards)
        name = "model.safetensors" if count == 1 else f"model-{number:05}-of-{count:05}.safetensors"
        digest, length = hashlib.sha256(), 0
        with open(folder / name, "wb") as file:
            for part in _parts(tensors, shard):
                for buffer in part:
                    file.write(buffer)
                    digest.update(buffer)
                    length += len(buffer)
                done += 1
                if progress:
                    progress(done, total)
        written.append({"name": name, "bytes": length, "sha256": digest.hexdigest()})
    return written


def stream(tensors: TensorSource) -> tuple[int, Iterator[bytes | memoryview]]:
    """Return (length in bytes, parts) of one packed file of all tensors and their metadata, all of it texts.

    Matrices that are packed already are not copied.
    """
    pieces = [
        piece for shard in plan(tensors, bits=None, pack=True, shard_size=sys.maxsize) for piece in shard
    ]
    parts = _parts(tensors, pieces, tensors.metadata)
    first = next(parts)
    sizes = [size for piece in pieces for *_, size in piece.entries()]
    length = sum(map(len, first := list(first))) + sum(sizes)
    return length, itertools.chain(first, itertools.chain.from_iterable(parts))


def _parts(
    tensors: TensorSource, shard: list[Piece], kept: Mapping[str, str] | None = None
) -> Iterator[Iterable[bytes | memoryview]]:
    """Yield the header, with the metadata that is kept, then the bytes of each piece."""
    yield [head(shard, kept)]
    for piece in shard:
        if piece.name == JOINED:
            yield map(bytes_of, joined_rows(tensors, *(piece.rows or (0, piece.shape[0]))))
            continue
        yield [bytes_of(array) for array in piece_arrays(tensors, piece)]


def head(pieces: Sequence[Piece], kept: Mapping[str, str] | None = None) -> bytes:
    """Return the header of a file of these pieces, in this order, with the metadata that is kept."""
    bits = {piece.stored_name: piece.form for piece in pieces if not isinstance(piece.form, str)}
    metadata = {**(kept or {}), "format": "pt"}
    if bits:
        metadata["goosequill.quantization"] = json.dumps(bits, separators=(",", ":"))
    metadata |= packed_metadata({piece.stored_name: piece.packing for piece in pieces if piece.packing})
    return header([entry for piece in pieces for entry in piece.entries()], metadata)


def piece_arrays(tensors: TensorSource, piece: Piece) -> list[NDArray[Any]]:
    """Read a piece, and return the arrays that are written: a matrix's values and its scales are two."""
    return [array for _, array in flatten(piece.stored_name, _read(tensors, piece))]


def bytes_of(array: NDArray[Any]) -> memoryview:
    """Return the bytes of an array, not copied if they are contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _read(tensors: TensorSource, piece: Piece) -> NDArray[Any] | QuantizedMatrix:
    found = tensors.read(piece.name)
    if isinstance(found, PackedMatrix) and packing_of(found) == piece.packing:
        return found
    found = _in_form(found, piece)
    if isinstance(found, QuantizedMatrix) and piece.layout is not None:
        return LAYOUTS[piece.layout].pack(found)
    return found


def _in_form(found: NDArray[np.float32] | QuantizedMatrix, piece: Piece) -> NDArray[Any] | QuantizedMatrix:
    """Return the rows of the piece, converted to its form."""
    part = slice(*piece.rows) if piece.rows else slice(None)
    if isinstance(found, QuantizedMatrix):
        if found.bits == piece.form:
            matrix = found.by_rows()
            return QuantizedMatrix(matrix.bits, matrix.values[part], matrix.scales[part])
        found = found.dequantize()
    array = found if piece.rows is None else found[part]
    if not isinstance(piece.form, str):
        return quantize(array, piece.form, piece.name)
    with np.errstate(over="ignore"):
        bfloat16 = piece.form == "BF16"
        stored = float32_to_bfloat16(array) if bfloat16 else array.astype(STORED[piece.form])
    if not all_finite(stored, piece.form):  # an undone division may exceed the range of 16 bits
        raise not_finite(piece.name)
    return stored
