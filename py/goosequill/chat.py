"""How conversations are written: the formats that chat models know.

RWKV's chat models know one form: `User: ...`, a blank line, `Assistant:`. A blank line ends a
message, so there is none inside; and nothing follows `Assistant:`, since the model writes the
space itself. (BlinkDL's model cards; https://wiki.rwkv.com, Prompting Format Guidelines.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from goosequill.errors import SettingsError


@dataclass(frozen=True)
class ChatFormat:
    """How a conversation is written.

    Attributes
    ----------
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
    user: str = "User: "
    assistant: str = "Assistant:"
    system: str = "System: "
    opening: str = ""
    separator: str = "\n\n"
    stop: tuple[str, ...] = ("\n\nUser",)

    def squeeze(self, message: str) -> str:
        """A message as the model may see it: blank lines become line ends."""
        return re.sub(r"\s*\n\s*\n\s*", "\n", message.replace("\r\n", "\n").replace("\r", "\n").strip())

    def turn(self, message: str) -> str:
        """A message of the user's, up to where the assistant speaks."""
        return f"{self.user}{self.squeeze(message)}{self.separator}{self.assistant}{self.opening}"

    def preamble(self, system: str) -> str:
        """What stands before the first message."""
        return f"{self.system}{self.squeeze(system)}{self.separator}" if system.strip() else ""

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
        stop = known.pop("stop", ChatFormat.stop)
        texts = [*known.values(), *(stop if isinstance(stop, (list, tuple)) else [None])]
        if not all(isinstance(text, str) for text in texts) or not all(stop):
            raise SettingsError(
                "The chat format is unsound: its fields must be texts.",
                code="chat-format",
                remedy="Choose one of: " + ", ".join(FORMATS) + ".",
            )
        return ChatFormat(**known, stop=tuple(stop))


FORMATS: dict[str, ChatFormat] = {
    "world": ChatFormat(),
    "g1": ChatFormat("g1", opening=" <think"),
    "g1-quick": ChatFormat("g1-quick", opening=" <think>\n</think"),
}
"""World models; G1 reasoning models, which think aloud first; the same without the thinking."""


def split_thought(reply: str) -> tuple[str, str]:
    """(thought, answer) of a reasoning model's reply, which begins with its format's opening.

    While it still thinks, the answer is empty; a reply without a thought is all answer.
    """
    match = re.match(r"\s*<think>?(.*?)(?:</think>?(.*))?$", reply, re.DOTALL)
    if not match:
        return "", reply.strip()
    return match[1].removeprefix(">").strip(), (match[2] or "").removeprefix(">").strip()
