"""RWKV-6 ("Finch", arXiv:2404.05892): like RWKV-5, but decay and token shift depend on the data.

Glossary (code, the paper's symbol, the checkpoint's name in att):

receptance  r       receptance.weight
key         k       key.weight
value       v       value.weight
gate        g       gate.weight
decay       w       time_decay, time_decay_w1, time_decay_w2: a low-rank function of the input
bonus       u       time_faaaa
mix_x       mu_x    time_maa_x: the weight of the previous token in what the next line depends on
mix_wkvrg   ddlerp  time_maa_w1, time_maa_w2: low-rank functions of the input, for the token shift
LowRank     lora    down A, up B, bias lambda
ln_x                ln_x, the group norm over heads
output      W_o     output.weight
wkv         s       the state, a matrix per head
ffn                 channel mixing; att in the checkpoint is time mixing

Differs from the official code in that the five low-rank pairs, stored as two joint tensors in the order w, k,
v, r, g, are separated: then each shift weight is one product with a bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError
from goosequill.kernels import Activation
from goosequill.models.config import has_tensor, required_shape
from goosequill.models.model import Norm
from goosequill.models.parameters import LowRank, Parameters
from goosequill.models.rwkv4to6 import ChannelMix, Rwkv4To6
from goosequill.weights.source import TensorSource

_SHIFTED = "wkvrg"


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
    ffn: ChannelMix


class Rwkv6(Rwkv4To6):
    """RWKV-6; its state is two vectors and one S x S matrix per head, in every layer."""

    versions = ("6",)
    low_rank = ("time_decay_w1", "time_decay_w2")

    @classmethod
    def identify(cls, tensors: TensorSource) -> tuple[str, int] | None:
        if not has_tensor(tensors, "time_maa"):
            return None
        older = "blocks.0.att.time_first" in tensors.names()
        bonus = "time_first" if older else "time_faaaa"
        return "6", required_shape(tensors, f"blocks.0.att.{bonus}")[0]

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c = self.config.width
        at = f"blocks.{layer}.att."
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
            ffn=self.load_channel_mix(parameters, layer, mix="time_maa"),
        )

    def _shift_weights(self, parameters: Parameters, prefix: str) -> list[LowRank]:
        """The five pairs in time_maa_w1 [C, 5 D] and time_maa_w2 [5, D, C]."""
        pairs = parameters.once(prefix + "time_maa_w1", lambda: self._shift_pairs(parameters, prefix))
        biases = (parameters.vector(f"{prefix}time_maa_{name}", self.config.width) for name in _SHIFTED)
        return [LowRank(down, up, bias) for (down, up), bias in zip(pairs, biases, strict=True)]

    def _shift_pairs(self, parameters: Parameters, prefix: str) -> list[tuple[Any, Any]]:
        c, count, kernel = self.config.width, len(_SHIFTED), self.kernel
        down, up = (parameters.array(prefix + name) for name in ("time_maa_w1", "time_maa_w2"))
        valid = up.ndim == 3 and up.shape[::2] == (count, c) and up.shape[1] > 0
        if not valid or down.shape != (c, count * up.shape[1]):
            raise FileFormatError(
                f"The tensors time_maa_w1 {list(down.shape)} and time_maa_w2 {list(up.shape)} of "
                f"{prefix.rstrip('.')} do not match.",
                code="tensor-shape",
            )
        downs = np.split(np.ascontiguousarray(down.T), count)  # [C, 5 D] -> 5 of [D, C]
        ups = (np.ascontiguousarray(part.T) for part in up)  # 5 of [D, C] -> [C, D]
        return [(kernel.matrix(one), kernel.matrix(other)) for one, other in zip(downs, ups, strict=True)]

    def _decay(self, parameters: Parameters, prefix: str) -> LowRank:
        c = self.config.width
        rank = parameters.rank(prefix + "time_decay_w1")
        return LowRank(
            down=parameters.matrix(prefix + "time_decay_w1", (rank, c), transpose=True),
            up=parameters.matrix(prefix + "time_decay_w2", (c, rank), transpose=True),
            bias=parameters.vector(prefix + "time_decay", c),
        )

    def time_mix(self, x: Any, block: Block, memory: dict[str, Any]) -> Any:
        kernel, heads, eps = self.kernel, self.config.heads, self.config.group_norm_eps
        x = kernel.layer_norm(x, *block.ln1)
        previous = kernel.shift(x, memory["att_x"])
        seen = kernel.lerp(x, previous, block.mix_x)
        xw, xk, xv, xr, xg = (kernel.lerp(x, previous, self._apply(pair, seen)) for pair in block.mix_wkvrg)
        r = kernel.product(block.receptance, xr)  # [T, C] @ [C, H S] -> [T, H S]
        k = kernel.product(block.key, xk)
        v = kernel.product(block.value, xv)
        g = kernel.product(block.gate, xg, activation=self.gate_activation)
        w = self._apply(block.decay, xw, outer="decay6")
        y = kernel.wkv5(r, k, v, w, block.bonus, memory["wkv"])  # state [H, S, S] -> [T, H S]
        y = kernel.group_norm(y, *block.ln_x, heads=heads, eps=eps)
        return kernel.product(block.output, kernel.multiply(y, g))  # [T, H S] @ [H S, C] -> [T, C]

    def _apply(self, pair: LowRank, x: Any, *, outer: Activation | None = None) -> Any:
        hidden = self.kernel.product(pair.down, x, activation="tanh")  # [T, C] @ [C, D] -> [T, D]
        return self.kernel.product(pair.up, hidden, bias=pair.bias, activation=outer)  # @ [D, C] -> [T, C]
