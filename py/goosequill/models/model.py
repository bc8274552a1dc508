"""What all RWKV versions share: embedding, blocks in turn, head; the state in place of a context."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.kernels import Kernel, Shortlist
from goosequill.models.config import ModelConfig
from goosequill.models.parameters import Parameters
from goosequill.models.state import Arrays, State

Norm = tuple[Any, Any]
"""Weight and bias of a normalisation."""


class Model(ABC):
    """An RWKV language model.

    Attributes
    ----------
    config
        Version and sizes.
    kernel
        What computes.
    matrices
        The kernel's matrices that a file holds as they are, not transposed, by the file's names.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters, kernel: Kernel) -> None:
        self.config = config
        self.kernel = kernel
        width, vocab = config.width, config.vocab_size
        self._embedding = parameters.table("emb.weight", (vocab, width))
        self._ln0 = self.norm(parameters, "blocks.0.ln0")
        self._blocks = [self.load_block(parameters, layer) for layer in range(config.layers)]
        self._ln_out = self.norm(parameters, "ln_out")
        self._head = parameters.head("head.weight", (vocab, width))
        self._tuned = self._tuned_state(parameters)
        self.matrices = parameters.matrices

    def norm(self, parameters: Parameters, name: str) -> Norm:
        """Weight and bias of a normalisation over the width."""
        width = self.config.width
        return parameters.vector(f"{name}.weight", width), parameters.vector(f"{name}.bias", width)

    @abstractmethod
    def load_block(self, parameters: Parameters, layer: int) -> Any:
        """Read one block's parameters."""

    @abstractmethod
    def state_arrays(self) -> Arrays:
        """The state before the first token."""

    @abstractmethod
    def run_blocks(self, x: Any, blocks: Sequence[Any], state: State) -> Any:
        """Pass x [T, C] through every block, updating the state."""

    def new_state(self) -> State:
        """The state of a model that has read nothing; trained, in a state-tuned checkpoint."""
        arrays = self.state_arrays()
        if self._tuned is not None:
            arrays["wkv"][:] = self._tuned
        return State(arrays, self.kernel)

    def _tuned_state(self, parameters: Parameters) -> NDArray[np.float32] | None:
        """What BlinkDL's state tuning stored beside the weights: [L, H, S, S], turned over there."""
        if "blocks.0.att.time_state" not in parameters:
            return None
        layers, heads, size = self.config.layers, self.config.heads, self.config.head_size
        names = [f"blocks.{layer}.att.time_state" for layer in range(layers)]
        matrices = np.stack([parameters.array(name, heads * size * size) for name in names])
        return matrices.reshape(layers, heads, size, size).swapaxes(-1, -2)

    @overload
    def forward(
        self, tokens: Sequence[int], state: State, *, logits: Literal["last", "all"] | Shortlist = "last"
    ) -> NDArray[np.float32]: ...

    @overload
    def forward(self, tokens: Sequence[int], state: State, *, logits: Literal["none"]) -> None: ...

    def forward(
        self,
        tokens: Sequence[int],
        state: State,
        *,
        logits: Literal["last", "all", "none"] | Shortlist = "last",
    ) -> NDArray[np.float32] | None:
        """Read tokens, one or many, and predict what follows.

        Parameters
        ----------
        tokens
            At least one token id, each from 0 to V - 1.
        state
            What was read before; updated in place. `State.copy` first, to branch.
        logits
            "last": after the last token, float32 [V]. A `Shortlist`: the same, where only those on it
            need be exact, which is enough to write by. "all": after each token, float32 [T, V].
            "none": only the state is wanted.

        Raises
        ------
        SettingsError
            If there is no token, or one is outside the vocabulary; the state is unchanged.
        """
        self._check(tokens)
        rows: list[NDArray[np.float32]] = []
        step = self.kernel.chunk_size
        for start in range(0, len(tokens), step):
            more = start + step < len(tokens)
            wanted = "none" if more and logits != "all" else logits
            part = self.kernel.run(
                tokens[start : start + step],
                partial(self._pass, state=state, logits=wanted),
                programs=state.programs,
                key=(self, wanted),
            )
            if part is not None:
                rows.append(part)
        if logits == "none":
            return None
        return np.concatenate(rows) if logits == "all" else rows[0][0]

    def _pass(self, tokens: Any, *, state: State, logits: str | Shortlist) -> Any:
        """The operations over one run of tokens."""
        x = self.kernel.layer_norm(self.kernel.embed(self._embedding, tokens), *self._ln0)
        x = self.run_blocks(x, self._blocks, state)
        if logits == "none":
            return None
        x = self.kernel.layer_norm(x if logits == "all" else self.kernel.last(x), *self._ln_out)
        if isinstance(logits, Shortlist):
            return self.kernel.likely(self._head, x, logits)
        return self.kernel.product(self._head, x)

    def _check(self, tokens: Sequence[int]) -> None:
        size = self.config.vocab_size
        if not len(tokens):
            raise SettingsError("A model needs at least one token to read.", code="no-tokens")
        for token in tokens:
            if not 0 <= token < size:
                raise SettingsError(
                    f"Token {token} is outside the model's vocabulary (0 to {size - 1}).",
                    code="token-range",
                    remedy="Choose the tokenizer that the model was trained with.",
                )
