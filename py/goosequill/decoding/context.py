"""What a processor may know besides the scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.sampling import Scores
from goosequill.kernels import LogitOperations
from goosequill.tokenizers import Tokenizer


class Context:
    """The tokens so far, the step's randomness, and what computes.

    Attributes
    ----------
    tokenizer, vocab_size
        Of the model; ``vocab_size`` counts the scores.
    operations
        The kernel's, over scores.
    prompt_length
        How many of the tokens are the prompt's.
    uniforms
        Two random numbers of this step, 0 to 1: one for the draw, one for XTC. Always two, so that
        the randomness of a step depends on the seed and its index only.
    mirostat_mu
        Mirostat's running limit of surprise in bits; None before the first step.
    unguided
        With guidance, the scores after the other prompt.
    automaton_state
        With a constraint, where its automaton stands.
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
        self.unguided: Scores | None = None
        self.automaton_state = 0
        self._length = len(prompt)
        self._tokens = np.zeros(max(64, 2 * self._length), np.int64)
        self._tokens[: self._length] = prompt

    def append(self, token: int) -> None:
        """Add a token that was written."""
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
        """All tokens, prompt first."""
        return self._tokens[: self._length]

    @property
    def output(self) -> NDArray[np.int64]:
        """The tokens that were written."""
        return self._tokens[self.prompt_length : self._length]
