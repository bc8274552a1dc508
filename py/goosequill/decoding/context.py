"""What a processor may know besides the logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.sampling import Logits
from goosequill.kernels import LogitOperations
from goosequill.tokenizers import Tokenizer


class Context:
    """The tokens so far, the random numbers of the current token, and the state of steps that have one.

    Attributes
    ----------
    tokenizer, vocab_size
        The model's; ``vocab_size`` is the number of logits.
    operations
        The kernel's operations over logits.
    prompt_length
        How many of the tokens belong to the prompt.
    uniforms
        Two random numbers for the current token, in [0, 1): one for sampling, one for XTC. Always two, so
        that the numbers of a token depend only on the seed and its index.
    mirostat_mu
        Mirostat's current limit of surprise in bits; None before the first token.
    unguided
        With guidance, the logits after the negative prompt.
    automaton_state
        With a constraint, the current state of its automaton.
    """

    def __init__(
        self, tokenizer: Tokenizer, vocab_size: int, prompt: Sequence[int], operations: LogitOperations
    ) -> None:
        self.tokenizer = tokenizer
        self.vocab_size = vocab_size
        self.operations = operations
        self.prompt_length = len(prompt)
        self.uniforms = (0.5, 0.5)
        self.mirostat_mu: float | None = None
        self.unguided: Logits | None = None
        self.automaton_state = 0
        self._length = len(prompt)
        self._tokens = np.zeros(max(64, 2 * self._length), np.int64)
        self._tokens[: self._length] = prompt

    def append(self, token: int) -> None:
        """Add a generated token."""
        if self._length == len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.zeros_like(self._tokens)])
        self._tokens[self._length] = token
        self._length += 1

    def copy(self) -> Context:
        """Return an independent context with the same contents."""
        other = Context(self.tokenizer, self.vocab_size, self.tokens.tolist(), self.operations)
        other.prompt_length = self.prompt_length
        other.uniforms, other.mirostat_mu = self.uniforms, self.mirostat_mu
        other.unguided, other.automaton_state = self.unguided, self.automaton_state
        return other

    @property
    def tokens(self) -> NDArray[np.int64]:
        """All tokens, those of the prompt first."""
        return self._tokens[: self._length]

    @property
    def output(self) -> NDArray[np.int64]:
        """The generated tokens."""
        return self._tokens[self.prompt_length : self._length]
