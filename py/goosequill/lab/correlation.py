"""Circular cross-correlation at every lag at once, by a Fourier transform of our own.

`numpy.fft` would add to what the browser downloads. Lengths are padded to a small multiple of a power of two.
Both functions are generators, so that a page can cancel between two passes.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.support.progress import Progress

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Step = Generator[Progress, None, Any]


def circular_correlation(one: Floats, other: Floats, status: str) -> Generator[Progress, None, Floats]:
    """Return ``sum over i of one[(i - lag) mod n] * other[i]`` for every lag, [n].

    Parameters
    ----------
    one, other
        Of the same length n.
    status
        What the progress says.
    """
    size, length = len(one), padded_length(2 * len(one))
    both = np.zeros(length, np.complex128)  # two real rows in one transform
    both.real[:size], both.imag[:size] = one, other
    transformed = yield from fourier(both, status)
    mirrored = np.conj(np.roll(transformed[::-1], 1))
    first, second = (transformed + mirrored) / 2, (transformed - mirrored) / 2j
    # The inverse transform of x is the conjugate of the transform of conj(x), divided by the length.
    found = yield from fourier(first * np.conj(second), status)
    linear = found.real / length
    return np.asarray(linear[:size] + linear[length - size :])


def fourier(values: Complex, status: str) -> Generator[Progress, None, Complex]:
    """Return the discrete Fourier transform, [n]; n is a small number times a power of two.

    It is decimation in time (Cooley & Tukey 1965): transforms of a few samples, then doublings.
    """
    length = odd = len(values)
    while odd % 2 == 0 and odd > 8:
        odd //= 2
    turns = np.exp(-2j * np.pi * np.outer(np.arange(odd), np.arange(odd)) / odd)
    parts = np.einsum("ij,jk->ik", turns, values.reshape(odd, -1))  # [frequencies, transforms]
    while len(parts) < length:
        half, rows = parts.shape[1] // 2, len(parts)
        turned = parts[:, half:] * np.exp(-1j * np.pi * np.arange(rows) / rows)[:, None]
        parts = np.concatenate([parts[:, :half] + turned, parts[:, :half] - turned])
        yield Progress(status, len(parts), length)
    return np.asarray(parts.ravel())


def padded_length(least: int) -> int:
    """Return the smallest length of at least `least` that is 5, 6, 7 or 8 times a power of two."""
    power = 1
    while 8 * power < least:
        power *= 2
    return min(times * power for times in (5, 6, 7, 8) if times * power >= least)
