"""Element types that weight files use, and how they become float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STORED: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
}
"""Name (as safetensors spells it) -> the numpy type of its bytes; bfloat16 is held in uint16."""


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """A bfloat16 is the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def from_bytes(data: bytes, dtype: str) -> NDArray[Any]:
    """Elements of a stored type, flat; every floating type becomes float32."""
    elements = np.frombuffer(data, STORED[dtype])
    if dtype == "BF16":
        return bfloat16_to_float32(elements)
    return elements.astype(np.float32) if dtype.startswith("F") else elements
