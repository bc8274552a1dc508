"""Element types that weight files use, and how they become float32.

A large tensor is read and converted a stretch at a time into its place, so that the file's own
form of it is never in memory as a whole beside the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.weights.formats import ggml
from goosequill.weights.source import ByteSource

STORED: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
"""Name (as safetensors spells it) -> the numpy type of its bytes; bfloat16 is held in uint16."""

STRETCH = 1 << 22
"""Elements that are converted at once."""


def stored_bytes(count: int, dtype: str) -> int:
    """Bytes that `count` elements take in a file; ValueError if they are no whole number of blocks."""
    if dtype in STORED:
        return count * STORED[dtype].itemsize
    block = ggml.BLOCKS[dtype]
    if count % block.elements:
        raise ValueError(f"{count:,} elements are no whole number of blocks of {block.elements}")
    return count // block.elements * block.bytes


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """A bfloat16 is the upper half of a float32."""
    wide = bits.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)


def float32_to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper half of each float32, rounded to the nearest; exact where it came from bfloat16."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) >> 16).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded)


def _convert(data: bytes, dtype: str) -> NDArray[Any]:
    if dtype in ggml.BLOCKS:
        return ggml.dequantize(data, dtype)
    elements = np.frombuffer(data, STORED[dtype])
    return bfloat16_to_float32(elements) if dtype == "BF16" else elements


def read_elements(source: ByteSource, offset: int, count: int, dtype: str) -> NDArray[Any]:
    """Read `count` elements of a stored type, flat; all but I8 and U8 become float32."""
    out = np.empty(count, STORED[dtype] if dtype in ("I8", "U8") else np.float32)
    for start in range(0, count, STRETCH):
        length = min(STRETCH, count - start)
        data = source.read(offset + stored_bytes(start, dtype), stored_bytes(length, dtype))
        with np.errstate(over="ignore"):  # A float64 beyond float32 becomes infinite.
            out[start : start + length] = _convert(data, dtype)
    return out
