"""The formats of conversations, and what a reasoning model thinks."""

from __future__ import annotations

from typing import Any

import pytest

from goosequill.chat import FORMATS, ChatFormat, split_thought
from goosequill.errors import SettingsError


def test_the_formats() -> None:
    assert FORMATS["world"].turn("a\r\n\r\nb ") == "User: a\nb\n\nAssistant:"
    assert FORMATS["g1"].turn("a") == "User: a\n\nAssistant: <think"
    assert FORMATS["g1-quick"].turn("a") == "User: a\n\nAssistant: <think>\n</think"
    assert FORMATS["world"].preamble("  ") == ""
    for chat_format in FORMATS.values():
        assert ChatFormat.from_dict(chat_format.to_dict()) == chat_format
    assert ChatFormat.from_dict({"user": "Q: ", "stop": ["\n\nQ"]}).turn("x") == "Q: x\n\nAssistant:"


@pytest.mark.parametrize("values", [{"user": 3}, {"stop": "x"}, {"stop": [""]}, {"stop": [1]}])
def test_an_unsound_format_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="chat format"):
        ChatFormat.from_dict(values)


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        (" <think>\nHm.\n</think>\n\nYes.", ("Hm.", "Yes.")),
        (" <think>\n</think>Yes.", ("", "Yes.")),
        (" <think>\nStill", ("Still", "")),
        (" <think", ("", "")),
        (" Yes <think>", ("", "Yes <think>")),
    ],
)
def test_thought_and_answer_are_told_apart(reply: str, parts: tuple[str, str]) -> None:
    assert split_thought(reply) == parts
