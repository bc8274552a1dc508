"""RWKV-7a: RWKV-7 whose channel mixing also depends on the token itself (DeepEmbed).

Formulas: BlinkDL's reference, RWKV-LM/RWKV-v7/rwkv_v7a_demo.py. Time mixing and state are RWKV-7's. Each
layer has a table with a 32 x 32 matrix for each token: in the 0.1B model 805 million numbers, four times as
many as all others. A token needs one row of each (24 kB), so the tables remain in the model's file
(`goosequill.weights.rows`). The reference adds LN0(emb) s_emb_xᵀ to each table while it loads; here that is
computed for each token.

Glossary, in addition to RWKV-7's

code         BlinkDL  meaning
rows         s_emb    each token's row of the layer's table, [.., D D]; D is 32
base         s_emb_x  gives what is added to the row, from the embedding after the first layer norm
pair         s1, s2   down to D numbers and up to the channel mixing's F, between which the token's matrix is
             s0       bias of s2
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import FileFormatError
from goosequill.kernels import Kernel
from goosequill.models.config import ModelConfig, has_tensor, required_shape
from goosequill.models.parameters import LowRank, Parameters
from goosequill.models.rwkv7 import Block, Rwkv7
from goosequill.weights.source import ByteSource, TensorSource

MAX_RANK = 128
"""The largest D; published models have 32. The matrices of a chunk of tokens are in memory in each layer."""


@dataclass(frozen=True)
class DeepBlock(Block):
    """Parameters of one layer: RWKV-7's, and those of DeepEmbed."""

    base: Any
    pair: LowRank
    rows: Any


class Rwkv7a(Rwkv7):
    """RWKV-7a; its state is RWKV-7's."""

    versions = ("7a",)
    low_rank = (*Rwkv7.low_rank, "s1", "s2")

    @classmethod
    def identify(cls, tensors: TensorSource) -> tuple[str, int] | None:
        if not has_tensor(tensors, ".ffn.s_emb"):
            return None
        return "7a", required_shape(tensors, "blocks.0.att.r_k")[0]

    def __init__(self, config: ModelConfig, parameters: Parameters, kernel: Kernel) -> None:
        rank = parameters.rank("blocks.0.ffn.s1")
        if rank > MAX_RANK:
            raise FileFormatError(
                f"The tokens' matrices would be {rank} x {rank}, but are at most {MAX_RANK} x {MAX_RANK}.",
                code="tensor-shape",
            )
        names = [f"blocks.{layer}.ffn.s_emb.weight" for layer in range(config.layers)]
        self._tables = parameters.rows(names, (config.vocab_size, rank * rank))
        self._rows = np.zeros((config.layers, kernel.chunk_size, rank * rank), np.float32)
        super().__init__(config, parameters, kernel)

    @property
    def files(self) -> Sequence[ByteSource]:
        return self._tables.files

    def load_block(self, parameters: Parameters, layer: int) -> DeepBlock:
        c, f, ff = self.config.width, self.config.ffn_width, f"blocks.{layer}.ffn."
        size = self._rows.shape[-1]
        rank = parameters.rank(ff + "s1")
        if rank * rank != size:
            raise FileFormatError(
                f"The matrices of layer {layer} are {rank} x {rank}, but its table has {size} columns.",
                code="tensor-shape",
            )
        return DeepBlock(
            **vars(super().load_block(parameters, layer)),
            base=parameters.matrix(ff + "s_emb_x.weight", (size, c)),
            pair=LowRank(
                parameters.matrix(ff + "s1", (rank, c), transpose=True),
                parameters.matrix(ff + "s2", (f, rank), transpose=True),
                parameters.vector(ff + "s0", f),
            ),
            rows=self.kernel.bind(self._rows[layer]),
        )

    def run(
        self,
        tokens: Sequence[int],
        build: Callable[[Any], Any],
        programs: MutableMapping[Hashable, Any],
        key: Hashable,
    ) -> NDArray[np.float32] | None:
        self._tables.read(tokens, self._rows)
        return super().run(tokens, build, programs, key)

    def _channel_mix(self, x: Any, block: Block, memory: dict[str, Any], embedded: Any) -> Any:
        assert isinstance(block, DeepBlock)  # `load_block` makes no other
        kernel = self.kernel
        x = kernel.layer_norm(x, *block.ln2)
        (xk,) = kernel.mix(x, memory["ffn_x"], block.ffn_mix_k)
        low = kernel.product(block.pair.down, x)  # [T, C] @ [C, D] -> [T, D]; of x without token shift
        base = kernel.product(block.base, embedded)  # [T, C] @ [C, D D] -> [T, D D]
        k = kernel.product(block.ffn_key, xk, activation=self.ffn_activation)  # [T, C] @ [C, F] -> [T, F]
        low = kernel.deep_embed(low, block.rows, base)  # [T, D] @ [T, D, D] -> [T, D]
        scale = kernel.product(block.pair.up, low, bias=block.pair.bias)  # [T, D] @ [D, F] -> [T, F]
        return kernel.product(block.ffn_value, kernel.multiply(k, scale))  # [T, F] @ [F, C] -> [T, C]
