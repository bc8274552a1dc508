"""What the site's pages need to know about the package, as plain data: the contents of ui/decoding.json.

Composes what each room says about itself, so that no page repeats a preset, a chat template or a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goosequill.chat.formats import ChatFormat, describe_chat, describe_templates
from goosequill.decoding import PARAMETERS, describe, describe_presets
from goosequill.models.estimate import WORKING


def describe_pages(default_chat: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything that pages need to offer decoder settings.

    Parameters
    ----------
    default_chat
        The chat format of the site's default model, as its config.json has it.

    Returns
    -------
    dict
        ``parts`` (see :func:`goosequill.decoding.describe`), ``presets`` (name, title, source, settings),
        ``templates`` and ``chat`` (see `goosequill.chat.formats`, `describe_templates` and
        `describe_chat`), and ``limits``:
        ``max_new_tokens`` and ``seed``, the largest values accepted, and ``working_bytes``, the memory that
        a model needs besides its weights.
    """
    return {
        "parts": describe(),
        "presets": describe_presets(),
        "templates": describe_templates(ChatFormat.from_dict(default_chat)),
        "chat": describe_chat(),
        "limits": {
            "max_new_tokens": PARAMETERS["max_new_tokens"].maximum,
            "seed": PARAMETERS["seed"].maximum,
            "working_bytes": WORKING,
        },
    }
