"""Dequantizes ggml's blocks, in which llama.cpp and rwkv.cpp store weights.

A row is divided into blocks of 32 (the older types) or 256 elements (the "K" types). A block has one
or two float16 scales and its elements in 2 to 8 bits; in a K block each run of 16 or 32 elements has
a small scale of its own. The layouts are those of ggml's `block_*` structures.

Until May 2023 the older types had another layout: adjacent elements share a byte, and some scales are
float32. rwkv.cpp's files of version 100 use it, and 4-bit types that were later removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """Elements and bytes of a block, and a function from n blocks [n, bytes] to [n, elements]."""

    elements: int
    bytes: int
    unpack: Callable[[Bytes], Floats]


def dequantize(data: bytes, dtype: str) -> Floats:
    """Return the elements of whole blocks, flat."""
    block = BLOCKS[dtype]
    return block.unpack(np.frombuffer(data, np.uint8).reshape(-1, block.bytes)).reshape(-1)


def _half(blocks: Bytes, start: int) -> Floats:
    """The float16 at byte `start` of each block, [n, 1]."""
    return np.ascontiguousarray(blocks[:, start : start + 2]).view("<f2").astype(np.float32)


def _single(blocks: Bytes, start: int) -> Floats:
    """The float32 at byte `start` of each block, [n, 1]."""
    return np.ascontiguousarray(blocks[:, start : start + 4]).view("<f4").astype(np.float32)


def _fields(packed: Bytes, width: int, bits: int) -> Bytes:
    """Split bytes [n, k width] into fields: all lowest fields of `width` bytes, then the next, ...

    Returns uint8 [n, k width 8 / bits].
    """
    shifts = np.arange(0, 8, bits, dtype=np.uint8)[:, None]
    rows = packed.reshape(len(packed), -1, 1, width)
    fields: Bytes = ((rows >> shifts) & np.uint8(2**bits - 1)).reshape(len(packed), -1)
    return fields


def _fifth_bits(blocks: Bytes, start: int) -> Bytes:
    """32 single bits from four bytes, as 16 where set: the upper bit of 5-bit elements."""
    bits: Bytes = np.unpackbits(blocks[:, start : start + 4], axis=1, bitorder="little")
    return bits << np.uint8(4)


def _q4_0(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * (_fields(blocks[:, 2:], 16, 4).astype(np.float32) - 8)


def _q4_1(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * _fields(blocks[:, 4:], 16, 4).astype(np.float32) + _half(blocks, 2)


def _q5_0(blocks: Bytes) -> Floats:
    elements = _fields(blocks[:, 6:], 16, 4) | _fifth_bits(blocks, 2)
    return _half(blocks, 0) * (elements.astype(np.float32) - 16)


def _q5_1(blocks: Bytes) -> Floats:
    elements = _fields(blocks[:, 8:], 16, 4) | _fifth_bits(blocks, 4)
    return _half(blocks, 0) * elements.astype(np.float32) + _half(blocks, 2)


def _q8_0(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * blocks[:, 2:].view(np.int8).astype(np.float32)


def _pairs(packed: Bytes) -> Bytes:
    """Split bytes [n, k] into the elements 0 and 1 of the first byte, then of the second, ..., [n, 2 k]."""
    return _fields(packed, 1, 4)


def _old_q4_0(blocks: Bytes) -> Floats:
    return _single(blocks, 0) * (_pairs(blocks[:, 4:]).astype(np.float32) - 8)


def _old_q4_1(blocks: Bytes) -> Floats:
    return _single(blocks, 0) * _pairs(blocks[:, 8:]).astype(np.float32) + _single(blocks, 4)


def _old_q4_1_o(blocks: Bytes) -> Floats:
    """As Q4_1, but the largest element of each block is stored separately."""
    result: Floats = _half(blocks, 0) * _pairs(blocks[:, 8:]).astype(np.float32) + _half(blocks, 2)
    index = np.ascontiguousarray(blocks[:, 4:6]).view("<u2") % np.uint16(32)
    np.put_along_axis(result, index.astype(np.intp), _half(blocks, 6), axis=1)
    return result


def _old_q4_2(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * (_pairs(blocks[:, 2:]).astype(np.float32) - 8)


def _old_q4_3(blocks: Bytes) -> Floats:
    return _half(blocks, 0) * _pairs(blocks[:, 4:]).astype(np.float32) + _half(blocks, 2)


def _old_q5_0(blocks: Bytes) -> Floats:
    elements = _pairs(blocks[:, 6:]) | _fifth_bits(blocks, 2)
    return _half(blocks, 0) * (elements.astype(np.float32) - 16)


def _old_q5_1(blocks: Bytes) -> Floats:
    elements = _pairs(blocks[:, 8:]) | _fifth_bits(blocks, 4)
    return _half(blocks, 0) * elements.astype(np.float32) + _half(blocks, 2)


def _old_q8_0(blocks: Bytes) -> Floats:
    return _single(blocks, 0) * blocks[:, 4:].view(np.int8).astype(np.float32)


def _scaled(elements: Any, scales: Floats, minima: Floats | None = None) -> Floats:
    """Scale each run of a K block; `scales` and `minima` are [n, runs]."""
    runs = elements.astype(np.float32).reshape(*scales.shape, -1) * scales[:, :, None]
    if minima is not None:
        runs -= minima[:, :, None]
    result: Floats = runs.reshape(len(scales), -1)
    return result


def _q2_k(blocks: Bytes) -> Floats:
    packed, elements = blocks[:, :16], _fields(blocks[:, 16:80], 32, 2)
    return _scaled(elements, _half(blocks, 80) * (packed & 15), _half(blocks, 82) * (packed >> 4))


def _q3_k(blocks: Bytes) -> Floats:
    # The third bit is stored separately, and means "subtract 4" if it is not set.
    elements = _fields(blocks[:, 32:96], 32, 2).astype(np.int8)
    elements -= np.int8(4) * (1 - _fields(blocks[:, :32], 32, 1).astype(np.int8))
    low, high = _fields(blocks[:, 96:104], 8, 4), _fields(blocks[:, 104:108], 4, 2)
    scales = (low | (high << np.uint8(4))).astype(np.float32) - 32
    return _scaled(elements, _half(blocks, 108) * scales)


def _k_scales(packed: Bytes) -> tuple[Any, Any]:
    """Return eight scales and eight minima of 6 bits each from 12 bytes."""
    first, second, third = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate([first & 63, (third & 15) | ((first >> 2) & 48)], axis=1)
    minima = np.concatenate([second & 63, (third >> 4) | ((second >> 2) & 48)], axis=1)
    return scales, minima


def _q4_k(blocks: Bytes) -> Floats:
    scales, minima = _k_scales(blocks[:, 4:16])
    return _scaled(_fields(blocks[:, 16:], 32, 4), _half(blocks, 0) * scales, _half(blocks, 2) * minima)


def _q5_k(blocks: Bytes) -> Floats:
    scales, minima = _k_scales(blocks[:, 4:16])
    elements = _fields(blocks[:, 48:], 32, 4) | (_fields(blocks[:, 16:48], 32, 1) << np.uint8(4))
    return _scaled(elements, _half(blocks, 0) * scales, _half(blocks, 2) * minima)


def _q6_k(blocks: Bytes) -> Floats:
    elements = _fields(blocks[:, :128], 64, 4) | (_fields(blocks[:, 128:192], 32, 2) << np.uint8(4))
    scales = _half(blocks, 208) * blocks[:, 192:208].view(np.int8)
    return _scaled(elements.astype(np.float32) - 32, scales)


BLOCKS: dict[str, Block] = {
    "Q4_0": Block(32, 18, _q4_0),
    "Q4_1": Block(32, 20, _q4_1),
    "Q5_0": Block(32, 22, _q5_0),
    "Q5_1": Block(32, 24, _q5_1),
    "Q8_0": Block(32, 34, _q8_0),
    "Q2_K": Block(256, 84, _q2_k),
    "Q3_K": Block(256, 110, _q3_k),
    "Q4_K": Block(256, 144, _q4_k),
    "Q5_K": Block(256, 176, _q5_k),
    "Q6_K": Block(256, 210, _q6_k),
    "OLD_Q4_0": Block(32, 20, _old_q4_0),
    "OLD_Q4_1": Block(32, 24, _old_q4_1),
    "OLD_Q4_1_O": Block(32, 24, _old_q4_1_o),
    "OLD_Q4_2": Block(16, 10, _old_q4_2),
    "OLD_Q4_3": Block(16, 12, _old_q4_3),
    "OLD_Q5_0": Block(32, 22, _old_q5_0),
    "OLD_Q5_1": Block(32, 24, _old_q5_1),
    "OLD_Q8_0": Block(32, 36, _old_q8_0),
}
"""Type -> its blocks; OLD_ types have the layouts of before May 2023."""
