"""Responses, the newer shape of OpenAI's API: items in and out, and conversations that are remembered here.

A request becomes one for a chat completion, and the chunks of that become events and items.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from goosequill.decoding import StateMemory
from goosequill.errors import GoosequillError
from goosequill.models import Model
from goosequill.openai.chat_completions import Completion, chat_completion
from goosequill.openai.errors import refusal
from goosequill.openai.requests import MOST_MESSAGES
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Fields = dict[str, Any]
Message = dict[str, Any]
Events = Generator[Progress | Fields, None, Fields]

RENAMED = {
    "max_completion_tokens": "max_output_tokens",
    "messages": "input",
    "reasoning_effort": "reasoning",
    "response_format": "text",
}
"""Fields of a chat completion -> those of a response, for errors."""
UNUSED: Mapping[str, tuple[Any, ...]] = {
    "background": (False,),
    "conversation": (),
    "include": ([],),
    "n": (1,),
    "prompt": (),
    "top_logprobs": (0,),
    "truncation": ("auto", "disabled"),
}
"""Fields that would change an answer -> the values that would not."""
TEXTS = ("input_text", "output_text", "text")
"""Kinds of content that are texts."""
MOST_KEPT, MOST_KEPT_CHARACTERS = 256, 8_000_000
"""Conversations that are remembered, and about how many characters of them in all."""


class Kept:
    """The messages up to each of the last responses, by their ids; the oldest are forgotten."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[list[Message], int]] = OrderedDict()
        self._size = 0

    def add(self, name: str, messages: list[Message]) -> None:
        """Remember the messages up to a response."""
        size = sum(len(str(message)) for message in messages)
        self._found[name] = messages, size
        self._size += size
        while len(self._found) > MOST_KEPT or (self._size > MOST_KEPT_CHARACTERS and len(self._found) > 1):
            self._size -= self._found.popitem(last=False)[1][1]

    def messages(self, name: Any) -> list[Message]:
        """Return the messages up to a response, or refuse it."""
        if not isinstance(name, str) or name not in self._found:
            raise refusal("previous_response_id", "the id of one of the last responses that were stored here")
        self._found.move_to_end(name)
        return self._found[name][0]


kept = Kept()
"""What this program remembers; nobody can guess an id."""


def response(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    request: Mapping[str, Any],
    *,
    state: Any = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Completion:
    """Answer the items of a request.

    Parameters
    ----------
    request
        ``input`` is a text, or a list of messages, function calls and their outputs; ``previous_response_id``
        continues what was said up to a response, of which the last 256 are remembered unless ``store`` is
        false. ``instructions``, ``tools`` (functions), ``tool_choice``, ``text.format``, ``reasoning.effort``
        and ``max_output_tokens`` are OpenAI's; all else is as in
        `goosequill.openai.chat_completions.chat_completion`, as are the other parameters.

    Yields
    ------
    Progress while the prompt is read, and the events of a stream, "response.created" first.

    Returns
    -------
    The "response".

    Raises
    ------
    GoosequillError
        With ``type`` and, where a field of the request is at fault, ``param``, as in OpenAI's API.
    """
    try:
        asked = _read(request)
        chunks = chat_completion(
            model, tokenizer, description, asked.chat, state=state, memory=memory, cancelled=cancelled
        )
        return (yield from _Writer(asked, request).events(chunks))
    except GoosequillError as error:
        if error.param:
            error.param = RENAMED.get(error.param, error.param)
        raise


# ---- Requests ----


@dataclass
class Asked:
    """A request.

    Attributes
    ----------
    chat
        The same for a chat completion.
    said
        Its messages, without the instructions, which a next response does not get.
    """

    chat: Fields
    said: list[Message]
    store: bool


def _read(request: Any) -> Asked:
    if not isinstance(request, Mapping):
        raise refusal("request", "an object")
    chat: Fields = {str(name): value for name, value in request.items() if value is not None}
    for name, values in UNUSED.items():
        if name in chat and chat.pop(name) not in values:
            raise refusal(name, " or ".join([*map(json.dumps, values), "left out"]))
    instructions, store = chat.pop("instructions", ""), chat.pop("store", True)
    if not isinstance(instructions, str):
        raise refusal("instructions", "a text")
    if not isinstance(store, bool):
        raise refusal("store", "true or false")
    chat.pop("metadata", None)  # which is only given back
    before = kept.messages(chat.pop("previous_response_id")) if "previous_response_id" in chat else []
    said = [*before, *_messages(chat.pop("input", None))]
    system = [{"role": "system", "content": instructions}] if instructions else []
    chat["messages"] = [*system, *said]
    if "max_output_tokens" in chat:
        chat["max_completion_tokens"] = chat.pop("max_output_tokens")
    _take_format(chat)
    _take_effort(chat)
    _take_tools(chat)
    return Asked(chat, said, store)


def _take_format(chat: Fields) -> None:
    text = chat.pop("text", {})
    form = text.get("format", {"type": "text"}) if isinstance(text, Mapping) else None
    if not isinstance(form, Mapping):
        raise refusal("text", "an object such as {format: {type: “text”}}")
    about = {name: value for name, value in form.items() if name != "type"}
    chat["response_format"] = (
        {"type": "json_schema", "json_schema": about} if form.get("type") == "json_schema" else form
    )


def _take_effort(chat: Fields) -> None:
    reasoning = chat.pop("reasoning", {})
    if not isinstance(reasoning, Mapping):
        raise refusal("reasoning", "an object such as {effort: “low”}")
    if reasoning.get("effort") is not None:
        chat["reasoning_effort"] = reasoning["effort"]


def _take_tools(chat: Fields) -> None:
    """Give functions and the choice of one the shape of chat completions."""
    tools = chat.get("tools")
    if isinstance(tools, list):
        chat["tools"] = [_nested(tool) for tool in tools]
    if isinstance(chat.get("tool_choice"), Mapping):
        chat["tool_choice"] = _nested(chat["tool_choice"])


def _nested(tool: Any) -> Any:
    if not isinstance(tool, Mapping) or tool.get("type") != "function":
        raise refusal("tools", "functions: no other tools are known here")
    return {"type": "function", "function": {name: tool[name] for name in tool if name != "type"}}


def _messages(given: Any) -> list[Message]:
    """Return the messages of an input."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list) or not 0 < len(given) <= MOST_MESSAGES:
        raise refusal("input", f"a text, or a list of 1 to {MOST_MESSAGES:,} items")
    found: list[Message] = []
    for item in given:
        kind = item.get("type", "message") if isinstance(item, Mapping) else None
        if kind == "message":
            found.append({"role": _role(item), "content": _text(item.get("content"))})
        elif kind == "function_call":
            _add_call(found, item)
        elif kind == "function_call_output":
            output = {"tool_call_id": item.get("call_id"), "content": _text(item.get("output"))}
            found.append({"role": "tool", **output})
        elif kind != "reasoning":  # a model's former thoughts are not read again
            raise refusal("input", "messages, function calls and their outputs")
    return found


def _role(item: Mapping[str, Any]) -> Any:
    return "system" if item.get("role") == "developer" else item.get("role")


def _text(content: Any) -> str:
    """Return the text of a content."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") in TEXTS]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        raise refusal("input", "texts: other contents cannot be read")
    return "".join(map(str, texts))


def _add_call(messages: list[Message], item: Mapping[str, Any]) -> None:
    """Add a call to the assistant's message before it, or as one."""
    about = {"name": item.get("name"), "arguments": item.get("arguments")}
    call = {"id": item.get("call_id"), "type": "function", "function": about}
    if messages and messages[-1]["role"] == "assistant":
        messages[-1] = {**messages[-1], "tool_calls": [*messages[-1].get("tool_calls", ()), call]}
    else:
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})


# ---- Answers ----


@dataclass
class _Writer:
    """Turns the chunks of a chat completion into events, and into the items of a response."""

    asked: Asked
    request: Mapping[str, Any]
    whole: Fields = field(init=False)
    item: Fields | None = None
    """The one that is being written."""
    count: int = 0
    """Events so far."""

    def __post_init__(self) -> None:
        given = self.request.get
        text = given("text")
        self.whole = {
            "id": f"resp_{secrets.token_hex(24)}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "error": None,
            "incomplete_details": None,
            "instructions": given("instructions"),
            "max_output_tokens": given("max_output_tokens"),
            "metadata": given("metadata") or {},
            "model": "",
            "output": [],
            "parallel_tool_calls": given("parallel_tool_calls") is not False,
            "previous_response_id": given("previous_response_id"),
            "reasoning": {"effort": None, "summary": None, **(given("reasoning") or {})},
            "store": self.asked.store,
            "temperature": given("temperature"),
            "text": {"format": {"type": "text"}, **(text or {})},
            "tool_choice": given("tool_choice") or "auto",
            "tools": given("tools") or [],
            "top_p": given("top_p"),
            "truncation": "disabled",
            "usage": None,
        }

    def events(self, chunks: Completion) -> Events:
        """Yield the events, and return the response."""
        begun = False
        while True:
            try:
                chunk = next(chunks)
            except StopIteration as end:
                completion = end.value
                break
            if isinstance(chunk, Progress):
                yield chunk
                continue
            if not begun:
                self._note(chunk)
                yield self._whole_event("response.created")
                yield self._whole_event("response.in_progress")
                begun = True
            for choice in chunk["choices"]:
                yield from self._written(choice["delta"])
        self._note(completion)
        yield from self._close()
        return (yield from self._end(completion))

    def _note(self, about: Fields) -> None:
        self.whole["model"] = about["model"]
        if "ignored_fields" in about:
            self.whole["ignored_fields"] = about["ignored_fields"]

    def _written(self, delta: Fields) -> Events:
        """What a delta of a chat completion adds."""
        if delta.get("reasoning_content"):
            yield from self._add("reasoning", delta["reasoning_content"])
        if delta.get("content"):
            yield from self._add("message", delta["content"])
        for call in delta.get("tool_calls", ()):
            about = call["function"]
            if "id" in call:
                yield from self._open("function_call", call_id=call["id"], name=about["name"])
            yield from self._add("function_call", about["arguments"])
        return {}

    def _add(self, kind: str, text: str) -> Events:
        """Add to the item that is being written, or begin one."""
        if self.item is None or self.item["type"] != kind:
            yield from self._open(kind)
        assert self.item is not None
        if kind == "function_call":
            self.item["arguments"] += text
            yield self._item_event("response.function_call_arguments.delta", delta=text)
        elif text:
            self.item["content"][0]["text"] += text
            name = "reasoning_text" if kind == "reasoning" else "output_text"
            more: Fields = {} if kind == "reasoning" else {"logprobs": []}
            yield self._item_event(f"response.{name}.delta", content_index=0, delta=text, **more)
        return {}

    def _open(self, kind: str, **more: str) -> Events:
        yield from self._close()
        prefix = {"message": "msg", "reasoning": "rs", "function_call": "fc"}[kind]
        item: Fields = {"type": kind, "id": f"{prefix}_{secrets.token_hex(24)}", "status": "in_progress"}
        if kind == "function_call":
            item |= {**more, "arguments": ""}
        elif kind == "reasoning":
            item |= {"summary": [], "content": [{"type": "reasoning_text", "text": ""}]}
        else:
            item |= {"role": "assistant", "content": []}
        self.whole["output"].append(item)
        self.item = item
        yield self._event("response.output_item.added", output_index=self._index, item=_copy(item))
        if kind == "message":
            item["content"].append({"type": "output_text", "text": "", "annotations": [], "logprobs": []})
            yield self._item_event(
                "response.content_part.added", content_index=0, part=dict(item["content"][0])
            )
        return {}

    def _close(self) -> Events:
        """End the item that is being written."""
        item = self.item
        if item is None:
            return {}
        item["status"] = "completed"
        if item["type"] == "function_call":
            done = {"arguments": item["arguments"], "name": item["name"]}
            yield self._item_event("response.function_call_arguments.done", **done)
        elif item["type"] == "reasoning":
            text = item["content"][0]["text"]
            yield self._item_event("response.reasoning_text.done", content_index=0, text=text)
        else:
            part = dict(item["content"][0])
            done = {"text": part["text"], "logprobs": []}
            yield self._item_event("response.output_text.done", content_index=0, **done)
            yield self._item_event("response.content_part.done", content_index=0, part=part)
        yield self._event("response.output_item.done", output_index=self._index, item=_copy(item))
        self.item = None
        return {}

    def _end(self, completion: Fields) -> Events:
        choice, used = completion["choices"][0], completion["usage"]
        reason = choice["finish_reason"]
        status = {"length": "incomplete", "abort": "cancelled"}.get(reason, "completed")
        if status == "incomplete":
            self.whole["incomplete_details"] = {"reason": "max_output_tokens"}
            if self.whole["output"]:
                self.whole["output"][-1]["status"] = "incomplete"
        self.whole |= {
            "status": status,
            "usage": {
                "input_tokens": used["prompt_tokens"],
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": used["completion_tokens"],
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": used["total_tokens"],
            },
        }
        if self.asked.store and status != "cancelled":
            message = {name: choice["message"].get(name) for name in ("role", "content", "tool_calls")}
            answer = {name: value for name, value in message.items() if value is not None}
            kept.add(self.whole["id"], [*self.asked.said, {"content": "", **answer}])
        yield self._whole_event(f"response.{'incomplete' if status == 'incomplete' else 'completed'}")
        return self.whole

    @property
    def _index(self) -> int:
        return len(self.whole["output"]) - 1

    def _event(self, kind: str, **fields: Any) -> Fields:
        self.count += 1
        return {"type": kind, "sequence_number": self.count - 1, **fields}

    def _item_event(self, kind: str, **fields: Any) -> Fields:
        assert self.item is not None
        return self._event(kind, item_id=self.item["id"], output_index=self._index, **fields)

    def _whole_event(self, kind: str) -> Fields:
        whole = {**self.whole, "output": [_copy(item) for item in self.whole["output"]]}
        return self._event(kind, response=whole)


def _copy(item: Fields) -> Fields:
    """A copy that later deltas do not change."""
    parts: Sequence[Fields] = item.get("content", ())
    return {**item, **({"content": [dict(part) for part in parts]} if "content" in item else {})}
