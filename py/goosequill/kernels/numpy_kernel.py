"""The operations in plain numpy: the reference for every other kernel.

Tensors are float32 arrays of shape [T, C], matrices float32 arrays of shape [out, in].
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, MutableMapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels.activations import ACTIVATIONS, Activation
from goosequill.kernels.kernel import Floats, Shortlist
from goosequill.kernels.logits import LogitOperations, NumpyLogits
from goosequill.kernels.search import NumpySearch, SearchOperations
from goosequill.weights.elements import all_finite, to_float32
from goosequill.weights.packing import LAYOUTS, PackedMatrix
from goosequill.weights.quantize import QuantizedMatrix, not_quantizable, quantize


def multiply_blas(matrix: Floats, x: Floats) -> Floats:
    """x matrixᵀ by the BLAS that numpy was built with."""
    return x @ matrix.T


def multiply_einsum(matrix: Floats, x: Floats) -> Floats:
    """x matrixᵀ without BLAS.

    Pyodide's numpy has no optimized BLAS. There einsum's inner loop is faster than ``@``, for one token and
    for many, in either memory order.
    """
    result: Floats = np.einsum("tj,ij->ti", x, matrix)
    return result


def edit(state: Floats, decay: Floats, k: Floats, v: Floats, removal: Floats, added: Floats) -> None:
    """Pass RWKV-7's state [H, N(v), N(k)] over a token (`Kernel.wkv7`); the others are [H, N]."""
    removed = np.einsum("hvk,hk->hv", state, removal)
    state *= decay[:, None, :]
    state -= removed[:, :, None] * added[:, None, :]
    state += v[:, :, None] * k[:, None, :]


class NumpyKernel:
    """The reference kernel.

    Parameters
    ----------
    multiply
        (matrix [out, in], x [T, in]) -> [T, out]; by default the faster one on this platform.
    """

    name = "numpy"
    chunk_size = 64

    def __init__(self, multiply: Callable[[Floats, Floats], Floats] | None = None) -> None:
        default = multiply_einsum if sys.platform == "emscripten" else multiply_blas
        self._multiply = multiply or default
        self.logits: LogitOperations = NumpyLogits()
        self.search: SearchOperations = NumpySearch()

    def run(
        self,
        tokens: Sequence[int],
        build: Callable[[NDArray[np.int64]], Floats | None],
        *,
        programs: MutableMapping[Hashable, Any],
        key: Hashable,
    ) -> Floats | None:
        return build(np.asarray(tokens, np.int64))

    def bind(self, array: Floats) -> Floats:
        return array

    def matrix(self, weights: Floats | QuantizedMatrix) -> Floats:
        if isinstance(weights, QuantizedMatrix):
            return weights.dequantize()
        return np.ascontiguousarray(weights, np.float32)

    table = head = matrix

    def quantize(
        self, weights: NDArray[Any], bits: Literal[8, 4], name: str = "", *, dtype: str = "F32"
    ) -> QuantizedMatrix:
        if not all_finite(weights, dtype):
            raise not_quantizable(name, bits)
        return quantize(to_float32(weights, dtype), bits, name)

    def pack(self, matrix: QuantizedMatrix, layout: str) -> PackedMatrix:
        return LAYOUTS[layout].pack(matrix)

    def transposed(self, matrix: Floats) -> Floats:
        return matrix.T

    def bits(self, matrix: Floats) -> None:
        return None

    def stored(self, matrix: Floats) -> None:
        return None

    def embed(self, table: Floats, tokens: NDArray[np.int64]) -> Floats:
        return table[tokens]

    def positions(self, table: Floats, lengths: Sequence[int]) -> Floats:
        return np.concatenate([table[:length] for length in lengths])

    def last(self, x: Floats) -> Floats:
        return x[-1:]

    def layer_norm(self, x: Floats, weight: Floats, bias: Floats, *, eps: float = 1e-5) -> Floats:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        normal: Floats = centred / np.sqrt(variance + np.float32(eps))
        return normal * weight + bias

    def shift(self, x: Floats, previous: Floats) -> Floats:
        shifted = np.concatenate([previous[None], x[:-1]])
        previous[:] = x[-1]
        return shifted

    def mix(self, x: Floats, previous: Floats, weights: Floats) -> Sequence[Floats]:
        difference = self.shift(x, previous) - x
        return [x + difference * weight for weight in weights]

    def mix_back(self, slopes: Floats, x: Floats, weights: Floats) -> Floats:
        slopes = slopes.reshape(len(weights), *x.shape)
        difference = self.shift(x, np.zeros_like(x[0])) - x
        parts = slopes * weights[:, None]
        to_x: Floats = (slopes - parts).sum(axis=0)
        to_x[:-1] += parts[:, 1:].sum(axis=0)
        return np.concatenate([to_x, (slopes * difference).sum(axis=1)])

    def lerp(self, a: Floats, b: Floats, weight: Floats) -> Floats:
        return a + (b - a) * weight

    def add(self, a: Floats, b: Floats) -> Floats:
        return a + b

    def multiply(self, a: Floats, b: Floats) -> Floats:
        return a * b

    def product(
        self, matrix: Floats, x: Floats, *, bias: Floats | None = None, activation: Activation | None = None
    ) -> Floats:
        z = self._multiply(matrix, x)
        if bias is not None:
            z = z + bias
        return z if activation is None else ACTIVATIONS[activation][0](z)

    def likely(self, head: Floats, x: Floats, shortlist: Shortlist) -> Floats:
        return self.product(head, x)

    def group_norm(self, x: Floats, weight: Floats, bias: Floats, *, heads: int, eps: float) -> Floats:
        grouped = x.reshape(x.shape[0], heads, -1)  # [T, H, S]
        centred = grouped - grouped.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        normal: Floats = (centred / np.sqrt(variance + np.float32(eps))).reshape(x.shape)
        return normal * weight + bias

    def group_norm_back(self, slope: Floats, x: Floats, weight: Floats, *, heads: int, eps: float) -> Floats:
        shape = len(x), heads, -1
        normal = x.reshape(shape)
        normal = normal - normal.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(np.square(normal).mean(axis=-1, keepdims=True) + np.float32(eps))
        normal /= deviation
        g = (slope * weight).reshape(shape)
        along = (g * normal).mean(axis=-1, keepdims=True)  # a change that would only be scaled away
        to_x = ((g - g.mean(axis=-1, keepdims=True) - normal * along) / deviation).reshape(x.shape)
        return np.concatenate([to_x, [(slope * normal.reshape(x.shape)).sum(axis=0), slope.sum(axis=0)]])

    def wkv4(self, k: Floats, v: Floats, decay: Floats, bonus: Floats, state: Floats) -> Floats:
        numerator, denominator, exponent = state
        out = np.empty_like(v)
        for t in range(k.shape[0]):
            # Both sums have a common exponent, which is subtracted so that no exp overflows.
            top = np.maximum(exponent, bonus + k[t])
            past, now = np.exp(exponent - top), np.exp(bonus + k[t] - top)
            out[t] = (past * numerator + now * v[t]) / (past * denominator + now)
            top = np.maximum(exponent + decay, k[t])
            past, now = np.exp(exponent + decay - top), np.exp(k[t] - top)
            numerator[:] = past * numerator + now * v[t]
            denominator[:] = past * denominator + now
            exponent[:] = top
        return out

    def wkv4_back(
        self, slope: Floats, k: Floats, v: Floats, decay: Floats, bonus: Floats, state: Floats
    ) -> Floats:
        states = np.empty((len(k), *state.shape), np.float32)  # before each token
        after = state.copy()
        for t in range(len(k)):
            states[t] = after
            self.wkv4(k[t : t + 1], v[t : t + 1], decay, bonus, after)
        found = np.zeros((2 * len(k) + 2, k.shape[1]), np.float32)
        (to_k, to_v), (to_decay, to_bonus) = found[:-2].reshape(2, *k.shape), found[-2:]
        over, under = np.zeros_like(state[:2])  # the gradients of the sums after a token
        for t in reversed(range(len(k))):
            a, b, exponent = states[t]
            top = np.maximum(exponent, bonus + k[t])
            kept, added = np.exp(exponent - top), np.exp(bonus + k[t] - top)
            up = slope[t] / (kept * b + added)  # the gradients of the fraction's parts
            down = -up * (kept * a + added * v[t]) / (kept * b + added)
            here = added * (up * v[t] + down)
            top = np.maximum(exponent + decay, k[t])
            past, now = np.exp(exponent + decay - top), np.exp(k[t] - top)
            to_k[t], to_v[t] = now * (over * v[t] + under) + here, now * over + added * up
            to_decay += past * (over * a + under * b)
            to_bonus += here
            over = past * over + kept * up
            under = past * under + kept * down
        # The exponent is the same in all that follows from it, so it has a gradient only where it begins.
        state[:] = over, under, over * state[0] + under * state[1]
        return found

    def wkv5(self, r: Floats, k: Floats, v: Floats, decay: Floats, bonus: Floats, state: Floats) -> Floats:
        heads, size, _ = state.shape
        steps = r.shape[0]
        r, k, v = (x.reshape(steps, heads, size) for x in (r, k, v))
        decays = np.broadcast_to(decay, (steps, heads * size)).reshape(steps, heads, size, 1)
        bonus = bonus.reshape(heads, size, 1)
        out = np.empty((steps, heads, size), np.float32)
        for t in range(steps):
            kv = k[t, :, :, None] * v[t, :, None, :]  # [H, S(k), S(v)]
            out[t] = np.einsum("hk,hkv->hv", r[t], bonus * kv + state)
            state *= decays[t]
            state += kv
        return out.reshape(steps, -1)

    def delta_keys(
        self, k: Floats, a: Floats, removal: Floats, replacement: Floats, *, heads: int
    ) -> tuple[Floats, Floats]:
        scaled = (k * removal).reshape(k.shape[0], heads, -1)  # [T, H, N]
        length = np.sqrt(np.square(scaled).sum(axis=-1, keepdims=True))
        unit = scaled / np.maximum(length, np.float32(1e-12))
        return unit.reshape(k.shape), k * (np.float32(1) + (a - np.float32(1)) * replacement)

    def wkv7(
        self, r: Floats, decay: Floats, k: Floats, v: Floats, removal: Floats, a: Floats, state: Floats
    ) -> Floats:
        heads, size, _ = state.shape
        steps = r.shape[0]
        r, decay, k, v, removal, a = (x.reshape(steps, heads, size) for x in (r, decay, k, v, removal, a))
        added = removal * a
        out = np.empty((steps, heads, size), np.float32)
        for t in range(steps):
            edit(state, decay[t], k[t], v[t], removal[t], added[t])
            out[t] = np.einsum("hvk,hk->hv", state, r[t])
        return out.reshape(steps, -1)

    def wkv7_back(
        self,
        slope: Floats,
        r: Floats,
        decay: Floats,
        k: Floats,
        v: Floats,
        removal: Floats,
        a: Floats,
        state: Floats,
    ) -> Floats:
        shape = r.shape[0], *state.shape[:2]
        slope, r, decay, k, v, removal, a = (x.reshape(shape) for x in (slope, r, decay, k, v, removal, a))
        b = removal * a
        found = gr, gw, gk, gv, gremoval, ga = np.empty((6, *shape), np.float32)
        states = np.empty((len(r) + 1, *state.shape), np.float32)  # before each token, and after the last
        states[0] = state
        for t in range(len(r)):
            states[t + 1] = states[t]
            edit(states[t + 1], decay[t], k[t], v[t], removal[t], b[t])
        state[:] = 0
        for t in reversed(range(len(r))):
            gr[t] = np.einsum("hvk,hv->hk", states[t + 1], slope[t])
            state += slope[t, :, :, None] * r[t, :, None, :]
            gw[t] = np.einsum("hvk,hvk->hk", state, states[t])
            gv[t], gk[t] = np.einsum("hvk,hk->hv", state, k[t]), np.einsum("hvk,hv->hk", state, v[t])
            p, q = (-np.einsum("hvk,hk->hv", s, x[t]) for s, x in ((state, b), (states[t], removal)))
            gb = np.einsum("hvk,hv->hk", state, q)
            gremoval[t] = np.einsum("hvk,hv->hk", states[t], p) + gb * a[t]
            ga[t] = gb * removal[t]
            state *= decay[t, :, None, :]
            state += p[:, :, None] * removal[t, :, None, :]
        return found.reshape(6 * len(r), -1)

    def head_bonus(self, r: Floats, k: Floats, v: Floats, weight: Floats, *, heads: int) -> Floats:
        shape = (r.shape[0], heads, -1)
        strength = (r * k * weight).reshape(shape).sum(axis=-1, keepdims=True)  # [T, H, 1]
        scaled: Floats = strength * v.reshape(shape)
        return scaled.reshape(v.shape)

    def deep_embed(self, x: Floats, rows: Floats, base: Floats) -> Floats:
        steps, size = x.shape
        matrices = (rows[:steps] + base).reshape(steps, size, -1)  # [T, D, E]
        result: Floats = np.einsum("td,tde->te", x, matrices)
        return result

    def attention(self, q: Floats, k: Floats, v: Floats, lengths: Sequence[int], *, heads: int) -> Floats:
        size = q.shape[1] // heads
        out, scale, end = np.empty_like(v), np.float32(size**-0.5), 0
        for length in lengths:
            rows, end = slice(end, end + length), end + length
            for start in range(0, heads * size, size):
                head = rows, slice(start, start + size)
                scores = self._multiply(k[head], q[head] * scale)  # [n, S] @ [S, n] -> [n, n]
                weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
                weights /= weights.sum(axis=-1, keepdims=True)
                out[head] = self._multiply(v[head].T, weights)  # [n, n] @ [n, S] -> [n, S]
        return out
