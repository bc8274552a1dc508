"""Streams replies: messages answered, a text continued that ends in a reply, a turn of a conversation.

Each function is a generator of plain values: progress while the prompt is read, a dict for each token,
and the end as the return value. A thought of the model, and its calls of tools, are separated from its
answer. Texts that are no replies are in `goosequill.decoding.streaming`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from goosequill.chat.choosing import format_of
from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import ThoughtStream
from goosequill.chat.messages import Message, with_instructions
from goosequill.chat.tools import CallStream, requested_tools
from goosequill.decoding import Chunk, DecodingConfig, End, StateMemory
from goosequill.decoding.steps.constraint import form_of
from goosequill.decoding.streaming import Streamed, continue_text, stream, with_end
from goosequill.models import Model
from goosequill.models.saved_state import open_saved_state
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Stream = Generator[Progress | Chunk | dict[str, Any], None, dict[str, Any]]


def answer(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    messages: Sequence[Message],
    settings: Mapping[str, Any] | None = None,
    *,
    effort: str | None = None,
    state: Any = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
    **tools: Any,
) -> Stream:
    """Answer messages in the model's chat format.

    Parameters
    ----------
    description
        The model's config.json, which may name its chat format.
    effort
        How long the model thinks before it answers (`goosequill.chat.formats.EFFORTS`).
    **tools
        What the answer may call (`goosequill.chat.tools.requested_tools`). The end then has
        ``tool_calls``, ``{"id", "name", "arguments"}`` each, and every item ``tool_call_deltas``
        (`CallStream.push`); texts lack the calls.
    settings, state, memory, cancelled
        As for `goosequill.decoding.streaming.continue_text`.
    """
    saved = open_saved_state(model, state)
    config = DecodingConfig.from_dict(settings or {})
    chat = format_of(description).with_effort(effort)
    config = config.replace(stop=(*config.stop, *chat.stop))
    found = requested_tools(**tools)
    if found:
        config = found.constrain(config, chat.opening, chat.stop)
        messages = with_instructions(messages, found.instructions)
    text = chat.prompt(messages, begun=saved is not None and saved.begun)
    if saved:
        text, saved = saved.unread + text, replace(saved, unread="")
    prompt = tokenizer.encode(text)  # as it is: the model's own replies keep their line ends
    written = continue_text(model, tokenizer, prompt, config, state=saved, memory=memory, cancelled=cancelled)
    return (yield from _divided(written, chat.opening, CallStream(found) if found else None))


def continue_reply(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    settings: Mapping[str, Any] | None = None,
    *,
    opening: str,
    state: Any = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Stream:
    """Continue a text that ends with the opening of a reply, and separate its thought from its answer.

    Parameters
    ----------
    opening
        The end of `prompt` (`ChatFormat.opening`).
    settings, state, memory, cancelled
        As for `goosequill.decoding.streaming.continue_text`.
    """
    written = continue_text(
        model, tokenizer, prompt, settings, state=state, memory=memory, cancelled=cancelled
    )
    return (yield from _divided(written, opening))


def say(
    conversation: Conversation,
    message: str | Sequence[Message],
    settings: Mapping[str, Any] | None = None,
    *,
    effort: str | None = None,
    prefix: str = "",
    cancelled: Callable[[], bool] | None = None,
    **tools: Any,
) -> Stream:
    """Say something in a conversation; the end also has ``messages``, all that was said.

    Its ``tokens`` are how many the new messages and the reply take. For the other parameters see
    `Conversation.reply`, and for tools `answer`; a reply that continues a `prefix`, or must match a
    constraint, keeps the spaces around it.
    """
    config = DecodingConfig.from_dict(settings or {})
    known = len(conversation.messages)
    found = requested_tools(**tools)
    items = conversation.reply(
        message, config, effort=effort, prefix=prefix, tools=found, cancelled=cancelled, progress=True
    )
    is_exact = bool(prefix) or form_of(config) is not None
    opening = None if is_exact else conversation.format.with_effort(effort).opening
    calls = CallStream(found) if found else None
    if calls and prefix:
        calls.follow(unix_lines(prefix))
    end = yield from _divided(stream(items), opening, calls)
    return {
        **end,
        "messages": list(conversation.messages),
        "tokens": conversation.count(conversation.messages[known:]),
    }


def append(conversation: Conversation, messages: Sequence[Message]) -> Stream:
    """Read messages without a reply; the end has all ``messages``, and the ``tokens`` that these take."""
    with closing(conversation.append(messages)) as reading:
        for item in reading:
            yield Progress("prompt", item.loaded, item.total)
    return {"messages": list(conversation.messages), "tokens": conversation.count(messages)}


def _divided(written: Streamed, opening: str | None, calls: CallStream | None = None) -> Stream:
    """Yield what is written as fields; with the `opening` of a reply, its thought apart from its answer."""
    thoughts = None if opening is None else ThoughtStream(opening)
    end: dict[str, Any] = {}
    for item in with_end(written):
        if isinstance(item, Progress):
            yield item
        elif isinstance(item, End):
            end = _fields(item, thoughts, calls)
        else:
            yield item if thoughts is None and calls is None else _fields(item, thoughts, calls)
    return end


def _fields(item: Chunk | End, thoughts: ThoughtStream | None, calls: CallStream | None) -> dict[str, Any]:
    """Return an item's fields, with its thought and its calls apart from the text."""
    fields = dict(vars(item))
    if thoughts:
        thought, text = thoughts.push(item.text)
        held = thoughts.end() if isinstance(item, End) else ("", "")
        fields |= {"text": text + held[1], "thought": thought + held[0]}
    if calls:
        text, deltas = calls.push(fields["text"])
        if isinstance(item, End):
            more, begun = calls.end(cut=item.finish_reason != "stop")
            text, deltas = text + more, deltas + begun
            fields["tool_calls"] = calls.calls
        fields |= {"text": text, "tool_call_deltas": deltas}
    return fields
