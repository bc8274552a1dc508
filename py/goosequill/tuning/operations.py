"""The operations of a model on whole batches, each with its way back.

An operation returns its result, and a function that turns the gradient of the loss with respect to the
result into that with respect to the input; on the way it adds up the gradients of the vectors. Numbers are
[T, B, C]: T tokens of B sequences, the tokens first, so that a recurrence reads memory in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

    def __call__(self, matrix: Any, x: Floats) -> Floats:
        """x matrixᵀ, [..., in] -> [..., out]."""
        rows = np.ascontiguousarray(x.reshape(-1, x.shape[-1]), np.float32)
        found = self.compute(lambda bound: self.kernel.product(matrix, bound), rows)
        return found.reshape(*x.shape[:-1], -1)

    def compute(self, operation: Callable[..., Any], *operands: Floats) -> Floats:
        """Run an operation of the kernel on contiguous arrays, now and once."""
        bound = [self.kernel.bind(operand) for operand in operands]
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

    def product(self, matrix: Any, x: Floats) -> tuple[Floats, Back]:
        """x matrixᵀ, [T, B, in] -> [T, B, out]."""
        return self.products(matrix, x), lambda g: self.products.back(matrix, g)

    def norm(self, x: Floats, name: str, *, heads: int = 1, eps: float = 1e-5) -> tuple[Floats, Back]:
        """Normalize each head of each token, then scale and shift by the vectors `name`.weight and .bias."""
        shape, weight = x.shape, self.values[f"{name}.weight"]
        x = x.reshape(*shape[:-1], heads, -1)  # [T, B, H, S]
        normal = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(np.square(normal).mean(axis=-1, keepdims=True) + np.float32(eps))
        normal /= deviation

        def back(g: Floats) -> Floats:
            self.add(f"{name}.weight", g * normal.reshape(shape))
            self.add(f"{name}.bias", g)
            g = (g * weight).reshape(normal.shape)
            along = (g * normal).mean(axis=-1, keepdims=True)  # a change that would only be scaled away
            found: Floats = (g - g.mean(axis=-1, keepdims=True) - normal * along) / deviation
            return found.reshape(shape)

        return normal.reshape(shape) * weight + self.values[f"{name}.bias"], back

    def mix(
        self, x: Floats, names: Sequence[str], *, of_previous: bool = True
    ) -> tuple[list[Floats], Callable[[Sequence[Floats]], Floats]]:
        """Token shift: x and the token before it, mixed by each of several vectors.

        A vector is the weight of the token before, or (as RWKV-4 and 5 have it) that of the token itself.
        """
        weights = [self.values[name] if of_previous else 1 - self.values[name] for name in names]
        difference = shift(x) - x

        def back(gradients: Sequence[Floats]) -> Floats:
            before = np.zeros_like(x)  # the gradient of the tokens before
            total = np.zeros_like(x)
            for name, weight, g in zip(names, weights, gradients, strict=True):
                self.add(name, g * difference if of_previous else g * -difference)
                before += (part := g * weight)
                total += g
                total -= part
            total[:-1] += before[1:]
            return total

        return [x + difference * weight for weight in weights], back


def squared_relu(x: Floats) -> tuple[Floats, Back]:
    """max(x, 0)², element by element."""
    positive = np.maximum(x, np.float32(0))
    return np.square(positive), lambda g: g * (np.float32(2) * positive)


def shift(x: Floats) -> Floats:
    """Return x moved down by one token, after zeros, [T, B, C]."""
    shifted = np.zeros_like(x)
    shifted[1:] = x[:-1]
    return shifted
