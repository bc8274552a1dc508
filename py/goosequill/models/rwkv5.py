"""RWKV-5 ("Eagle", arXiv:2404.05892): heads, each with a matrix as its state.

Glossary (code, the paper's symbol, the checkpoint's name in att):

receptance  r    receptance.weight
key         k    key.weight
value       v    value.weight
gate        g    gate.weight
decay       w    exp(-exp(time_decay))
bonus       u    time_faaaa
mix_*       mu   1 - time_mix_*: the weight of the previous token in the token shift
ln_x             ln_x, the group norm over heads
output      W_o  output.weight
wkv         s    the state, a matrix per head
ffn              channel mixing; att in the checkpoint is time mixing

Three revisions were released: 5.0 has one decay and one bonus per head and no gate, 5.1 adds the gate, 5.2
has a decay and a bonus for every channel. Older files name the bonus time_first and store its logarithm.
Differs from the official code in that the scalars of 5.0 and 5.1 are repeated for every channel of their
heads, so that all three run the same way; and as in `rwkv4`, a token-shift weight m is stored as 1 - m.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.models.config import has_tensor, required_shape
from goosequill.models.model import Norm
from goosequill.models.parameters import Parameters
from goosequill.models.rwkv4to6 import ChannelMix, Rwkv4To6
from goosequill.weights.source import TensorSource


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
    ffn: ChannelMix


class Rwkv5(Rwkv4To6):
    """RWKV-5.0, 5.1 and 5.2; its state is two vectors and one S x S matrix per head, in every layer."""

    versions = ("5.0", "5.1", "5.2")

    @classmethod
    def identify(cls, tensors: TensorSource) -> tuple[str, int] | None:
        if not has_tensor(tensors, "att.ln_x"):
            return None
        decay = required_shape(tensors, "blocks.0.att.time_decay")
        if len(decay) > 1 and decay[1] > 1:
            older = "blocks.0.att.time_first" in tensors.names()
            bonus = "time_first" if older else "time_faaaa"
            return "5.2", required_shape(tensors, f"blocks.0.att.{bonus}")[0]
        return "5.1" if has_tensor(tensors, "att.gate.weight") else "5.0", decay[0]

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c = self.config.width
        at = f"blocks.{layer}.att."
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
            ffn=self.load_channel_mix(parameters, layer, mix="time_mix", flip=True),
        )

    def _bonus(self, parameters: Parameters, prefix: str) -> Any:
        if prefix + "time_faaaa" in parameters:
            return self._per_head(parameters, prefix + "time_faaaa")
        return np.exp(self._per_head(parameters, prefix + "time_first"))

    def _per_head(self, parameters: Parameters, name: str) -> Any:
        """Read a tensor [H] in versions 5.0 and 5.1, [H S] in 5.2."""
        size = self.config.width if self.config.version == "5.2" else self.config.heads
        return parameters.array(name, size)

    def _per_channel(self, values: Any) -> Any:
        """Repeat values for the channels of each head: [H] -> [H S]."""
        return self.kernel.bind(np.repeat(values, self.config.width // len(values)))

    def time_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel, heads, eps = self.kernel, self.config.heads, self.config.group_norm_eps
        x = kernel.layer_norm(x, *block.ln1)
        mixed = kernel.mix(x, memory["att_x"], block.mix_kvrg)  # [T, C] -> 4 (or 3) of [T, C]
        k = kernel.product(block.key, mixed[0])  # [T, C] @ [C, H S] -> [T, H S]
        v = kernel.product(block.value, mixed[1])
        r = kernel.product(block.receptance, mixed[2])
        y = kernel.wkv5(r, k, v, block.decay, block.bonus, memory["wkv"])  # state [H, S, S] -> [T, H S]
        y = kernel.group_norm(y, *block.ln_x, heads=heads, eps=eps)
        if block.gate is not None:
            y = kernel.multiply(y, kernel.product(block.gate, mixed[3], activation=self.gate_activation))
        return kernel.product(block.output, y)  # [T, H S] @ [H S, C] -> [T, C]
