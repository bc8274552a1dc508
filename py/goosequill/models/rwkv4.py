"""RWKV-4 ("Dove"): attention as a running weighted average of values (arXiv:2305.13048).

Glossary (code <- paper): receptance r, key k, value v, decay w = -exp(time_decay),
bonus u = time_first. Differs from the official code in that a token-shift weight m is kept as
1 - m, so that mixing is x + (p - x) m here as in the later versions.
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
    mix_kvr: Any
    key: Any
    value: Any
    receptance: Any
    decay: Any
    bonus: Any
    output: Any
    ln2: Norm
    ffn_mix_kr: Any
    ffn_key: Any
    ffn_receptance: Any
    ffn_value: Any


class Rwkv4(Model):
    """RWKV-4; its state is five vectors a layer."""

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c, f = self.config.width, self.config.ffn_width
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        return Block(
            ln1=self.norm(parameters, f"blocks.{layer}.ln1"),
            mix_kvr=parameters.stack([at + "time_mix_" + name for name in "kvr"], c, flip=True),
            key=parameters.matrix(at + "key.weight", (c, c)),
            value=parameters.matrix(at + "value.weight", (c, c)),
            receptance=parameters.matrix(at + "receptance.weight", (c, c)),
            decay=self.kernel.bind(-np.exp(parameters.array(at + "time_decay", c))),
            bonus=parameters.vector(at + "time_first", c),
            output=parameters.matrix(at + "output.weight", (c, c)),
            ln2=self.norm(parameters, f"blocks.{layer}.ln2"),
            ffn_mix_kr=parameters.stack([ff + "time_mix_" + name for name in "kr"], c, flip=True),
            ffn_key=parameters.matrix(ff + "key.weight", (f, c)),
            ffn_receptance=parameters.matrix(ff + "receptance.weight", (c, c)),
            ffn_value=parameters.matrix(ff + "value.weight", (c, f)),
        )

    def state_arrays(self) -> Arrays:
        layers, width = self.config.layers, self.config.width
        average = np.zeros((layers, 3, width), np.float32)
        average[:, 2] = -1e30  # exponent of an empty sum
        return {
            "att_x": np.zeros((layers, width), np.float32),
            "ffn_x": np.zeros((layers, width), np.float32),
            "wkv": average,
        }

    def run_blocks(self, x: Any, blocks: Sequence[Block], state: State) -> Any:
        for block, memory in zip(blocks, state.layers, strict=True):
            x = self.kernel.add(x, self._time_mix(x, block, memory))
            x = self.kernel.add(x, self._channel_mix(x, block, memory))
        return x

    def _time_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel = self.kernel
        xk, xv, xr = kernel.mix(kernel.layer_norm(x, *block.ln1), memory["att_x"], block.mix_kvr)
        r = kernel.product(block.receptance, xr, activation="sigmoid")
        k = kernel.product(block.key, xk)
        v = kernel.product(block.value, xv)
        average = kernel.wkv4(k, v, block.decay, block.bonus, memory["wkv"])
        return kernel.product(block.output, kernel.multiply(r, average))

    def _channel_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel = self.kernel
        xk, xr = kernel.mix(kernel.layer_norm(x, *block.ln2), memory["ffn_x"], block.ffn_mix_kr)
        r = kernel.product(block.ffn_receptance, xr, activation="sigmoid")
        k = kernel.product(block.ffn_key, xk, activation="relu_squared")
        return kernel.multiply(r, kernel.product(block.ffn_value, k))
