"""rwkv.cpp's `.bin` files.

A file has six 32-bit integers, then tensors, each with its name, its type and its dimensions in
reverse. The names are BlinkDL's, but rwkv.cpp's converter precomputes some values (decays and bonuses
of versions 4 and 5) and transposes low-rank matrices (6 and 7). Both are undone here; logarithms
restore the values to within rounding.

Version 100 of the format is from before 27 May 2023, when ggml's blocks had another layout; 101
differs from it in nothing else (rwkv.cpp, docs/FILE_FORMAT.md).
"""

from __future__ import annotations

import re
import struct
from math import prod
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, UnsupportedModelError
from goosequill.weights.elements import stored_bytes
from goosequill.weights.mapped import MappedSource, Part
from goosequill.weights.naming import LOW_RANK, row, transpose, undo_decay, vector_shape
from goosequill.weights.source import MAX_TENSORS, ByteSource, TensorSource, truncated
from goosequill.weights.stored import Entry, StoredTensors

MAGIC = 0x67676D66
MAX_NAME = 256
_PLAIN = {0: "F32", 1: "F16"}
_BLOCKS = {2: "Q4_0", 3: "Q4_1", 7: "Q5_0", 8: "Q5_1", 9: "Q8_0"}
_OLD_BLOCKS = _BLOCKS | {4: "Q4_1_O", 5: "Q4_2", 6: "Q4_3"}
_TYPES = {
    100: _PLAIN | {kind: f"OLD_{name}" for kind, name in _OLD_BLOCKS.items()},
    101: _PLAIN | _BLOCKS,
}
"""File version -> type id -> our name of the type."""


def matches(source: ByteSource) -> bool:
    """Whether the file starts like an rwkv.cpp file."""
    return source.size >= 4 and source.read(0, 4) == struct.pack("<I", MAGIC)


def open_source(source: ByteSource) -> TensorSource:
    """Open an rwkv.cpp file; names and values are BlinkDL's.

    Raises
    ------
    FileFormatError
        If the file is truncated or invalid; only headers are read.
    UnsupportedModelError
        If it is quantized in an unknown way.
    """
    raw = _RawRwkvCpp(source)
    return MappedSource(raw, _parts(raw))


def _bad(name: str, what: str) -> FileFormatError:
    return FileFormatError(f"{name} is not a valid rwkv.cpp file: {what}.", code="rwkv-cpp-header")


class _RawRwkvCpp(StoredTensors):
    """The tensors of an rwkv.cpp file as they are stored."""

    format = "rwkv.cpp"

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        if source.size < 24:
            raise truncated(source.name, source.size, 24)
        _, version, _, _, _, dtype = struct.unpack("<6i", source.read(0, 24))
        if version not in _TYPES:
            raise _bad(source.name, f"it has version {version}, but only 100 and 101 are supported")
        self._types = _TYPES[version]
        self.metadata: dict[str, Any] = {"version": version, "type": self._types.get(dtype, str(dtype))}
        position = 24
        while position < source.size:
            position = self._read_entry(position)
            if len(self._entries) > MAX_TENSORS:
                raise _bad(source.name, f"it has more than {MAX_TENSORS:,} tensors")

    def _read_entry(self, position: int) -> int:
        """Read the header of one tensor; return the position of the next."""
        source = self._source
        data = source.read(position, min(12 + 4 * 4 + MAX_NAME, source.size - position))
        if len(data) < 12:
            raise truncated(source.name, source.size, position + 12)
        dimensions, length, kind = struct.unpack_from("<3i", data)
        if not 1 <= dimensions <= 4 or not 1 <= length <= MAX_NAME:
            raise _bad(source.name, f"there is no tensor at byte {position:,}")
        start: int = position + 12 + 4 * dimensions + length
        if start > source.size:
            raise truncated(source.name, source.size, start)
        shape: tuple[int, ...] = struct.unpack_from(f"<{dimensions}i", data, 12)[::-1]
        name = data[12 + 4 * dimensions : 12 + 4 * dimensions + length].decode("utf-8", "replace")
        if min(shape) < 1 or name in self._entries:
            raise _bad(source.name, f"the tensor {name!r} is empty or occurs twice")
        dtype = self._dtype(name, kind)
        try:
            stored_bytes(shape[-1], dtype)
        except ValueError as error:
            raise _bad(source.name, f"tensor {name!r}: {error}") from error
        end = start + stored_bytes(prod(shape), dtype)
        if end > source.size:
            raise truncated(source.name, source.size, end)
        self._entries[name] = Entry(dtype, shape, start)
        return end

    def _dtype(self, name: str, kind: int) -> str:
        if kind not in self._types:
            raise UnsupportedModelError(
                f"The tensor {name!r} of {self._source.name} is quantized in an unsupported way "
                f"(type {kind}, version {self.metadata['version']}).",
                code="unsupported-quantization",
                remedy="Quantize the model again with a current rwkv.cpp, or use its F16 file.",
            )
        return self._types[kind]


def _parts(raw: _RawRwkvCpp) -> dict[str, Part]:
    names = set(raw.names())
    restore = _plain
    if "blocks.0.att.time_maa_x" in names:
        restore = _version6
    elif "blocks.0.att.r_k" in names:
        restore = _version7
    elif "blocks.0.att.ln_x.weight" in names:
        restore = _version5
    elif "blocks.0.att.time_decay" in names:
        restore = _version4
    parts: dict[str, Part] = {}
    for origin in raw.names():
        joined = re.fullmatch(r"(blocks\.\d+\.att\.x_)rwkvag", origin)
        shape = raw.shape(origin)
        if joined and prod(shape) % 6 == 0:
            for index, letter in enumerate("rwkvag"):
                parts[joined[1] + letter] = Part(origin, (1, 1, prod(shape) // 6), _sixth(index))
        else:
            parts[origin] = restore(origin, shape)
    return parts


def _plain(name: str, shape: tuple[int, ...]) -> Part:
    return Part(name, vector_shape(name, shape))


def _sixth(index: int) -> Any:
    return lambda array: row(index)(array.reshape(6, -1))


def _version4(name: str, shape: tuple[int, ...]) -> Part:
    if name.endswith(".time_decay"):
        return Part(name, shape, lambda array: np.log(-array))
    return _plain(name, shape)


def _version5(name: str, shape: tuple[int, ...]) -> Part:
    """Decays and bonuses are [H, S, 1] in 5.2, [H, 1] or [H, 1, 1] in 5.1 and 5.0."""
    per_head = (shape[0],) if prod(shape) == shape[0] else (shape[0], prod(shape[1:]))
    if name.endswith(".time_decay"):
        return Part(name, per_head, undo_decay)
    if name.endswith(".time_first"):
        return Part(name, per_head, lambda array: np.log(array))
    if name.endswith(".time_faaaa"):
        return Part(name, per_head)
    return _plain(name, shape)


def _version6(name: str, shape: tuple[int, ...]) -> Part:
    if LOW_RANK.match(name) and len(shape) >= 2:
        return Part(name, (*shape[:-2], shape[-1], shape[-2]), transpose)
    if name.endswith(".att.time_faaaa"):
        return Part(name, (shape[0], prod(shape[1:])))
    if name.endswith(".att.time_decay"):
        return Part(name, (1, 1, prod(shape)))
    return _plain(name, shape)


def _version7(name: str, shape: tuple[int, ...]) -> Part:
    if LOW_RANK.match(name) and len(shape) == 2:
        return Part(name, shape[::-1], transpose)
    if name.endswith(".att.r_k"):
        return Part(name, (shape[0], prod(shape[1:])))
    return _plain(name, shape)
