"""How much each earlier word contributed to one token: the model reads the text again without the word.

That is no estimate from gradients or from attention: the difference is between two real predictions. It is
exact for the kernel that makes them; kernels round in different ways, and differ by up to 0.2 bits. A state
is kept before every few words, so that only what follows a word is read again; for n words that is about half
of n times the text.

Contributions do not add up to the whole: two words that say the same each contribute little.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from goosequill.decoding.items import Candidate, candidates, token_text
from goosequill.decoding.memory import StateMemory
from goosequill.decoding.predictor import check_finite
from goosequill.decoding.sampling import Logits, log_probability
from goosequill.decoding.writer import READ_AT_ONCE, prompt_tokens
from goosequill.insight.reading import from_end, locate, read_text
from goosequill.insight.words import Word, group_words
from goosequill.models import Model
from goosequill.models.state import Arrays, State
from goosequill.support.progress import OnProgress, Progress, finish
from goosequill.tokenizers import Tokenizer

MOST_WORDS = 400
"""Words that are left out in turn: the last before the token."""
MOST_TOKENS = 1200
"""Tokens that these words may have together."""
STATE_BUDGET = 64 * 1024 * 1024
"""Bytes of states that are kept between words."""


@dataclass(frozen=True)
class Contribution:
    """What one word contributed to the chosen token.

    Attributes
    ----------
    start, end, text
        The word's tokens in the text, `end` exclusive, and what they spell.
    bits
        log2 of the token's probability with the word over that without it. Above 0 the word made the token
        more likely; 1 bit is a factor of 2.
    logprob
        Of the chosen token without the word (natural).
    instead
        The most likely token without the word.
    """

    start: int
    end: int
    text: str
    bits: float
    logprob: float
    instead: Candidate


@dataclass(frozen=True)
class Attribution:
    """What each word contributed to one token.

    Attributes
    ----------
    token, text, position
        The token, what it spells, and its index in the text.
    logprob
        With all words (natural).
    likeliest
        The most likely token with all words.
    words
        In the order of the text.
    before
        How many tokens before the first of these words were read but not left out.
    """

    token: int
    text: str
    position: int
    logprob: float
    likeliest: Candidate
    words: tuple[Contribution, ...]
    before: int


Steps = Generator[Progress | Contribution, None, Attribution]


def attribute(
    model: Model,
    tokenizer: Tokenizer,
    text: str | Sequence[int],
    index: int = -1,
    *,
    most_words: int = MOST_WORDS,
    progress: OnProgress | None = None,
) -> Attribution:
    """Return how much each earlier word contributed to one token of a text.

    Parameters
    ----------
    text
        A text, or its token ids.
    index
        The token's index; by default the last.
    most_words
        How many words are left out in turn, at least 1: the last before the token, and no more than 1,200
        tokens of them. Those before are read but not left out.
    progress
        Called with (tokens read, tokens to read in all).

    Raises
    ------
    SettingsError
        ``token-index``: there is no such token, or nothing before it. ``token-range``: an id is outside the
        vocabulary.

    Examples
    --------
    >>> from goosequill import attribute
    >>> found = attribute(loaded.model, loaded.tokenizer, "The ship sailed, and the ship")
    >>> mattered = max(found.words, key=lambda word: abs(word.bits))
    >>> mattered.text, round(mattered.bits), mattered.instead.text
    (' the', 7, ' the')
    """
    tokens = prompt_tokens(tokenizer, text)
    steps = attribution_steps(model, tokenizer, tokens, (), from_end(tokens, index), most_words=most_words)
    return finish(steps, progress)


def attribution_steps(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str | Sequence[int],
    written: Sequence[int] = (),
    index: int = -1,
    *,
    most_words: int = MOST_WORDS,
    memory: StateMemory | None = None,
    budget: int = STATE_BUDGET,
) -> Steps:
    """Do the work of `attribute` in steps, each at most 64 tokens of reading: a job.

    Yields
    ------
    Progress, and each word's Contribution as soon as it is known: the last word first, because it takes the
    least and often matters most.

    Parameters
    ----------
    prompt, written, index
        See `goosequill.insight.reading.locate`.
    memory
        States of the same model to start from.
    budget
        Bytes of states that are kept between words; at least one is.
    """
    tokens, position = locate(model, tokenizer, prompt, written, index)
    words = _last_words(tokenizer, tokens[:position], most_words)
    run = _Run(model, tokenizer, tokens[:position], tokens[position], words)
    state = yield from read_text(model, tokens[: run.starts[0]], memory)
    whole = yield from run.keep_states(state, budget)
    logprob = log_probability(whole, run.target, model.kernel.logits)
    found: list[Contribution] = []
    for number in reversed(range(len(words))):
        without = yield from run.leave_out(number)
        found.append(run.compare(words[number], logprob, without))
        yield found[-1]
    return Attribution(
        token=run.target,
        text=token_text(tokenizer, run.target),
        position=position,
        logprob=logprob,
        likeliest=candidates(whole, tokenizer, 1, model.kernel.logits)[0],
        words=tuple(reversed(found)),
        before=words[0].start,
    )


def _last_words(tokenizer: Tokenizer, tokens: Sequence[int], most: int) -> list[Word]:
    """Return the last words of a text, within the bounds; the last one is always among them."""
    words = group_words(tokenizer, tokens)
    least = len(tokens) - MOST_TOKENS
    return [word for word in words[-max(1, most) :] if word.start >= least or word is words[-1]]


class _Run:
    """One attribution: the text, the words to leave out, and the states kept before some of them."""

    def __init__(
        self, model: Model, tokenizer: Tokenizer, tokens: Sequence[int], target: int, words: Sequence[Word]
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.tokens, self.target, self.words = tokens, target, words
        # A state is kept one token earlier than the word begins, so that there is always a token to read.
        self.starts = [max(0, word.start - 1) for word in words]
        self._state: State = model.new_state()
        self._kept: list[Arrays] = []
        self._every = 1
        self._loaded = self._total = 0

    def keep_states(self, state: State, budget: int) -> Generator[Progress, None, Logits]:
        """Read the text once, keep a state before every few words, and return the logits of the token."""
        most = max(1, budget // state.nbytes)
        self._every = -(-len(self.words) // most)
        self._state, end = state, len(self.tokens)
        kept = self.starts[:: self._every]
        self._total = end - kept[0] + sum(len(self._without(number)) for number in range(len(self.words)))
        logits = None
        for start, stop in zip(kept, [*kept[1:], end], strict=True):
            self._kept.append({name: array.copy() for name, array in state.arrays.items()})
            logits = yield from self._read(self.tokens[start:stop])
        assert logits is not None  # the last piece has at least one token
        return logits

    def leave_out(self, number: int) -> Generator[Progress, None, Logits]:
        """Return the logits of the token without one word."""
        self._state.assign(self._kept[number // self._every])
        logits = yield from self._read(self._without(number))
        assert logits is not None
        return logits

    def compare(self, word: Word, logprob: float, without: Logits) -> Contribution:
        """Return a word's contribution, given the token's log probability with it and the logits without."""
        operations = self.model.kernel.logits
        left = log_probability(without, self.target, operations)
        instead = candidates(without, self.tokenizer, 1, operations)[0]
        return Contribution(word.start, word.end, word.text, (logprob - left) / math.log(2), left, instead)

    def _without(self, number: int) -> list[int]:
        """What is read to leave out a word: from the kept state to the word, and from the word to the token.

        If nothing remains of the text, that is what an empty prompt is.
        """
        word, kept = self.words[number], self.starts[number - number % self._every]
        left = [*self.tokens[kept : word.start], *self.tokens[word.end :]]
        return left or prompt_tokens(self.tokenizer, "")

    def _read(self, tokens: Sequence[int]) -> Generator[Progress, None, Logits | None]:
        """Read tokens a piece at a time, and return the logits after the last; None if there are none."""
        logits = None
        for first in range(0, len(tokens), READ_AT_ONCE):
            piece = tokens[first : first + READ_AT_ONCE]
            if first + len(piece) < len(tokens):
                self.model.forward(piece, self._state, logits="none")
            else:
                logits = check_finite(self.model.forward(piece, self._state), self._state)
            self._loaded += len(piece)
            yield Progress("leaving out words", self._loaded, self._total)
        return logits
