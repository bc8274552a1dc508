"""Responses: what their requests become, their events, their items, and what is remembered."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from goosequill.errors import GoosequillError
from goosequill.openai import responses
from goosequill.openai.chat_completions import chat_completion
from goosequill.openai.responses import MOST_KEPT, Kept, response
from tests.py.chat.test_conversation import TOKENIZER, Scripted
from tests.py.jobs import chunks

NAME = {"name": "goose"}
TOOL = {"type": "function", "name": "now", "description": "Tells the time.", "parameters": {"type": "object"}}
CALL = '```json\n{"name": "now", "arguments": {}}\n```'


def ask(request: Any, *, reply: str = " Well met.\n\nUser", description: Any = NAME) -> Any:
    """The events, and the response."""
    model: Any = Scripted(*[reply] * 4)  # of as many turns
    return chunks(response(model, TOKENIZER, description, request))


def part(text: str) -> dict[str, str]:
    return {"type": "input_text", "text": text}


def kinds(events: Any) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


@pytest.fixture
def chats(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests for chat completions that were made."""
    found: list[Any] = []

    def note(model: Any, tokenizer: Any, description: Any, request: Any, **more: Any) -> Any:
        found.append(request)
        return chat_completion(model, tokenizer, description, request, **more)

    monkeypatch.setattr(responses, "chat_completion", note)
    return found


def test_a_text_comes_as_events_and_as_an_item() -> None:
    events, whole = ask({"input": "Good morning.", "metadata": {"a": "b"}, "max_output_tokens": 50})
    assert kinds(events) == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *["output_text.delta"] * (len(events) - 8),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    (item,) = whole["output"]
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert item["content"][0]["text"] == "".join(deltas) == "Well met."
    assert {event.get("item_id", item["id"]) for event in events} == {item["id"]}
    assert (item["role"], item["status"], whole["status"]) == ("assistant", "completed", "completed")
    assert events[0]["response"]["output"] == [] and events[-1]["response"] == whole
    assert whole["metadata"] == {"a": "b"} and whole["model"] == "goose"
    assert whole["usage"]["total_tokens"] == sum(
        whole["usage"][f"{side}_tokens"] for side in ("input", "output")
    )


def test_what_is_asked_is_asked_of_the_chat(chats: list[Any]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    form = {"name": "A", "schema": schema, "strict": True}
    ask({
        "input": [
            {"role": "developer", "content": [part("Be "), part("kind.")]},
            {"type": "message", "role": "user", "content": "What time is it?"},
            {"type": "reasoning", "summary": []},
            {"type": "function_call", "call_id": "c1", "name": "now", "arguments": "{}"},
            {"type": "function_call", "call_id": "c2", "name": "now", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "noon"},
            {"type": "function_call_output", "call_id": "c2", "output": [part("one")]},
        ],
        "instructions": "Be brief.",
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", **form}},
        "temperature": 0,
    })  # fmt: skip
    about = {"type": "function", "function": {"name": "now", "arguments": "{}"}}
    assert chats[0] == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "What time is it?"},
            {"role": "assistant", "content": "", "tool_calls": [{"id": id, **about} for id in ("c1", "c2")]},
            {"role": "tool", "tool_call_id": "c1", "content": "noon"},
            {"role": "tool", "tool_call_id": "c2", "content": "one"},
        ],
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": form},
        "temperature": 0,
    }  # fmt: skip


def test_a_schema_is_kept() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"enum": [7]}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "name": "A", "schema": schema}
    _, whole = ask({"input": "a", "text": {"format": form}, "temperature": 0})
    assert json.loads(whole["output"][0]["content"][0]["text"]) == {"a": 7}


def test_calls_are_items_and_their_outputs_are_read(chats: list[Any]) -> None:
    request = {"input": "What time is it?", "tools": [TOOL], "tool_choice": "required", "temperature": 0}
    events, whole = ask(request, reply=f" {CALL}\n\nUser")
    (item,) = whole["output"]
    assert (item["type"], item["name"], item["arguments"]) == ("function_call", "now", "{}")
    assert kinds(events)[2:4] == ["output_item.added", "function_call_arguments.delta"]
    assert kinds(events)[-3:] == ["function_call_arguments.done", "output_item.done", "completed"]
    output = {"type": "function_call_output", "call_id": item["call_id"], "output": "noon"}
    ask({"input": [output], "previous_response_id": whole["id"], "tools": [TOOL]})
    user, called, answered = chats[1]["messages"]
    assert user["content"] == "What time is it?" and answered["content"] == "noon"
    assert called["tool_calls"][0]["id"] == item["call_id"] == answered["tool_call_id"]
    choice = {"type": "function", "name": "now"}
    ask({**request, "tool_choice": choice}, reply=f" {CALL}\n\nUser")
    assert chats[2]["tool_choice"] == {"type": "function", "function": {"name": "now"}}


def test_thoughts_are_an_item_before_the_text() -> None:
    description = {"name": "rwkv7-g1"}
    events, whole = ask({"input": "a"}, reply=" <think>Hm</think>So.\n\nUser", description=description)
    thought, said = whole["output"]
    assert thought["type"] == "reasoning" and "Hm" in thought["content"][0]["text"]
    assert said["content"][0]["text"].strip() == "So."
    assert "reasoning_text.delta" in kinds(events) and "reasoning_text.done" in kinds(events)


def test_a_response_continues_what_was_said_without_its_instructions(chats: list[Any]) -> None:
    first = ask({"input": "Good morning.", "instructions": "Be brief."})[1]
    second = ask({"input": "And now?", "previous_response_id": first["id"]})[1]
    assert chats[1]["messages"] == [
        {"role": "user", "content": "Good morning."},
        {"role": "assistant", "content": "Well met."},
        {"role": "user", "content": "And now?"},
    ]
    assert second["previous_response_id"] == first["id"]
    forgotten = ask({"input": "a", "store": False})[1]
    with pytest.raises(GoosequillError) as caught:
        ask({"input": "b", "previous_response_id": forgotten["id"]})
    assert caught.value.param == "previous_response_id"


def test_a_text_that_is_cut_is_incomplete() -> None:
    events, whole = ask({"input": "a", "max_output_tokens": 2})
    assert (whole["status"], whole["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert whole["output"][0]["status"] == "incomplete" and kinds(events)[-1] == "incomplete"


@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("input", {"input": None}),
        ("input", {"input": []}),
        ("input", {"input": [7]}),
        ("input", {"input": [{"type": "item_reference", "id": "x"}]}),
        ("input", {"input": [{"role": "user", "content": [{"type": "input_image"}]}]}),
        ("input", {"input": [{"role": "user", "content": [{"type": "text", "text": 7}]}]}),
        ("instructions", {"instructions": 7}),
        ("previous_response_id", {"previous_response_id": "resp_x"}),
        ("previous_response_id", {"previous_response_id": ["x"]}),
        ("store", {"store": "yes"}),
        ("text", {"text": "json"}),
        ("text", {"text": {"format": {"type": "xml"}}}),
        ("reasoning", {"reasoning": "low"}),
        ("max_output_tokens", {"max_output_tokens": -1}),
        ("tools", {"tools": [{"type": "web_search"}]}),
        ("background", {"background": True}),
        ("n", {"n": 2}),
        ("conversation", {"conversation": "c"}),
        ("temperature", {"temperature": -1}),
    ],
)
def test_what_cannot_be_answered_names_its_field(param: str, more: dict[str, Any]) -> None:
    with pytest.raises(GoosequillError) as caught:
        ask({"input": "a", **more})
    assert caught.value.param == param


def test_few_conversations_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Kept()
    said: Callable[[int], Any] = lambda number: [{"role": "user", "content": str(number)}]  # noqa: E731
    for number in range(MOST_KEPT + 5):
        found.add(f"r{number}", said(number))
        assert found.messages("r0") == said(0)  # what is used stays
    assert found.messages(f"r{MOST_KEPT}") == said(MOST_KEPT)
    with pytest.raises(GoosequillError):
        found.messages("r1")
    monkeypatch.setattr(responses, "MOST_KEPT_CHARACTERS", 100)
    found.add("long", [{"role": "user", "content": "a" * 1000}])
    assert len(found._found) == 1 and found.messages("long")
