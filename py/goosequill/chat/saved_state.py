"""The messages in saved states: a conversation continues only with those that are valid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from goosequill.chat.tools import written_calls
from goosequill.errors import SettingsError
from goosequill.models import Model
from goosequill.models.saved_state import SavedState, encode_saved_state, read_saved_state
from goosequill.weights import ByteSource

__all__ = ["SavedState", "checked", "encode_saved_state", "load_saved_state"]


def load_saved_state(source: ByteSource, model: Model) -> SavedState:
    """Read a saved state, or a state-tuned file, for a model.

    Raises
    ------
    FileFormatError
        ``not-a-state``: the file does not contain a state.
    SettingsError
        ``state-mismatch``: the state belongs to a model of another version or size.
    """
    return checked(read_saved_state(source, model))


def checked(saved: SavedState) -> SavedState:
    """Return a saved state with the valid ones of its messages; the file may come from anyone."""
    read = (_message(message) for message in saved.messages if isinstance(message, dict))
    valid = tuple(message for message in read if message["role"] in ("user", "assistant", "system", "tool"))
    return replace(saved, messages=valid)


def _message(value: dict[str, Any]) -> dict[str, Any]:
    """What is valid of a message; other than its role and its content, it may lack everything."""
    message: dict[str, Any] = {key: _text(value.get(key)) for key in ("role", "content")}
    message |= {
        key: _text(value[key]) for key in ("thought", "name", "tool_call_id") if _text(value.get(key))
    }
    calls = value.get("tool_calls")
    try:
        if isinstance(calls, list) and written_calls(calls):
            message["tool_calls"] = calls
    except SettingsError:
        pass
    return message


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
