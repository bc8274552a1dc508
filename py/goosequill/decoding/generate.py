"""The loop that writes: read the prompt, then predict, choose, show, and read what was chosen.

It yields after every token, so that whoever listens can stop it there.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from goosequill.decoding.chain import make_chain
from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.context import Context
from goosequill.decoding.items import Chunk, End, Item, Reading, Reason, candidates
from goosequill.decoding.predictor import LanguageModel, Predictor
from goosequill.decoding.processor import Setup
from goosequill.decoding.sampling import Scores, draw, log_probability
from goosequill.decoding.stopping import StopWatcher
from goosequill.tokenizers import StreamDecoder, Tokenizer, check_vocabulary

READ_AT_ONCE = 64
"""Tokens of a prompt that are read between two looks at ``cancelled``."""


def generate(
    model: LanguageModel,
    tokenizer: Tokenizer,
    prompt: str | Sequence[int],
    config: DecodingConfig | None = None,
    *,
    state: Any = None,
    cancelled: Callable[[], bool] | None = None,
    progress: bool = False,
) -> Iterator[Item]:
    """Continue a prompt.

    Parameters
    ----------
    prompt
        Text or token ids. An empty one begins a new text: the model reads the end token, or token 0.
    config
        The decoder's settings; None is plain sampling.
    state
        What the model read before; it is updated in place, and at the end has read all that was
        written. None starts afresh.
    cancelled
        Asked between tokens; when it says True the text ends with ``finish_reason`` "abort".
    progress
        Also yield a :class:`Reading` after every 64 tokens of the prompt.

    Yields
    ------
    Chunk for each token, and one End. The texts join to what the model wrote.

    Raises
    ------
    GoosequillError
        Of a wrong setting, a tokenizer that is not the model's, or a model whose numbers break down.
    """
    config = config or DecodingConfig()
    vocab_size = int(model.config.vocab_size)
    check_vocabulary(tokenizer, vocab_size)
    config.check_vocabulary(vocab_size)
    writer = _Writer(model, tokenizer, config, prompt, state)
    return writer.run(cancelled or _never, progress)


def _never() -> bool:
    return False


class _Writer:
    """One text in the making."""

    def __init__(
        self,
        model: LanguageModel,
        tokenizer: Tokenizer,
        config: DecodingConfig,
        prompt: str | Sequence[int],
        state: Any,
    ) -> None:
        vocab_size = int(model.config.vocab_size)
        self.tokenizer, self.config = tokenizer, config
        self.prompt = prompt_tokens(tokenizer, prompt)
        self.predictor = Predictor(model, state)
        self.reads_last = state is not None
        self.seed = secrets.randbits(32) if config.seed is None else config.seed
        self.random = np.random.Generator(np.random.PCG64(self.seed))
        self.context = Context(tokenizer, vocab_size, self.prompt)
        self.chain = make_chain(Setup(config, tokenizer, vocab_size))
        self.ends = end_tokens(config, tokenizer)
        self.stream, self.watcher = StreamDecoder(tokenizer), StopWatcher(config.stop)
        self.written = 0

    def run(self, cancelled: Callable[[], bool], progress: bool) -> Iterator[Item]:
        """Read the prompt, then write."""
        total = len(self.prompt)
        for start in range(0, total, READ_AT_ONCE):
            if cancelled():
                yield self.end("abort")
                return
            stop = min(start + READ_AT_ONCE, total)
            self.predictor.read(self.prompt[start:stop], predict=stop == total)
            if progress:
                yield Reading(stop, total)
        yield from self.write(cancelled)

    def write(self, cancelled: Callable[[], bool]) -> Iterator[Item]:
        """Write until something ends the text."""
        while self.written < self.config.max_new_tokens:
            if cancelled():
                yield self.end("abort")
                return
            scores = self.predictor.scores
            token = self.choose(scores)
            if token in self.ends:
                yield self.end("stop", end_token=True)
                return
            text, stopped = self.watcher.push(self.stream.push(token))
            self.written += 1
            yield self.chunk(text, token, scores)
            more = not stopped and self.written < self.config.max_new_tokens
            if more or self.reads_last:
                self.predictor.read([token], predict=more)
            if stopped:
                yield self.end("stop")
                return
        yield self.end("length")

    def choose(self, scores: Scores) -> int:
        """Return the token that the decoder takes."""
        first, second = self.random.random(2)
        self.context.uniforms = (float(first), float(second))
        final = self.chain(scores, self.context)
        token = draw(final, self.context.uniforms[0])
        self.chain.observe(token, final, self.context)
        self.context.append(token)
        return token

    def chunk(self, text: str, token: int, scores: Scores) -> Chunk:
        """Return what is told of one token."""
        likeliest = candidates(scores, self.tokenizer, self.config.logprobs)
        return Chunk(text, token, log_probability(scores, token), self.written - 1, likeliest)

    def end(self, reason: Reason, *, end_token: bool = False) -> End:
        """Return the last item.

        A character that the model left unfinished becomes U+FFFD; one that only the length or the
        visitor cut off is left out.
        """
        tail = self.stream.flush() if end_token else ""
        shown, stopped = self.watcher.push(tail)
        text = shown if stopped else shown + self.watcher.flush()
        usage = {"prompt_tokens": len(self.prompt), "completion_tokens": self.written}
        return End(text, reason, usage, self.seed)


def prompt_tokens(tokenizer: Tokenizer, prompt: str | Sequence[int]) -> list[int]:
    """Return a prompt's ids; for an empty one, what begins a text: the end token, or else token 0."""
    tokens = tokenizer.encode(prompt) if isinstance(prompt, str) else [int(token) for token in prompt]
    return tokens or [tokenizer.end_token or 0]


def end_tokens(config: DecodingConfig, tokenizer: Tokenizer) -> set[int]:
    """Return the ids that end a text."""
    ends = set(config.stop_tokens)
    return ends if tokenizer.end_token is None else ends | {tokenizer.end_token}
