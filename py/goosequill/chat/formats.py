"""The text formats in which chat models expect conversations.

RWKV's chat models know one format: `User: ...`, a blank line, `Assistant:`. A blank line ends a
message, so messages contain none; and nothing follows `Assistant:`, because the model generates the
space itself. (BlinkDL's model cards; https://wiki.rwkv.com, Prompting Format Guidelines.) The G1 models
think before they answer, as long as the end of the message and the start of the reply ask for
(BlinkDL/RWKV-LM, RWKV-v7/RWKV7-G1x-templates.txt). Models and states are in `conversation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from goosequill.chat.messages import Message, listed, role_and_text
from goosequill.errors import SettingsError
from goosequill.parameters import ParameterSet, neutral_setting
from goosequill.support.line_ends import unix_lines

_TAG_BEGUN = "|".join("</think"[:length] for length in range(1, len("</think")))

EFFORTS = {
    "none": ("", "<think>\n</think"),
    "low": (" (think a bit)", "<think"),
    "medium": (" (think)", "<think"),
    "high": (" (think a lot)", "<think"),
}
"""How long a G1 model thinks -> (the end of the user's message, the start of the reply)."""


class ChatSettings(ParameterSet):
    """What can be asked of each reply besides the decoder's settings."""

    reasoning_effort: str = neutral_setting(
        "Thinking",
        "How long a model that reasons thinks before it answers. Models from before September 2025 know only "
        "“Up to the model” and “Not at all”.",
        default="auto",
        choices=("auto", *EFFORTS),
        choice_labels=("Up to the model", "Not at all", "A bit", "Normal", "A lot"),
    )


@dataclass(frozen=True)
class ChatFormat:
    """The text format of a conversation.

    Attributes
    ----------
    prefix
        Text at the start of every conversation.
    user, assistant, system
        Labels before the messages of each role.
    opening
        Text with which every reply starts.
    suffix
        Text at the end of the user's message that is answered; the model reads it, `messages` lack it.
    separator
        Text between two messages; it never occurs inside one.
    stop
        Stop strings of a reply: the label of the next speaker.
    """

    name: str = "world"
    prefix: str = ""
    user: str = "User: "
    assistant: str = "Assistant:"
    system: str = "System: "
    opening: str = ""
    suffix: str = ""
    separator: str = "\n\n"
    stop: tuple[str, ...] = ("\n\nUser",)

    @property
    def reasons(self) -> bool:
        """Whether replies start with a thought, so that its length can be chosen."""
        return self.opening.lstrip().startswith("<think")

    def with_effort(self, effort: str | None) -> ChatFormat:
        """Return the format in which the model thinks as long as asked.

        Parameters
        ----------
        effort
            "none", "low", "medium" or "high" (`EFFORTS`); "auto" or None leaves it to the model.

        Raises
        ------
        SettingsError
            ``reasoning-effort``: in this format the model does not think. ``setting-type``: there is no such
            effort.
        """
        effort = ChatSettings.from_dict({"reasoning_effort": effort}).reasoning_effort
        if effort == "auto" or (effort == "none" and not self.reasons):
            return self
        if not self.reasons:
            raise SettingsError(
                "With this model's chat format, the length of thinking cannot be set.",
                code="reasoning-effort",
                param="reasoning_effort",
            )
        suffix, opening = EFFORTS[effort]
        space = self.opening[: len(self.opening) - len(self.opening.lstrip())]
        return replace(self, suffix=suffix, opening=space + opening)

    def squeeze(self, message: str) -> str:
        """Return a message as the model reads it: with blank lines replaced by line breaks."""
        return re.sub(r"\n{2,}", "\n", unix_lines(message)).strip()

    def preamble(self, system: str = "", *, begun: bool = False) -> str:
        """Return the text before the first message; without the prefix if the model has read text before."""
        return ("" if begun else self.prefix) + self.transcript([{"role": "system", "content": system}])

    def answering(self, thought: str = "") -> ChatFormat:
        r"""Return the format of a reply whose start is given: any thought is over.

        Examples
        --------
        >>> FORMATS["world"].answering().opening, FORMATS["g1"].answering().opening
        (' ', ' <think>\n</think>\n')
        """
        if self.reasons:
            quick = self.with_effort("none")
            opening = quick.opening.removesuffix(">") + ">\n"
            return replace(quick, opening=opening.replace("<think>", f"<think>{thought}", 1))
        return replace(self, opening=" " if self.assistant[-1:].strip() else "")

    def prompt(self, messages: Iterable[Message], *, begun: bool = False) -> str:
        r"""Return a whole conversation, up to where the reply starts.

        Examples
        --------
        >>> FORMATS["world"].prompt([{"role": "user", "content": "Good morning."}])
        'User: Good morning.\n\nAssistant:'
        """
        return self.preamble(begun=begun) + "".join(self.asked(messages)) + self.assistant + self.opening

    def transcript(self, messages: Iterable[Message]) -> str:
        """Return what `texts` returns as one text, with the same errors."""
        return "".join(self.texts(messages))

    def asked(self, messages: Iterable[Message]) -> list[str]:
        """Return what `texts` returns, with the suffix after the user's message that is answered."""
        messages = listed(messages)
        texts = self.texts(messages)
        if messages and messages[-1]["role"] == "user":
            texts[-1] = texts[-1].removesuffix(self.separator) + self.suffix + self.separator
        return texts

    def texts(self, messages: Iterable[Message]) -> list[str]:
        """Return the text of each message, followed by the separator; of an empty system prompt, none.

        Raises
        ------
        SettingsError
            ``chat-messages``: a message is invalid, or there is no list of them.
        """
        return [self._text(message) for message in listed(messages)]

    def _text(self, message: Message) -> str:
        role, content = role_and_text(message)
        if role == "system" and not content.strip():
            return ""
        label = {"system": self.system, "user": self.user, "assistant": self.assistant}[role]
        if role == "assistant" and label[-1:].strip():
            label += " "  # In a reply, the model generates the space after its label.
        return label + self.squeeze(content) + self.separator

    def to_dict(self) -> dict[str, Any]:
        """Return the format as config.json has it."""
        return {**asdict(self), "stop": list(self.stop)}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ChatFormat:
        """Read what `to_dict` returned; missing fields have their defaults.

        Raises
        ------
        SettingsError
            ``chat-format``: a field is not a string.
        """
        known = {field.name: values[field.name] for field in fields(ChatFormat) if field.name in values}
        stop = known.pop("stop", None)
        texts = [*known.values(), *(stop if isinstance(stop, (list, tuple)) else [stop or ""])]
        if not all(isinstance(text, str) for text in texts) or isinstance(stop, str) or not all(stop or "."):
            raise SettingsError("The chat format is invalid: its fields must be strings.", code="chat-format")
        found = ChatFormat(**known)
        speaker = found.user.strip().removesuffix(":")
        return replace(found, stop=tuple(stop or (found.separator + speaker,)))


_G1 = ChatFormat("g1", opening=" <think")

FORMATS: dict[str, ChatFormat] = {
    "world": ChatFormat(),
    "g1": _G1,
    "g1-quick": replace(_G1.with_effort("none"), name="g1-quick"),
    "raven": ChatFormat("raven", user="Bob: ", assistant="Alice:", system="", stop=("\n\nBob",)),
}
"""For World models; for G1 reasoning models; for the same without reasoning; for RWKV-4 Raven models."""

TITLES = {
    "world": "World: User and Assistant",
    "g1": "G1: reasons before it answers",
    "g1-quick": "G1 without reasoning",
    "raven": "Raven: Bob and Alice",
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
    titles = {"dialogue": "Dialogue, for the default model", **TITLES}
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


def describe_chat() -> dict[str, Any]:
    """Return the formats that a conversation can have, and what can be asked of a reply, as plain data.

    ``formats`` have ``name``, ``title`` and ``reasons``, whether the model thinks before it answers: then
    ``parameters`` apply. Thinking is one setting, so the format without it is not among them.
    """
    offered = [chat for name, chat in FORMATS.items() if name != "g1-quick"]
    return {
        "formats": [
            {"name": chat.name, "title": TITLES[chat.name], "reasons": chat.reasons} for chat in offered
        ],
        "parameters": ChatSettings.describe("chat", "Chat", "").to_dict()["parameters"],
    }


class ThoughtStream:
    """Separates a reasoning model's thought from its answer while they are generated.

    Parameters
    ----------
    opening
        The start of the reply, before the first text that is pushed (`ChatFormat.opening`).
    """

    def __init__(self, opening: str = "") -> None:
        self._text = opening
        self._returned = ("", "")

    def push(self, text: str) -> tuple[str, str]:
        """Add text; return what it adds to the thought and to the answer."""
        self._text += text
        return self._new(self._text[: len(self._text) - self._held()])

    def end(self) -> tuple[str, str]:
        """Return the text that was held back because it could have been the start of a tag."""
        return self._new(self._text)

    def _held(self) -> int:
        if "<think".startswith(self._text.strip()):
            return len(self._text)
        return next((n for n in range(len("</think"), 0, -1) if self._text.endswith("</think"[:n])), 0)

    def _new(self, text: str) -> tuple[str, str]:
        (thought, answer), before = split_thought(text), self._returned
        self._returned = thought, answer
        return thought[len(before[0]) :], answer[len(before[1]) :]


def split_thought(reply: str) -> tuple[str, str]:
    """Return (thought, answer) of a reasoning model's reply, which starts with its format's opening.

    The answer is empty until the thought ends; a reply without a thought is all answer. The start of the tag
    that ends a thought is not part of it.

    Examples
    --------
    >>> split_thought("<think>It is late.</think>Good night.")
    ('It is late.', 'Good night.')
    """
    match = re.match(rf"\s*<think>?(.*?)(?:</think>?(.*)|{_TAG_BEGUN})?$", reply, re.DOTALL)
    if not match:
        return "", reply.strip()
    return match[1].removeprefix(">").strip(), (match[2] or "").removeprefix(">").strip()
