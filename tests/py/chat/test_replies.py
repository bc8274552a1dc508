"""Replies to a prompt that is already in a chat format."""

from __future__ import annotations

from typing import Any

import pytest

from goosequill.browser.jobs import Job
from goosequill.chat.replies import generate
from goosequill.progress import Progress

from .test_conversation import TOKENIZER, Scripted


def text_and_thought(prompt: str, reply: str, opening: str | None) -> tuple[str, str]:
    model: Any = Scripted((opening or "") + reply + "\n\nUser: b")
    settings = {"temperature": 0, "max_new_tokens": 60, "stop": ["\n\nUser"]}
    stream = generate(model, TOKENIZER, {}, prompt, settings, opening=opening)
    items: list[Any] = []
    while True:
        try:
            items.append(next(stream))
        except StopIteration as stopped:
            items.append(stopped.value)
            break
    found = [
        item if isinstance(item, dict) else vars(item) for item in items if not isinstance(item, Progress)
    ]
    return "".join(item["text"] for item in found), "".join(item.get("thought", "") for item in found)


@pytest.mark.parametrize(
    ("opening", "reply", "expected"),
    [
        (" <think", ">Hm.</think>Yes.", ("Yes.", "Hm.")),
        (" <think>\n</think", ">Yes.", ("Yes.", "")),
        ("", "Yes.", ("Yes.", "")),
        (None, ">Yes.", (">Yes.", "")),
    ],
)
def test_the_thought_is_separated_after_the_opening(
    opening: str | None, reply: str, expected: tuple[str, str]
) -> None:
    assert text_and_thought(f"User: a\n\nAssistant:{opening or ''}", reply, opening) == expected


def test_making_a_constraint_is_reported_and_can_be_stopped() -> None:
    """As the worker does: it looks for Stop between two steps."""
    arguments = {"prompt": "User: a", "settings": {"regex": "(reply[ab]){500}"}}
    model: Any = Scripted("")
    job = Job(generate, arguments, resources={"model": model, "tokenizer": TOKENIZER, "description": {}})
    step = job.step()
    assert step["progress"]["status"] == "constraint"
    assert step["progress"]["loaded"] > 0
    job.cancel()
    end = job.step()["end"]
    assert end["finish_reason"] == "abort"
    assert end["usage"]["completion_tokens"] == 0
