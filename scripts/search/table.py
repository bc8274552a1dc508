"""The arithmetic of the static table: principal axes, weights of pieces, and the ridge regression.

`fit_table.py` gives it MiniLM's vectors of English definitions. Shapes: N texts, V pieces, C numbers in a
vector of MiniLM, D dimensions of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COMMON = 1e-3
"""a in the weight a / (a + p) of a piece with the probability p (Arora et al. 2017, SIF)."""
FIRST_WORD = 1996
"""The id of the most frequent word; BERT's vocabulary is sorted by frequency from there."""
STEPS = 40
"""Of the conjugate gradient."""


def principal_axes(vectors: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean [C] and the axes [C, C] of vectors [N, C], an axis a row, the most important first.

    The sign of an axis is such that its largest component is positive.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors.astype(np.float64) - mean
    _, columns = np.linalg.eigh(centred.T @ centred / len(vectors))
    axes = columns.T[::-1]
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return mean, axes * np.sign(largest)[:, None]


def piece_weights(count: int) -> NDArray[np.float64]:
    """The weight of each piece [V], from its rank by Zipf's law; frequent pieces weigh little."""
    ranks = np.maximum(np.arange(count) - FIRST_WORD + 1, 1).astype(np.float64)
    ranks[:FIRST_WORD] = count  # single characters, which are rare as words, and unused pieces
    probabilities = 1 / ranks / np.log(count)
    weights: NDArray[np.float64] = COMMON / (COMMON + probabilities)
    return weights


def means(texts: Sequence[Sequence[int]], pieces: int) -> Any:
    """Return the sparse matrix [N, V] that takes the mean over each text's pieces."""
    from scipy.sparse import csr_matrix

    lengths = np.array([len(text) for text in texts])
    values = np.repeat(1 / np.maximum(lengths, 1), lengths)
    indices = np.concatenate([np.asarray(text, np.int64) for text in texts])
    matrix = csr_matrix((values, indices, np.concatenate([[0], np.cumsum(lengths)])), (len(texts), pieces))
    matrix.sum_duplicates()
    return matrix


def fit(
    mean: Any, wanted: NDArray[Any], start: NDArray[Any], *, ridge: float, steps: int = STEPS
) -> NDArray[np.float64]:
    """Return the table T [V, D] with the least |mean T - wanted|² + ridge |T - start|².

    Parameters
    ----------
    mean
        [N, V], see `means`.
    wanted
        [N, D].
    start
        [V, D]; scaled first by the one factor that brings its means nearest to `wanted`.
    """
    begin = np.asarray(start, np.float64)
    guess = mean @ begin
    begin = begin * ((guess * wanted).sum() / np.square(guess).sum())
    change = np.zeros_like(begin)
    residual = mean.T @ (wanted - mean @ begin)
    direction, size = residual.copy(), np.square(residual).sum()
    for _ in range(steps):  # conjugate gradient on the normal equations, all columns at once
        image = mean.T @ (mean @ direction) + ridge * direction
        step = size / (direction * image).sum()
        change += step * direction
        residual -= step * image
        before, size = size, np.square(residual).sum()
        direction = residual + size / before * direction
    table: NDArray[np.float64] = begin + change
    return table
