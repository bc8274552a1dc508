"""RWKV-5 ("Eagle", arXiv:2404.05892): heads, each with a matrix for a state.

Glossary (code <- paper): receptance r, key k, value v, gate g, decay w = exp(-exp(time_decay)),
bonus u = time_faaaa. Three revisions were released: 5.0 has one decay and one bonus a head and no
gate, 5.1 adds the gate, 5.2 has a decay and a bonus for every channel. Older files name the bonus
time_first and store its logarithm. Differs from the official code in that the scalars of 5.0 and
5.1 are spread over their heads, so that all three run the same way; and as in `rwkv4` a
token-shift weight m is kept as 1 - m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.models.model import Model, Norm
from goosequill.models.parameters import Parameters
from goosequill.models.state import Arrays, State


@dataclass(frozen=True)
class Block:
    """Parameters of one layer: time mixing, then channel mixing (ffn)."""

    ln1: Norm
    mix_kvrg: Any
    key: Any
    value: Any
    receptance: Any
    gate: Any
    decay: Any
    bonus: Any
    ln_x: Norm
    output: Any
    ln2: Norm
    ffn_mix_kr: Any
    ffn_key: Any
    ffn_receptance: Any
    ffn_value: Any


class Rwkv5(Model):
    """RWKV-5.0, 5.1 and 5.2; its state is two vectors and one S x S matrix a head, in every layer."""

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c, f = self.config.width, self.config.ffn_width
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        gated = self.config.version != "5.0"
        return Block(
            ln1=self.norm(parameters, f"blocks.{layer}.ln1"),
            mix_kvrg=parameters.stack(
                [at + "time_mix_" + name for name in ("kvrg" if gated else "kvr")], c, flip=True
            ),
            key=parameters.matrix(at + "key.weight", (c, c)),
            value=parameters.matrix(at + "value.weight", (c, c)),
            receptance=parameters.matrix(at + "receptance.weight", (c, c)),
            gate=parameters.matrix(at + "gate.weight", (c, c)) if gated else None,
            decay=self._per_channel(np.exp(-np.exp(self._per_head(parameters, at + "time_decay")))),
            bonus=self._per_channel(self._bonus(parameters, at)),
            ln_x=self.norm(parameters, at + "ln_x"),
            output=parameters.matrix(at + "output.weight", (c, c)),
            ln2=self.norm(parameters, f"blocks.{layer}.ln2"),
            ffn_mix_kr=parameters.stack([ff + "time_mix_" + name for name in "kr"], c, flip=True),
            ffn_key=parameters.matrix(ff + "key.weight", (f, c)),
            ffn_receptance=parameters.matrix(ff + "receptance.weight", (c, c)),
            ffn_value=parameters.matrix(ff + "value.weight", (c, f)),
        )

    def _bonus(self, parameters: Parameters, prefix: str) -> Any:
        if prefix + "time_faaaa" in parameters:
            return self._per_head(parameters, prefix + "time_faaaa")
        return np.exp(self._per_head(parameters, prefix + "time_first"))

    def _per_head(self, parameters: Parameters, name: str) -> Any:
        """[H] in versions 5.0 and 5.1, [H S] in 5.2."""
        each = self.config.width if self.config.version == "5.2" else self.config.heads
        return parameters.array(name, each)

    def _per_channel(self, values: Any) -> Any:
        """Spread over the channels of each head: [H S]."""
        return self.kernel.bind(np.repeat(values, self.config.width // len(values)))

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
        mixed = kernel.mix(kernel.layer_norm(x, *block.ln1), memory["att_x"], block.mix_kvrg)
        k = kernel.product(block.key, mixed[0])
        v = kernel.product(block.value, mixed[1])
        r = kernel.product(block.receptance, mixed[2])
        y = kernel.wkv5(r, k, v, block.decay, block.bonus, memory["wkv"])
        y = kernel.group_norm(y, *block.ln_x, heads=heads, eps=eps)
        if block.gate is not None:
            y = kernel.multiply(y, kernel.product(block.gate, mixed[3], activation="silu"))
        return kernel.product(block.output, y)

    def _channel_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel = self.kernel
        xk, xr = kernel.mix(kernel.layer_norm(x, *block.ln2), memory["ffn_x"], block.ffn_mix_kr)
        r = kernel.product(block.ffn_receptance, xr, activation="sigmoid")
        k = kernel.product(block.ffn_key, xk, activation="relu_squared")
        return kernel.multiply(r, kernel.product(block.ffn_value, k))
