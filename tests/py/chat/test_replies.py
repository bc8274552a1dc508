"""Replies to a prompt that is already in a chat format."""

from typing import Any

import pytest

from goosequill.browser.jobs import Job
from goosequill.chat.conversation import Conversation
from goosequill.chat.replies import append, continue_reply, say
from goosequill.decoding.streaming import continue_text
from goosequill.support.progress import Progress

from .test_conversation import TOKENIZER, Scripted


def text_and_thought(prompt: str, reply: str, opening: str | None) -> tuple[str, str]:
    model: Any = Scripted((opening or "") + reply + "\n\nUser: b")
    settings = {"temperature": 0, "max_new_tokens": 60, "stop": ["\n\nUser"]}
    resources: Any = (model, TOKENIZER, prompt, settings)
    stream: Any = (
        continue_text(*resources) if opening is None else continue_reply(*resources, opening=opening)
    )
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
    job = Job(continue_text, arguments, resources={"model": model, "tokenizer": TOKENIZER})
    step = job.step()
    assert step["progress"]["status"] == "constraint"
    assert step["progress"]["loaded"] > 0
    job.cancel()
    end = job.step()["end"]
    assert end["finish_reason"] == "abort"
    assert end["usage"]["completion_tokens"] == 0


def ended(job: Job) -> Any:
    while True:
        step = job.step()
        if "end" in step:
            return step["end"]


def test_the_end_of_a_reply_and_of_messages_has_the_tokens_that_they_take() -> None:
    model: Any = Scripted(" Hello.\n\nUser")
    talk = Conversation(model, TOKENIZER)
    resources = {"conversation": talk}
    asked = {"message": [{"role": "user", "content": "Hi"}], "settings": {"temperature": 0}}
    end = ended(Job(say, asked, resources=resources))
    assert end["tokens"] == len("User: Hi\n\nAssistant: Hello.\n\n")
    end = ended(Job(append, {"messages": [{"role": "user", "content": "Ah."}]}, resources=resources))
    assert end["tokens"] == len("User: Ah.\n\n")
    assert end["messages"][-1] == {"role": "user", "content": "Ah."}


def test_a_reply_that_continues_a_prefix_keeps_its_spaces() -> None:
    model: Any = Scripted(" One,  two\n\nUser")
    talk = Conversation(model, TOKENIZER)
    job = Job(
        say,
        {"message": "Count", "prefix": "One, ", "settings": {"temperature": 0}},
        resources={"conversation": talk},
    )
    text = ""
    while "end" not in (step := job.step()):
        text += step.get("part", {}).get("text", "")
    assert text + step["end"]["text"] == " two"


def test_a_reply_that_matches_a_constraint_keeps_its_spaces() -> None:
    model: Any = Scripted("  a  b")
    arguments = {"message": "Hi", "settings": {"temperature": 0, "regex": " *a *b"}}
    job = Job(say, arguments, resources={"conversation": Conversation(model, TOKENIZER)})
    text = ""
    while "end" not in (step := job.step()):
        text += step.get("part", {}).get("text", "")
    assert text + step["end"]["text"] == "  a  b"


def test_cancelling_messages_leaves_the_conversation_as_it_was() -> None:
    model: Any = Scripted("")
    talk = Conversation(model, TOKENIZER)
    arguments = {"messages": [{"role": "user", "content": "long " * 60}]}
    job = Job(append, arguments, resources={"conversation": talk})
    assert job.step()["progress"] == {"status": "prompt", "loaded": 64, "total": 305, "file": ""}
    job.cancel()
    assert job.step() == {"aborted": True}
    assert talk.state.tokens == []  # type: ignore[attr-defined]
    assert talk.messages == []
