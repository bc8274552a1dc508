"""The operations in 128-bit SIMD: a forward pass is recorded once as a program, then run by simd.c.

Calling an operation here only records a step: the operation, addresses and sizes (`abi.OPERATIONS` names
them). `recorder` runs the steps, `layouts` and `sketches` prepare the weights that they read. Nothing is
computed in these files, and no memory is copied: C works on numpy's arrays in place.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.kernels import abi
from goosequill.kernels.activations import Activation
from goosequill.kernels.kernel import Floats, Shortlist
from goosequill.kernels.layouts import Weights
from goosequill.kernels.library import Library, address_of
from goosequill.kernels.logits import LogitOperations, SimdLogits
from goosequill.kernels.recorder import Recorder, Tensor
from goosequill.kernels.search import SearchOperations, SimdSearch
from goosequill.kernels.sketches import Sketches
from goosequill.weights.packing import PANEL


class SimdKernel(Recorder, Sketches):
    """The operations by compiled code.

    Parameters
    ----------
    library
        The compiled simd.c (`goosequill.kernels.library`).
    """

    def __init__(self, library: Library) -> None:
        Recorder.__init__(self, library)
        Sketches.__init__(self, library)
        self.name = library.name
        self.logits: LogitOperations = SimdLogits(library)
        self.search: SearchOperations = SimdSearch(library)
        self._constants: dict[float, Floats] = {}
        self._most = sys.maxsize  # rows of a product that are computed at once

    def apart(self) -> SimdKernel:
        """Another kernel for the same matrices, whose products are divided among threads of its own.

        It computes as many rows at once as these have room for.
        """
        other = SimdKernel(self.library)
        other.matrices.update(self.matrices)
        other._most = self.chunk_size
        return other

    def embed(self, table: Weights, tokens: Any) -> Tensor:
        return self._rows_of(table, self._ids, tokens)

    def positions(self, table: Weights, lengths: Sequence[int]) -> Tensor:
        ids = self._constant(np.concatenate([np.arange(length) for length in lengths]))
        return self._rows_of(table, ids, len(ids))

    def _rows_of(self, table: Weights, ids: NDArray[np.int32], count: int) -> Tensor:
        out = self._new(count, table.columns)
        self._emit(
            "embed", out=out, table=table.address, scales=table.scales_address, ids=address_of(ids),
            tokens=count, width=table.columns, bits=table.bits,
        )  # fmt: skip
        return out

    def last(self, x: Tensor) -> Tensor:
        return self.rows(x, x.rows - 1, 1)

    @staticmethod
    def rows(x: Tensor, start: int, count: int) -> Tensor:
        """Consecutive rows of x, [count, C]."""
        return Tensor(x.address + 4 * start * x.columns, count, x.columns, x.owner)

    def layer_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, eps: float = 1e-5) -> Tensor:
        return self.group_norm(x, weight, bias, heads=1, eps=eps)

    def group_norm(self, x: Tensor, weight: Tensor, bias: Tensor, *, heads: int, eps: float) -> Tensor:
        out = self._new(x.rows, x.columns)
        self._emit("normalize", out=out, bias=bias, **self._norm(x, weight, heads, eps))
        return out

    def group_norm_back(self, slope: Tensor, x: Tensor, weight: Tensor, *, heads: int, eps: float) -> Tensor:
        out = self._new(x.rows + 2, x.columns)
        self._emit("normalize_back", out=out, slope=slope, **self._norm(x, weight, heads, eps))
        return out

    def _norm(self, x: Tensor, weight: Tensor, heads: int, eps: float) -> dict[str, int | Tensor]:
        """The fields that a norm and its way back have in common."""
        constant = self._constants.setdefault(eps, np.array([eps], np.float32))
        size = {"rows": x.rows * heads, "size": x.columns // heads, "heads": heads}
        return {"x": x, "weight": weight, **size, "eps": address_of(constant)}

    def mix(self, x: Tensor, previous: Tensor, weights: Tensor) -> Sequence[Tensor]:
        outs = self._parts(weights.rows, x.rows, x.columns)
        self._emit(
            "mix", out=outs[0], x=x, previous=previous, weights=weights, tokens=x.rows, width=x.columns,
            count=weights.rows,
        )  # fmt: skip
        return outs

    def mix_back(self, slopes: Tensor, x: Tensor, weights: Tensor) -> Tensor:
        out = self._new(x.rows + weights.rows, x.columns)
        self._emit(
            "mix_back", out=out, slopes=slopes, x=x, weights=weights, tokens=x.rows, width=x.columns,
            count=weights.rows,
        )  # fmt: skip
        return out

    def shift(self, x: Tensor, previous: Tensor) -> Tensor:
        out = self._new(x.rows, x.columns)
        self._emit("shift", out=out, x=x, previous=previous, tokens=x.rows, width=x.columns)
        return out

    def lerp(self, a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit("lerp", out=out, a=a, b=b, weight=weight, size=a.size, period=weight.size)
        return out

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit("add", out=out, a=a, b=b, size=a.size, period=b.size)
        return out

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        out = self._new(a.rows, a.columns)
        self._emit("multiply", out=out, a=a, b=b, size=a.size, period=b.size)
        return out

    def product(
        self, matrix: Weights, x: Tensor, *, bias: Tensor | None = None, activation: Activation | None = None
    ) -> Tensor:
        out, most = self._new(x.rows, matrix.rows), self._most
        scratch = self._scratch(matrix, min(most, x.rows))
        # Not reused by the next product, which may be computed together with this one.
        self._retained += x, out, scratch
        for start in range(0, max(x.rows, 1), most):
            some, result = (self.rows(each, start, min(most, x.rows - start)) for each in (x, out))
            self._emit(
                "product", **self._operands(matrix, some, result, scratch, bias=bias, activation=activation),
                form=matrix.form, first_row=0, end_row=0, joined=0, gap=matrix.gap,
            )  # fmt: skip
        return out

    def _scratch(self, matrix: Weights, tokens: int) -> Tensor:
        return self._new(tokens, self.library.scratch_words(matrix.columns, matrix.form))

    def _operands(
        self,
        matrix: Weights,
        x: Tensor,
        out: Tensor,
        scratch: Tensor,
        *,
        bias: Tensor | None = None,
        activation: Activation | None = None,
    ) -> dict[str, int | Tensor]:
        """The fields that a product and a shortlist have in common."""
        return {
            "out": out,
            "weights": matrix.address,
            "scales": matrix.scales_address,
            "inputs": x,
            "bias": bias or 0,
            "scratch": scratch,
            "tokens": x.rows,
            "columns": matrix.columns,
            "rows": matrix.rows,
            "activation": abi.ACTIVATIONS.index(activation or "none"),
        }

    def likely(self, head: Weights, x: Tensor, shortlist: Shortlist) -> Tensor:
        sketch = self.sketch(head)
        if sketch is None:
            return self.product(head, x)
        out = self.product(sketch.matrix, x)
        # An index per panel and row and one more, each a machine word; then as many floats.
        count = head.padded // PANEL + head.rows + 1
        work = self._new(1, count * (np.dtype(np.intp).itemsize // 4 + 1))
        scratch = self._scratch(head, 1)
        for row in range(x.rows):
            token, result = self.rows(x, row, 1), self.rows(out, row, 1)
            self._emit(
                "shortlist", **self._operands(head, token, result, scratch),
                reach=address_of(sketch.reach), indices=work, count=shortlist.count,
                thousandths=ceil(1000 * shortlist.gap), rest=0, pause=0,
            )  # fmt: skip
        return out

    def wkv4(self, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        out = self._new(k.rows, k.columns)
        self._emit(
            "wkv4", out=out, k=k, v=v, decay=decay, bonus=bonus, state=state, tokens=k.rows, width=k.columns,
        )  # fmt: skip
        return out

    def wkv4_back(
        self, slope: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor
    ) -> Tensor:
        out, spare = self._new(2 * k.rows + 2, k.columns), self._new(3 * k.rows, k.columns)
        self._emit(
            "wkv4_back", out=out, slope=slope, k=k, v=v, decay=decay, bonus=bonus, state=state, tokens=k.rows,
            width=k.columns, spare=spare,
        )  # fmt: skip
        return out

    def wkv5(self, r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, state: Tensor) -> Tensor:
        out = self._new(r.rows, r.columns)
        self._emit(
            "wkv5", out=out, r=r, k=k, v=v, decay=decay, decay_step=decay.columns if decay.rows > 1 else 0,
            bonus=bonus, state=state, tokens=r.rows, heads=state.rows, size=state.columns,
        )  # fmt: skip
        return out

    def delta_keys(
        self, k: Tensor, a: Tensor, removal: Tensor, replacement: Tensor, *, heads: int
    ) -> tuple[Tensor, Tensor]:
        unit, keys = self._parts(2, k.rows, k.columns)
        self._emit(
            "delta_keys", unit=unit, keys=keys, k=k, a=a, removal=removal, replacement=replacement,
            tokens=k.rows, heads=heads, size=k.columns // heads,
        )  # fmt: skip
        return unit, keys

    def wkv7(
        self, r: Tensor, decay: Tensor, k: Tensor, v: Tensor, removal: Tensor, a: Tensor, state: Tensor
    ) -> Tensor:
        out, spare = self._new(r.rows, r.columns), self._new(2 * state.rows, state.columns)
        self._emit(
            "wkv7", out=out, r=r, decay=decay, k=k, v=v, removal=removal, a=a, state=state, tokens=r.rows,
            heads=state.rows, size=state.columns, spare=spare,
        )  # fmt: skip
        return out

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
        out, size, kept = self._new(6 * r.rows, r.columns), state.columns, abi.LIMITS["kept"]
        spare = self._new((ceil(r.rows / kept) + kept + 1) * size + 1, size)
        self._emit(
            "wkv7_back", out=out, slope=slope, r=r, decay=decay, k=k, v=v, removal=removal, a=a, state=state,
            tokens=r.rows, heads=state.rows, size=size, spare=spare,
        )  # fmt: skip
        return out

    def head_bonus(self, r: Tensor, k: Tensor, v: Tensor, weight: Tensor, *, heads: int) -> Tensor:
        out = self._new(r.rows, r.columns)
        self._emit(
            "head_bonus", out=out, r=r, k=k, v=v, weight=weight, tokens=r.rows, heads=heads,
            size=r.columns // heads,
        )  # fmt: skip
        return out

    def deep_embed(self, x: Tensor, rows: Tensor, base: Tensor) -> Tensor:
        columns = base.columns // x.columns
        out = self._new(x.rows, columns)
        self._emit(
            "deep_embed", out=out, x=x, rows=rows, base=base, tokens=x.rows, size=x.columns, columns=columns,
        )  # fmt: skip
        return out

    def attention(self, q: Tensor, k: Tensor, v: Tensor, lengths: Sequence[int], *, heads: int) -> Tensor:
        out, size = self._new(q.rows, q.columns), q.columns // heads
        scratch = self._new(1, self.library.attention_words(size, max(lengths)))
        self._emit(
            "attention", out=out, q=q, k=k, v=v, lengths=address_of(self._constant(lengths)),
            count=len(lengths), heads=heads, size=size, scratch=scratch,
        )  # fmt: skip
        return out
