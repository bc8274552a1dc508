"""Reads a text up to a token, from the nearest kept state, a piece at a time so that it can be cancelled."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from goosequill.decoding.memory import StateMemory
from goosequill.decoding.writer import READ_AT_ONCE, prompt_tokens
from goosequill.errors import SettingsError
from goosequill.models import Model
from goosequill.models.state import State
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer


def read_text(
    model: Model, tokens: Sequence[int], memory: StateMemory | None = None
) -> Generator[Progress, None, State]:
    """Return the state after some tokens, perhaps none, and yield how far it has come."""
    start, state = 0, model.new_state()
    found = memory.recall(tokens) if memory else None
    if found:
        start, state, _ = found
    for first in range(start, len(tokens), READ_AT_ONCE):
        piece = tokens[first : first + READ_AT_ONCE]
        model.forward(piece, state, logits="none")
        yield Progress("prompt", first + len(piece), len(tokens))
    return state


def locate(
    model: Model, tokenizer: Tokenizer, prompt: str | Sequence[int], written: Sequence[int], index: int
) -> tuple[list[int], int]:
    """Return the tokens of a prompt and of what was written after it, and the position of one of them.

    As in `goosequill.decoding.explain`, an index counts the tokens after the prompt; -1 and below count back
    into the prompt.

    Raises
    ------
    SettingsError
        ``token-index``: there is no such token, or nothing before it. ``token-range``: a token is outside the
        model's vocabulary.
    """
    start = prompt_tokens(tokenizer, prompt)
    tokens, position = [*start, *written], len(start) + index
    if not 0 < position < len(tokens):
        raise SettingsError(
            "There is no prediction for that token.",
            code="token-index",
            remedy="Choose a token after the first of the text.",
        )
    model.check(tokens)
    return tokens, position


def from_end(tokens: Sequence[int], index: int) -> int:
    """Return an index from the beginning of a text, or from its end, as one from its end."""
    return index if index < 0 else index - len(tokens)
