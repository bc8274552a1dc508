"""States as files: a conversation to go on with later, or a character to begin from.

Reads what `save_persona` writes, and BlinkDL's state-tuned files, which hold one trained matrix a
head and layer (`blocks.N.att.time_state`) instead of a prompt.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from goosequill.errors import FileFormatError, SettingsError
from goosequill.models import Model
from goosequill.models.config import STATE_METADATA as METADATA
from goosequill.models.state import Arrays, State
from goosequill.weights import ByteSource, BytesSource, QuantizedMatrix, TensorSource, open_tensors
from goosequill.weights.formats.safetensors import encode

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Persona:
    """A state, with what belongs to it.

    Attributes
    ----------
    arrays
        As in `State.arrays`.
    name
        May be empty.
    unread
        Text that the state has not read yet; it comes before whatever is read next.
    messages
        What was said until then, as {"role", "content"}, where it is a conversation's.
    begun
        Whether the state has read a text, rather than being where one begins.
    """

    arrays: Arrays
    name: str = ""
    unread: str = ""
    messages: tuple[dict[str, str], ...] = ()
    begun: bool = True


def save_persona(persona: Persona, model: Model) -> bytes:
    """A persona as a safetensors file."""
    about = {
        "format_version": FORMAT_VERSION,
        "version": model.config.version,
        "name": persona.name,
        "unread": persona.unread,
        "messages": list(persona.messages),
        "begun": persona.begun,
    }
    return b"".join(encode(persona.arrays.items(), {METADATA: json.dumps(about)}))


def load_persona(source: ByteSource, model: Model) -> Persona:
    """Read a persona for a model.

    Raises
    ------
    FileFormatError
        ``not-a-state``: the file holds no state.
    SettingsError
        ``state-mismatch``: the state is of a model of another version or size.
    """
    tensors = open_tensors(source)
    if any(name.endswith(".att.time_state") for name in tensors.names()):
        return Persona(tuned_state(tensors, model), source.name, begun=False)
    about = _about(tensors)
    expected = {name: array.shape for name, array in model.new_state().arrays.items()}
    if {name: tensors.shape(name) for name in tensors.names()} != expected:
        raise _mismatch("saved from")
    arrays = {name: _array(tensors, name) for name in tensors.names()}
    return Persona(
        arrays,
        _text(about.get("name")),
        _text(about.get("unread")),
        _messages(about.get("messages")),
        about.get("begun") is not False,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _messages(value: Any) -> tuple[dict[str, str], ...]:
    """What of a file's list are messages; anybody can write a file."""
    found = [message for message in value if isinstance(message, dict)] if isinstance(value, list) else []
    texts = [{key: _text(message.get(key)) for key in ("role", "content", "thought")} for message in found]
    spoken = [message for message in texts if message["role"] in ("user", "assistant", "system")]
    return tuple(
        {key: text for key, text in message.items() if text or key != "thought"} for message in spoken
    )


def tuned_state(tensors: TensorSource, model: Model) -> Arrays:
    """The state that BlinkDL's state tuning trained: matrices transposed, nothing else read yet."""
    arrays = model.new_state().arrays
    layers = {}
    for name in tensors.names():
        match = re.fullmatch(r"blocks\.(\d{1,4})\.att\.time_state", name)
        if match:
            layers[int(match[1])] = name
    expected = arrays["wkv"].shape
    shapes = {tensors.shape(name) for name in layers.values()}
    if sorted(layers) != list(range(expected[0])) or shapes != {expected[1:]} or len(expected) != 4:
        raise _mismatch("trained for")
    for layer, name in layers.items():
        arrays["wkv"][layer] = _array(tensors, name).swapaxes(-1, -2)
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
        about = json.loads(tensors.metadata[METADATA])
    except (KeyError, TypeError, ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or about.get("format_version") != FORMAT_VERSION:
        raise FileFormatError(
            "This file holds no saved state.",
            code="not-a-state",
            remedy="Choose a state that Goosequill saved, or a state-tuned .pth file.",
        )
    return about


def open_persona(model: Model, data: Any) -> Persona | None:
    """Read a persona for a model from a file's bytes; None for no bytes."""
    return None if data is None else load_persona(BytesSource(bytes(data), "state"), model)


def new_state(model: Model, persona: Persona | None) -> State:
    """Return a new state, equal to a persona's or before any text."""
    state = model.new_state()
    if persona:
        state.assign(persona.arrays)
    return state
