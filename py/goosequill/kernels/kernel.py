"""The vocabulary of operations over which the models are written: every RWKV version, and encoders.

Models compute nothing themselves: they call a `Kernel`. The numpy kernel is the reference and always
available; the SIMD kernel does the same on the same memory, faster. Operations work on tensors [T, C]: T
tokens at once, T = 1 while generating. A tensor is opaque to the models, which only pass it from one
operation to the next; `run` returns the last one as an array.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.activations import Activation
from goosequill.kernels.logits import LogitOperations
from goosequill.kernels.search import SearchOperations
from goosequill.weights.packing import PackedMatrix
from goosequill.weights.quantize import QuantizedMatrix

Floats = NDArray[np.float32]
Tensor = Any
"""The operands and results of a kernel; in the numpy kernel, arrays."""
Matrix = Any
"""Weights of shape [out, in], in the layout that suits the kernel."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Which logits must be exact: all within `gap` of the `count`-th highest.

    Attributes
    ----------
    count
        The place from the highest down, at least 1.
    gap
        How far below that logit others are exact too, 0 or more, in nats.
    """

    count: int = 1
    gap: float = 0.0


class PersistentKey(NamedTuple):
    """A key of `Kernel.run` for passes whose records are kept for every number of tokens.

    Tensors of such a pass may be kept too: until it runs again, no other pass changes them.
    """

    key: Hashable


class Kernel(Protocol):
    """The operations; all implementations give the same results within rounding errors."""

    name: str
    chunk_size: int
    """The number of tokens that a model should pass through each matrix at once while reading a prompt."""
    logits: LogitOperations
    """Operations on the logits of a token, executed at once, on arrays."""
    search: SearchOperations
    """Scans of many vectors for the nearest to a question, executed at once, on arrays."""

    def run(
        self,
        tokens: Sequence[int],
        build: Callable[[Any], Tensor | None],
        *,
        programs: MutableMapping[Hashable, Any],
        key: Hashable,
    ) -> Floats | None:
        """Compute `build(tokens)` and return its tensor's values; operations are only called in `build`.

        `build` gets the tokens in the form that `embed` takes. A kernel may record the operations instead of
        executing them, store the record in `programs` under `key` and the number of tokens, and not call
        `build` again. So its operations must depend on these alone, and the operands that it binds must live
        as long as `programs`.
        """

    def bind(self, array: Floats) -> Tensor:
        """Return a parameter or a part of the state (contiguous) as an operand, without copying it."""

    def matrix(self, weights: Floats | QuantizedMatrix) -> Matrix:
        """Lay out weights [out, in] for `product`."""

    def head(self, weights: Floats | QuantizedMatrix) -> Matrix:
        """Lay out the head [V, C] for `product` and `likely`."""

    def table(self, weights: Floats | QuantizedMatrix) -> Matrix:
        """Lay out an embedding table [V, C] for `embed`."""

    def quantize(
        self, weights: NDArray[Any], bits: Literal[8, 4], name: str = "", *, dtype: str = "F32"
    ) -> QuantizedMatrix:
        """Quantize weights [out, in] as they are stored in a file; see `goosequill.weights.quantize`.

        Parameters
        ----------
        weights
            Contiguous, of the type that `goosequill.weights.elements.STORED` has for `dtype`.
        name
            The tensor's, for errors.
        dtype
            "F32", "F16" or "BF16".

        Raises
        ------
        FileFormatError
            ``tensor-values``: a weight is not finite, or too large.
        """

    def pack(self, matrix: QuantizedMatrix, layout: str) -> PackedMatrix:
        """Pack a matrix in a layout of `goosequill.weights.packing.LAYOUTS`."""

    def stored(self, matrix: Matrix) -> QuantizedMatrix | None:
        """Return what `matrix`, `head` or `table` laid out, in the layout that loads fastest.

        None if the kernel does not store it in 8 or 4 bits. Large matrices are not copied.
        """

    def transposed(self, matrix: Matrix) -> Matrix:
        """Lay out the transpose [in, out] of a matrix or a head for `product`.

        It is for gradients: g, the gradient of x matrixᵀ, becomes that of x, g matrix. Quantized weights are
        quantized again, to 8 bits, since their scales belong to rows.
        """

    def bits(self, matrix: Matrix) -> Literal[8, 4] | None:
        """Return in how many bits the kernel stores a matrix; None for float32."""

    def embed(self, table: Matrix, tokens: Any) -> Tensor:
        """Rows of the table, [T, C], for the tokens that `run` passes."""

    def positions(self, table: Matrix, lengths: Sequence[int]) -> Tensor:
        """The table's first rows for each of several sequences, one sequence after the other, [T, C].

        The first `lengths[0]` rows, then again from the first row on `lengths[1]` rows, and so on. T is the
        sum of the lengths.
        """

    def last(self, x: Tensor) -> Tensor:
        """The last row of x, [1, C]."""

    def layer_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
        """Normalize each row to mean 0 and (biased) variance 1, then scale and shift."""

    def mix(self, x: Tensor, previous: Tensor, weights: Tensor) -> Sequence[Tensor]:
        """Token shift: for each of the n rows m of `weights` [n, C], x + (p - x) m.

        p is x moved down by one token, starting with `previous` [C], which is then overwritten by the last
        row of x.
        """

    def mix_back(self, slopes: Tensor, x: Tensor, weights: Tensor) -> Tensor:
        """The way back through `mix` from a `previous` of zeros, [T + n, C].

        From `slopes` [n T, C], the gradients of a loss with respect to its n results, to that with respect to
        x [T, C], and then to those of the weights [n, C].
        """

    def shift(self, x: Tensor, previous: Tensor) -> Tensor:
        """x moved down by one token (see `mix`), [T, C]; overwrites `previous`."""

    def lerp(self, a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
        """a + (b - a) weight, element by element; `weight` is [T, C] or [C]."""

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """a + b, element by element; `b` is [T, C] or [C]."""

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        """a b, element by element; `b` is [T, C] or [C]."""

    def product(
        self, matrix: Matrix, x: Tensor, *, bias: Tensor | None = None, activation: Activation | None = None
    ) -> Tensor:
        """activation(x matrixᵀ + bias), [T, in] -> [T, out]."""

    def likely(self, head: Matrix, x: Tensor, shortlist: Shortlist) -> Tensor:
        """x headᵀ, [T, C] -> [T, V]: the same as `product` for each token's shortlist.

        Other logits may be approximate, but are below all of the shortlist, as the exact ones are. So a
        kernel may read the head in fewer bits first, and in full only the rows that can be on the shortlist,
        whatever the error of the others: the preview of Shim et al. 2017 (SVD-Softmax) with fewer bits
        instead of fewer columns, and with a bound.
        """

    def group_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, heads: int, eps: float) -> Tensor:
        """Normalize each head of each row to mean 0 and variance 1, then scale and shift."""

    def group_norm_back(self, slope: Tensor, x: Tensor, weight: Tensor, *, heads: int, eps: float) -> Tensor:
        """The way back through `group_norm`, [T + 2, C].

        From `slope`, the gradient of a loss with respect to the result, to that with respect to x [T, C], and
        then to those of weight and bias, a row each.
        """

    def wkv4(self, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        """RWKV-4's running weighted average; `decay` is -exp(time_decay).

        `state` [3, C] is numerator, denominator and their common exponent; it is updated.
        """

    def wkv4_back(
        self, slope: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor
    ) -> Tensor:
        """The way back through `wkv4`, [2 T + 2, C].

        From `slope`, the gradient of a loss with respect to the result, to those with respect to k and v
        [T, C], and then to decay and bonus, a row each. `state` is that before the first token; it becomes
        the gradient with respect to it. The state after the last token does not count for the loss.
        """

    def wkv5(self, r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        """Linear attention of RWKV-5 and RWKV-6, [T, H S].

        y = r (diag(bonus) k vᵀ + s), then s = k vᵀ + diag(decay) s, for each head and token.
        `decay` is [H S] (version 5) or [T, H S] (version 6); `state` [H, S(k), S(v)] is updated.
        """

    def delta_keys(
        self, k: Tensor, a: Tensor, removal: Tensor, replacement: Tensor, *, heads: int
    ) -> tuple[Tensor, Tensor]:
        """RWKV-7's keys: removal κ = unit(k removal), per head, and k (1 + (a - 1) replacement)."""

    def wkv7(
        self, r: Tensor, decay: Tensor, k: Tensor, v: Tensor, removal: Tensor, a: Tensor, state: Tensor
    ) -> Tensor:
        """RWKV-7's generalized delta rule, [T, H N].

        S = S diag(decay) - (S κ)(κ a)ᵀ + v kᵀ and y = S r, for each head and token.
        `state` [H, N(v), N(k)] is updated.
        """

    def wkv7_back(
        self,
        slope: Tensor,
        r: Tensor,
        decay: Tensor,
        k: Tensor,
        v: Tensor,
        removal: Tensor,
        a: Tensor,
        state: Tensor,
    ) -> Tensor:
        """The way back through `wkv7`, [6 T, H N].

        From `slope`, the gradient of a loss with respect to the result, to those with respect to r, decay, k,
        v, removal and a, one after the other. `state` is that before the first token; it becomes the gradient
        with respect to it. The state after the last token does not count for the loss.

        Let G be the gradient of the state after a token: that of later tokens, plus slope rᵀ. S is the state
        before the token, κ removal, p = -G (κ a) and q = -S κ. Then the gradients are: of decay, the sums of
        G S over the values' axis; of v, G k; of k, Gᵀ v; of κ, Sᵀ p + a Gᵀ q; of a, κ Gᵀ q; and of S,
        G diag(decay) + p κᵀ.
        """

    def head_bonus(self, r: Tensor, k: Tensor, v: Tensor, weight: Tensor, *, heads: int) -> Tensor:
        """(sum over the head of r k weight) v, [T, H N]."""

    def deep_embed(self, x: Tensor, rows: Tensor, base: Tensor) -> Tensor:
        """RWKV-7a's DeepEmbed: each token's row of x times a matrix of its own, [T, D] -> [T, E].

        The D E numbers of token t's matrix are rows[t] + base[t]. `base` is [T, D E]; `rows` is [N, D E]
        with N >= T, of which the first T are read.
        """

    def attention(self, q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], *, heads: int) -> Tensor:
        """Attention within each of several sequences, [T, H S], without a mask.

        softmax(q kᵀ / sqrt(S)) v for each head and sequence (Vaswani et al. 2017). The rows of the sequences
        follow one another, without padding; `lengths` are their numbers of rows, each at least 1, with sum T.
        """
