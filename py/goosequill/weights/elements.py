"""The element types of weight files, and their conversion to float32.

Large tensors are read and converted in chunks, so that a tensor's stored bytes are never in memory as a
whole beside the result.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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

CHUNK = 1 << 22
"""Elements that are converted at a time."""


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


def _convert(data: bytes, dtype: str) -> NDArray[Any]:
    if dtype in ggml_blocks.BLOCKS:
        return ggml_blocks.dequantize(data, dtype)
    elements = np.frombuffer(data, STORED[dtype])
    return bfloat16_to_float32(elements) if dtype == "BF16" else elements


def read_elements(source: ByteSource, offset: int, count: int, dtype: str) -> NDArray[Any]:
    """Read `count` elements of a stored type, flat; all but I8 and U8 become float32."""
    out = np.empty(count, STORED[dtype] if dtype in ("I8", "U8") else np.float32)
    for start in range(0, count, CHUNK):
        length = min(CHUNK, count - start)
        data = source.read(offset + stored_bytes(start, dtype), stored_bytes(length, dtype))
        with np.errstate(over="ignore"):  # A float64 out of float32's range becomes infinite.
            out[start : start + length] = _convert(data, dtype)
    return out
