"""The functions that a product may apply to its result, one line each: what both kernels compute.

numpy's part is the reference. C's part becomes a case of `activate` in simd/vectors.h: run `python
scripts/abi.py` after a change. There z is a block of numbers, x another one, and EACH_PART repeats a
statement for the vectors of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Activation = str
"""A name in `ACTIVATIONS`."""


def sigmoid(z: Floats) -> Floats:
    """1 / (1 + exp(-z)) that never overflows."""
    half = np.float32(0.5)
    result: Floats = half * (np.float32(1) + np.tanh(half * z))
    return result


_ERF = (
    "-2.72614225801306e-10 2.77068142495902e-08 -2.10102402082508e-06 -5.69250639462346e-05 "
    "-7.34990630326855e-04 -2.95459980854025e-03 -1.60960333262415e-02",
    "-1.45660718464996e-05 -2.13374055278905e-04 -1.68282697438203e-03 -7.37332916720468e-03 "
    "-1.42647390514189e-02",
)
"""erf(z) = z P(z²) / Q(z²) for |z| < 4, in float32 within 5e-7: the coefficients of P and Q in Eigen."""


def gelu(z: Floats) -> Floats:
    """z (1 + erf(z / sqrt(2))) / 2; numpy has no erf."""
    half = np.float32(0.5)
    x = np.clip(z * np.float32(0.5**0.5), np.float32(-4), np.float32(4))
    above, below = (np.polyval(np.array(part.split(), np.float32), x * x) for part in _ERF)
    result: Floats = z * (half + half * (x * above / below))
    return result


ACTIVATIONS: Mapping[Activation, tuple[Callable[[Floats], Floats], str]] = {
    "sigmoid": (sigmoid, "sigmoids(z);"),
    "silu": (lambda z: z * sigmoid(z), "EACH_PART x[j] = z[j]; sigmoids(z); EACH_PART z[j] *= x[j];"),
    "tanh": (np.tanh, "hyperbolic_tangents(z);"),
    "relu_squared": (
        lambda z: np.square(np.maximum(z, np.float32(0))),
        "EACH_PART { z[j] = larger(splat(0), z[j]); z[j] *= z[j]; }",
    ),
    # exp(-exp(z)), RWKV-6's decay
    "decay6": (
        lambda z: np.exp(-np.exp(np.minimum(z, np.float32(80)))),
        "exponentials(z); EACH_PART z[j] = -z[j]; exponentials(z);",
    ),
    # exp(-sigmoid(z) / sqrt(e)), RWKV-7's decay
    "decay7": (
        lambda z: np.exp(np.float32(-np.exp(-0.5)) * sigmoid(z)),
        "sigmoids(z); EACH_PART z[j] *= -0.60653066f; exponentials(z);",
    ),
    # z (1 + erf(z / sqrt(2))) / 2, without the approximation by tanh (Hendrycks and Gimpel 2016)
    "gelu": (gelu, "gelus(z);"),
}
"""Name -> (the function in numpy, the statements in C)."""
