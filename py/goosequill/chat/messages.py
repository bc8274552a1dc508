"""Reads messages: their roles, and the text of their contents, whatever shape these have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from goosequill.chat.tools import written_calls
from goosequill.errors import SettingsError

Message = Mapping[str, Any]
"""{"role": "system", "user", "assistant" or "tool", "content": text}.

As OpenAI's API has them, "developer" is another name of "system", the content may be a list of
{"type": "text", "text"}, a message of the assistant may have "tool_calls", and one of a tool its "name".
"""

ROLES = ("system", "developer", "user", "assistant", "tool")
RESULT = "Tool output"


def listed(messages: Any) -> list[Message]:
    """Return messages as a list.

    Raises
    ------
    SettingsError
        ``chat-messages``: it is not a list.
    """
    if isinstance(messages, (str, Mapping)) or not isinstance(messages, Iterable):
        raise invalid("there is neither a text nor a list of messages")
    return list(messages)


def role_and_text(message: Any) -> tuple[str, str]:
    """Return who speaks in a message, "system", "user" or "assistant", and the text that the model reads.

    Raises
    ------
    SettingsError
        ``chat-messages``: the message is invalid.
    """
    role, content = (message.get("role"), message.get("content")) if isinstance(message, Mapping) else (0, 0)
    calls = message.get("tool_calls") if role == "assistant" else None
    if calls and content is None:
        content = ""
    if isinstance(content, list | tuple):
        content = "".join(map(_part, content))
    if not isinstance(role, str) or not isinstance(content, str):
        raise invalid("each needs a role and a content, both strings")
    if role not in ROLES:
        raise invalid(f"unknown role {role!r}")
    if calls:
        if not isinstance(calls, list | tuple):
            raise invalid("tool_calls has to be a list")
        content = f"{content}\n{written_calls(calls)}"
    if role == "tool":
        name = message.get("name")
        return "user", f"{RESULT}{f' of {name}' if isinstance(name, str) and name else ''}:\n{content}"
    return "system" if role == "developer" else role, content


def with_instructions(messages: Any, text: str) -> list[Message]:
    """Return messages with a text at the end of the first system prompt; without one, as one."""
    found = listed(messages)
    if found and (first := role_and_text(found[0]))[0] == "system":
        return [{"role": "system", "content": f"{first[1].rstrip()}\n{text}"}, *found[1:]]
    return [{"role": "system", "content": text}, *found]


def _part(part: Any) -> str:
    if not isinstance(part, Mapping) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise invalid('a content has to be a text, or a list of {"type": "text", "text": ...}')
    return str(part["text"])


def invalid(why: str) -> SettingsError:
    """Return the error that messages are invalid."""
    return SettingsError(f"The messages are invalid: {why}.", code="chat-messages", param="messages")
