"""The operations of a model on whole batches, each with its way back.

An operation returns its result, and a function that turns the gradient of the loss with respect to the
result into that with respect to the input; on the way it adds up the gradients of the vectors. Numbers are
[T, B, C]: T tokens of B sequences, the tokens first, so that a recurrence reads memory in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import Kernel

Floats = NDArray[np.float32]
Back = Callable[[Floats], Floats]


class Products:
    """A kernel's operations, one at a time: products with a model's matrices, which stay as they are.

    The way back takes their transposes (`Kernel.transposed`), which are made when they are first needed.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._transposed: dict[int, Any] = {}

    def __call__(
        self, matrix: Any, x: Floats, bias: Floats | None = None, activation: str | None = None
    ) -> Floats:
        """activation(x matrixᵀ + bias), [..., in] -> [..., out]."""

        def product(x: Any, bias: Any = None) -> Any:
            return self.kernel.product(matrix, x, bias=bias, activation=activation)

        rows = x.reshape(-1, x.shape[-1])
        found = self.compute(product, rows, *(() if bias is None else (bias,)))
        return found.reshape(*x.shape[:-1], -1)

    def compute(self, operation: Callable[..., Any], *operands: Floats) -> Floats:
        """Run an operation of the kernel on arrays, now and once."""
        contiguous = [np.ascontiguousarray(operand, np.float32) for operand in operands]
        bound = [self.kernel.bind(operand) for operand in contiguous]
        found = self.kernel.run([0], lambda _: operation(*bound), programs={}, key=None)
        assert found is not None
        return found

    def back(self, matrix: Any, g: Floats) -> Floats:
        """g matrix, [..., out] -> [..., in]."""
        if id(matrix) not in self._transposed:
            self._transposed[id(matrix)] = self.kernel.transposed(matrix)
        return self(self._transposed[id(matrix)], g)

    def embed(self, table: Any, tokens: NDArray[np.int64]) -> Floats:
        """Rows of the embedding, [T, B] -> [T, B, C]."""
        found = self.kernel.run(
            tokens.reshape(-1).tolist(), lambda ids: self.kernel.embed(table, ids), programs={}, key=None
        )
        assert found is not None
        return found.reshape(*tokens.shape, -1)


class Pass:
    """One batch on its way through a model and back.

    Parameters
    ----------
    values
        The vectors, and initial states, by their names in the checkpoint.

    Attributes
    ----------
    gradients
        The same names -> the gradients, which the ways back add up.
    shared
        What one block leaves for others.
    """

    def __init__(self, products: Products, values: Mapping[str, Floats]) -> None:
        self.products, self.values = products, values
        self.gradients: dict[str, Floats] = {}
        self.shared: dict[str, Floats] = {}

    def add(self, name: str, gradient: Floats) -> None:
        """Add to the gradient of a value, summed over the axes before the value's own."""
        axes = tuple(range(gradient.ndim - self.values[name].ndim))
        self.gradients[name] = self.gradients.get(name, np.float32(0)) + gradient.sum(axis=axes)

    def product(
        self, matrix: Any, x: Floats, *, bias: str | None = None, activation: str | None = None
    ) -> tuple[Floats, Back]:
        """activation(x matrixᵀ + the vector `bias`), [T, B, in] -> [T, B, out]."""
        y = self.products(matrix, x, None if bias is None else self.values[bias], activation)

        def back(g: Floats) -> Floats:
            if activation is not None:
                g = g * SLOPES[activation](y)
            if bias is not None:
                self.add(bias, g)
            return self.products.back(matrix, g)

        return y, back

    def norm(self, x: Floats, name: str, *, heads: int = 1, eps: float = 1e-5) -> tuple[Floats, Back]:
        """Normalize each head of each token, then scale and shift by the vectors `name`.weight and .bias."""
        kernel, rows = self.products.kernel, x.reshape(-1, x.shape[-1])
        weight, bias = (self.values[f"{name}.{part}"] for part in ("weight", "bias"))
        options: Any = {"heads": heads, "eps": eps}
        y = self.products.compute(partial(kernel.group_norm, **options), rows, weight, bias)

        def back(g: Floats) -> Floats:
            operation = partial(kernel.group_norm_back, **options)
            found = self.products.compute(operation, g.reshape(rows.shape), rows, weight)
            self.add(f"{name}.weight", found[-2])
            self.add(f"{name}.bias", found[-1])
            return found[:-2].reshape(g.shape)

        return y.reshape(x.shape), back

    def mix(
        self, x: Floats, names: Sequence[str], *, of_previous: bool = True
    ) -> tuple[list[Floats], Callable[[Sequence[Floats]], Floats]]:
        """Token shift: x and the token before it, mixed by each of several vectors.

        A vector is the weight of the token before, or (as RWKV-4 and 5 have it) that of the token itself.
        """
        weights = [self.values[name] if of_previous else 1 - self.values[name] for name in names]
        difference = shift(x) - x

        def back(gradients: Sequence[Floats]) -> Floats:
            # The kernel's operation is for one sequence: here its channels are those of all.
            steps, batch, _ = x.shape
            operands = np.concatenate(gradients).reshape(len(names) * steps, -1), side_by_side(x)
            tiled = np.stack([np.tile(weight, batch) for weight in weights])
            found = self.products.compute(self.products.kernel.mix_back, *operands, tiled)
            for name, g in zip(names, found[steps:].reshape(len(names), batch, -1), strict=True):
                self.add(name, g if of_previous else -g)
            return found[:steps].reshape(x.shape)

        return [x + difference * weight for weight in weights], back


SLOPES: dict[str, Callable[[Floats], Floats]] = {
    "sigmoid": lambda y: y * (1 - y),
    "tanh": lambda y: 1 - y * y,
    "relu_squared": lambda y: 2 * np.sqrt(y),
}
"""The derivatives of activations (`goosequill.kernels.activations`), from their results."""


def side_by_side(x: Floats) -> Floats:
    """The sequences of a batch as the channels of one, [T, B, C] -> [T, B C]."""
    return x.reshape(len(x), -1)


def shift(x: Floats) -> Floats:
    """Return x moved down by one token, after zeros, [T, B, C]."""
    shifted = np.zeros_like(x)
    shifted[1:] = x[:-1]
    return shifted
