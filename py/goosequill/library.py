"""What the JavaScript library asks of a loaded model besides writing: tokens, log-probabilities, states.

Plain values in, plain values out; the bridge lists these functions by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.writer import prompt_tokens
from goosequill.errors import SettingsError
from goosequill.models import Model
from goosequill.models.state import State
from goosequill.personas import Persona, load_persona, save_persona
from goosequill.tokenizers import Tokenizer
from goosequill.weights import BytesSource


def tokenize(model: Model, tokenizer: Tokenizer, text: str) -> list[dict[str, Any]]:
    """The tokens of a text: id, and its bytes as text (a part of a character shows as U+FFFD)."""
    return [
        {"token": token, "text": tokenizer.token_bytes(token).decode("utf-8", "replace")}
        for token in tokenizer.encode(text)
    ]


def detokenize(model: Model, tokenizer: Tokenizer, tokens: list[int]) -> str:
    """The text of token ids."""
    size = int(model.config.vocab_size)
    if any(not isinstance(token, int) or not 0 <= token < size for token in tokens):
        raise SettingsError(f"Token ids are whole numbers from 0 to {size - 1}.", code="token-range")
    return tokenizer.decode(tokens)


def logprobs(model: Model, tokenizer: Tokenizer, text: str, top: int = 0) -> list[dict[str, Any]]:
    """The log-probability (natural logarithm) of each token of a text, given all before it.

    The first token has null, for nothing stands before it. `top` adds so many likeliest candidates.
    """
    tokens = tokenizer.encode(text)
    if not tokens:
        return []
    logits = model.forward(tokens, model.new_state(), logits="all")
    assert logits is not None
    scores = logits.astype(np.float64)  # [T, V]
    scores -= scores.max(axis=1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
    found: list[dict[str, Any]] = []
    for index, token in enumerate(tokens):
        row = None if index == 0 else scores[index - 1]
        entry: dict[str, Any] = {
            "token": token,
            "text": tokenizer.token_bytes(token).decode("utf-8", "replace"),
            "logprob": None if row is None else float(row[token]),
        }
        if top > 0:
            entry["top_logprobs"] = [] if row is None else _likeliest(row, top)
        found.append(entry)
    return found


def _likeliest(row: NDArray[np.float64], count: int) -> list[dict[str, Any]]:
    best = np.argsort(-row, kind="stable")[:count]
    return [{"token": int(token), "logprob": float(row[token])} for token in best]


def save_state(model: Model, tokenizer: Tokenizer, text: str, state: Any = None) -> bytes:
    """The state after reading a text, from `state` on or from nothing, as a safetensors file."""
    started, prefix = open_state(model, state)
    found = started or model.new_state()
    tokens = tokenizer.encode(prefix + text)
    if not started:
        tokens = prompt_tokens(tokenizer, tokens)
    if tokens:
        model.forward(tokens, found, logits="none")
    return save_persona(Persona(found.arrays), model)


def open_state(model: Model, data: Any) -> tuple[State | None, str]:
    """A state of this model from a file's bytes, and what it has not read yet; None for no bytes."""
    if data is None:
        return None, ""
    persona = load_persona(BytesSource(bytes(data), "state"), model)
    state = model.new_state()
    state.assign(persona.arrays)
    return state, persona.unread
