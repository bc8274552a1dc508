"""Quantize matrices so that their products stay near, on texts like those that the model will read.

Rounding each weight by itself loses most on inputs of which a few are always large, as in BERT. GPTQ (Frantar
et al. 2023, arXiv:2210.17323) rounds column after column, and lets the columns that follow make up for each
error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import Activation, NumpyKernel
from goosequill.kernels.kernel import Floats
from goosequill.search.minilm import MiniLM
from goosequill.tokenizers.wordpiece import WordPiece
from goosequill.weights.quantize import QuantizedMatrix
from goosequill.weights.source import TensorSource

DAMPING = 0.01
"""Added to the diagonal, as a share of its mean, so that the matrix can be inverted."""
BLOCK = 128
"""Columns whose errors are passed on together."""

Moments = NDArray[np.float64]


class RecordingKernel(NumpyKernel):
    """Sums the products of each matrix's inputs, xᵀ x, by the identity of the matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: dict[int, Moments] = {}

    def product(
        self, matrix: Floats, x: Floats, *, bias: Floats | None = None, activation: Activation | None = None
    ) -> Floats:
        self.moments[id(matrix)] = self.moments.get(id(matrix), 0) + (x.T @ x).astype(np.float64)
        return super().product(matrix, x, bias=bias, activation=activation)


def input_moments(
    tensors: TensorSource, tokenizer: WordPiece, texts: Sequence[str], *, heads: int
) -> Mapping[str, Moments]:
    """Return xᵀ x [in, in] over the inputs that each matrix gets while texts are embedded, by its name."""
    kernel = RecordingKernel()
    MiniLM(tensors, tokenizer, kernel, heads=heads).embed(texts)
    # The kernel computes with the arrays that the source returned, so that their identities are names.
    names = {id(tensors.read(name)): name for name in tensors.names()}
    return {names[matrix]: moments for matrix, moments in kernel.moments.items()}


def quantize_for(weights: Floats, moments: Moments) -> QuantizedMatrix:
    """Quantize weights [out, in] to 8 bits, for inputs with these moments [in, in]."""
    columns = weights.shape[1]
    damped = moments + DAMPING * np.trace(moments) / columns * np.eye(columns)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    left = np.array(weights.T, np.float64, order="C")  # [in, out]: each column of the weights lies together
    scales = np.abs(left).max(axis=0) / 127
    steps = np.where(scales > 0, scales, 1)
    values = np.empty(left.shape, np.int8)
    for start in range(0, columns, BLOCK):
        end = min(start + BLOCK, columns)
        errors = np.empty((end - start, left.shape[1]))
        for at in range(start, end):
            values[at] = np.clip(np.rint(left[at] / steps), -127, 127)
            error = (left[at] - values[at] * steps) / upper[at, at]
            left[at + 1 : end] -= np.outer(upper[at, at + 1 : end], error)
            errors[at - start] = error
        left[end:] -= upper[start:end, end:].T @ errors
    return QuantizedMatrix(8, np.ascontiguousarray(values.T), scales.astype(np.float32))
