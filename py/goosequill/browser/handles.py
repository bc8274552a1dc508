"""What a page names by a number: loaded models, and conversations with them.

Here, and nowhere else, a handle becomes the arguments that a job's function declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goosequill.chat.conversation import Conversation
from goosequill.decoding import StateMemory
from goosequill.errors import LoadError
from goosequill.loading.load import LoadedModel

STATE_BUDGET = 32 * 1024 * 1024
"""Bytes of a model's states that are kept, so that a branch or the same prompt again starts at once."""


class Handles:
    """The models and conversations of one worker.

    Parameters
    ----------
    available
        Bytes that a model may take; given to jobs that have a parameter of this name.
    """

    def __init__(self, available: int | None = None) -> None:
        self._available = available
        self._models: dict[int, LoadedModel] = {}
        self._memories: dict[int, StateMemory] = {}
        self._conversations: dict[int, tuple[int, Conversation]] = {}
        self._last = 0

    def __len__(self) -> int:
        return len(self._models)

    def add_model(self, loaded: LoadedModel) -> int:
        """Keep a model and return its handle."""
        self._last += 1
        self._models[self._last] = loaded
        self._memories[self._last] = StateMemory(budget=STATE_BUDGET)
        return self._last

    def add_conversation(self, conversation: Conversation, model: int) -> dict[str, Any]:
        """Keep a conversation with a model; return its handle, and what was said in it."""
        self._last += 1
        self._conversations[self._last] = model, conversation
        return {"conversation": self._last, "messages": conversation.messages}

    def model(self, handle: int) -> LoadedModel:
        """Return a model.

        Raises
        ------
        LoadError
            ``model-unloaded``.
        """
        if handle not in self._models:
            raise LoadError("This model is no longer loaded.", code="model-unloaded", remedy="Load it again.")
        return self._models[handle]

    def conversation(self, handle: int) -> Conversation:
        """Return a conversation.

        Raises
        ------
        LoadError
            ``conversation-over``.
        """
        if handle not in self._conversations:
            raise LoadError("This conversation is over.", code="conversation-over", remedy="Start a new one.")
        return self._conversations[handle][1]

    def unload(self, handle: int) -> None:
        """Forget a model and its conversations; an unknown handle is ignored."""
        self._models.pop(handle, None)
        self._memories.pop(handle, None)
        for key in [key for key, (model, _) in self._conversations.items() if model == handle]:
            del self._conversations[key]

    def forget(self, handle: int) -> None:
        """Forget a conversation; an unknown handle is ignored."""
        self._conversations.pop(handle, None)

    def resources(self, model: int | None = None, conversation: int | None = None) -> Mapping[str, Any]:
        """Return what a job may declare as parameters, by their names."""
        found: dict[str, Any] = {"available": self._available}
        if model is not None:
            loaded = self.model(model)
            found |= {
                "model": loaded.model,
                "tokenizer": loaded.tokenizer,
                "description": loaded.description,
                "memory": self._memories[model],
            }
        if conversation is not None:
            found["conversation"] = self.conversation(conversation)
        return found
