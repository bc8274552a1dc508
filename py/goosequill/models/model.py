"""What all RWKV versions share: the embedding, a sequence of blocks, the head; a state instead of a context.

Shapes in comments: T tokens, V vocabulary, C width, F width of the channel mixing, H heads of size S (C = H
S), D rank of a low-rank pair, L layers.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property, partial
from itertools import chain
from math import prod
from typing import Any, ClassVar, Literal, overload

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.kernels import Activation, Kernel, Shortlist
from goosequill.models.config import ModelConfig
from goosequill.models.lookahead import lookaheads_of
from goosequill.models.parameters import Parameters
from goosequill.models.state import Arrays, State
from goosequill.weights.source import ByteSource, TensorSource

Norm = tuple[Any, Any]
"""Weight and bias of a normalization."""

_NORM = re.compile(r"(ln_out|blocks\.\d+\.ln[012])\.(weight|bias)")


class Model(ABC):
    """An RWKV language model.

    Attributes
    ----------
    config
        Version and sizes.
    kernel
        The kernel that computes.
    head, embedding, ln0, blocks, ln_out
        The kernel's operands; a block is what `load_block` returned.
    matrices
        The kernel's matrices by their names in the file, except those that are transposed there.
    lookaheads
        What its texts read guesses with (`goosequill.models.lookahead`); None if it cannot.
    """

    versions: ClassVar[tuple[str, ...]]
    """The versions that this class runs."""
    low_rank: ClassVar[tuple[str, ...]] = ()
    """How the names of a block's low-rank factors end, which are stored transposed."""
    state_kind: ClassVar[Literal["matrices", "averages"]] = "matrices"
    """What a layer's "wkv" is: a matrix per head [H, S, S], or averages of the channels [3, C] (`Rwkv4`)."""
    log_decay: ClassVar[bool] = False
    """Whether the decay that its wkv operation gets is a logarithm."""
    delta_rule: ClassVar[bool] = False
    """Whether a key's old value is removed when it is written again. Its matrices have the keys last."""
    ffn_activation: ClassVar[Activation] = "relu_squared"
    """What the channel mixing's inner numbers pass through."""
    gate_activation: ClassVar[Activation] = "silu"
    """What the gate of time mixing passes through, in the versions that have one."""

    @classmethod
    @abstractmethod
    def identify(cls, tensors: TensorSource) -> tuple[str, int] | None:
        """Return the version and the number of heads of a checkpoint; None if it is for another class."""

    def __init__(self, config: ModelConfig, parameters: Parameters, kernel: Kernel) -> None:
        self.config = config
        self.kernel = kernel
        width, vocab = config.width, config.vocab_size
        # The largest first: the memory of what is released after it is laid out serves the others.
        self.head = parameters.head("head.weight", (vocab, width))
        self.embedding = parameters.table("emb.weight", (vocab, width))
        self.ln0 = self.norm(parameters, "blocks.0.ln0")
        self.blocks = [self.load_block(parameters, layer) for layer in range(config.layers)]
        self.ln_out = self.norm(parameters, "ln_out")
        self._tuned = self._tuned_state(parameters)
        self._parameters = parameters.adapted({})
        self._base: Model | None = None
        self.matrices = parameters.matrices
        self.lookaheads = lookaheads_of(kernel)

    @property
    def base(self) -> Model:
        """The model that it was `adapted` from; else itself."""
        return self._base or self

    @property
    def vectors(self) -> Mapping[str, NDArray[np.float32]]:
        """All tensors of the checkpoint that are no matrices, by name, flat, and not to be changed."""
        return self._parameters.vectors

    @cached_property
    def fingerprint(self) -> str:
        """Version, sizes, and a hash of the normalizations' vectors in float16.

        The same for a checkpoint in 32, 16, 8 and 4 bits, in any file format; training changes it.
        """
        from hashlib import sha256  # not while a page waits for its first text

        found = sha256()
        for name in sorted(name for name in self.base.vectors if _NORM.fullmatch(name)):
            with np.errstate(over="ignore"):
                found.update(self.base.vectors[name].astype("<f2").tobytes())
        config = self.config
        return f"rwkv-{config.version}-{config.layers}x{config.width}-{found.hexdigest()[:16]}"

    def adapted(self, vectors: Mapping[str, NDArray[np.float32]]) -> Model:
        """Return the base model with other vectors, in a few milliseconds: all matrices are shared.

        Both can be used at once. Neither may continue from the other's states, except to branch a text.

        Parameters
        ----------
        vectors
            The new values by name, flat, as `vectors` has them. ``blocks.N.att.time_state`` of all layers is
            the state before the first token, as files have it: [H, S(v), S(k)], or [3, C] in RWKV-4.
        """
        if not vectors:
            return self.base
        flat = {name: np.ascontiguousarray(array.reshape(-1)) for name, array in vectors.items()}
        found = type(self)(self.config, self.base._parameters.adapted(flat), self.kernel)
        found._base = self.base
        return found

    @property
    def files(self) -> Sequence[ByteSource]:
        """The files that it reads while it is in use."""
        return ()

    def norm(self, parameters: Parameters, name: str) -> Norm:
        """Read weight and bias of a normalization over the width."""
        width = self.config.width
        return parameters.vector(f"{name}.weight", width), parameters.vector(f"{name}.bias", width)

    @abstractmethod
    def load_block(self, parameters: Parameters, layer: int) -> Any:
        """Read one block's parameters."""

    def state_arrays(self) -> Arrays:
        """Return the state before the first token: two vectors and one matrix per head, in each layer.

        The vectors are the last token's inputs of time mixing and of channel mixing, for the token shift.
        """
        layers, width = self.config.layers, self.config.width
        heads, size = self.config.heads, self.config.head_size
        return {
            "att_x": np.zeros((layers, width), np.float32),
            "ffn_x": np.zeros((layers, width), np.float32),
            "wkv": np.zeros((layers, heads, size, size), np.float32),
        }

    @abstractmethod
    def layers(self, x: Any, blocks: Sequence[Any], state: State) -> Iterator[Any]:
        """Pass x [T, C] through the blocks and update the state; yield what x is after each of them."""

    def new_state(self) -> State:
        """Return the state before the first token; in a state-tuned checkpoint it is trained."""
        arrays = self.state_arrays()
        if self._tuned is not None:
            arrays["wkv"][:] = self._tuned
        return State(arrays, self.kernel)

    def _tuned_state(self, parameters: Parameters) -> NDArray[np.float32] | None:
        """The initial state that BlinkDL's state tuning stores with the weights, as `State` has it."""
        if "blocks.0.att.time_state" not in parameters:
            return None
        layers, *shape = self.state_arrays()["wkv"].shape
        names = [f"blocks.{layer}.att.time_state" for layer in range(layers)]
        states = np.stack([parameters.array(name, prod(shape)) for name in names])
        return self.state_of_file(states.reshape(layers, *shape))

    @classmethod
    def state_of_file(cls, states: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn ``time_state`` tensors, in which values come before keys, into what `State` has as "wkv".

        Versions 5 and 6 have the keys first in a state. The loaders of RWKV-Runner and RWKV-PEFT transpose
        those, and version 7's not.
        """
        values_first = cls.delta_rule or cls.state_kind == "averages"
        return states if values_first else states.swapaxes(-1, -2)

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
            The state after the tokens before; updated in place. Use `State.copy` first to branch.
        logits
            "last": after the last token, float32 [V]. A `Shortlist`: the same, but only the logits on it are
            exact, which is enough to generate. "all": after each token, float32 [T, V]. "none": no logits,
            only the state is updated.

        Raises
        ------
        SettingsError
            If there is no token, or one is outside the vocabulary; the state is unchanged then.
        FileFormatError, LoadError
            If rows of a table that remains in its file (RWKV-7a) cannot be read; the state has then read
            none of the tokens, or some of them.

        Examples
        --------
        >>> state = loaded.model.new_state()
        >>> logits = loaded.model.forward([33, 465, 524], state)
        >>> logits.shape, loaded.tokenizer.decode([int(logits.argmax())])
        ((4096,), ' the')
        """
        self.check(tokens)
        rows: list[NDArray[np.float32]] = []
        step = self.kernel.chunk_size
        for start in range(0, len(tokens), step):
            more = start + step < len(tokens)
            wanted = "none" if more and logits != "all" else logits
            build = partial(self._pass, state=state, logits=wanted)
            part = self.run(tokens[start : start + step], build, state.programs, (self, wanted))
            if part is not None:
                rows.append(part)
        if logits == "none":
            return None
        return np.concatenate(rows) if logits == "all" else rows[0][0]

    def hidden(self, tokens: Sequence[int], state: State) -> NDArray[np.float32]:
        """Read tokens and return what the head would get after each of them, float32 [T, C].

        See `forward` for the parameters and errors.
        """
        self.check(tokens)
        step = self.kernel.chunk_size
        parts = [
            self.run(
                tokens[start : start + step],
                partial(self._pass, state=state, logits="hidden"),
                state.programs,
                (self, "hidden"),
            )
            for start in range(0, len(tokens), step)
        ]
        return np.concatenate([part for part in parts if part is not None])

    def run(
        self,
        tokens: Sequence[int],
        build: Callable[[Any], Any],
        programs: MutableMapping[Hashable, Any],
        key: Hashable,
    ) -> NDArray[np.float32] | None:
        """Compute a pass for at most `Kernel.chunk_size` tokens (see `Kernel.run`).

        A version whose weights depend on the tokens reads them here, before the pass.
        """
        return self.kernel.run(tokens, build, programs=programs, key=key)

    def _pass(self, tokens: Any, *, state: State, logits: str | Shortlist) -> Any:
        """Record or execute the operations for one chunk of tokens."""
        x = self._stream(tokens, state)
        if logits == "none":
            return None
        if logits not in ("all", "hidden"):
            x = self.kernel.last(x)  # [T, C] -> [1, C]
        x = self.kernel.layer_norm(x, *self.ln_out)
        if logits == "hidden":
            return x
        return self._logits(x, logits if isinstance(logits, Shortlist) else None)

    def logits_of_each(self, tokens: Any, state: State, shortlist: Shortlist | None) -> Any:
        """Record or execute a pass for a few tokens: the logits after each of them, as if each were the last.

        Parameters
        ----------
        tokens
            As a kernel's `run` passes them.
        shortlist
            Which logits must be exact; None means all.
        """
        x = self.kernel.layer_norm(self._stream(tokens, state), *self.ln_out)
        return self._logits(x, shortlist)

    def _stream(self, tokens: Any, state: State) -> Any:
        """The residual stream after the last layer, [T, C]."""
        x = self.kernel.embed(self.embedding, tokens)  # [T] -> [T, C]
        x = self.kernel.layer_norm(x, *self.ln0)
        for after in self.layers(x, self.blocks, state):
            x = after
        return x

    def _logits(self, x: Any, shortlist: Shortlist | None) -> Any:
        if shortlist:
            return self.kernel.likely(self.head, x, shortlist)  # [T, C] @ [C, V] -> [T, V]
        return self.kernel.product(self.head, x)  # [T, C] @ [C, V] -> [T, V]

    def layer_logits(self, token: int, state: State) -> NDArray[np.float32]:
        """Read one token and return what the head makes of it after each layer, float32 [L + 1, V].

        Row 0 is for the embedding, before any layer; the last row is what `forward` returns. Each row is
        head(ln_out(x)) of the residual stream x, the logit lens (nostalgebraist, "interpreting GPT: the logit
        lens", 2020).

        Parameters
        ----------
        token
            A token id, from 0 to V - 1.
        state
            As for `forward`: updated in place.

        Raises
        ------
        SettingsError
            ``token-range``.
        """
        self.check([token])
        streams = np.zeros((self.config.layers + 1, self.config.width), np.float32)
        build = partial(self._lens, state=state, streams=streams)
        rows = self.run([token], build, {}, "lens")
        assert rows is not None  # the pass ends with a product
        return rows

    def _lens(self, tokens: Any, *, state: State, streams: NDArray[np.float32]) -> Any:
        """Record or execute a pass for one token that keeps the residual stream, streams [L + 1, C]."""
        kernel = self.kernel
        x = kernel.layer_norm(kernel.embed(self.embedding, tokens), *self.ln0)  # [1] -> [1, C]
        for row, after in zip(streams, chain([x], self.layers(x, self.blocks, state)), strict=True):
            kernel.shift(after, kernel.bind(row))  # which writes the row of x there
        x = kernel.layer_norm(kernel.bind(streams), *self.ln_out)
        return kernel.product(self.head, x)  # [L + 1, C] @ [C, V] -> [L + 1, V]

    def check(self, tokens: Sequence[int]) -> None:
        """Check that tokens can be read.

        Raises
        ------
        SettingsError
            ``no-tokens`` or ``token-range``.
        """
        size = self.config.vocab_size
        if not len(tokens):
            raise SettingsError("A model needs at least one token to read.", code="no-tokens")
        for token in tokens:
            if not 0 <= token < size:
                raise SettingsError(
                    f"Token {token} is outside the model's vocabulary (0 to {size - 1}).",
                    code="token-range",
                )
