"""A classifier with at most one hidden layer of ReLU units, and its training by plain SGD.

Weights are a list of layers, [inputs, outputs] and [outputs] each, one layer for a linear model. Nothing
here knows where the examples come from, when to stop, or what a page shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from goosequill.lab.products import product

Floats = NDArray[Any]
"""float32, or float64 in checks: everything has the type of the weights."""
Labels = NDArray[np.integer[Any]]


class Layer(NamedTuple):
    """One layer: ``x @ weights + bias``."""

    weights: Floats  # [inputs, outputs]
    bias: Floats  # [outputs]


def start(sizes: Sequence[int], rng: np.random.Generator, dtype: Any = np.float32) -> list[Layer]:
    """Draw weights to start from: normal, with variance 2 / inputs before ReLU units (He et al. 2015).

    The last layer has variance 1 / inputs; biases are 0.

    Parameters
    ----------
    sizes
        The number of inputs, of hidden units if there are any, and of classes.
    """
    layers = []
    for index, (inputs, outputs) in enumerate(pairwise(sizes)):
        gain = 2 if index < len(sizes) - 2 else 1
        weights = rng.standard_normal((inputs, outputs), dtype)
        weights *= dtype(np.sqrt(gain / inputs))
        layers.append(Layer(weights, np.zeros(outputs, dtype)))
    return layers


def forward(layers: Sequence[Layer], x: Floats, mask: Floats | None = None) -> tuple[Floats, Floats]:
    """Return what enters the last layer, and the logits, [n, classes].

    Parameters
    ----------
    mask
        What each hidden unit's output is multiplied by, [n, hidden]: see `dropout_mask`.
    """
    inside = x
    for weights, bias in layers[:-1]:
        inside = product(inside, weights)  # [n, hidden]
        inside += bias
        np.maximum(inside, 0, out=inside)
        if mask is not None:
            inside *= mask
    weights, bias = layers[-1]
    return inside, product(inside, weights) + bias


def dropout_mask(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Floats:
    """Return 0 for a random share of the units and 1 / (1 - share) for the others (Srivastava et al. 2014).

    The scale keeps the mean of what enters the next layer, so that nothing changes when dropout ends.
    """
    return np.asarray((rng.random(shape, np.float32) >= share) / np.float32(1 - share), np.float32)


def probabilities(logits: Floats) -> Floats:
    """Return the softmax over the last axis."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def gradients(
    layers: Sequence[Layer], x: Floats, labels: Labels, *, decay: float = 0.0, mask: Floats | None = None
) -> tuple[float, list[Layer]]:
    """Return the loss of a batch, and its gradient by every weight.

    The loss is the mean of ``-log p(label)`` and ``decay / 2`` times the sum of all squared weights; biases
    are not penalized.
    """
    inside, logits = forward(layers, x, mask)
    slope = probabilities(logits)  # becomes the gradient by the logits, [n, classes]
    rows = np.arange(len(labels))
    loss = float(-np.mean(np.log(np.maximum(slope[rows, labels], np.finfo(slope.dtype).tiny))))
    slope[rows, labels] -= 1
    slope /= slope.dtype.type(len(labels))
    found = [Layer(product(inside.T, slope), slope.sum(axis=0))]
    if len(layers) == 2:
        slope = product(slope, layers[1].weights.T)  # [n, hidden]
        slope *= inside > 0
        if mask is not None:
            slope *= mask
        found.insert(0, Layer(product(x.T, slope), slope.sum(axis=0)))
    if decay:
        for gradient, layer in zip(found, layers, strict=True):
            loss += decay / 2 * float(np.vdot(layer.weights, layer.weights))
            gradient.weights[...] += layer.weights * layer.weights.dtype.type(decay)
    return loss, found


def descend(layers: Sequence[Layer], found: Sequence[Layer], rate: float) -> None:
    """Take one step of SGD, in place; the gradients are used up."""
    for layer, gradient in zip(layers, found, strict=True):
        for value, slope in zip(layer, gradient, strict=True):
            slope *= slope.dtype.type(rate)
            value -= slope


def judge(layers: Sequence[Layer], x: Floats, labels: Labels) -> tuple[float, float]:
    """Return the mean of ``-log p(label)``, and the share of letters that are recognized."""
    _, logits = forward(layers, x)
    logits = logits - logits.max(axis=1, keepdims=True)
    chosen = logits[np.arange(len(labels)), labels] - np.log(np.exp(logits).sum(axis=1))
    return float(-chosen.mean()), float(np.mean(logits.argmax(axis=1) == labels))


def around(layers: Sequence[Layer], mean: Floats) -> list[Layer]:
    """Return the same function of inputs that are not taken around their mean, [inputs]."""
    first = layers[0]
    return [Layer(first.weights, first.bias - mean @ first.weights), *layers[1:]]
