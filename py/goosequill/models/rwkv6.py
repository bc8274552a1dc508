"""RWKV-6 ("Finch", arXiv:2404.05892): as RWKV-5, but decay and token shift depend on the data.

Glossary (code <- paper): receptance r, decay w, key k, value v, gate g, bonus u = time_faaaa;
the token shift's weights are a learnt vector (maa) plus a low-rank function of the input.
Differs from the official code in that the five low-rank pairs, stored as two joint tensors in the
order w, k, v, r, g, are kept apart: then each shift weight is one product with maa as its bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError
from goosequill.kernels import Activation
from goosequill.models.model import Model, Norm
from goosequill.models.parameters import Parameters
from goosequill.models.state import Arrays, State

_SHIFTED = "wkvrg"


@dataclass(frozen=True)
class LowRank:
    """Two thin matrices, [D, C] then [C, D], and the bias of the second."""

    down: Any
    up: Any
    bias: Any


@dataclass(frozen=True)
class Block:
    """Parameters of one layer: time mixing, then channel mixing (ffn)."""

    ln1: Norm
    mix_x: Any
    mix_wkvrg: list[LowRank]
    decay: LowRank
    bonus: Any
    key: Any
    value: Any
    receptance: Any
    gate: Any
    ln_x: Norm
    output: Any
    ln2: Norm
    ffn_mix_kr: Any
    ffn_key: Any
    ffn_receptance: Any
    ffn_value: Any


class Rwkv6(Model):
    """RWKV-6; its state is two vectors and one S x S matrix a head, in every layer."""

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c, f = self.config.width, self.config.ffn_width
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        return Block(
            ln1=self.norm(parameters, f"blocks.{layer}.ln1"),
            mix_x=parameters.vector(at + "time_maa_x", c),
            mix_wkvrg=self._shift_weights(parameters, at),
            decay=self._decay(parameters, at),
            bonus=parameters.vector(at + "time_faaaa", c),
            key=parameters.matrix(at + "key.weight", (c, c)),
            value=parameters.matrix(at + "value.weight", (c, c)),
            receptance=parameters.matrix(at + "receptance.weight", (c, c)),
            gate=parameters.matrix(at + "gate.weight", (c, c)),
            ln_x=self.norm(parameters, at + "ln_x"),
            output=parameters.matrix(at + "output.weight", (c, c)),
            ln2=self.norm(parameters, f"blocks.{layer}.ln2"),
            ffn_mix_kr=parameters.stack([ff + "time_maa_" + name for name in "kr"], c),
            ffn_key=parameters.matrix(ff + "key.weight", (f, c)),
            ffn_receptance=parameters.matrix(ff + "receptance.weight", (c, c)),
            ffn_value=parameters.matrix(ff + "value.weight", (c, f)),
        )

    def _shift_weights(self, parameters: Parameters, prefix: str) -> list[LowRank]:
        """The five pairs out of time_maa_w1 [C, 5 D] and time_maa_w2 [5, D, C]."""
        c, count, kernel = self.config.width, len(_SHIFTED), self.kernel
        down, up = (parameters.array(prefix + name) for name in ("time_maa_w1", "time_maa_w2"))
        sound = up.ndim == 3 and up.shape[::2] == (count, c) and up.shape[1] > 0
        if not sound or down.shape != (c, count * up.shape[1]):
            raise FileFormatError(
                f"The tensors time_maa_w1 {list(down.shape)} and time_maa_w2 {list(up.shape)} of "
                f"{prefix.rstrip('.')} do not fit each other.",
                code="tensor-shape",
                remedy="The file is damaged or of an unknown kind; download it again.",
            )
        downs = np.split(np.ascontiguousarray(down.T), count)  # 5 of [D, C]
        return [
            LowRank(
                down=kernel.matrix(downs[index]),
                up=kernel.matrix(np.ascontiguousarray(up[index].T)),
                bias=parameters.vector(f"{prefix}time_maa_{name}", c),
            )
            for index, name in enumerate(_SHIFTED)
        ]

    def _decay(self, parameters: Parameters, prefix: str) -> LowRank:
        c = self.config.width
        rank = parameters.rank(prefix + "time_decay_w1")
        return LowRank(
            down=parameters.matrix(prefix + "time_decay_w1", (rank, c), transpose=True),
            up=parameters.matrix(prefix + "time_decay_w2", (c, rank), transpose=True),
            bias=parameters.vector(prefix + "time_decay", c),
        )

    def state_arrays(self) -> Arrays:
        layers, width = self.config.layers, self.config.width
        heads, size = self.config.heads, self.config.head_size
        return {
            "att_x": np.zeros((layers, width), np.float32),
            "ffn_x": np.zeros((layers, width), np.float32),
            "wkv": np.zeros((layers, heads, size, size), np.float32),
        }

    def run_blocks(self, x: Any, blocks: Sequence[Block], state: State) -> Any:
        for block, memory in zip(blocks, state.layers, strict=True):
            x = self.kernel.add(x, self._time_mix(x, block, memory))
            x = self.kernel.add(x, self._channel_mix(x, block, memory))
        return x

    def _time_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel, heads, eps = self.kernel, self.config.heads, self.config.group_norm_eps
        x = kernel.layer_norm(x, *block.ln1)
        previous = kernel.shift(x, memory["att_x"])
        seen = kernel.lerp(x, previous, block.mix_x)
        xw, xk, xv, xr, xg = (kernel.lerp(x, previous, self._apply(pair, seen)) for pair in block.mix_wkvrg)
        r = kernel.product(block.receptance, xr)
        k = kernel.product(block.key, xk)
        v = kernel.product(block.value, xv)
        g = kernel.product(block.gate, xg, activation="silu")
        y = kernel.wkv5(r, k, v, self._apply(block.decay, xw, outer="decay6"), block.bonus, memory["wkv"])
        y = kernel.group_norm(y, *block.ln_x, heads=heads, eps=eps)
        return kernel.product(block.output, kernel.multiply(y, g))

    def _apply(self, pair: LowRank, x: Any, *, outer: Activation | None = None) -> Any:
        hidden = self.kernel.product(pair.down, x, activation="tanh")
        return self.kernel.product(pair.up, hidden, bias=pair.bias, activation=outer)

    def _channel_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel = self.kernel
        xk, xr = kernel.mix(kernel.layer_norm(x, *block.ln2), memory["ffn_x"], block.ffn_mix_kr)
        r = kernel.product(block.ffn_receptance, xr, activation="sigmoid")
        k = kernel.product(block.ffn_key, xk, activation="relu_squared")
        return kernel.multiply(r, kernel.product(block.ffn_value, k))
