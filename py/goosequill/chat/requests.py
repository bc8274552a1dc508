"""Jobs on conversations and saved states, apart from replies (see `replies`).

They take and return plain values. `goosequill.conversations.requests` starts conversations.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from goosequill.chat.conversation import Conversation
from goosequill.chat.messages import Message
from goosequill.decoding.writer import prompt_tokens
from goosequill.models import Model
from goosequill.models.saved_state import SavedState, encode_saved_state, new_state, open_saved_state
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer


def count_tokens(conversation: Conversation, messages: Sequence[Message]) -> int:
    """Return how many tokens messages take in a conversation's format."""
    return conversation.count(messages)


def score_reply(conversation: Conversation, text: str, **reply: Any) -> Generator[Progress, None, Any]:
    """Measure the tokens of a reply to what a conversation has read (`Conversation.score`)."""
    return conversation.score(text, **reply)


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
