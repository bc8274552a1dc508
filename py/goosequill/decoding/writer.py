"""One text in the making: what all ways to write share."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from goosequill.decoding.chain import make_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.items import Chunk, End, Reading, Reason, candidates
from goosequill.decoding.memory import SPACING, StateMemory
from goosequill.decoding.predictor import LanguageModel, Predictor
from goosequill.decoding.processor import Setup
from goosequill.decoding.randomness import Pcg64
from goosequill.decoding.sampling import OnceWeighed, Scores, log_probability
from goosequill.decoding.stopping import StopWatcher
from goosequill.tokenizers import StreamDecoder, Tokenizer

READ_AT_ONCE = 64
"""Tokens of a prompt that are read between two looks at whether to go on."""


class Writer:
    """Reads the prompt, keeps the place, and turns tokens into what is shown.

    Attributes
    ----------
    prompt
        What is read before the first token is chosen: the prompt's tokens, and those given after them.
    predictor, other
        The model at the end of the text; with guidance, also after the other prompt.
    written
        How many tokens were written.
    """

    def __init__(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        config: DecodingConfig,
        prompt: str | Sequence[int],
        state: Any,
        given: Sequence[int] = (),
    ) -> None:
        vocab_size = int(model.config.vocab_size)
        self.tokenizer, self.config = tokenizer, config
        start = prompt_tokens(tokenizer, prompt)
        self.prompt = [*start, *map(int, given)]
        self.predictor = Predictor(model, state, shortlist=config.shortlist)
        self.other = Predictor(model, shortlist=config.shortlist) if config.guidance_scale != 1 else None
        self.reads_last = state is not None
        self.memory: StateMemory | None = None
        self.seed = secrets.randbits(32) if config.seed is None else config.seed
        self._random = Pcg64(self.seed)
        self.context = Context(tokenizer, vocab_size, start, OnceWeighed(model.kernel.logits))
        self.chain = make_chain(Setup(config, tokenizer, vocab_size))
        self.chain.follow(self.prompt[len(start) :], self.context)
        self.ends = end_tokens(config, tokenizer)
        self._stream, self._watcher = StreamDecoder(tokenizer), StopWatcher(config.stop)
        for token in self.context.output.tolist():
            self._stream.push(token)  # a character may be unfinished
        self.written = 0

    def read_prompt(self) -> Iterator[Reading]:
        """Read the prompt, 64 tokens at a time."""
        total = len(self.prompt)
        start = self._recall()
        if start == total:
            yield Reading(total, total)
        for first in range(start, total, READ_AT_ONCE):
            piece = self.prompt[first : first + READ_AT_ONCE]
            self.predictor.read(piece, predict=first + len(piece) == total)
            yield Reading(first + len(piece), total)
        if self.other:
            unwanted = prompt_tokens(self.tokenizer, self.config.negative_prompt)
            self.other.read([*unwanted, *self.context.output.tolist()])
            self.context.unguided = self.other.scores
        self.remember()

    def _recall(self) -> int:
        """Take the nearest kept state, and return how many tokens of the prompt it has read."""
        found = self.memory.recall(self.prompt, shortlist=self.config.shortlist) if self.memory else None
        if found is None:
            return 0
        count, state, scores = found
        self.predictor = Predictor(self.predictor.model, state, scores, shortlist=self.config.shortlist)
        return count

    def remember(self) -> None:
        """Keep the state, which must have read all tokens so far, if there is a place to keep it."""
        if self.memory is not None and self.predictor.scores is not None:
            tokens = self.context.tokens.tolist()
            self.memory.keep(
                tokens, self.predictor.state, self.predictor.scores, shortlist=self.config.shortlist
            )

    def uniforms(self) -> tuple[float, float]:
        """Return the next two random numbers."""
        return self._random.random(), self._random.random()

    def show(self, token: int, scores: Scores) -> tuple[Chunk, bool]:
        """Add a token to the text; return what is told of it, and whether a stop text has appeared."""
        self.context.append(token)
        self.written += 1
        text, stopped = self._watcher.push(self._stream.push(token))
        operations = self.context.operations
        likeliest = candidates(scores, self.tokenizer, self.config.logprobs, operations)
        logprob = log_probability(scores, token, operations)
        return Chunk(text, token, logprob, self.written - 1, likeliest), stopped

    def read_token(self, token: int, *, predict: bool) -> None:
        """Let the model read what was written; the last token only where the state is the caller's.

        Every few tokens the state is kept: never one that lacks the last token.
        """
        if not (predict or self.reads_last):
            return
        self.predictor.read([token], predict=predict)
        if self.written % SPACING == 0:
            self.remember()
        if self.other and predict:
            self.other.read([token])
            self.context.unguided = self.other.scores

    def end(self, reason: Reason, *, end_token: bool = False) -> End:
        """Return the last item.

        A character that the model left unfinished becomes U+FFFD; one that only the length or the
        visitor cut off is left out.
        """
        tail = self._stream.flush() if end_token else ""
        shown, stopped = self._watcher.push(tail)
        text = shown if stopped else shown + self._watcher.flush()
        usage = {"prompt_tokens": self.context.prompt_length, "completion_tokens": self.written}
        return End(text, reason, usage, self.seed)


def prompt_tokens(tokenizer: Tokenizer, prompt: str | Sequence[int]) -> list[int]:
    """Return a prompt's ids; for an empty one, what begins a text: the end token, or else token 0."""
    tokens = tokenizer.encode(prompt) if isinstance(prompt, str) else [int(token) for token in prompt]
    return tokens or [tokenizer.end_token or 0]


def end_tokens(config: DecodingConfig, tokenizer: Tokenizer) -> set[int]:
    """Return the ids that end a text."""
    ends = set(config.stop_tokens)
    return ends if tokenizer.end_token is None else ends | {tokenizer.end_token}
