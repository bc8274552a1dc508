"""The safetensors format: an 8-byte length, a JSON header, then the tensors' bytes.

Reads floating-point tensors, and the quantized matrices that `convert` writes: ``name`` as I8 or U8
with ``name.scale``, by rows or packed as the metadata says. Validates the header as the format's
specification requires before using an offset: no overlaps, no gaps, no trailing bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.support.budget import Budget
from goosequill.weights.elements import FLOATS, STORED, all_finite, not_finite, read_elements
from goosequill.weights.packing import LAYOUTS, VERSION, PackedMatrix
from goosequill.weights.quantize import GROUP, QuantizedMatrix
from goosequill.weights.source import (
    MAX_TENSORS,
    ByteRange,
    ByteSource,
    Extent,
    is_count,
    is_shape,
    truncated,
)

MAX_HEADER = 4_000_000
"""Size limit of the header in bytes; the largest RWKV models have 300 kB."""
MAX_DIMENSIONS = 8
SCALE = ".scale"
PACKED = "goosequill.packed"
"""Metadata key for layout, bits and shape of packed matrices, whose tensors are flat."""


@dataclass(frozen=True)
class _Entry:
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Packing:
    """How a matrix is packed."""

    layout: str
    bits: Literal[8, 4]
    shape: tuple[int, int]

    @property
    def lengths(self) -> tuple[int, int]:
        """(bytes of the values, number of the scales that are stored separately)."""
        return LAYOUTS[self.layout].lengths(self.shape)

    def entries(self, name: str) -> list[tuple[str, str, tuple[int, ...], int]]:
        """(name, type, shape, bytes) of each tensor in the file."""
        length, count = self.lengths
        values = (name, "I8" if self.bits == 8 else "U8", (length,), length)
        return [values, (name + SCALE, "F32", (count,), 4 * count)] if count else [values]


def _bad(name: str, what: str) -> FileFormatError:
    return FileFormatError(f"{name} is not a valid safetensors file: {what}.", code="safetensors-header")


def matches(source: ByteSource) -> bool:
    """Whether the file starts like a safetensors file; GGUF and rwkv.cpp may have any number there."""
    return source.size >= 9 and source.read(8, 1) == b"{" and source.read(0, 4) not in (b"GGUF", b"fmgg")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _read_header(source: ByteSource) -> tuple[dict[str, Any], int]:
    """The parsed header and the offset of the first tensor."""
    if source.size < 8:
        raise truncated(source.name, source.size, 8)
    length = int.from_bytes(source.read(0, 8), "little")
    if length > MAX_HEADER:
        raise _bad(source.name, f"its header is said to have {length:,} bytes")
    if 8 + length > source.size:
        raise truncated(source.name, source.size, 8 + length)
    try:
        header = Budget().json(source.read(8, length), object_pairs_hook=_no_duplicates)
    except ValueError as error:
        raise _bad(source.name, f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise _bad(source.name, "its header is not a JSON object")
    if len(header) > MAX_TENSORS:
        raise _bad(source.name, f"it has more than {MAX_TENSORS:,} tensors")
    return header, 8 + length


def _entry(file: str, name: str, info: Any) -> _Entry:
    """Validate one tensor's description."""
    if not isinstance(info, dict) or not {"dtype", "shape", "data_offsets"} <= info.keys():
        raise _bad(file, f"tensor {name[:80]!r} lacks dtype, shape or data_offsets")
    dtype, shape, offsets = info["dtype"], info["shape"], info["data_offsets"]
    if not isinstance(dtype, str) or dtype not in STORED:
        raise _bad(file, f"tensor {name[:80]!r} has the unsupported type {str(dtype)[:20]!r}")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS or not is_shape(shape):
        raise _bad(file, f"tensor {name[:80]!r} has an invalid shape")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(is_count, offsets)):
        raise _bad(file, f"tensor {name[:80]!r} has invalid offsets")
    if offsets[1] - offsets[0] != prod(shape) * STORED[dtype].itemsize:
        raise _bad(file, f"the size of tensor {name[:80]!r} does not match its shape {shape}")
    return _Entry(dtype, tuple(shape), offsets[0], offsets[1])


def _packings(file: str, metadata: dict[str, Any]) -> dict[str, Packing]:
    """The packed matrices, by name."""
    text = metadata.get(PACKED)
    if text is None:
        return {}
    try:
        found = Budget().json(text)
        version, matrices = found["version"], found["matrices"]
        parsed = {name: _packing(file, name, info) for name, info in matrices.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _bad(file, "its description of the packed matrices is invalid") from error
    if not is_count(version) or not 1 <= version <= VERSION:
        raise _unknown_layout(file, f"version {str(version)[:20]}")
    return parsed


def _packing(file: str, name: str, info: dict[str, Any]) -> Packing:
    layout, bits, shape = info["layout"], info["bits"], info["shape"]
    if layout not in LAYOUTS:
        raise _unknown_layout(file, f"the layout {str(layout)[:40]!r}")
    if bits != LAYOUTS[layout].bits:
        raise _unknown_layout(file, f"the layout {layout} with {str(bits)[:20]} bits")
    counts = isinstance(shape, list) and len(shape) == 2 and is_shape(shape) and all(shape)
    if not counts or not is_count(bits) or (bits == 4 and shape[1] % GROUP):
        raise _bad(file, f"the packed tensor {name[:80]!r} has an invalid shape")
    return Packing(layout, bits, (shape[0], shape[1]))


def _unknown_layout(file: str, what: str) -> FileFormatError:
    return FileFormatError(
        f"The matrices of {file} are packed in an unknown way: {what}.", code="packed-layout"
    )


class SafetensorsSource:
    """A TensorSource over a safetensors file.

    Raises
    ------
    FileFormatError
        If the file is truncated or invalid; only the header is read.
    """

    format = "safetensors"

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        header, self._start = _read_header(source)
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict):
            raise _bad(source.name, "its metadata is not a JSON object")
        self.metadata: dict[str, Any] = metadata
        self._entries = {name: _entry(source.name, name, info) for name, info in header.items()}
        self._names = [name for name in self._entries if not self._is_scale(name)]
        self._packings = _packings(source.name, metadata)
        self._check_layout()
        self._check_packed()
        self._check_scales()

    def _check_layout(self) -> None:
        position = 0
        for name, entry in sorted(self._entries.items(), key=lambda item: (item[1].begin, item[1].end)):
            if entry.begin != position:
                kind = "overlaps another" if entry.begin < position else "leaves a gap before it"
                raise _bad(self._source.name, f"tensor {name[:80]!r} {kind}")
            position = entry.end
        if self._start + position > self._source.size:
            raise truncated(self._source.name, self._source.size, self._start + position)
        if self._start + position < self._source.size:
            raise _bad(self._source.name, "there are bytes after the last tensor")

    def _check_packed(self) -> None:
        for name, packing in self._packings.items():
            stored = {part: self._entries.get(part) for part in (name, name + SCALE)}
            found = [(part, entry.dtype, entry.shape) for part, entry in stored.items() if entry is not None]
            if found != [(part, dtype, shape) for part, dtype, shape, _ in packing.entries(name)]:
                raise _bad(self._source.name, f"the packed tensor {name[:80]!r} does not match its shape")

    def _check_scales(self) -> None:
        """A tensor of 8-bit integers is a quantized matrix, and must have scales."""
        for name, entry in self._entries.items():
            if entry.dtype not in ("I8", "U8") or name in self._packings:
                continue
            scales = self._entries.get(name + SCALE)
            if scales is None or scales.dtype not in ("F16", "F32"):
                raise _bad(self._source.name, f"the quantized tensor {name[:80]!r} has no scales")
            rows, columns = entry.shape if len(entry.shape) == 2 else (0, 1)
            expected = (rows,) if entry.dtype == "I8" else (rows, 2 * columns // GROUP)
            if len(entry.shape) != 2 or 2 * columns % GROUP * (entry.dtype == "U8"):
                raise _bad(self._source.name, f"the quantized tensor {name[:80]!r} has an invalid shape")
            if scales.shape != expected:
                raise _bad(self._source.name, f"the scales of {name[:80]!r} have the wrong shape")

    def names(self) -> list[str]:
        return list(self._names)  # asked for by every layer above

    def _is_scale(self, name: str) -> bool:
        base = self._entries.get(name.removesuffix(SCALE)) if name.endswith(SCALE) else None
        return base is not None and base.dtype in ("I8", "U8")

    def shape(self, name: str) -> tuple[int, ...]:
        if name in self._packings:
            return self._packings[name].shape
        entry = self._entries[name]
        if entry.dtype == "U8":
            return (*entry.shape[:-1], 2 * entry.shape[-1])
        return entry.shape

    def dtype(self, name: str) -> str:
        return {"I8": "int8", "U8": "int4"}.get(self._entries[name].dtype, self._entries[name].dtype)

    def _array(self, name: str) -> NDArray[Any]:
        entry = self._entries[name]
        flat = read_elements(self._source, self._start + entry.begin, prod(entry.shape), entry.dtype, name)
        return flat.reshape(entry.shape)

    def read(self, name: str) -> NDArray[np.float32] | QuantizedMatrix:
        entry = self._entries[name]
        if entry.dtype not in ("I8", "U8"):
            return self._array(name)
        packing = self._packings.get(name)
        if packing:
            scales = self._array(name + SCALE) if packing.lengths[1] else np.empty(0, np.float32)
            matrix = PackedMatrix(packing.bits, self._array(name), scales, packing.layout, packing.shape)
            if not all_finite(LAYOUTS[packing.layout].inner_scales(matrix), "F16"):
                raise not_finite(name)
            return matrix
        return QuantizedMatrix(8 if entry.dtype == "I8" else 4, self._array(name), self._array(name + SCALE))

    def extents(self, name: str) -> list[Extent]:
        entry = self._entries[name]
        if entry.dtype not in FLOATS or len(entry.shape) != 2:
            return []
        return [Extent(self._source, self._start + entry.begin, entry.dtype, entry.shape[0])]

    def ranges(self, name: str) -> list[ByteRange]:
        stored = [name, name + SCALE] if self._is_scale(name + SCALE) else [name]
        entries, start = [self._entries[part] for part in stored], self._start
        return [ByteRange(self._source, start + entry.begin, start + entry.end) for entry in entries]


def open_source(source: ByteSource) -> SafetensorsSource:
    """Open a safetensors file; see `SafetensorsSource` for the errors."""
    return SafetensorsSource(source)


def header(
    entries: Iterable[tuple[str, str, tuple[int, ...], int]], metadata: dict[str, str] | None
) -> bytes:
    """Return the header of a file with these tensors (name, type, shape, bytes), in this order."""
    table: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    position = 0
    for name, dtype, shape, length in entries:
        offsets = [position, position + length]
        table[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}
        position += length
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def flatten(name: str, tensor: NDArray[Any] | QuantizedMatrix) -> list[tuple[str, NDArray[Any]]]:
    """Return a tensor as stored: a quantized matrix is two arrays, unless its values include the scales."""
    if not isinstance(tensor, QuantizedMatrix):
        return [(name, tensor)]
    if not tensor.scales.size:
        return [(name, tensor.values)]
    scales = tensor.scales if tensor.bits == 8 else tensor.scales.astype(np.float16)
    return [(name, tensor.values), (name + SCALE, scales)]


def packing_of(matrix: PackedMatrix) -> Packing:
    """Return how a matrix is packed."""
    return Packing(matrix.layout, matrix.bits, matrix.shape)


def packed_metadata(packings: Mapping[str, Packing]) -> dict[str, str]:
    """Return the metadata of packed matrices; empty without any."""
    matrices = {name: asdict(packing) for name, packing in packings.items()}
    described = json.dumps({"version": VERSION, "matrices": matrices}, separators=(",", ":"))
    return {PACKED: described} if matrices else {}


def encode(
    tensors: Iterable[tuple[str, NDArray[Any] | QuantizedMatrix]], metadata: dict[str, str] | None = None
) -> list[bytes]:
    """Return the parts of a safetensors file with these tensors, in their order.

    Arrays must be float64, float32, float16, int8 or uint8. See `flatten` for quantized matrices.
    """
    tensors = list(tensors)
    packings = {name: packing_of(tensor) for name, tensor in tensors if isinstance(tensor, PackedMatrix)}
    metadata = {**(metadata or {}), **packed_metadata(packings)}
    flat = [part for name, tensor in tensors for part in flatten(name, tensor)]
    spelled = {stored: name for name, stored in STORED.items() if name != "BF16"}
    entries = [(name, spelled[array.dtype], array.shape, array.nbytes) for name, array in flat]
    return [header(entries, metadata), *(np.ascontiguousarray(array).tobytes() for _, array in flat)]


def write(
    path: str | Path,
    tensors: Iterable[tuple[str, NDArray[Any] | QuantizedMatrix]],
    metadata: dict[str, str] | None = None,
) -> None:
    """Write a safetensors file; see `encode`."""
    with open(path, "wb") as file:
        file.writelines(encode(tensors, metadata))
