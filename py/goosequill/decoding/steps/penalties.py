"""The steps that change logits because of what the text contains so far, or by the user's choice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.context import Context
from goosequill.decoding.processor import Change, Setup, StepSettings
from goosequill.decoding.sampling import Ids, Logits
from goosequill.parameters import neutral_setting, setting
from goosequill.tokenizers import Tokenizer

_DIGITS_AND_SPACES = " \t0123456789"
_LARGEST_LOG = 88.7228391
"""The logarithm of the largest float32, as in llama.cpp: no power may overflow."""


@dataclass(frozen=True)
class LogitBias(Change):
    """Adds to the logits of chosen tokens; a ban is a bias of minus infinity."""

    ids: Ids
    biases: NDArray[np.float32]

    class Settings(StepSettings):
        logit_bias: Mapping[int, float] = neutral_setting(
            "Bias", "A value to add to a token's logit, by token id; -100 practically bans it.", default={}
        )
        banned_tokens: tuple[int, ...] = neutral_setting(
            "Ids of tokens that are never generated.", default=()
        )

    description = Settings.describe(
        "logit_bias",
        "Bias and bans",
        "Adds values of your choice to the logits of tokens; banned tokens are never generated.",
        "logit[i] += bias[i]; logit[i] = -inf if i is banned",
        "OpenAI API (logit_bias)",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> LogitBias | None:
        biases = dict(settings.logit_bias)
        biases.update(dict.fromkeys(settings.banned_tokens, -math.inf))
        if setup.ignore_end and setup.tokenizer.end_token is not None:
            biases[setup.tokenizer.end_token] = -math.inf
        if not biases:
            return None
        return cls(np.array(list(biases), np.intp), np.array(list(biases.values()), np.float32))

    def __call__(self, logits: Logits, context: Context) -> Logits:
        changed = logits.copy()
        changed[self.ids] += self.biases
        return changed


@dataclass(frozen=True)
class MinLength(Change):
    """Prevents the text from ending too early."""

    minimum: int
    ends: list[int]

    class Settings(StepSettings):
        min_new_tokens: int = neutral_setting(
            "Minimum length",
            "No end token or stop token is generated before this many tokens; 0 is off.",
            default=0,
            range=(0, 1_000_000),
        )

    description = Settings.describe(
        "min_length",
        "Minimum length",
        "Prevents the text from ending before it has this many tokens.",
        "logit[i] = -inf if i ends the text and fewer than min_new_tokens tokens were generated",
        "Hugging Face transformers (MinNewTokensLengthLogitsProcessor)",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> MinLength | None:
        minimum, ends = settings.min_new_tokens, setup.ends
        return cls(minimum, ends) if minimum and ends else None

    def __call__(self, logits: Logits, context: Context) -> Logits:
        if len(context.output) >= self.minimum:
            return logits
        changed = logits.copy()
        changed[self.ends] = -np.inf
        return changed


@dataclass(frozen=True)
class NoRepeatNgram(Change):
    """Prevents any n tokens from occurring a second time."""

    size: int

    class Settings(StepSettings):
        no_repeat_ngram_size: int = neutral_setting(
            "n", "The length of the sequences that may not occur twice; 0 is off.", default=0, range=(0, 100)
        )

    description = Settings.describe(
        "no_repeat_ngram",
        "No repeated n-gram",
        "Never generates a sequence of n tokens that has already occurred.",
        "logit[i] = -inf if the last n-1 tokens followed by i have already occurred",
        "Hugging Face transformers (NoRepeatNGramLogitsProcessor)",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> NoRepeatNgram | None:
        size = settings.no_repeat_ngram_size
        return cls(size) if size else None

    def __call__(self, logits: Logits, context: Context) -> Logits:
        tokens, before = context.tokens, self.size - 1
        starts = len(tokens) - before
        if starts <= 0:
            return logits
        same = np.ones(starts, bool)
        for offset in range(before):
            same &= tokens[offset : offset + starts] == tokens[starts + offset]
        changed = logits.copy()
        follows = np.flatnonzero(same) + before
        changed[tokens[follows]] = -np.inf
        return changed


@dataclass(frozen=True)
class Penalties(Change):
    """The three penalties for tokens that have occurred: by a factor, once, and per occurrence."""

    repetition: float
    presence: float
    frequency: float
    decay: float
    window: int
    output_only: bool
    uncounted: NDArray[np.bool_] | None

    class Settings(StepSettings):
        repetition_penalty: float = neutral_setting(
            "Makes every token that has already occurred less likely, by a factor; 1 is off.",
            default=1.0,
            range=(0.1, 10.0, 0.05),
        )
        presence_penalty: float = neutral_setting(
            "Subtracted once from the logit of every token that has occurred; 0 is off.",
            default=0.0,
            range=(-10.0, 10.0, 0.05),
        )
        frequency_penalty: float = neutral_setting(
            "Subtracted from a token's logit for each time it has occurred; 0 is off.",
            default=0.0,
            range=(-10.0, 10.0, 0.05),
        )
        penalty_decay: float = neutral_setting(
            "Decay",
            "How much of an occurrence's weight remains after each further token, for the frequency penalty; "
            "1 never forgets.",
            default=1.0,
            range=(0.0, 1.0, 0.001),
        )
        penalty_window: int = neutral_setting(
            "Window",
            "How many of the last tokens the penalties consider; 0 considers all.",
            default=0,
            range=(0, 1_000_000),
        )
        penalty_scope: Literal["all", "output"] = setting(
            "Scope",
            "Whether the prompt's tokens count too (all), or only those of the output.",
            default="all",
        )
        penalty_spares_digits: bool = neutral_setting(
            "Ignore digits and spaces",
            "Single digits and spaces do not count for the frequency penalty.",
            default=False,
        )

    description = Settings.describe(
        "penalties",
        "Penalties",
        "Makes tokens that have already occurred less likely: by a factor, once, or for each occurrence.",
        "logit /= repetition if logit > 0 else logit *= repetition; "
        "logit -= presence + frequency * sum(decay^age)",
        "CTRL (Keskar et al. 2019), OpenAI API; the decay from BlinkDL's PIPELINE",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Penalties | None:
        subtracts = settings.presence_penalty or settings.frequency_penalty
        if settings.repetition_penalty == 1 and not subtracts:
            return None
        uncounted = None
        if settings.penalty_spares_digits:
            uncounted = _digits_and_spaces(setup.tokenizer, setup.vocab_size)
        return cls(
            settings.repetition_penalty,
            settings.presence_penalty,
            settings.frequency_penalty,
            settings.penalty_decay,
            settings.penalty_window,
            settings.penalty_scope == "output",
            uncounted,
        )

    def __call__(self, logits: Logits, context: Context) -> Logits:
        tokens = context.output if self.output_only else context.tokens
        if self.window:
            tokens = tokens[-self.window :]
        if not len(tokens):
            return logits
        changed = logits.copy()
        ids, counts = self._count(tokens)
        seen = changed[ids]
        seen = np.where(seen > 0, seen / self.repetition, seen * self.repetition)
        changed[ids] = seen - (self.presence + self.frequency * counts)
        return changed

    def _count(self, tokens: NDArray[np.int64]) -> tuple[Ids, NDArray[np.float64]]:
        """Return the distinct tokens and how often each has occurred; older occurrences count less."""
        ids, inverse = np.unique(tokens, return_inverse=True)
        weights = None
        if self.decay != 1:
            weights = np.power(self.decay, np.arange(len(tokens) - 1, -1, -1), dtype=np.float64)
        counts = np.bincount(inverse.ravel(), weights, len(ids)).astype(np.float64)
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

    class Settings(StepSettings):
        dry_multiplier: float = neutral_setting(
            "Multiplier",
            "How strong the penalty is; 0 is off, 0.8 is a usual value.",
            default=0.0,
            range=(0.0, 100.0, 0.05),
        )
        dry_base: float = setting(
            "Base",
            "The factor by which the penalty grows with each repeated token.",
            default=1.75,
            range=(1.0, 10.0, 0.05),
        )
        dry_allowed_length: int = setting(
            "Allowed length", "Repetitions shorter than this are not penalized.", default=2, range=(1, 1000)
        )
        dry_window: int = setting(
            "Window",
            "How many of the last tokens are searched for repetitions; 0 searches all.",
            default=0,
            range=(0, 1_000_000),
        )
        dry_breakers: tuple[str, ...] = setting(
            "Breakers",
            "A repetition is interrupted by a token that contains one of these texts.",
            default=("\n", ":", '"', "*"),
        )

    description = Settings.describe(
        "dry",
        "DRY",
        "Makes a token less likely, the longer the repetition that it would continue.",
        "logit[i] -= multiplier * base^(length - allowed) if the last tokens and i have occurred before",
        "p-e-w 2024, as in llama.cpp",
    )

    @classmethod
    def make(cls, settings: Settings, setup: Setup) -> Dry | None:
        if not settings.dry_multiplier:
            return None
        texts = [text.encode() for text in settings.dry_breakers]
        names = map(setup.tokenizer.token_bytes, range(setup.vocab_size))
        breakers = np.fromiter((any(t in name for t in texts) for name in names), bool, setup.vocab_size)
        return cls(
            settings.dry_multiplier,
            settings.dry_base,
            settings.dry_allowed_length,
            settings.dry_window,
            breakers,
        )

    def __call__(self, logits: Logits, context: Context) -> Logits:
        tokens = context.tokens[-self.window :] if self.window else context.tokens
        breaks = np.flatnonzero(self.breakers[tokens])
        limit = len(tokens) - 1 - int(breaks[-1]) if len(breaks) else len(tokens)
        if limit < self.allowed:
            return logits
        changed = logits.copy()
        largest = _LARGEST_LOG // math.log(self.base) if self.base > 1.000001 else math.inf
        for token, length in self._repeats(tokens, limit).items():
            if not self.breakers[token]:
                changed[token] -= self.multiplier * self.base ** min(length - self.allowed, largest)
        return changed

    def _repeats(self, tokens: NDArray[np.int64], limit: int) -> dict[int, int]:
        """Return the length of the repetition so far for each token that would continue one."""
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
