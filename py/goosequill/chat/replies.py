"""Streams a page's texts: a prompt continued, messages answered, a turn of a conversation.

Each function is a generator of plain values: progress while the prompt is read, a dict for each token,
and the end as the return value. Where the model may think aloud, its thought is separated from its
answer. Sampling is in `goosequill.decoding`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any

from goosequill.chat.choosing import format_of
from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import ThoughtStream
from goosequill.chat.messages import Message, with_instructions
from goosequill.chat.saved_state import new_state, open_saved_state
from goosequill.chat.tools import CallStream, read_tools
from goosequill.decoding import Chunk, DecodingConfig, End, Item, Preparing, Reading, StateMemory
from goosequill.decoding import generate as continue_prompt
from goosequill.decoding.steps.constraint import form_of
from goosequill.decoding.tokens import check_tokens, is_tokens
from goosequill.models import Model
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Stream = Generator[Progress | Chunk | dict[str, Any], None, dict[str, Any]]

INTERRUPTED = End("", "abort", {"prompt_tokens": 0, "completion_tokens": 0}, 0)
"""How a reply ends when its conversation was asked for something else meanwhile."""


def generate(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    prompt: str | Sequence[int] | Sequence[Message],
    settings: Mapping[str, Any] | None = None,
    *,
    given: Sequence[int] = (),
    state: Any = None,
    opening: str | None = None,
    effort: str | None = None,
    tools: Any = None,
    tool_choice: Any = None,
    parallel_tool_calls: bool | None = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Stream:
    """Continue a text, or answer messages in the model's chat format.

    Parameters
    ----------
    prompt
        A text, its token ids, or messages.
    description
        The model's config.json, which may name its chat format.
    settings
        Of `DecodingConfig.from_dict`.
    given
        Tokens that follow the prompt already: to branch from a text.
    state
        Bytes of a state file to start from.
    opening
        The start of the reply, with which a text as the prompt ends (`ChatFormat.opening`): a thought is then
        separated from the answer, as in a reply to messages.
    effort
        How long the model thinks before it answers messages (`goosequill.chat.formats.EFFORTS`).
    tools, tool_choice, parallel_tool_calls
        Tools that an answer to messages may call (`goosequill.chat.tools.read_tools`). The end then has
        ``tool_calls``, ``{"id", "name", "arguments"}`` each, and every item ``tool_call_deltas``
        (`CallStream.push`); texts lack the calls.
    memory, cancelled
        As for `goosequill.decoding.generate`.
    """
    saved = open_saved_state(model, state)
    config = DecodingConfig.from_dict(settings or {})
    unread, callable_tools = saved.unread if saved else "", None
    if is_tokens(prompt):
        check_tokens(model, prompt, param="prompt")
        prompt = [*tokenizer.encode(unread), *prompt]
    elif isinstance(prompt, str):
        prompt = tokenizer.encode(unread + unix_lines(prompt))
    else:
        chat = format_of(description).with_effort(effort)
        config, opening = config.replace(stop=(*config.stop, *chat.stop)), chat.opening
        callable_tools = read_tools(tools, tool_choice, parallel=parallel_tool_calls)
        if callable_tools:
            config = callable_tools.constrain(config, opening, chat.stop)
            prompt = with_instructions(prompt, callable_tools.told)
        text = chat.prompt(prompt, begun=saved is not None and saved.begun)
        prompt = tokenizer.encode(unread + text)
    items = continue_prompt(
        model,
        tokenizer,
        prompt,
        config,
        given=given,
        state=new_state(model, saved) if saved else None,
        progress=True,
        memory=memory,
        cancelled=cancelled,
    )
    return (yield from _stream(items, opening, CallStream(callable_tools) if callable_tools else None))


def say(
    conversation: Conversation,
    message: str | Sequence[Message],
    settings: Mapping[str, Any] | None = None,
    *,
    effort: str | None = None,
    prefix: str = "",
    tools: Any = None,
    tool_choice: Any = None,
    parallel_tool_calls: bool | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Stream:
    """Say something in a conversation; the end also has ``messages``, all that was said.

    Its ``tokens`` are how many the new messages and the reply take. For the other parameters see
    `Conversation.reply`, and for tools `generate`; a reply that continues a `prefix`, or must match a
    constraint, keeps the spaces around it.
    """
    config = DecodingConfig.from_dict(settings or {})
    known = len(conversation.messages)
    found = read_tools(tools, tool_choice, parallel=parallel_tool_calls)
    items = conversation.reply(
        message, config, effort=effort, prefix=prefix, tools=found, cancelled=cancelled, progress=True
    )
    is_exact = bool(prefix) or form_of(config) is not None
    opening = None if is_exact else conversation.format.with_effort(effort).opening
    end = yield from _stream(items, opening, CallStream(found) if found else None)
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


def _stream(items: Iterable[Item], opening: str | None, calls: CallStream | None = None) -> Stream:
    """Yield what is written. With the `opening` of a reply, its thought is separated from its answer.

    The items are read beyond their end, because only then a reply becomes a message.
    """
    thoughts = None if opening is None else ThoughtStream(opening)
    end = INTERRUPTED
    for item in items:
        if isinstance(item, Preparing):
            yield Progress("constraint", item.states, 0)
        elif isinstance(item, Reading):
            yield Progress("prompt", item.loaded, item.total)
        elif isinstance(item, End):
            end = item
        else:
            yield item if thoughts is None and calls is None else _divided(item, thoughts, calls)
    return _divided(end, thoughts, calls)


def _divided(item: Chunk | End, thoughts: ThoughtStream | None, calls: CallStream | None) -> dict[str, Any]:
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
