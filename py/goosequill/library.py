"""What the JavaScript library asks of a loaded model: tokens, log-probabilities, states, conversations.

Plain values in, plain values out; the bridge lists these functions by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from goosequill.chat.conversation import Conversation
from goosequill.chat.formats import Message, format_of
from goosequill.chat.saved_state import Persona, load_persona, save_persona
from goosequill.decoding.items import candidates, token_text
from goosequill.decoding.sampling import Scores, log_probability
from goosequill.decoding.writer import READ_AT_ONCE, prompt_tokens
from goosequill.errors import SettingsError
from goosequill.loading.load import LoadedModel
from goosequill.models import Model
from goosequill.models.state import State
from goosequill.tokenizers import Tokenizer
from goosequill.weights import BytesSource


def tokenize(model: Model, tokenizer: Tokenizer, text: str) -> list[dict[str, Any]]:
    """The tokens of a text: id, and its bytes as text (a part of a character shows as U+FFFD)."""
    return [{"token": token, "text": token_text(tokenizer, token)} for token in tokenizer.encode(text)]


def detokenize(model: Model, tokenizer: Tokenizer, tokens: list[int]) -> str:
    """The text of token ids."""
    size = int(model.config.vocab_size)
    if any(not isinstance(token, int) or not 0 <= token < size for token in tokens):
        raise SettingsError(f"Token ids are whole numbers from 0 to {size - 1}.", code="token-range")
    return tokenizer.decode(tokens)


def logprobs(model: Model, tokenizer: Tokenizer, text: str, top: int = 0) -> list[dict[str, Any]]:
    """The log-probability (natural logarithm) of each token of a text, given all before it.

    The first token has null, for nothing stands before it. `top` adds so many likeliest candidates, each
    with token, text and log-probability.
    """
    tokens = tokenizer.encode(text)
    state, before = model.new_state(), None
    found: list[dict[str, Any]] = []
    for start in range(0, len(tokens), READ_AT_ONCE):
        piece = tokens[start : start + READ_AT_ONCE]
        following = model.forward(piece, state, logits="all")
        assert following is not None
        rows = [before, *following[:-1]]
        found += [
            _foretold(model, row, tokenizer, token, top) for row, token in zip(rows, piece, strict=True)
        ]
        before = following[-1]
    return found


def _foretold(
    model: Model, scores: Scores | None, tokenizer: Tokenizer, token: int, top: int
) -> dict[str, Any]:
    operations = model.kernel.logits
    logprob = None if scores is None else log_probability(scores, token, operations)
    entry: dict[str, Any] = {"token": token, "text": token_text(tokenizer, token), "logprob": logprob}
    if top > 0:
        likeliest = () if scores is None else candidates(scores, tokenizer, top, operations)
        entry["top_logprobs"] = [asdict(candidate) for candidate in likeliest]
    return entry


def save_state(model: Model, tokenizer: Tokenizer, text: str, state: Any = None) -> bytes:
    """The state after reading a text, from `state` on or from nothing, as a safetensors file."""
    persona = open_persona(model, state)
    found = new_state(model, persona)
    tokens = tokenizer.encode((persona.unread if persona else "") + text)
    if not persona:
        tokens = prompt_tokens(tokenizer, tokens)
    if tokens:
        model.forward(tokens, found, logits="none")
    return save_persona(Persona(found.arrays), model)


def open_persona(model: Model, data: Any) -> Persona | None:
    """A persona for this model from a file's bytes; None for no bytes."""
    return None if data is None else load_persona(BytesSource(bytes(data), "state"), model)


def new_state(model: Model, persona: Persona | None) -> State:
    """A state of its own at a persona, or one that has read nothing."""
    state = model.new_state()
    if persona:
        state.assign(persona.arrays)
    return state


def converse(
    loaded: LoadedModel,
    *,
    system: str = "",
    messages: Sequence[Message] = (),
    state: Any = None,
    chat_format: str = "",
) -> Conversation:
    """Begin a conversation.

    Parameters
    ----------
    state
        Bytes of a file to begin from, as `goosequill.chat.saved_state.load_persona` reads it.
    chat_format
        Name of one of `goosequill.chat.formats.FORMATS`; "" takes the model's own.
    """
    return Conversation(
        loaded.model,
        loaded.tokenizer,
        chat_format=format_of(loaded.description, chat_format),
        system=system,
        persona=open_persona(loaded.model, state),
        messages=messages,
    )


def undo(conversation: Conversation) -> dict[str, Any]:
    """Take the last turn of a conversation back: its message, and the messages that are left."""
    message = conversation.undo()
    return {"message": message, "messages": conversation.messages}


def save_conversation(conversation: Conversation, name: str = "") -> bytes:
    """A conversation's state as a safetensors file, from which others can begin."""
    return save_persona(conversation.persona(name), conversation.model)
