"""RWKV-4 ("Dove"): attention as a running weighted average of values (arXiv:2305.13048).

Glossary (code, the paper's symbol, the checkpoint's name in att):

receptance  r       receptance.weight
key         k       key.weight
value       v       value.weight
decay       -w      -exp(time_decay)
bonus       u       time_first
mix_*       1 - mu  1 - time_mix_*: the weight of the previous token in the token shift
output      W_o     output.weight
wkv         a b p   the state: numerator, denominator, and the exponent that both have in common
ffn                 channel mixing; att in the checkpoint is time mixing

Differs from the official code in that a token-shift weight m is stored as 1 - m, so that mixing is x + (p -
x) m here as in the later versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.models.model import Norm
from goosequill.models.parameters import Parameters
from goosequill.models.rwkv4to6 import ChannelMix, Rwkv4To6
from goosequill.models.state import Arrays
from goosequill.weights.source import TensorSource


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
    ffn: ChannelMix


class Rwkv4(Rwkv4To6):
    """RWKV-4; its state is five vectors per layer."""

    versions = ("4",)
    state_kind = "averages"
    log_decay = True

    @classmethod
    def identify(cls, tensors: TensorSource) -> tuple[str, int] | None:
        return "4", 1

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c = self.config.width
        at = f"blocks.{layer}.att."
        return Block(
            ln1=self.norm(parameters, f"blocks.{layer}.ln1"),
            mix_kvr=parameters.stack([at + "time_mix_" + name for name in "kvr"], c, flip=True),
            key=parameters.matrix(at + "key.weight", (c, c)),
            value=parameters.matrix(at + "value.weight", (c, c)),
            receptance=parameters.matrix(at + "receptance.weight", (c, c)),
            decay=self.kernel.bind(-np.exp(parameters.array(at + "time_decay", c))),
            bonus=parameters.vector(at + "time_first", c),
            output=parameters.matrix(at + "output.weight", (c, c)),
            ffn=self.load_channel_mix(parameters, layer, mix="time_mix", flip=True),
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

    def time_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel = self.kernel
        x = kernel.layer_norm(x, *block.ln1)
        xk, xv, xr = kernel.mix(x, memory["att_x"], block.mix_kvr)  # [T, C] -> 3 of [T, C]
        r = kernel.product(block.receptance, xr, activation="sigmoid")  # [T, C] @ [C, C] -> [T, C]
        k = kernel.product(block.key, xk)
        v = kernel.product(block.value, xv)
        average = kernel.wkv4(k, v, block.decay, block.bonus, memory["wkv"])  # state [3, C] -> [T, C]
        return kernel.product(block.output, kernel.multiply(r, average))
