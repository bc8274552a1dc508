"""Jobs on conversations and saved states, apart from replies (see `replies`).

They take and return plain values, apart from a new conversation, which lives on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goosequill.chat.choosing import format_of
from goosequill.chat.conversation import Conversation
from goosequill.chat.messages import Message
from goosequill.chat.saved_state import checked
from goosequill.decoding.writer import prompt_tokens
from goosequill.models import Model
from goosequill.models.saved_state import SavedState, encode_saved_state, new_state, open_saved_state
from goosequill.support.line_ends import unix_lines
from goosequill.support.resources import Resource
from goosequill.tokenizers import Tokenizer


def converse(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    *,
    system: str = "",
    messages: Sequence[Message] = (),
    state: Any = None,
    chat_format: str = "",
) -> Resource:
    """Start a conversation, which lives on; its info has the ``messages`` so far.

    Parameters
    ----------
    description
        The model's config.json, which may name its chat format.
    state
        Bytes of a file to start from, as `goosequill.chat.saved_state.load_saved_state` reads it.
    chat_format
        Name of one of `goosequill.chat.formats.FORMATS`; "" takes the model's own.
    """
    saved = open_saved_state(model, state)
    conversation = Conversation(
        model,
        tokenizer,
        chat_format=format_of(description, chat_format),
        system=system,
        saved_state=saved and checked(saved),
        messages=messages,
    )
    return _resource(conversation)


def branch(conversation: Conversation) -> Resource:
    """Return a copy of a conversation, which continues on its own; its info is that of `converse`."""
    return _resource(conversation.branch())


def _resource(conversation: Conversation) -> Resource:
    return Resource("conversation", conversation, {"messages": conversation.messages})


def count_tokens(conversation: Conversation, messages: Sequence[Message]) -> int:
    """Return how many tokens messages take in a conversation's format."""
    return conversation.count(messages)


def undo(conversation: Conversation) -> dict[str, Any]:
    """Undo the last turn; return its message, and the messages that are left."""
    message = conversation.undo()
    return {"message": message, "messages": conversation.messages}


def save_conversation(conversation: Conversation, name: str = "") -> bytes:
    """Return a conversation's state as a safetensors file, from which others can start."""
    return encode_saved_state(conversation.save(name), conversation.model)


def save_state(model: Model, tokenizer: Tokenizer, text: str, state: Any = None) -> bytes:
    """Return the state after reading a text, starting from `state` if given, as a safetensors file."""
    saved = open_saved_state(model, state)
    found = new_state(model, saved)
    tokens = tokenizer.encode((saved.unread if saved else "") + unix_lines(text))
    if not saved:
        tokens = prompt_tokens(tokenizer, tokens)
    if tokens:
        model.forward(tokens, found, logits="none")
    return encode_saved_state(SavedState(found.arrays), model)
