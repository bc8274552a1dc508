"""What RWKV-4, 5 and 6 share: the channel mixing, and the order of a block.

Glossary (code <- paper): receptance r, key k, value v; mix, the weight of the previous token in the token
shift, is 1 - mu in RWKV-4's paper and mu in that of RWKV-5 and 6.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from goosequill.models.model import Model, Norm
from goosequill.models.parameters import Parameters
from goosequill.models.state import State


@dataclass(frozen=True)
class ChannelMix:
    """Parameters of a layer's channel mixing."""

    norm: Norm
    mix_kr: Any
    key: Any
    receptance: Any
    value: Any


class Rwkv4To6(Model):
    """A model whose blocks are `time_mix`, then `channel_mix`, each added to its input."""

    @abstractmethod
    def time_mix(self, x: Any, block: Any, memory: dict[str, Any]) -> Any:
        """Return what time mixing adds to x, [T, C] -> [T, C]."""

    def load_channel_mix(
        self, parameters: Parameters, layer: int, *, mix: str, flip: bool = False
    ) -> ChannelMix:
        """Read the channel mixing of a layer; `mix` begins the names of the token-shift weights."""
        c, f = self.config.width, self.config.ffn_width
        ff = f"blocks.{layer}.ffn."
        return ChannelMix(
            norm=self.norm(parameters, f"blocks.{layer}.ln2"),
            mix_kr=parameters.stack([f"{ff}{mix}_{name}" for name in "kr"], c, flip=flip),
            key=parameters.matrix(ff + "key.weight", (f, c)),
            receptance=parameters.matrix(ff + "receptance.weight", (c, c)),
            value=parameters.matrix(ff + "value.weight", (c, f)),
        )

    def channel_mix(self, x: Any, block: ChannelMix, memory: dict[str, Any]) -> Any:
        """Return what channel mixing adds to x, [T, C] -> [T, C]."""
        kernel = self.kernel
        x = kernel.layer_norm(x, *block.norm)
        xk, xr = kernel.mix(x, memory["ffn_x"], block.mix_kr)  # [T, C] -> 2 of [T, C]
        r = kernel.product(block.receptance, xr, activation="sigmoid")
        k = kernel.product(block.key, xk, activation=self.ffn_activation)  # [T, C] @ [C, F] -> [T, F]
        return kernel.multiply(r, kernel.product(block.value, k))  # [T, F] @ [F, C] -> [T, C]

    def layers(self, x: Any, blocks: Sequence[Any], state: State) -> Iterator[Any]:
        for block, memory in zip(blocks, state.layers, strict=True):
            x = self.kernel.add(x, self.time_mix(x, block, memory))
            x = self.kernel.add(x, self.channel_mix(x, block.ffn, memory))
            yield x
