"""Saved states: files from which a text or a conversation continues.

Reads the files that `encode_saved_state` writes, and BlinkDL's state-tuned files, which contain one
trained matrix per head and layer (`blocks.N.att.time_state`) instead of a prompt. Which messages of a
file are valid is decided in `goosequill.chat.saved_state`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, SettingsError
from goosequill.models.config import STATE_METADATA as METADATA
from goosequill.models.model import Model
from goosequill.models.state import Arrays, State
from goosequill.support.budget import Budget
from goosequill.weights import ByteSource, BytesSource, QuantizedMatrix, TensorSource, open_tensors
from goosequill.weights.formats.safetensors import encode

FORMAT_VERSION = 1


@dataclass(frozen=True)
class SavedState:
    """A model's state, with the conversation that led to it.

    Attributes
    ----------
    arrays
        As in `State.arrays`.
    name
        May be empty.
    unread
        Text that the model has not read yet; it comes before the next input.
    messages
        Of a conversation, as {"role", "content"}.
    begun
        Whether the model has read any text; not after state tuning.
    """

    arrays: Arrays
    name: str = ""
    unread: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    begun: bool = True


def encode_saved_state(saved: SavedState, model: Model) -> bytes:
    """Return a saved state as the bytes of a safetensors file."""
    about = {
        "format_version": FORMAT_VERSION,
        "version": model.config.version,
        "name": saved.name,
        "unread": saved.unread,
        "messages": list(saved.messages),
        "begun": saved.begun,
    }
    return b"".join(encode(saved.arrays.items(), {METADATA: json.dumps(about)}))


def read_saved_state(source: ByteSource, model: Model) -> SavedState:
    """Read a saved state, or a state-tuned file, for a model; its messages are whatever the file has.

    Raises
    ------
    FileFormatError
        ``not-a-state``: the file does not contain a state.
    SettingsError
        ``state-mismatch``: the state belongs to a model of another version or size.
    """
    tensors = open_tensors(source)
    if any(name.endswith(".att.time_state") for name in tensors.names()):
        return SavedState(tuned_state(tensors, model), source.name, begun=False)
    about = _about(tensors)
    expected = {name: array.shape for name, array in model.new_state().arrays.items()}
    if {name: tensors.shape(name) for name in tensors.names()} != expected:
        raise _mismatch("saved from")
    arrays = {name: _array(tensors, name) for name in tensors.names()}
    return SavedState(
        arrays,
        _text(about.get("name")),
        _text(about.get("unread")),
        tuple(messages) if isinstance(messages := about.get("messages"), list) else (),
        about.get("begun") is not False,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def tuned_state(tensors: TensorSource, model: Model) -> Arrays:
    """The state in a state-tuned file; all else is as in a new state."""
    arrays = model.new_state().arrays
    layers = {}
    for name in tensors.names():
        match = re.fullmatch(r"blocks\.(\d{1,4})\.att\.time_state", name)
        if match:
            layers[int(match[1])] = name
    expected = arrays["wkv"].shape
    shapes = {tensors.shape(name) for name in layers.values()}
    if sorted(layers) != list(range(expected[0])) or shapes != {expected[1:]}:
        raise _mismatch("trained for")
    for layer, name in layers.items():
        arrays["wkv"][layer] = model.state_of_file(_array(tensors, name))
    return arrays


def _mismatch(how: str) -> SettingsError:
    return SettingsError(
        f"This state was {how} a model of another version or size.",
        code="state-mismatch",
        remedy=f"Load the model that it was {how}.",
    )


def _array(tensors: TensorSource, name: str) -> Any:
    array = tensors.read(name)
    return array.dequantize() if isinstance(array, QuantizedMatrix) else np.asarray(array, np.float32)


def _about(tensors: TensorSource) -> dict[str, Any]:
    try:
        about = Budget().json(tensors.metadata[METADATA])
    except (AttributeError, KeyError, TypeError, ValueError):
        about = None
    if not isinstance(about, dict) or about.get("format_version") != FORMAT_VERSION:
        raise FileFormatError("This file does not contain a saved state.", code="not-a-state")
    return about


def open_saved_state(model: Model, data: Any) -> SavedState | None:
    """Read a saved state for a model from a file's bytes; None, or one that is read, is returned as it is."""
    if data is None or isinstance(data, SavedState):
        return data
    return read_saved_state(BytesSource(bytes(data), "state"), model)


def new_state(model: Model, saved: SavedState | None) -> State:
    """Return a new state: a copy of the saved one, or before any text."""
    state = model.new_state()
    if saved:
        state.assign(saved.arrays)
    return state
