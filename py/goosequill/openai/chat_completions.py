"""Chat completions: the answers of a model to messages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from goosequill.chat.choosing import format_of
from goosequill.chat.formats import ChatSettings
from goosequill.chat.replies import answer
from goosequill.chat.tools import requested_tools
from goosequill.decoding import SharedPrompt, StateMemory
from goosequill.models import Model
from goosequill.openai.errors import refusal, typed_errors
from goosequill.openai.pieces import Fields, Piece, chat_logprobs, pieces
from goosequill.openai.requests import (
    MOST_CANDIDATES,
    MOST_CHARACTERS,
    MOST_MESSAGES,
    Request,
    read,
    usage,
    whole,
)
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Completion = Generator[Progress | dict[str, Any], None, dict[str, Any]]
"""Yields the chunks of a stream, and progress; returns the whole completion."""

EFFORTS = {"minimal": "low", "xhigh": "high", "max": "high"}
"""OpenAI's efforts that are not among `goosequill.chat.formats.EFFORTS` -> those that come next."""


def chat_completion(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    request: Mapping[str, Any],
    *,
    state: Any = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Completion:
    """Answer messages.

    Parameters
    ----------
    description
        The model's config.json, which has its name and may have its chat format.
    request
        A request for a chat completion. Whatever its ``stream`` is, the chunks are yielded, and the whole is
        returned. Of fields that mean nothing here at most 32 are ignored, and named in ``ignored_fields`` of
        the answer and of each chunk; fields that would change the answer are refused.
    state
        Bytes of a state file to start from.
    memory
        Keeps states, so that the same prompt need not be read again. Several answers always read it once.
    cancelled
        Called between tokens; when it returns True the completion ends with ``finish_reason`` "abort".

    Yields
    ------
    Progress while the prompt is read, and the chunks of a stream: dicts whose ``object`` is
    "chat.completion.chunk".

    Returns
    -------
    The "chat.completion".

    Raises
    ------
    GoosequillError
        With ``type`` and, where a field of the request is at fault, ``param``, as in OpenAI's API.
    """
    fields: dict[str, str] = {}
    with typed_errors(fields):
        found = read(request, description, "chatcmpl", fields)
        messages, measured = _own(found)
        own = {"effort": _effort(found, description), **_tools(found)}
        found.check()
        whole_object = {**found.about, "object": "chat.completion", "choices": [], "usage": usage(0, 0)}
        if found.n > 1:
            memory = SharedPrompt(memory if state is None else None)
        resources = {"state": state, "memory": memory, "cancelled": cancelled, **own}
        for index in range(found.n):
            stream = answer(model, tokenizer, description, messages, found.seeded(index), **resources)
            parts = pieces(stream)
            if (
                yield from _chunks(found, parts, index, tokenizer if measured else None, whole_object)
            ) == "abort":
                break
        if found.usage:
            yield {**found.shape("chat.completion.chunk"), "choices": [], "usage": whole_object["usage"]}
        return whole_object


def _own(request: Request) -> tuple[Any, bool]:
    """Take the fields that only chat completions have; return the messages, and whether to add logprobs."""
    messages = request.take("messages")
    if isinstance(messages, list | tuple) and not messages:
        raise refusal("messages", "a list of at least one message")
    _check_size(messages)
    request.rename("max_completion_tokens", "max_new_tokens")
    request.rename("max_tokens", "max_new_tokens")
    measured = request.take("logprobs", False)
    if not isinstance(measured, bool):
        raise refusal("logprobs", "true or false")
    top = whole("top_logprobs", request.take("top_logprobs", 0), 0, MOST_CANDIDATES)
    if top and not measured:
        raise refusal("top_logprobs", "given with logprobs: true")
    request.settings["logprobs"] = top
    return messages, measured


def _effort(request: Request, description: Mapping[str, Any]) -> str:
    """Take how long the model thinks; a model that does not think ignores it."""
    effort = request.take("reasoning_effort")
    effort = EFFORTS.get(effort, effort) if isinstance(effort, str) else effort
    found: str = ChatSettings.from_dict({"reasoning_effort": effort}).reasoning_effort
    if found in ("auto", "none") or format_of(description).reasons:
        return found
    request.ignored.append("reasoning_effort")
    return "auto"


def _tools(request: Request) -> dict[str, Any]:
    """Take the fields about tools, and refuse them where they are invalid."""
    found = {name: request.take(name) for name in ("tools", "tool_choice", "parallel_tool_calls")}
    requested_tools(**found)
    return found


def _check_size(messages: Any) -> None:
    if isinstance(messages, str):
        raise refusal("messages", "a list of messages")
    if not isinstance(messages, list | tuple):
        return  # the chat format refuses it
    if len(messages) > MOST_MESSAGES or sum(map(_size, messages)) > MOST_CHARACTERS:
        raise refusal(
            "messages", f"at most {MOST_MESSAGES:,} messages of at most {MOST_CHARACTERS:,} characters"
        )


def _size(message: Any) -> int:
    """Return about how many characters the model reads of a message."""
    content = message.get("content") if isinstance(message, Mapping) else None
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    return (len(content) if isinstance(content, str) else len(str(content))) + len(str(calls or ""))


def _chunks(
    request: Request,
    answer: Iterator[Progress | Piece],
    index: int,
    tokenizer: Tokenizer | None,
    completion: dict[str, Any],
) -> Generator[Progress | dict[str, Any], None, str]:
    """Yield the chunks of one answer, add it to the whole completion, and return why it ended.

    With a tokenizer, its chunks have the probabilities of their tokens.
    """
    shape, begun = request.shape("chat.completion.chunk"), False
    message: dict[str, Any] = {"role": "assistant", "content": "", "refusal": None}
    choice: dict[str, Any] = {"index": index, "message": message, "logprobs": None, "finish_reason": None}
    if tokenizer:
        choice["logprobs"] = {"content": [], "refusal": None}
    completion["choices"].append(choice)

    def chunk(delta: dict[str, Any], logprobs: Any = None, reason: str | None = None) -> dict[str, Any]:
        fields = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**shape, "choices": [fields]}

    for piece in answer:
        if isinstance(piece, Progress):
            yield piece
            continue
        if not begun:
            yield chunk({"role": "assistant", "content": ""})
            begun = True
        if piece.thought:
            message["reasoning_content"] = message.get("reasoning_content", "") + piece.thought
            yield chunk({"reasoning_content": piece.thought})
        logprobs = chat_logprobs(tokenizer, piece.tokens) if tokenizer else None
        if logprobs:
            choice["logprobs"]["content"] += logprobs["content"]
        if piece.text:
            message["content"] = (message["content"] or "") + piece.text
            yield chunk({"content": piece.text}, logprobs)
        if piece.calls:
            yield chunk({"tool_calls": _add_calls(message, piece.calls)}, None if piece.text else logprobs)
        if piece.end:
            choice["finish_reason"] = reason = _reason(piece.end, message)
            own, before = piece.end["usage"], completion["usage"]["completion_tokens"]
            completion["usage"] = usage(own["prompt_tokens"], before + own["completion_tokens"])
            yield chunk({}, reason=reason)
    return str(choice["finish_reason"])


def _add_calls(message: dict[str, Any], calls: Iterable[Fields]) -> list[dict[str, Any]]:
    """Add to the calls of a message; return what was added as chunks have it."""
    found, deltas = message.setdefault("tool_calls", []), []
    for call in calls:
        delta: dict[str, Any] = {"index": call["index"], "function": {"arguments": call["arguments"]}}
        if "id" in call:
            delta |= {"id": call["id"], "type": "function"}
            delta["function"] = {"name": call["name"], **delta["function"]}
            found.append({"id": call["id"], "type": "function", "function": dict(delta["function"])})
        else:
            found[call["index"]]["function"]["arguments"] += call["arguments"]
        deltas.append(delta)
    message["content"] = message["content"] or None
    return deltas


def _reason(end: Fields, message: Fields) -> str:
    """Why an answer ended: calls end it by themselves, unless a stop text was found in one."""
    reason, calls = end["finish_reason"], message.get("tool_calls", ())
    called = reason == "stop" and calls and len(calls) == len(end["tool_calls"])
    return "tool_calls" if called else str(reason)
