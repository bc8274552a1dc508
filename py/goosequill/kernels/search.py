"""Scans of many vectors for the nearest to a question: in numpy, and compiled from simd.c.

Both give the same indices and scores to the last bit: the question is taken in 30 bits, and integers are
added without rounding. A scan of some of the rows is a scan of a part of the arrays, so it can be divided.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.library import Library, address_of

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Bytes = NDArray[np.int8]
Bits = NDArray[np.uint8]

LONGEST = 16_384
"""Dimensions of a vector at most."""

_LEVELS = 1 << 14
"""Values on each side of 0 of the question's upper half, which the compiled scan multiplies first."""

_HALF = 15
"""Bits of the question's lower half."""

_ROWS = 4096
"""Vectors that numpy converts at once."""


class Nearest(NamedTuple):
    """What a scan found, best first; of equal scores the first row first.

    Attributes
    ----------
    indices
        Rows, [m].
    scores
        Of `nearest`, the products with the question, float32 [m]; of `nearest_bits`, the numbers of equal
        signs less those of different ones, int32 [m].
    """

    indices: Indices
    scores: NDArray[np.float32] | NDArray[np.int32]


class SearchOperations(Protocol):
    """Scans; m, the length of their results, is `count` or the number of vectors, if that is less."""

    def nearest(self, vectors: Bytes, scales: Floats, question: Floats, count: int) -> Nearest:
        """Return the rows with the largest products scale · (vector · question), exactly.

        Parameters
        ----------
        vectors
            int8 [n, d], d at most `LONGEST`.
        scales
            float32 [n]. A row whose scale is not finite is never returned.
        question
            float32 [d], finite.
        count
            At least 1.

        Raises
        ------
        ValueError
            If shapes or types do not fit, or the question is not finite.
        """

    def nearest_bits(self, bits: Bits, question: Floats, count: int) -> Nearest:
        """Return the rows whose signs agree most with the question's.

        Parameters
        ----------
        bits
            uint8 [n, ceil(d / 8)], rows of `pack_signs`.
        question
            float32 [d].
        count
            At least 1.

        Raises
        ------
        ValueError
            If shapes or types do not fit.
        """


def pack_signs(vectors: NDArray[np.int8] | Floats) -> Bits:
    """Return one bit for each number, 1 if it is above 0: [n, d] -> uint8 [n, ceil(d / 8)].

    The first dimension is in the lowest bit; the rest of the last byte is 0.
    """
    return np.packbits(vectors > 0, axis=-1, bitorder="little")


def sign_bytes(dimensions: int) -> int:
    """Return how many bytes the signs of a vector take."""
    return -(-dimensions // 8)


class Question(NamedTuple):
    """A question in integers: `whole` is the question divided by `step`, rounded, in 30 bits or less."""

    whole: NDArray[np.int32]
    step: float


def _quantize(question: Floats) -> Question:
    top = float(np.abs(question).max(initial=0))
    # The products of the upper halves must not overflow 32 bits.
    levels = min(_LEVELS, ((1 << 31) - 1) // (128 * max(1, len(question)))) << _HALF
    step = top / levels if top else 1.0
    return Question(np.rint(question.astype(np.float64) / step).astype(np.int32), step)


def _checked(vectors: Bytes, scales: Floats, question: Floats, count: int) -> Question:
    """The question in integers, if all operands are as `nearest` wants them."""
    _check(vectors, np.int8, (len(vectors), len(question)), "vectors")
    _check(scales, np.float32, (len(vectors),), "scales")
    _check(question, np.float32, (min(len(question), LONGEST),), "the question")
    if not np.isfinite(question).all():
        raise ValueError("the question is not finite")
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    return _quantize(question)


def _checked_bits(bits: Bits, question: Floats, count: int) -> Bits:
    """The question's signs."""
    signs = pack_signs(question[None])
    _check(bits, np.uint8, (len(bits), min(signs.shape[1], LONGEST // 8)), "bits")
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    return signs


def _check(array: NDArray[np.generic], dtype: type, shape: tuple[int, ...], name: str) -> None:
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        found = f"{array.dtype} {array.shape}, strides {array.strides}"
        raise ValueError(f"{name} must be contiguous {np.dtype(dtype)} {shape}, not {found}")


class NumpySearch:
    """The reference."""

    def nearest(self, vectors: Bytes, scales: Floats, question: Floats, count: int) -> Nearest:
        whole, step = _checked(vectors, scales, question, count)
        scores = np.empty(len(vectors), np.float64)
        for start in range(0, len(vectors), _ROWS):
            rows = slice(start, start + _ROWS)
            # Integers below 2^53, so their order does not matter.
            products = vectors[rows].astype(np.float64) @ whole.astype(np.float64)
            scores[rows] = products * (scales[rows] * np.float64(step))
        finite = np.flatnonzero(np.isfinite(scales))
        order = finite[np.argsort(-scores[finite], kind="stable")[:count]]
        return Nearest(order, scores[order].astype(np.float32))

    def nearest_bits(self, bits: Bits, question: Floats, count: int) -> Nearest:
        signs = _checked_bits(bits, question, count)
        distances = np.empty(len(bits), np.int32)
        for start in range(0, len(bits), _ROWS):
            rows = slice(start, start + _ROWS)
            distances[rows] = np.unpackbits(bits[rows] ^ signs, axis=1).sum(axis=1)
        order = np.argsort(distances, kind="stable")[:count]
        return Nearest(order, np.int32(len(question)) - 2 * distances[order])


class SimdSearch:
    """The same operations, compiled.

    Parameters
    ----------
    library
        The compiled simd.c.
    """

    def __init__(self, library: Library) -> None:
        self._library = library

    def nearest(self, vectors: Bytes, scales: Floats, question: Floats, count: int) -> Nearest:
        whole, step = _checked(vectors, scales, question, count)
        high = ((whole + (1 << (_HALF - 1))) >> _HALF).astype(np.int16)
        size = min(count, len(vectors))
        indices, scores = np.empty(size, np.intp), np.empty(size, np.float64)
        operands = (address_of(array) for array in (indices, scores, vectors, scales, whole, high))
        found = self._library.nearest(*operands, *vectors.shape, size, step)
        return Nearest(indices[:found], scores[:found].astype(np.float32))

    def nearest_bits(self, bits: Bits, question: Floats, count: int) -> Nearest:
        signs = _checked_bits(bits, question, count)
        size, dimensions = min(count, len(bits)), 8 * bits.shape[1]
        indices, counts = np.empty(size, np.intp), np.zeros(2 * (dimensions + 1), np.intp)
        distances, of_found = np.empty(len(bits), np.uint16), np.empty(size, np.int32)
        operands = (address_of(array) for array in (indices, of_found, distances, counts, bits, signs))
        self._library.nearest_bits(*operands, *bits.shape, size)
        return Nearest(indices, np.int32(len(question)) - 2 * of_found)
