"""The steps that change scores for what was already written, or by the user's wish."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Change, Setup
from goosequill.decoding.sampling import Ids, Scores
from goosequill.parameters import Description, Parameter
from goosequill.tokenizers import Tokenizer

_DIGITS_AND_SPACES = " \t0123456789"
# The logarithm of the largest float32, as llama.cpp has it: no power may overflow.
_LARGEST_LOG = 88.7228391


@dataclass(frozen=True)
class LogitBias(Change):
    """Adds to chosen tokens' scores; bans are a bias of minus infinity."""

    ids: Ids
    biases: NDArray[np.float32]

    description = Description(
        "logit_bias",
        "Bias and bans",
        "Adds a value of your own to the score of chosen tokens; banned tokens are never written.",
        "s[i] += bias[i]; s[i] = -inf if i is banned",
        "OpenAI API (logit_bias)",
        (
            Parameter(
                "logit_bias",
                "Bias",
                "Token id to what is added to its score; -100 all but bans it.",
                default={},
                neutral={},
                kind="biases",
            ),
            Parameter(
                "banned_tokens",
                "Banned tokens",
                "Ids of tokens that are never written.",
                default=(),
                neutral=(),
                kind="tokens",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> LogitBias | None:
        biases = dict(setup.config.logit_bias)
        biases.update(dict.fromkeys(setup.config.banned_tokens, -math.inf))
        if setup.config.ignore_end and setup.tokenizer.end_token is not None:
            biases[setup.tokenizer.end_token] = -math.inf
        if not biases:
            return None
        return cls(np.array(list(biases), np.intp), np.array(list(biases.values()), np.float32))

    def __call__(self, scores: Scores, context: Context) -> Scores:
        changed = scores.copy()
        changed[self.ids] += self.biases
        return changed


@dataclass(frozen=True)
class MinLength(Change):
    """Forbids to end the text too soon."""

    least: int
    ends: tuple[int, ...]

    description = Description(
        "min_length",
        "Least length",
        "Does not let the text end before it has a number of tokens.",
        "s[i] = -inf if i ends the text and fewer than min_new_tokens were written",
        "Hugging Face transformers (MinNewTokensLengthLogitsProcessor)",
        (
            Parameter(
                "min_new_tokens",
                "Least length",
                "No end token and no stop token is written before this many tokens; 0 is off.",
                default=0,
                neutral=0,
                minimum=0,
                maximum=1_000_000,
                step=1,
                kind="integer",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> MinLength | None:
        ends = set(setup.config.stop_tokens)
        if setup.tokenizer.end_token is not None:
            ends.add(setup.tokenizer.end_token)
        least = setup.config.min_new_tokens
        return cls(least, tuple(sorted(ends))) if least and ends else None

    def __call__(self, scores: Scores, context: Context) -> Scores:
        if len(context.output) >= self.least:
            return scores
        changed = scores.copy()
        changed[list(self.ends)] = -np.inf
        return changed


@dataclass(frozen=True)
class NoRepeatNgram(Change):
    """Forbids to write any n tokens a second time."""

    size: int

    description = Description(
        "no_repeat_ngram",
        "No repeated n-gram",
        "Forbids to write a run of n tokens that has occurred before.",
        "s[i] = -inf if the last n-1 tokens followed by i occurred before",
        "Hugging Face transformers (NoRepeatNGramLogitsProcessor)",
        (
            Parameter(
                "no_repeat_ngram_size",
                "n",
                "The length of the runs that may not occur twice; 0 is off.",
                default=0,
                neutral=0,
                minimum=0,
                maximum=100,
                step=1,
                kind="integer",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> NoRepeatNgram | None:
        size = setup.config.no_repeat_ngram_size
        return cls(size) if size else None

    def __call__(self, scores: Scores, context: Context) -> Scores:
        tokens, before = context.tokens, self.size - 1
        starts = len(tokens) - before
        if starts <= 0:
            return scores
        same = np.ones(starts, bool)
        for place in range(before):
            same &= tokens[place : place + starts] == tokens[starts + place]
        changed = scores.copy()
        follows = np.flatnonzero(same) + before
        changed[tokens[follows]] = -np.inf
        return changed


@dataclass(frozen=True)
class Penalties(Change):
    """The three penalties for tokens that occurred: multiplicative, once, and per occurrence."""

    repetition: float
    presence: float
    frequency: float
    decay: float
    window: int
    output_only: bool
    uncounted: NDArray[np.bool_] | None

    description = Description(
        "penalties",
        "Penalties",
        "Makes tokens that have occurred less likely: by a factor, once for having occurred, for each time.",
        "s /= repetition if s > 0 else s *= repetition; s -= presence + frequency * sum(decay^age)",
        "CTRL (Keskar et al. 2019), OpenAI API; the decay from BlinkDL's PIPELINE",
        (
            Parameter(
                "repetition_penalty",
                "Repetition penalty",
                "Makes every token that has occurred less likely, by a factor; 1 is off.",
                default=1.0,
                neutral=1.0,
                minimum=0.1,
                maximum=10.0,
                step=0.05,
            ),
            Parameter(
                "presence_penalty",
                "Presence penalty",
                "Takes this from the score of every token that has occurred; 0 is off.",
                default=0.0,
                neutral=0.0,
                minimum=-10.0,
                maximum=10.0,
                step=0.05,
            ),
            Parameter(
                "frequency_penalty",
                "Frequency penalty",
                "Takes this from a token's score for each time it has occurred; 0 is off.",
                default=0.0,
                neutral=0.0,
                minimum=-10.0,
                maximum=10.0,
                step=0.05,
            ),
            Parameter(
                "penalty_decay",
                "Decay",
                "How much of an occurrence still counts one token later, for the frequency penalty; "
                "1 never forgets.",
                default=1.0,
                neutral=1.0,
                minimum=0.0,
                maximum=1.0,
                step=0.001,
            ),
            Parameter(
                "penalty_window",
                "Window",
                "How many of the last tokens the penalties look at; 0 is all.",
                default=0,
                neutral=0,
                minimum=0,
                maximum=1_000_000,
                step=1,
                kind="integer",
            ),
            Parameter(
                "penalty_scope",
                "Scope",
                "Whether the prompt's tokens count too.",
                default="all",
                kind="choice",
                choices=("all", "output"),
            ),
            Parameter(
                "penalty_spares_digits",
                "Spare digits and spaces",
                "Single digits and spaces do not add to the count of the frequency penalty.",
                default=False,
                neutral=False,
                kind="boolean",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Penalties | None:
        config = setup.config
        if config.repetition_penalty == 1 and not config.presence_penalty and not config.frequency_penalty:
            return None
        uncounted = None
        if config.penalty_spares_digits:
            uncounted = _digits_and_spaces(setup.tokenizer, setup.vocab_size)
        return cls(
            config.repetition_penalty,
            config.presence_penalty,
            config.frequency_penalty,
            config.penalty_decay,
            config.penalty_window,
            config.penalty_scope == "output",
            uncounted,
        )

    def __call__(self, scores: Scores, context: Context) -> Scores:
        tokens = context.output if self.output_only else context.tokens
        if self.window:
            tokens = tokens[-self.window :]
        if not len(tokens):
            return scores
        changed = scores.copy()
        ids, counts = self._count(tokens)
        seen = changed[ids]
        seen = np.where(seen > 0, seen / self.repetition, seen * self.repetition)
        changed[ids] = seen - (self.presence + self.frequency * counts)
        return changed

    def _count(self, tokens: NDArray[np.int64]) -> tuple[Ids, NDArray[np.float64]]:
        """Return the distinct tokens and how much each has occurred, older occurrences counting less."""
        ids, places = np.unique(tokens, return_inverse=True)
        weights = None
        if self.decay != 1:
            weights = np.power(self.decay, np.arange(len(tokens) - 1, -1, -1), dtype=np.float64)
        counts = np.bincount(places.ravel(), weights, len(ids)).astype(np.float64)
        if self.uncounted is not None:
            counts[self.uncounted[ids]] = 0
        return ids, counts


def _digits_and_spaces(tokenizer: Tokenizer, vocab_size: int) -> NDArray[np.bool_]:
    """Mark the tokens that BlinkDL's PIPELINE does not count: its test is "is part of this string"."""
    texts = (tokenizer.token_bytes(token).decode("utf-8", "replace") for token in range(vocab_size))
    return np.fromiter((text in _DIGITS_AND_SPACES for text in texts), bool, vocab_size)


@dataclass(frozen=True)
class Dry(Change):
    """Don't Repeat Yourself: a penalty that grows with the length of the repetition."""

    multiplier: float
    base: float
    allowed: int
    window: int
    breakers: NDArray[np.bool_]

    description = Description(
        "dry",
        "DRY",
        "Makes a token less likely the longer the repetition that it would prolong.",
        "s[i] -= multiplier * base^(length - allowed) if the last tokens, followed by i, occurred before",
        "p-e-w 2024, as in llama.cpp",
        (
            Parameter(
                "dry_multiplier",
                "Multiplier",
                "How strong DRY is; 0 is off, 0.8 is usual.",
                default=0.0,
                neutral=0.0,
                minimum=0.0,
                maximum=100.0,
                step=0.05,
            ),
            Parameter(
                "dry_base",
                "Base",
                "By which factor the penalty grows with each token of the repetition.",
                default=1.75,
                minimum=1.0,
                maximum=10.0,
                step=0.05,
            ),
            Parameter(
                "dry_allowed_length",
                "Allowed length",
                "A repetition shorter than this costs nothing.",
                default=2,
                minimum=1,
                maximum=1000,
                step=1,
                kind="integer",
            ),
            Parameter(
                "dry_window",
                "Window",
                "How many of the last tokens DRY looks at; 0 is all.",
                default=0,
                minimum=0,
                maximum=1_000_000,
                step=1,
                kind="integer",
            ),
            Parameter(
                "dry_breakers",
                "Breakers",
                "A repetition is not followed across a token that holds one of these.",
                default=("\n", ":", '"', "*"),
                kind="texts",
            ),
        ),
    )

    @classmethod
    def make(cls, setup: Setup) -> Dry | None:
        config = setup.config
        if not config.dry_multiplier:
            return None
        wanted = [text.encode() for text in config.dry_breakers]
        names = map(setup.tokenizer.token_bytes, range(setup.vocab_size))
        breakers = np.fromiter((any(w in name for w in wanted) for name in names), bool, setup.vocab_size)
        return cls(
            config.dry_multiplier, config.dry_base, config.dry_allowed_length, config.dry_window, breakers
        )

    def __call__(self, scores: Scores, context: Context) -> Scores:
        tokens = context.tokens[-self.window :] if self.window else context.tokens
        breaks = np.flatnonzero(self.breakers[tokens])
        limit = len(tokens) - 1 - int(breaks[-1]) if len(breaks) else len(tokens)
        if limit < self.allowed:
            return scores
        changed = scores.copy()
        most = _LARGEST_LOG // math.log(self.base) if self.base > 1.000001 else math.inf
        for token, length in self._repeats(tokens, limit).items():
            if not self.breakers[token]:
                changed[token] -= self.multiplier * self.base ** min(length - self.allowed, most)
        return changed

    def _repeats(self, tokens: NDArray[np.int64], limit: int) -> dict[int, int]:
        """Return, for each token that would prolong a repetition, how long the repetition is so far."""
        longest: dict[int, int] = {}
        ends = np.arange(len(tokens) - 1)
        for length in range(1, limit + 1):
            ends = ends[ends >= length - 1]
            ends = ends[tokens[ends - length + 1] == tokens[len(tokens) - length]]
            if not len(ends):
                break
            if length >= self.allowed:
                longest.update(dict.fromkeys(tokens[ends + 1].tolist(), length))
        return longest
