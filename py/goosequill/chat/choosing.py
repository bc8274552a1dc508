"""Which chat format a model has, and what says so: the one place that decides it.

The first of these that knows decides: the caller; the model's config.json; a name of the model's, in
`NAMES`; the chat template in the file. Everything else gets the World format.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from goosequill.chat.formats import FORMATS, TITLES, ChatFormat
from goosequill.errors import SettingsError

NAMES = (
    (r"(?<![a-z0-9])g[01][a-z]?\d?(?![a-z0-9])", "g1", "Its name contains “G1” or “G0”."),
    (r"raven", "raven", "Its name contains “Raven”."),
    (r"world", "world", "Its name contains “World”."),
)
"""Patterns in the name of a model -> the name of its format, and why: how BlinkDL names the files."""

ASKED = "It was chosen."
DESCRIBED = "The model's config.json says so."
TEMPLATE = "The chat template in the file writes User and Assistant."
UNKNOWN = "The model does not say which format it uses; most RWKV chat models know this one."

REASONS = (ASKED, DESCRIBED, *(reason for _, _, reason in NAMES), TEMPLATE, UNKNOWN)
"""Every reason that `choose_format` can give."""

_NAME_KEYS = ("general.name", "general.basename", "modelspec.title", "name")
_TEMPLATE_KEYS = ("tokenizer.chat_template", "chat_template")
MOST = 20_000
"""Characters of a name or a template that are looked at."""


def hints(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return what the metadata of a file of weights (GGUF, safetensors) says about the chat format."""
    found = {key: metadata.get(key) for key in (*_NAME_KEYS, *_TEMPLATE_KEYS)}
    return {key: value[:MOST] for key, value in found.items() if isinstance(value, str)}


def choose_format(description: Mapping[str, Any], name: str = "") -> tuple[ChatFormat, str]:
    """Return the chat format of a model, and a sentence that says why it is this one.

    Parameters
    ----------
    description
        The model's config.json; of bare weights their ``name``, and as ``metadata`` their `hints`.
    name
        One of `goosequill.chat.formats.FORMATS`, which overrides everything else.

    Raises
    ------
    SettingsError
        ``chat-format``: there is no format of this name, or the model's own is invalid.

    Examples
    --------
    >>> chat, reason = choose_format({"name": "rwkv7-g1d-0.1b-20260129-ctx8192.pth"})
    >>> chat.name, reason
    ('g1', 'Its name contains “G1” or “G0”.')
    """
    if name:
        if name not in FORMATS:
            raise SettingsError(
                f"There is no chat format named {name!r}.",
                code="chat-format",
                remedy=f"Choose one of {', '.join(FORMATS)}.",
            )
        return FORMATS[name], ASKED
    own = description.get("chat")
    if own is not None:
        return ChatFormat.from_dict(own if isinstance(own, Mapping) else {"user": None}), DESCRIBED
    metadata = description.get("metadata")
    if not isinstance(metadata, Mapping):
        metadata = {}
    texts = [description.get("name"), description.get("title"), *map(metadata.get, _NAME_KEYS)]
    names = [text[:MOST].lower() for text in texts if isinstance(text, str)]
    for pattern, found, reason in NAMES:
        if any(re.search(pattern, text) for text in names):
            return FORMATS[found], reason
    template = " ".join(text for text in map(metadata.get, _TEMPLATE_KEYS) if isinstance(text, str))[:MOST]
    if "rwkv-world" in template or ("User: " in template and "Assistant:" in template):
        return FORMATS["world"], TEMPLATE
    return FORMATS["world"], UNKNOWN


def format_of(description: Mapping[str, Any], name: str = "") -> ChatFormat:
    """Return the format that `choose_format` returns, with the same errors."""
    return choose_format(description, name)[0]


def describe_choice(description: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a model's format as pages show it; None if the model's own is invalid.

    It has ``name``, ``title`` ("" for a format of the model's own), ``reason``, and ``reasons``, whether
    the model thinks before it answers.
    """
    try:
        chat, reason = choose_format(description)
    except SettingsError:
        return None
    title = TITLES[chat.name] if FORMATS.get(chat.name) == chat else ""
    return {"name": chat.name, "title": title, "reason": reason, "reasons": chat.reasons}
