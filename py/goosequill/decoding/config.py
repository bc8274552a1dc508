"""The decoder's settings: their names, their limits, and which of them contradict each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from goosequill.decoding.steps.constraint import Constraint, make_automaton
from goosequill.decoding.steps.guidance import Guidance
from goosequill.decoding.steps.mirostat import Mirostat
from goosequill.decoding.steps.penalties import Dry, LogitBias, MinLength, NoRepeatNgram, Penalties
from goosequill.decoding.steps.temperature import Temperature
from goosequill.decoding.steps.truncators import MinP, TopK, TopNSigma, TopP, Typical, Xtc
from goosequill.errors import SettingsError
from goosequill.kernels import Shortlist
from goosequill.parameters import Description, Parameter

LIMITS = Description(
    "limits",
    "Length and seed",
    "How long the text may be, and which of the possible texts it is.",
    "the same seed and settings give the same text",
    "",
    (
        Parameter(
            "max_new_tokens",
            "Length",
            "Stops after this many tokens at the latest.",
            default=200,
            minimum=0,
            maximum=1_000_000,
            step=1,
            kind="integer",
        ),
        Parameter(
            "seed",
            "Seed",
            "The same seed gives the same text again; drawn where it is left out.",
            default=None,
            minimum=0,
            maximum=2**53 - 1,
            step=1,
            kind="integer",
        ),
        Parameter(
            "logprobs",
            "Log probabilities",
            "How many of the model's likeliest tokens are told with each token.",
            default=0,
            neutral=0,
            minimum=0,
            maximum=1000,
            step=1,
            kind="integer",
        ),
    ),
)
STOPPING = Description(
    "stopping",
    "Stopping",
    "Where the text ends before its greatest length.",
    "end at the first stop text, stop token or end token",
    "OpenAI API (stop)",
    (
        Parameter(
            "stop",
            "Stop texts",
            "Writing ends where one of these appears; it is not part of the text.",
            default=(),
            neutral=(),
            kind="texts",
        ),
        Parameter(
            "stop_tokens",
            "Stop tokens",
            "Ids of tokens that end the text, besides the vocabulary's own end token.",
            default=(),
            neutral=(),
            kind="tokens",
        ),
        Parameter(
            "ignore_end",
            "Ignore the end token",
            "The vocabulary's end token is never written, so only the length and the stops end the text.",
            default=False,
            neutral=False,
            kind="boolean",
        ),
    ),
)
SEARCH = Description(
    "search",
    "Search",
    "Looks ahead instead of drawing: several texts at once, or candidates that differ from what was written.",
    "beams: sum(log p) / length^length_penalty; contrastive: (1 - a) * p[i] - a * max cos(i, what was read)",
    "Graves 2012 (beam search); Su et al. 2022 (contrastive search)",
    (
        Parameter(
            "num_beams",
            "Beams",
            "How many texts are followed at once, of which the likeliest is taken; 1 is off.",
            default=1,
            neutral=1,
            minimum=1,
            maximum=64,
            step=1,
            kind="integer",
        ),
        Parameter(
            "length_penalty",
            "Length penalty",
            "Above 0 longer texts win more easily, below 0 shorter ones; with beams only.",
            default=1.0,
            minimum=-10.0,
            maximum=10.0,
            step=0.1,
        ),
        Parameter(
            "penalty_alpha",
            "Contrast",
            "How much a candidate that resembles the text so far is held back; 0 is off. Needs top-k.",
            default=0.0,
            neutral=0.0,
            minimum=0.0,
            maximum=1.0,
            step=0.05,
        ),
    ),
)
STEPS = (
    Guidance,
    Constraint,
    LogitBias,
    MinLength,
    Penalties,
    NoRepeatNgram,
    Dry,
    TopNSigma,
    TopK,
    Typical,
    TopP,
    MinP,
    Xtc,
    Temperature,
    Mirostat,
)
"""The chain's steps in llama.cpp's order; Mirostat acts in place of the cutting steps."""

DESCRIPTIONS: tuple[Description, ...] = (
    LIMITS,
    STOPPING,
    *(step.description for step in STEPS),
    SEARCH,
)
PARAMETERS: dict[str, Parameter] = {p.name: p for part in DESCRIPTIONS for p in part.parameters}
ALIASES = {"max_tokens": "max_new_tokens", "max_length": "max_new_tokens", "temp": "temperature"}
_CUTTERS = ("top_n_sigma", "top_k", "typical_p", "top_p", "min_p", "xtc_probability")


@dataclass(frozen=True)
class DecodingConfig:
    """All settings of a decoder; each left out is neutral.

    The names are Hugging Face's and OpenAI's where they have one. ``PARAMETERS`` tells the meaning, the
    default and the limits of each.

    Raises
    ------
    SettingsError
        ``setting-range``, ``setting-type``: one value is not allowed. ``settings-conflict``: two
        settings contradict each other; the message names both.
    """

    max_new_tokens: int = 200
    seed: int | None = None
    logprobs: int = 0
    stop: tuple[str, ...] = ()
    stop_tokens: tuple[int, ...] = ()
    ignore_end: bool = False
    guidance_scale: float = 1.0
    negative_prompt: str = ""
    regex: str = ""
    choices: tuple[str, ...] = ()
    json_schema: Any = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    banned_tokens: tuple[int, ...] = ()
    min_new_tokens: int = 0
    no_repeat_ngram_size: int = 0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_decay: float = 1.0
    penalty_window: int = 0
    penalty_scope: Literal["all", "output"] = "all"
    penalty_spares_digits: bool = False
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_window: int = 0
    dry_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    top_n_sigma: float = 0.0
    top_k: int = 0
    typical_p: float = 1.0
    top_p: float = 1.0
    min_p: float = 0.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    temperature: float = 1.0
    dynatemp_range: float = 0.0
    dynatemp_exponent: float = 1.0
    temperature_first: bool = False
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    num_beams: int = 1
    length_penalty: float = 1.0
    penalty_alpha: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = _checked(PARAMETERS[item.name], getattr(self, item.name))
            object.__setattr__(self, item.name, value)
        _check_conflicts(self)

    @property
    def shortlist(self) -> Shortlist | None:
        """Which tokens' scores must be exact; None: all of them.

        Where the decoder cuts the unlikely off, and nothing but the model's own chances tells what may be
        written, the likely are enough, and a model reads less for them (`Kernel.likely`).
        """
        held = self.regex or self.choices or self.json_schema is not None
        flattened = self.temperature_first and self.temperature > 1
        compared = self.logprobs or self.guidance_scale != 1 or self.num_beams > 1
        if held or self.logit_bias or flattened or compared:
            return None
        if self.temperature == 0:
            return Shortlist(count=64)
        if 0 < self.top_k <= 128:
            return Shortlist()
        if self.top_p <= 0.95 or self.min_p >= 0.01:
            return Shortlist(mass=0.975)  # beyond the edge, to know where that is
        return None

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> DecodingConfig:
        """Read settings by name, as JSON has them; a value of None means the default.

        ``max_tokens`` is taken for ``max_new_tokens``, and one text for ``stop`` for a list of it.

        Raises
        ------
        SettingsError
            ``setting-unknown``: no setting has that name; the remedy names the nearest.
        """
        known: dict[str, Any] = {}
        for given, value in settings.items():
            name = ALIASES.get(given, given)
            if name not in PARAMETERS:
                import difflib  # large, and only for this

                near = difflib.get_close_matches(str(given), PARAMETERS, 1)
                raise SettingsError(
                    f"There is no setting named {given!r}.",
                    code="setting-unknown",
                    remedy=f"Did you mean {near[0]!r}?"
                    if near
                    else "See the reference of decoding settings.",
                )
            if name in known:
                raise SettingsError(
                    f"{given!r} and {name!r} are one setting, and both are given.", code="settings-conflict"
                )
            if value is not None:
                known[name] = value
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings that differ from the defaults, as JSON has them."""
        changed = {}
        for name, value in asdict(self).items():
            if value != PARAMETERS[name].default:
                changed[name] = list(value) if isinstance(value, tuple) else value
        if "logit_bias" in changed:
            changed["logit_bias"] = {str(token): bias for token, bias in self.logit_bias.items()}
        return changed

    def check_vocabulary(self, vocab_size: int) -> None:
        """Refuse token ids that a model does not have, and settings that leave nothing to write."""
        given = [*self.logit_bias, *self.banned_tokens, *self.stop_tokens]
        for token in given:
            if not 0 <= token < vocab_size:
                raise SettingsError(
                    f"Token {token} is not in the vocabulary, which ends at {vocab_size - 1}.",
                    code="setting-range",
                    remedy="Check logit_bias, banned_tokens and stop_tokens.",
                )
        if len({*self.banned_tokens}) >= vocab_size:
            raise SettingsError(
                "banned_tokens bans every token there is.",
                code="all-banned",
                remedy="Leave at least one token to write.",
            )


def _checked(parameter: Parameter, value: Any) -> Any:
    """Return a value in its canonical type, or refuse it."""
    kind = parameter.kind
    if kind in ("texts", "tokens"):
        return _checked_list(parameter, value)
    if kind == "biases":
        return _checked_biases(parameter, value)
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _wrong_type(parameter, value, "true or false")
        return value
    if kind == "json":
        return value
    if kind == "text":
        if not isinstance(value, str):
            raise _wrong_type(parameter, value, "a text")
        return value
    if kind == "choice":
        if value not in parameter.choices:
            raise _wrong_type(parameter, value, "one of " + ", ".join(parameter.choices))
        return value
    if value is None and parameter.default is None:
        return None
    return _checked_number(parameter, value)


def _checked_number(parameter: Parameter, value: Any) -> float | int:
    whole = parameter.kind == "integer"
    if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != value // 1):
        raise _wrong_type(parameter, value, "a whole number" if whole else "a number")
    low, high = parameter.minimum, parameter.maximum
    if not ((low is None or value >= low) and (high is None or value <= high) and math.isfinite(value)):
        raise SettingsError(
            f"{parameter.name} is {value}, but must lie between {low} and {high}.",
            code="setting-range",
            remedy=parameter.sentence,
        )
    return int(value) if whole else float(value)


def _checked_list(parameter: Parameter, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) and parameter.kind == "texts":
        value = [value]
    wanted: type = str if parameter.kind == "texts" else int
    if not isinstance(value, list | tuple) or not all(type(item) is wanted for item in value):
        raise _wrong_type(parameter, value, f"a list of {'texts' if wanted is str else 'token ids'}")
    if "" in value:
        raise _wrong_type(parameter, value, "a list of texts, none of them empty")
    return tuple(dict.fromkeys(value))


def _checked_biases(parameter: Parameter, value: Any) -> dict[int, float]:
    try:
        biases = {int(token): float(bias) for token, bias in value.items()}
    except (AttributeError, TypeError, ValueError):
        raise _wrong_type(parameter, value, "a table from token id to number") from None
    if any(math.isnan(bias) or bias == math.inf for bias in biases.values()):
        raise _wrong_type(parameter, value, "a table of finite numbers")
    return biases


def _wrong_type(parameter: Parameter, value: Any, wanted: str) -> SettingsError:
    return SettingsError(
        f"{parameter.name} is {str(value)[:60]!r}, but must be {wanted}.",
        code="setting-type",
        remedy=parameter.sentence,
    )


def _is_set(config: DecodingConfig, name: str) -> bool:
    return bool(getattr(config, name) != PARAMETERS[name].neutral)


def _check_conflicts(config: DecodingConfig) -> None:
    """Refuse two settings that cannot both be meant."""
    _check_searches(config)
    _check_forms(config)
    if config.min_new_tokens > config.max_new_tokens:
        raise _conflict("min_new_tokens", "max_new_tokens", "the least is more than the most")
    if config.mirostat:
        for name in _CUTTERS:
            if _is_set(config, name):
                raise _conflict("mirostat", name, "Mirostat decides by itself what is cut")
        if config.temperature == 0:
            raise _conflict("mirostat", "temperature", "temperature 0 leaves one token and nothing to steer")
    if config.temperature == 0 and config.dynatemp_range:
        raise _conflict("temperature", "dynatemp_range", "temperature 0 always takes the likeliest token")
    both = set(config.banned_tokens) & set(config.stop_tokens)
    if both:
        raise _conflict("banned_tokens", "stop_tokens", f"token {min(both)} is in both")


def _check_searches(config: DecodingConfig) -> None:
    """Beam search and contrastive search draw nothing, so what shapes the drawing disagrees with them."""
    beams, contrast = config.num_beams > 1, config.penalty_alpha > 0
    if beams and contrast:
        raise _conflict("num_beams", "penalty_alpha", "each is a search of its own")
    if not beams and not contrast:
        return
    search = "num_beams" if beams else "penalty_alpha"
    why = f"{'beam' if beams else 'contrastive'} search draws nothing"
    for name in (*_CUTTERS, "mirostat", "dynatemp_range", "guidance_scale"):
        if _is_set(config, name) and not (contrast and name == "top_k"):
            raise _conflict(search, name, why)
    if config.temperature not in (0, 1):
        raise _conflict(search, "temperature", why)
    if contrast and config.top_k < 2:
        raise _conflict(search, "top_k", "it chooses among top_k candidates and needs 2 or more")


def _check_forms(config: DecodingConfig) -> None:
    forms = [name for name in ("regex", "choices") if _is_set(config, name)]
    forms += [] if config.json_schema is None else ["json_schema"]
    if len(forms) > 1:
        raise _conflict(forms[0], forms[1], "the output can have one form only")
    if forms and config.ignore_end:
        raise _conflict(forms[0], "ignore_end", "the text must be able to end where its form does")
    make_automaton(config)


def _conflict(first: str, second: str, why: str) -> SettingsError:
    return SettingsError(
        f"{first} and {second} contradict each other: {why}.",
        code="settings-conflict",
        remedy=f"Leave out {first} or {second}.",
    )
