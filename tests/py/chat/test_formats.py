"""The formats of conversations, and what a reasoning model thinks."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.chat.formats import FORMATS, ChatFormat, ThoughtStream, split_thought
from goosequill.errors import SettingsError
from tests.py.refusals import refused


def test_the_formats() -> None:
    assert FORMATS["world"].prompt([{"role": "user", "content": "a\r\n\r\nb "}]) == "User: a\nb\n\nAssistant:"
    assert FORMATS["g1"].prompt([{"role": "user", "content": "a"}]) == "User: a\n\nAssistant: <think"
    assert (
        FORMATS["g1-quick"].prompt([{"role": "user", "content": "a"}])
        == "User: a\n\nAssistant: <think>\n</think"
    )
    assert FORMATS["world"].preamble("  ") == ""
    for chat_format in FORMATS.values():
        assert ChatFormat.from_dict(chat_format.to_dict()) == chat_format
    assert (
        ChatFormat.from_dict({"user": "Q: ", "stop": ["\n\nQ"]}).prompt([{"role": "user", "content": "x"}])
        == "Q: x\n\nAssistant:"
    )


def test_a_whole_conversation_as_one_prompt() -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello\n\n\nthere"},
        {"role": "user", "content": "And?"},
    ]
    chat_format = ChatFormat(prefix="<dialogue>\n", opening=" <think")
    said = "System: Be kind.\n\nUser: Hi\n\nAssistant: Hello\nthere\n\nUser: And?\n\nAssistant: <think"
    assert chat_format.prompt(messages) == "<dialogue>\n" + said
    assert chat_format.prompt(messages, begun=True) == said


def test_an_empty_system_prompt_is_not_read() -> None:
    """ag2 sends one with every question."""
    asked = [{"role": "user", "content": "Hi"}]
    for content in ("", " \n", [{"type": "text", "text": ""}]):
        for chat_format in FORMATS.values():
            messages = [{"role": "system", "content": content}, *asked]
            assert chat_format.prompt(messages) == chat_format.prompt(asked)


def clean_txt(text: str) -> str:
    """BlinkDL's, as published in RWKV-LM/RWKV-v7/RWKV7-G1x-templates.txt."""
    return re.sub(r"\n{2,}", "\n", text.replace("\r\n", "\n")).strip()


@given(st.text(alphabet="ab \t\r\n"))
def test_messages_are_cleaned_as_the_models_authors_do(message: str) -> None:
    # Only the lone CR differs, which the authors' function leaves.
    assert ChatFormat().squeeze(message) == clean_txt(re.sub(r"\r(?!\n)", "\n", message))
    assert "\n\n" not in ChatFormat().squeeze(message)


@pytest.mark.parametrize(
    ("effort", "expected"),
    [
        (None, "User: a\n\nAssistant: <think"),
        ("auto", "User: a\n\nAssistant: <think"),
        ("none", "User: a\n\nAssistant: <think>\n</think"),
        ("low", "User: a (think a bit)\n\nAssistant: <think"),
        ("medium", "User: a (think)\n\nAssistant: <think"),
        ("high", "User: a (think a lot)\n\nAssistant: <think"),
    ],
)
def test_how_long_a_model_thinks(effort: str | None, expected: str) -> None:
    assert FORMATS["g1"].with_effort(effort).prompt([{"role": "user", "content": "a\n"}]) == expected
    if effort not in (None, "auto"):
        assert FORMATS["g1-quick"].with_effort(effort).prompt([{"role": "user", "content": "a"}]) == expected
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    earlier = "User: Hi\n\nAssistant: Hello\n\n"  # only the message that is answered has the request
    chat = FORMATS["g1"].with_effort(effort)
    assert chat.prompt([*said, {"role": "user", "content": "a"}]) == earlier + expected
    assert chat.prompt(iter(said)) == earlier + "Assistant:" + chat.opening


def test_a_models_own_format_keeps_its_space_before_a_thought() -> None:
    own = ChatFormat.from_dict({"assistant": "AI: ", "opening": "<think"})
    assert own.reasons and not ChatFormat().reasons
    assert (
        own.with_effort("none").prompt([{"role": "user", "content": "a"}])
        == "User: a\n\nAI: <think>\n</think"
    )


@pytest.mark.parametrize(
    "message", [3, {}, {"role": "user"}, {"role": "goose", "content": "x"}, {"content": "x"}]
)
def test_invalid_messages_are_refused(message: Any) -> None:
    with pytest.raises(SettingsError, match="messages are invalid"):
        ChatFormat().prompt([message])


@pytest.mark.parametrize("values", [{"user": 3}, {"stop": "x"}, {"stop": [""]}, {"stop": [1]}])
def test_invalid_formats_are_refused(values: dict[str, Any]) -> None:
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
        (" <think>1 < 2</thin", ("1 < 2", "")),
    ],
)
def test_thoughts_are_separated_from_answers(reply: str, parts: tuple[str, str]) -> None:
    assert split_thought(reply) == parts


@pytest.mark.parametrize("opening", ["", " <think", " <think>\n</think"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_thoughts_are_separated_from_answers_in_a_stream(opening: str, size: int) -> None:
    for reply in (
        ">Hm.\n</think>\n\nYes </b>.\n",
        " <think>Hm, </x></think>Yes.",
        " Yes <think>.",
        "<th",
        ">\nNo </thin",
    ):
        stream = ThoughtStream(opening)
        pieces = [stream.push(reply[start : start + size]) for start in range(0, len(reply), size)]
        pieces.append(stream.end())
        assert tuple(map("".join, zip(*pieces, strict=True))) == split_thought(opening + reply)


@pytest.mark.parametrize("messages", [None, 7, {}, "Hi", {"role": "user", "content": "Hi"}])
def test_missing_messages_are_an_error_that_says_so(messages: Any) -> None:
    with refused(SettingsError, "chat-messages", match="neither a text nor a list of messages"):
        ChatFormat().prompt(messages)
