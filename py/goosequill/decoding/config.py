"""The decoder's configuration: all settings together, and which of them contradict each other.

Each step declares its own settings (`steps`); those that belong to no step are declared here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

from goosequill.decoding.processor import Processor
from goosequill.decoding.steps import STEPS, AllSteps
from goosequill.decoding.steps.constraint import form_of
from goosequill.decoding.steps.mirostat import Mirostat
from goosequill.errors import SettingsError
from goosequill.kernels import Shortlist
from goosequill.parameters import Description, Parameter, ParameterSet, neutral_setting, setting


class Limits(ParameterSet):
    """The length of the text, its seed, and what is returned with each token."""

    max_new_tokens: int = setting(
        "Length", "The maximum number of tokens to generate.", default=200, range=(0, 1_000_000)
    )
    seed: int | None = setting(
        "The same seed gives the same text again; a random one is used if it is not given.",
        default=None,
        range=(0, 2**53 - 1),
    )
    logprobs: int = neutral_setting(
        "Log probabilities",
        "How many of the model's most likely tokens are returned with each token.",
        default=0,
        range=(0, 1000),
    )


class Stopping(ParameterSet):
    """What ends the text."""

    stop: tuple[str, ...] = neutral_setting(
        "Stop texts",
        "Generation ends at the first of these texts, which is not part of the output.",
        default=(),
    )
    stop_tokens: tuple[int, ...] = neutral_setting(
        "Ids of tokens that end the text, in addition to the vocabulary's end token.", default=()
    )
    ignore_end: bool = neutral_setting(
        "Ignore the end token",
        "Never generates the vocabulary's end token, so that only the length and the stops end the text.",
        default=False,
    )


class Search(ParameterSet):
    """Strategies that compare texts instead of sampling one."""

    num_beams: int = neutral_setting(
        "Beams",
        "Number of texts followed at once; the most likely one is returned. 1 is off.",
        default=1,
        range=(1, 64),
    )
    length_penalty: float = setting(
        "Above 0 favours longer texts, below 0 shorter ones; with beams only.",
        default=1.0,
        range=(-10.0, 10.0, 0.1),
    )
    penalty_alpha: float = neutral_setting(
        "Contrast",
        "How strongly candidates that resemble the text so far are avoided; 0 is off. Requires top-k.",
        default=0.0,
        range=(0.0, 1.0, 0.05),
    )


class Speculation(ParameterSet):
    """How the text is computed, which does not change it."""

    prompt_lookup_num_tokens: int = setting(
        "Guessed tokens",
        "How many tokens may be guessed from the text so far and read at once, where that is faster; "
        "0 is off. The text stays the same.",
        default=0,
        range=(0, 100),
    )


DESCRIPTIONS: tuple[Description, ...] = (
    Limits.describe(
        "limits",
        "Length and seed",
        "How long the text may be, and the seed of its random numbers.",
        "the same seed and settings give the same text",
    ),
    Stopping.describe(
        "stopping",
        "Stopping",
        "What ends the text before it reaches its maximum length.",
        "end at the first stop text, stop token or end token",
        "OpenAI API (stop)",
    ),
    *(step.description for step in STEPS),
    Search.describe(
        "search",
        "Search",
        "Compares several texts, or looks one token ahead, instead of sampling.",
        "beams: sum(log p) / length^length_penalty; contrastive: (1 - a) * p[i] - a * max cos(i, text)",
        "Graves 2012 (beam search); Su et al. 2022 (contrastive search)",
    ),
    Speculation.describe(
        "speculation",
        "Speculation",
        "Can be faster where the text quotes or repeats what was read before. The text stays the same.",
        "the tokens that followed the last occurrence of the last tokens",
        "Saxena 2023 (prompt lookup); Hugging Face transformers (prompt_lookup_num_tokens)",
    ),
)
"""Every part of the decoder, in the order in which it acts."""

LONGEST = 256
"""The largest `count` of a shortlist: with more, most rows of a head are read anyway."""

_BEFORE_TRUNCATION = (
    *("logprobs", "num_beams", "guidance_scale", "regex", "choices", "json_schema", "logit_bias"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "dry_multiplier"),
    *("no_repeat_ngram_size", "top_n_sigma", "mirostat", "penalty_alpha"),
)
"""Settings that need all logits, because they change, compare or return them."""

_REMOVING_THE_HIGHEST = ("typical_p", "xtc_probability")
_BEFORE_MIN_P = ("typical_p", "top_p")


def truncating(steps: Iterable[type[Processor]]) -> list[str]:
    """Return the settings that switch truncating steps on: those that have a neutral value."""
    found = (parameter for step in steps if step.truncates for parameter in step.description.parameters)
    return [parameter.name for parameter in found if parameter.neutral is not None]


_TRUNCATING = truncating(step for step in STEPS if step is not Mirostat)


class DecodingConfig(Limits, Stopping, AllSteps, Search, Speculation):
    """All settings of a decoder, by keyword; settings that are not given are neutral.

    The names are Hugging Face's and OpenAI's where they have one. ``PARAMETERS`` has the meaning, the
    default and the range of each. A configuration is immutable: ``replace(top_p=0.9)`` returns another.

    Raises
    ------
    SettingsError
        ``setting-range``, ``setting-type``: a value is not allowed. ``settings-conflict``: two settings
        contradict each other; the message names both. ``regex``, ``json-schema`` and ``regex-too-large``: a
        form cannot be read. Whether any output matches it is found when generation starts.
    """

    ALIASES: ClassVar[dict[str, str]] = {
        "max_tokens": "max_new_tokens",
        "max_length": "max_new_tokens",
        "temp": "temperature",
    }

    def check_conflicts(self) -> None:
        _check_search(self)
        _check_form(self)
        if self.min_new_tokens > self.max_new_tokens:
            raise _conflict("min_new_tokens", "max_new_tokens", "the minimum is above the maximum")
        if self.mirostat:
            for name in _TRUNCATING:
                if _is_set(self, name):
                    raise _conflict("mirostat", name, "Mirostat itself decides which tokens to remove")
            if self.temperature == 0:
                raise _conflict("mirostat", "temperature", "temperature 0 leaves a single token")
        if self.temperature == 0 and self.dynatemp_range:
            raise _conflict(
                "temperature", "dynatemp_range", "temperature 0 always chooses the most likely token"
            )
        both = set(self.banned_tokens) & set(self.stop_tokens)
        if both:
            raise _conflict("banned_tokens", "stop_tokens", f"token {min(both)} is in both")

    @property
    def shortlist(self) -> Shortlist | None:
        """Which tokens' logits must be exact; None means all.

        Where the decoder keeps the highest logits whatever the others are, the model reads fewer weights for
        them (`Kernel.likely`), and chooses exactly the tokens that it would choose with all. A share of the
        probability, as for top-p, depends on every logit, and so does a step before the truncation.
        """
        if any(_is_set(self, name) for name in _BEFORE_TRUNCATION):
            return None
        ends = len(self.stop_tokens) + 1 if self.min_new_tokens else int(self.ignore_end)
        removed = len(self.banned_tokens) + ends  # at most, before the truncation
        if self.temperature == 0 and not any(_is_set(self, name) for name in _REMOVING_THE_HIGHEST):
            kept = Shortlist(1 + removed)
        elif self.top_k:
            kept = Shortlist(self.top_k + removed)
        elif self.min_p >= 0.01 and not any(_is_set(self, name) for name in _BEFORE_MIN_P):
            # A temperature above 1 that comes first moves logits towards the highest.
            kept = Shortlist(1 + removed, gap=-math.log(self.min_p) * max(1.0, self.temperature))
        else:
            return None
        return kept if kept.count <= LONGEST else None

    def check_vocabulary(self, vocab_size: int) -> None:
        """Refuse token ids that a model does not have, and settings that leave no token."""
        for token in [*self.logit_bias, *self.banned_tokens, *self.stop_tokens]:
            if not 0 <= token < vocab_size:
                raise SettingsError(
                    f"Token {token} is not in the vocabulary, which ends at {vocab_size - 1}.",
                    code="setting-range",
                    remedy="Check logit_bias, banned_tokens and stop_tokens.",
                )
        if len({*self.banned_tokens}) >= vocab_size:
            raise SettingsError(
                "banned_tokens bans the whole vocabulary.",
                code="all-banned",
                remedy="Leave at least one token.",
            )


class ReplyConfig(DecodingConfig):
    """The settings of a reply that may call tools, whose form is not a setting (`goosequill.chat.tools`)."""

    reply: Any = setting("The form of the whole reply.", default=None)

    def check_conflicts(self) -> None:
        super().check_conflicts()
        if self.ignore_end:
            raise _conflict("tools", "ignore_end", "a reply must be able to end after a call")

    @property
    def shortlist(self) -> Shortlist | None:
        """All logits must be exact: the form removes tokens."""
        return None


PARAMETERS: dict[str, Parameter] = DecodingConfig.PARAMETERS


def _is_set(config: DecodingConfig, name: str) -> bool:
    return bool(getattr(config, name) != PARAMETERS[name].neutral)


def _check_search(config: DecodingConfig) -> None:
    """Beam search and contrastive search do not sample, so they exclude the settings of sampling."""
    beams, contrast = config.num_beams > 1, config.penalty_alpha > 0
    if beams and contrast:
        raise _conflict("num_beams", "penalty_alpha", "they are different searches")
    if not beams and not contrast:
        return
    search = "num_beams" if beams else "penalty_alpha"
    why = f"{'beam' if beams else 'contrastive'} search does not sample"
    for name in (*_TRUNCATING, "mirostat", "dynatemp_range", "guidance_scale"):
        if _is_set(config, name) and not (contrast and name == "top_k"):
            raise _conflict(search, name, why)
    if config.temperature not in (0, 1):
        raise _conflict(search, "temperature", why)
    if contrast and config.top_k < 2:
        raise _conflict(search, "top_k", "it chooses among top_k candidates and needs 2 or more")


def _check_form(config: DecodingConfig) -> None:
    """Refuse a form that cannot be used, or two forms."""
    forms = [name for name in ("regex", "choices", "json_schema") if _is_set(config, name)]
    if len(forms) > 1:
        raise _conflict(forms[0], forms[1], "the output can have one form only")
    if forms and config.ignore_end:
        raise _conflict(forms[0], "ignore_end", "the text must be able to end where its form does")
    form = form_of(config)
    if form is not None:
        from goosequill.decoding.grammar.compile import check  # see steps.constraint

        check(form)


def _conflict(first: str, second: str, why: str) -> SettingsError:
    return SettingsError(
        f"{first} and {second} contradict each other: {why}.",
        code="settings-conflict",
        remedy=f"Leave out {first} or {second}.",
        param=first,
    )
