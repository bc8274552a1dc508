"""Reads requests: what OpenAI names otherwise becomes the decoder's settings, all within bounds."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from goosequill.decoding import DecodingConfig
from goosequill.errors import SettingsError
from goosequill.openai.errors import refusal

CHANGING: Mapping[str, Iterable[Any]] = {
    "echo": (False,),
    "function_call": ("auto", "none"),
    "functions": ([],),
    "grammar": ("",),
    "guided_choice": (),
    "guided_grammar": (),
    "guided_json": (),
    "guided_regex": (),
    "messages": (),
    "modalities": (["text"],),
    "moderation": (),
    "prompt": (),
    "structured_outputs": (),
    "suffix": ("",),
    "tool_choice": ("auto", "none"),
    "tools": ([],),
    "web_search_options": (),
}
"""Fields of OpenAI's API and of other servers that would change an answer -> the values that would not."""
FIELDS = (
    "max_completion_tokens",
    "parallel_tool_calls",
    "response_format",
    "stream",
    "stream_options",
    "top_logprobs",
)
"""Fields that have a meaning besides the decoder's settings and those."""
SIMILAR = 0.8
"""The similarity (difflib) from which on a name is taken for a mistake: temprature, topp. What other servers
call our settings is similar, too; known fields without a meaning are below 0.75."""
MOST_IGNORED = 32
"""Fields without a meaning that a request may have; each chunk of a stream names them, up to `MOST_NAME`."""
MOST_NAME = 64
MOST_ANSWERS = 128
MOST_CANDIDATES = 20
MOST_PROMPTS = 128
MOST_MESSAGES = 10_000
MOST_CHARACTERS = 4_000_000
"""Characters of all prompts or messages; each token id counts as one."""
MOST_STOPS = 64
MOST_STOP_CHARACTERS = 1_000
MOST_BIASES = 1_024
BIAS = 100
"""The largest value in `logit_bias`. These limits are OpenAI's, or above them."""
SEEDS = 2**53


@dataclass
class Request:
    """What both kinds of request have.

    Attributes
    ----------
    settings
        The fields that are left: the decoder's settings, once a kind of request has taken its own.
    fields
        Fields of the request, by the settings that they have become.
    n
        Answers to each prompt.
    usage
        Whether a last chunk has the usage.
    about
        The fields that are the same in all chunks.
    ignored
        Names of fields that do not change the answer, which become its ``ignored_fields``.
    """

    settings: dict[str, Any]
    fields: dict[str, str] = field(default_factory=dict)
    n: int = 1
    usage: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def take(self, name: str, default: Any = None) -> Any:
        """Remove a field and return its value, or the default if it is null or missing."""
        value = self.settings.pop(name, None)
        return default if value is None else value

    def rename(self, name: str, setting: str) -> None:
        """Make a field a setting of the decoder."""
        if (value := self.take(name)) is not None:
            if setting in self.settings:
                raise SettingsError(
                    f"“{name}” and “{self.fields.get(setting, setting)}” are the same, and both are given.",
                    code="settings-conflict",
                    param=name,
                )
            self.settings[setting], self.fields[setting] = value, name

    def check(self) -> None:
        """Ignore fields that mean nothing here, and refuse those that would change the answer.

        Raises
        ------
        SettingsError
            ``option``: a field would change the answer, but is not supported, or too many mean nothing.
            ``setting-unknown``: a field is similar to one that has a meaning. Those of
            `DecodingConfig.from_dict`.
        """
        names = [*DecodingConfig.PARAMETERS, *DecodingConfig.ALIASES]
        unknown = [name for name in self.settings if name not in names]
        self.about |= ignored_fields([*self.ignored, *unknown])
        kept = {**CHANGING, "best_of": dict.fromkeys((1, self.n))}
        for name in unknown:
            value, near = self.settings.pop(name), _nearest(name, [*names, *FIELDS, *CHANGING])
            if value not in kept.get(name, [value]):
                raise refusal(name, " or ".join([*map(json.dumps, kept[name]), "left out"]))
            if near and name not in kept:
                remedy = f"Did you mean {near!r}?"
                text = f"There is no field named {name!r}."
                raise SettingsError(text, code="setting-unknown", remedy=remedy, param=name)
        DecodingConfig.from_dict(self.settings)

    def seeded(self, index: int) -> dict[str, Any]:
        """Return the settings of one of several answers: the first has the seed, each other the next one."""
        seed = self.settings.get("seed")
        return self.settings if seed is None else {**self.settings, "seed": (int(seed) + index) % SEEDS}

    def shape(self, kind: str) -> dict[str, Any]:
        """Return the fields of every chunk, which is an object of a kind."""
        return {**self.about, "object": kind, **({"usage": None} if self.usage else {})}


def read(request: Any, description: Mapping[str, Any], prefix: str, fields: dict[str, str]) -> Request:
    """Read what both kinds of request have.

    Parameters
    ----------
    description
        The model's config.json, which has its name.
    prefix
        Of the completion's id.
    fields
        Is filled with the request's names of settings.

    Raises
    ------
    SettingsError
        ``option``: a field has a value that it cannot have, which ``param`` names.
    """
    if not isinstance(request, Mapping):
        raise refusal("request", "an object")
    settings = {str(name): value for name, value in request.items() if name != "model" and value is not None}
    found = Request(settings, fields)
    found.n = whole("n", found.take("n", 1), 1, MOST_ANSWERS)
    if not isinstance(found.take("stream", False), bool):
        raise refusal("stream", "true or false")
    options = found.take("stream_options", {})
    if not isinstance(options, Mapping):
        raise refusal("stream_options", "an object such as {include_usage: true}")
    found.usage = bool(options.get("include_usage"))
    _constrain(found, found.take("response_format"))
    _check_bounds(found.settings)
    found.about = {
        "id": f"{prefix}-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": names_of(description)[0],
    }
    return found


def names_of(description: Mapping[str, Any]) -> list[str]:
    """Return the ids of a language model: its name, and before that, with an adapter, NAME+ADAPTER."""
    name, adapter = str(description.get("name") or "model"), description.get("adapter")
    adapted = [f"{name}+{adapter['name']}"] if isinstance(adapter, Mapping) and "name" in adapter else []
    return [*adapted, name]


def _constrain(request: Request, form: Any) -> None:
    """Make a response format a setting of the decoder."""
    kind = form.get("type") if isinstance(form, Mapping) else "text" if form is None else None
    if kind == "text":
        return
    setting, value = "json_schema", None
    if kind == "json_object":
        value = {"type": "object"}
    elif kind == "json_schema" and isinstance(form.get("json_schema"), Mapping):
        value = form["json_schema"].get("schema")
    elif kind == "regex" and isinstance(form.get("regex"), str):
        setting, value = "regex", form["regex"]
    if value is None:
        raise refusal(
            "response_format",
            "of the type text, json_object, json_schema or regex, with what that needs",
        )
    request.settings["response_format"] = value
    request.rename("response_format", setting)


def _check_bounds(settings: Mapping[str, Any]) -> None:
    stop = settings.get("stop", ())
    stops = [stop] if isinstance(stop, str) else stop
    if isinstance(stops, list | tuple) and (
        len(stops) > MOST_STOPS
        or any(isinstance(one, str) and len(one) > MOST_STOP_CHARACTERS for one in stops)
    ):
        raise refusal(
            "stop", f"at most {MOST_STOPS} texts of at most {MOST_STOP_CHARACTERS:,} characters each"
        )
    biases = settings.get("logit_bias", {})
    if isinstance(biases, Mapping):
        values = biases.values() if len(biases) <= MOST_BIASES else [None]
        if not all(isinstance(value, int | float) and abs(value) <= BIAS for value in values):
            raise refusal(
                "logit_bias",
                f"an object of at most {MOST_BIASES:,} token ids with numbers from -{BIAS} to {BIAS}",
            )


def whole(param: str, value: Any, low: int, high: int) -> int:
    """Return a whole number within bounds, or refuse it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and low <= value <= high and value == int(value):
        return int(value)
    raise refusal(param, f"a whole number from {low} to {high}")


def ignored_fields(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the field of an answer that names the fields of its request without a meaning; {} for none.

    Raises
    ------
    SettingsError
        ``option``: there are more than `MOST_IGNORED`.
    """
    if len(names) > MOST_IGNORED:
        raise refusal(names[-1], f"left out: of {len(names):,} fields nothing is known here")
    return {"ignored_fields": [name[:MOST_NAME] for name in names]} if names else {}


def _nearest(name: str, names: Sequence[str]) -> str:
    """Return the name for which another one is probably a mistake, or "" if there is none."""
    import difflib  # large, and only needed here

    return next(iter(difflib.get_close_matches(name, names, 1, SIMILAR)), "")


def usage(prompt: int, completion: int) -> dict[str, int]:
    """Return how many tokens were read and generated."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
