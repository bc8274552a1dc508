"""RWKV-7 ("Goose"): a state that is edited by a generalized delta rule (arXiv:2503.14456).

Glossary (code, the paper's symbol, the checkpoint's name in att):

receptance   r        receptance.weight
key          k        key.weight
value        v        value.weight
decay        w        w0, w1, w2
rate         a        a0, a1, a2: the in-context learning rate
gate         g        g1, g2
residual     nu       v0, v1, v2: how much of layer 0's values is mixed into those of later layers
removal      xi       k_k: makes the key into the removal key kappa
replacement  alpha    k_a: makes the key into the replacement key, together with the rate
bonus        rho      r_k: the weight of the current token's own value, u
mix_*        mu       x_*: the weight of the previous token in the token shift
LowRank      loramlp  down and up, from which w, a, g and nu come, and the bias
ln_x                  ln_x, the group norm over heads
output       W_o      output.weight
wkv          wkv      the state, a matrix per head
ffn                   channel mixing; att in the checkpoint is time mixing
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from goosequill.kernels import Activation
from goosequill.models.config import has_tensor, required_shape
from goosequill.models.model import Model, Norm
from goosequill.models.parameters import LowRank, Parameters
from goosequill.models.state import State
from goosequill.weights.source import TensorSource


@dataclass(frozen=True)
class Block:
    """Parameters of one layer: time mixing, then channel mixing (ffn)."""

    ln1: Norm
    mix_rwkvag: Any
    receptance: Any
    key: Any
    value: Any
    output: Any
    decay: LowRank
    rate: LowRank
    residual: LowRank | None
    gate: LowRank
    removal: Any
    replacement: Any
    bonus: Any
    ln_x: Norm
    ln2: Norm
    ffn_mix_k: Any
    ffn_key: Any
    ffn_value: Any


class Rwkv7(Model):
    """RWKV-7; its state is two vectors and one S x S matrix per head, in every layer."""

    versions = ("7",)
    delta_rule = True
    gate_activation = "sigmoid"
    low_rank = tuple(f"{name}{order}" for name in "wavg" for order in "12")

    @classmethod
    def identify(cls, tensors: TensorSource) -> tuple[str, int] | None:
        if not has_tensor(tensors, "att.r_k"):
            return None
        return "7", required_shape(tensors, "blocks.0.att.r_k")[0]

    def load_block(self, parameters: Parameters, layer: int) -> Block:
        c, f = self.config.width, self.config.ffn_width
        at, ff = f"blocks.{layer}.att.", f"blocks.{layer}.ffn."
        # Read in the order of their use, so that a kernel may place them side by side.
        square = ("receptance", "key", "value")
        receptance, key, value = (parameters.matrix(f"{at}{name}.weight", (c, c)) for name in square)
        low_rank = self._low_rank(parameters, at, "wagv" if layer else "wag")
        return Block(
            ln1=self.norm(parameters, f"blocks.{layer}.ln1"),
            mix_rwkvag=parameters.stack([at + "x_" + name for name in "rwkvag"], c),
            receptance=receptance,
            key=key,
            value=value,
            output=parameters.matrix(at + "output.weight", (c, c)),
            decay=low_rank["w"],
            rate=low_rank["a"],
            residual=low_rank.get("v"),
            gate=low_rank["g"],
            removal=parameters.vector(at + "k_k", c),
            replacement=parameters.vector(at + "k_a", c),
            bonus=parameters.vector(at + "r_k", c),
            ln_x=self.norm(parameters, at + "ln_x"),
            ln2=self.norm(parameters, f"blocks.{layer}.ln2"),
            ffn_mix_k=parameters.stack([ff + "x_k"], c),
            ffn_key=parameters.matrix(ff + "key.weight", (f, c)),
            ffn_value=parameters.matrix(ff + "value.weight", (c, f)),
        )

    def _low_rank(self, parameters: Parameters, prefix: str, names: str) -> dict[str, LowRank]:
        """Read the pairs with these names: first all matrices [D, C], then all matrices [C, D]."""
        c = self.config.width
        downs, ups, biases = {}, {}, {}
        for name in names:
            rank = parameters.rank(f"{prefix}{name}1")
            downs[name] = parameters.matrix(f"{prefix}{name}1", (rank, c), transpose=True)
        for name in names:
            rank = parameters.rank(f"{prefix}{name}1")
            ups[name] = parameters.matrix(f"{prefix}{name}2", (c, rank), transpose=True)
            bias = f"{prefix}{name}0"
            biases[name] = parameters.vector(bias, c) if bias in parameters else None
        return {name: LowRank(downs[name], ups[name], biases[name]) for name in names}

    def layers(self, x: Any, blocks: Sequence[Block], state: State) -> Iterator[Any]:
        embedded, first_values = x, None
        for block, memory in zip(blocks, state.layers, strict=True):
            mixed, values = self._time_mix(x, block, memory, first_values)
            first_values = values if first_values is None else first_values
            x = self.kernel.add(x, mixed)
            x = self.kernel.add(x, self._channel_mix(x, block, memory, embedded))
            yield x

    def _time_mix(self, x: Any, block: Block, memory: dict[str, Any], first_values: Any) -> tuple[Any, Any]:
        kernel, heads, eps = self.kernel, self.config.heads, self.config.group_norm_eps
        x = kernel.layer_norm(x, *block.ln1)
        xr, xw, xk, xv, xa, xg = kernel.mix(x, memory["att_x"], block.mix_rwkvag)  # [T, C] -> 6 of [T, C]
        # Products that do not need each other's results are adjacent: a kernel may compute them as one.
        r = kernel.product(block.receptance, xr)  # [T, C] @ [C, H S] -> [T, H S]
        k = kernel.product(block.key, xk)
        v = kernel.product(block.value, xv)
        low_w = kernel.product(block.decay.down, xw, activation="tanh")  # [T, C] @ [C, D] -> [T, D]
        low_a = kernel.product(block.rate.down, xa)
        low_g = kernel.product(block.gate.down, xg, activation=self.gate_activation)
        low_v = kernel.product(block.residual.down, xv) if block.residual else None
        w = self._up(block.decay, low_w, "decay7")  # [T, D] @ [D, C] -> [T, C]
        a = self._up(block.rate, low_a, "sigmoid")
        g = self._up(block.gate, low_g)
        if block.residual:
            v = kernel.lerp(v, first_values, self._up(block.residual, low_v, "sigmoid"))
        kappa, k = kernel.delta_keys(k, a, block.removal, block.replacement, heads=heads)
        y = kernel.wkv7(r, w, k, v, kappa, a, memory["wkv"])  # state [H, S, S] -> [T, H S]
        y = kernel.group_norm(y, *block.ln_x, heads=heads, eps=eps)
        y = kernel.add(y, kernel.head_bonus(r, k, v, block.bonus, heads=heads))
        return kernel.product(block.output, kernel.multiply(y, g)), v  # [T, H S] @ [H S, C] -> [T, C]

    def _up(self, pair: LowRank, low: Any, activation: Activation | None = None) -> Any:
        return self.kernel.product(pair.up, low, bias=pair.bias, activation=activation)

    def _channel_mix(self, x: Any, block: Block, memory: dict[str, Any], embedded: Any) -> Any:
        kernel = self.kernel
        x = kernel.layer_norm(x, *block.ln2)
        (xk,) = kernel.mix(x, memory["ffn_x"], block.ffn_mix_k)
        k = kernel.product(block.ffn_key, xk, activation=self.ffn_activation)  # [T, C] @ [C, F] -> [T, F]
        return kernel.product(block.ffn_value, k)  # [T, F] @ [F, C] -> [T, C]
