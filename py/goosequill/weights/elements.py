"""The element types of weight files, and their conversion to float32.

Large tensors are read and converted in chunks, so that a tensor's stored bytes are never in memory as a
whole beside the result. Values that are not finite are refused on the way: a single NaN would make every
logit NaN, or be hidden by quantization.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.weights import ggml_blocks
from goosequill.weights.source import ByteSource

STORED: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
"""Name (as safetensors spells it) -> the numpy type of its bytes; bfloat16 is read as uint16."""

READ = 1 << 22
"""Bytes that are read at a time."""
CHUNK = 1 << 17
"""Elements that are converted at a time: so few that the processor's cache holds them for each step."""

FLOATS = ("F32", "F16", "BF16")
"""The types of which single rows are read: they become float32 without a loss."""

_INFINITY: dict[str, tuple[int, np.dtype[Any], np.dtype[Any], int]] = {
    "F16": (0x7C00, np.dtype(np.int16), np.dtype(np.uint16), 1 << 15),
    "BF16": (0x7F80, np.dtype(np.int16), np.dtype(np.uint16), 1 << 15),
    "F32": (0x7F800000, np.dtype(np.int32), np.dtype(np.uint32), 1 << 31),
}
"""The bits of infinity, above which only NaN is; integers of that size with and without a sign; the sign."""


def stored_bytes(count: int, dtype: str) -> int:
    """Bytes that `count` elements take in a file; ValueError if they do not fill whole blocks."""
    if dtype in STORED:
        return count * STORED[dtype].itemsize
    block = ggml_blocks.BLOCKS[dtype]
    if count % block.elements:
        raise ValueError(f"{count:,} elements do not fill blocks of {block.elements}")
    return count // block.elements * block.bytes


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Convert: a bfloat16 is the upper half of a float32."""
    wide = bits.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)


def float32_to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the upper half of each float32, rounded to nearest; exact for values that were bfloat16."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) >> 16).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded)


def float16_to_float32(halves: NDArray[np.float16]) -> NDArray[np.float32]:
    """Convert finite values, six times as fast as numpy: it decides for each one whether it is subnormal.

    Sign and magnitude are moved to where a float32 has them, which is the value with an exponent that is too
    small by the difference of the two types' biases: 112.
    """
    wide = halves.view(np.int16).astype(np.int32)  # the sign fills the upper half
    wide <<= 13
    wide &= np.int32(0x8FFFE000 - (1 << 32))
    values = wide.view(np.float32)
    values *= np.float32(2.0**112)
    return values


def all_finite(stored: NDArray[Any], dtype: str) -> bool:
    """Whether stored elements of a floating-point type are all finite.

    Bit patterns are compared, for numpy finds the largest integer faster than it looks at each number.
    """
    if dtype not in _INFINITY:
        return bool(np.isfinite(stored).all())
    limit, signed, unsigned, sign = _INFINITY[dtype]
    highest = np.maximum.reduce
    return bool(
        highest(stored.view(signed), axis=None, initial=0) < limit
        and highest(stored.view(unsigned), axis=None, initial=0) < limit + sign
    )


def not_finite(name: str) -> FileFormatError:
    """Return the error for a tensor with values that are not finite."""
    return FileFormatError(
        f"The tensor {name!r} contains values that are not finite numbers.", code="tensor-values"
    )


def to_float32(stored: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Convert finite elements of a stored floating-point type."""
    if dtype == "BF16":
        return bfloat16_to_float32(stored)
    if dtype == "F16":
        return float16_to_float32(stored)
    with np.errstate(over="ignore"):  # A float64 out of float32's range becomes infinite.
        return stored.astype(np.float32, copy=False)


def _chunk(data: bytes, dtype: str, name: str, out: NDArray[np.float32]) -> None:
    """Convert what was read at once."""
    if dtype in ggml_blocks.BLOCKS:
        with np.errstate(over="ignore", invalid="ignore"):
            out[:] = ggml_blocks.dequantize(data, dtype)
        if not all_finite(out, "F32"):
            raise not_finite(name)
        return
    stored = np.frombuffer(data, STORED[dtype])
    for start in range(0, len(stored), CHUNK):
        part = slice(start, start + CHUNK)
        finite = dtype == "F64" or all_finite(stored[part], dtype)
        out[part] = to_float32(stored[part], dtype)
        if not finite or (dtype == "F64" and not all_finite(out[part], "F32")):
            raise not_finite(name)


def read_elements(source: ByteSource, offset: int, count: int, dtype: str, name: str) -> NDArray[Any]:
    """Read `count` elements of a stored type, flat; all but I8 and U8 become float32.

    Raises
    ------
    FileFormatError
        ``tensor-values``: they are not all finite; the error has the tensor's `name`.
    """
    whole = dtype in ("I8", "U8")
    out = np.empty(count, STORED[dtype] if whole else np.float32)
    step = READ // STORED[dtype].itemsize if dtype in STORED else READ // 4
    if whole and (fill := getattr(source, "read_into", None)):
        fill(offset, out)
        return out
    for start in range(0, count, step):
        length = min(step, count - start)
        data = source.read(offset + stored_bytes(start, dtype), stored_bytes(length, dtype))
        if whole:
            out[start : start + length] = np.frombuffer(data, STORED[dtype])
        else:
            _chunk(data, dtype, name, out[start : start + length])
    return out
