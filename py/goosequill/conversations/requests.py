"""Jobs on conversations that branch: they are started, copied, rated and ranked.

They take and return plain values, apart from a new conversation, which lives on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from goosequill.chat.choosing import format_of
from goosequill.chat.messages import Message
from goosequill.chat.saved_state import checked
from goosequill.conversations.branching import BranchingConversation
from goosequill.conversations.pages import as_value
from goosequill.models import Model
from goosequill.models.saved_state import open_saved_state
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
    conversation = BranchingConversation(
        model,
        tokenizer,
        chat_format=format_of(description, chat_format),
        system=system,
        saved_state=saved and checked(saved),
        messages=messages,
    )
    conversation.system, conversation.name = system, str(description.get("name", ""))
    return _resource(conversation)


def branch(conversation: BranchingConversation) -> Resource:
    """Return a copy of a conversation, which continues on its own; its info is that of `converse`."""
    return _resource(conversation.branch())


def _resource(conversation: BranchingConversation) -> Resource:
    return Resource("conversation", conversation, {"messages": conversation.messages})


def conversation_tree(conversation: BranchingConversation) -> dict[str, Any]:
    """Return all that was said in a conversation and its branches, as `pages.as_value` does."""
    return as_value(conversation.tree)


def siblings(conversation: BranchingConversation) -> list[dict[str, Any]]:
    """Return the replies of all branches to the message that a conversation's last one replies to."""
    return [asdict(message) for message in conversation.siblings()]


def rate_reply(conversation: BranchingConversation, rating: int, reason: str = "") -> None:
    """Rate a conversation's last reply (`BranchingConversation.rate`)."""
    conversation.rate(rating, reason=reason)


def rank_replies(
    conversation: BranchingConversation,
    branches: Sequence[BranchingConversation | Sequence[BranchingConversation]],
) -> None:
    """Rank the last replies of branches (`BranchingConversation.rank`)."""
    conversation.rank(branches)
