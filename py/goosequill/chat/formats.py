"""How conversations are written: the formats that chat models know.

RWKV's chat models know one form: `User: ...`, a blank line, `Assistant:`. A blank line ends a
message, so there is none inside; and nothing follows `Assistant:`, since the model writes the
space itself. (BlinkDL's model cards; https://wiki.rwkv.com, Prompting Format Guidelines.)
Nothing here knows of models or states: see `conversation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from goosequill.errors import SettingsError

Message = Mapping[str, str]
"""{"role": "system", "user" or "assistant", "content": what was said}."""


@dataclass(frozen=True)
class ChatFormat:
    """How a conversation is written.

    Attributes
    ----------
    prefix
        What stands at the head of every conversation, before all else.
    user, assistant, system
        What stands before each one's words.
    opening
        What the assistant is made to begin with.
    separator
        Between two messages, and never inside one.
    stop
        Texts at which a reply ends: the next speaker.
    """

    name: str = "world"
    prefix: str = ""
    user: str = "User: "
    assistant: str = "Assistant:"
    system: str = "System: "
    opening: str = ""
    separator: str = "\n\n"
    stop: tuple[str, ...] = ("\n\nUser",)

    def squeeze(self, message: str) -> str:
        """A message as the model may see it: blank lines become line ends."""
        return re.sub(r"\s*\n\s*\n\s*", "\n", message.replace("\r\n", "\n").replace("\r", "\n").strip())

    def preamble(self, system: str = "", *, begun: bool = False) -> str:
        """What stands before the first message; where a text has begun already, without the prefix."""
        told = self.transcript([{"role": "system", "content": system}]) if system.strip() else ""
        return told if begun else self.prefix + told

    def turn(self, message: str) -> str:
        """A message of the user's, up to where the assistant speaks."""
        return self.transcript([{"role": "user", "content": message}]) + self.assistant + self.opening

    def prompt(self, messages: Iterable[Message], *, begun: bool = False) -> str:
        """A whole conversation, up to where the assistant speaks."""
        return self.preamble(begun=begun) + self.transcript(messages) + self.assistant + self.opening

    def transcript(self, messages: Iterable[Message]) -> str:
        """What was said, each message with the separator behind it.

        Raises
        ------
        SettingsError
            ``chat-messages``: something is no message.
        """
        return "".join(self._said(message) + self.separator for message in messages)

    def _said(self, message: Message) -> str:
        role, content = _fields(message)
        label = {"system": self.system, "user": self.user, "assistant": self.assistant}.get(role)
        if label is None:
            raise _no_message(f"nobody here is called {role!r}")
        if role == "assistant" and label[-1:].strip():
            label += " "  # The model itself writes the space behind its label.
        return label + self.squeeze(content)

    def to_dict(self) -> dict[str, Any]:
        """The form in which config.json holds it."""
        return {**asdict(self), "stop": list(self.stop)}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ChatFormat:
        """Read what `to_dict` gave; fields that are not there keep their defaults.

        Raises
        ------
        SettingsError
            ``chat-format``: a field is not text.
        """
        known = {field.name: values[field.name] for field in fields(ChatFormat) if field.name in values}
        stop = known.pop("stop", None)
        texts = [*known.values(), *(stop if isinstance(stop, (list, tuple)) else [stop or ""])]
        if not all(isinstance(text, str) for text in texts) or isinstance(stop, str) or not all(stop or "."):
            raise SettingsError(
                "The chat format is unsound: its fields must be texts.",
                code="chat-format",
                remedy="Choose one of: " + ", ".join(FORMATS) + ".",
            )
        found = ChatFormat(**known)
        speaker = found.user.strip().removesuffix(":")
        return replace(found, stop=tuple(stop or (found.separator + speaker,)))


def _fields(message: Any) -> tuple[str, str]:
    """(role, content) of what ought to be a message."""
    role, content = (message.get("role"), message.get("content")) if isinstance(message, Mapping) else (0, 0)
    if not isinstance(role, str) or not isinstance(content, str):
        raise _no_message("each has a role and a content, both texts")
    return role, content


def _no_message(why: str) -> SettingsError:
    return SettingsError(
        f"The messages cannot be read: {why}.",
        code="chat-messages",
        remedy='Give a list of {"role": "system", "user" or "assistant", "content": text}.',
    )


FORMATS: dict[str, ChatFormat] = {
    "world": ChatFormat(),
    "g1": ChatFormat("g1", opening=" <think"),
    "g1-quick": ChatFormat("g1-quick", opening=" <think>\n</think"),
}
"""World models; G1 reasoning models, which think aloud first; the same without the thinking."""

_TITLES = {
    "world": "World: User and Assistant",
    "g1": "G1: reasons before it answers",
    "g1-quick": "G1 without reasoning",
}


def describe_templates(default: ChatFormat) -> list[dict[str, Any]]:
    """Return the one-turn prompt templates as plain data, for pages that write prompts themselves.

    Each has a ``name``, a ``title``, the texts ``before`` and ``after`` the user's message, ``between``,
    which separates messages and so must not occur in one, and ``stop``, the texts that end the reply.
    ``plain`` adds nothing to the prompt.

    Parameters
    ----------
    default
        The format of the site's default model, listed as ``dialogue``.
    """
    formats = {"dialogue": default, **FORMATS}
    titles = {"dialogue": "Dialogue, for the default model", **_TITLES}
    plain = {"name": "plain", "title": "Plain: the prompt alone"}
    return [
        {**plain, "before": "", "between": "", "after": "", "stop": []},
        *(
            {
                "name": name,
                "title": titles[name],
                "before": chat.prefix + chat.user,
                "between": chat.separator,
                "after": chat.separator + chat.assistant + chat.opening,
                "stop": list(chat.stop),
            }
            for name, chat in formats.items()
        ),
    ]


def format_of(description: Mapping[str, Any], name: str = "") -> ChatFormat:
    """The format of a model, from its config.json or as much as is known of it.

    Parameters
    ----------
    name
        One of `FORMATS`, whatever the model says; "" takes the model's own. A model that says nothing
        has the World format, or, if it is called G1, that of the reasoning models.

    Raises
    ------
    SettingsError
        ``chat-format``: no format has this name, or the model's own is unsound.
    """
    own = description.get("chat")
    if not name and own is None:
        name = (
            "g1"
            if re.search(r"(?i)(^|[^a-z])g1([a-z]?)([^a-z0-9]|$)", str(description.get("name")))
            else "world"
        )
    if name and name not in FORMATS:
        raise SettingsError(
            f"There is no chat format named {name!r}.",
            code="chat-format",
            remedy="Choose one of: " + ", ".join(FORMATS) + ".",
        )
    return (
        FORMATS[name] if name else ChatFormat.from_dict(own if isinstance(own, Mapping) else {"user": None})
    )


class ThoughtStream:
    """Tells a reasoning model's thought from its answer while they are written.

    Parameters
    ----------
    opening
        What the reply begins with, before the first text that is pushed (`ChatFormat.opening`).
    """

    def __init__(self, opening: str = "") -> None:
        self._text = opening
        self._told = ("", "")

    def push(self, text: str) -> tuple[str, str]:
        """Take the next text; return what it adds to the thought and to the answer."""
        self._text += text
        return self._tell(self._text[: len(self._text) - self._held()])

    def end(self) -> tuple[str, str]:
        """Return what was held back, since it could have been the beginning of a tag."""
        return self._tell(self._text)

    def _held(self) -> int:
        if "<think".startswith(self._text.strip()):
            return len(self._text)
        return next((n for n in range(len("</think"), 0, -1) if self._text.endswith("</think"[:n])), 0)

    def _tell(self, text: str) -> tuple[str, str]:
        (thought, answer), before = split_thought(text), self._told
        self._told = thought, answer
        return thought[len(before[0]) :], answer[len(before[1]) :]


def split_thought(reply: str) -> tuple[str, str]:
    """(thought, answer) of a reasoning model's reply, which begins with its format's opening.

    While it still thinks, the answer is empty; a reply without a thought is all answer.
    """
    match = re.match(r"\s*<think>?(.*?)(?:</think>?(.*))?$", reply, re.DOTALL)
    if not match:
        return "", reply.strip()
    return match[1].removeprefix(">").strip(), (match[2] or "").removeprefix(">").strip()
