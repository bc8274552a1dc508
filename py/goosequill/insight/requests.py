"""Jobs that explain a generated text, of which the page knows the prompt and the tokens after it.

As in `goosequill.decoding.explain`, an index counts the tokens after the prompt; -1 and below count back into
the prompt.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from goosequill.decoding.memory import StateMemory
from goosequill.decoding.writer import prompt_tokens
from goosequill.errors import SettingsError
from goosequill.insight.attribution import Steps, attribution_steps
from goosequill.insight.lens import LogitLens, lens_steps
from goosequill.insight.states import StateView, view_state
from goosequill.models import Model
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer


def attribute(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    written: Sequence[int],
    index: int,
    memory: StateMemory | None = None,
) -> Steps:
    """Yield what each earlier word contributed to a token, and return all of it: an Attribution."""
    tokens, position = _locate(tokenizer, prompt, written, index)
    return (yield from attribution_steps(model, tokenizer, tokens, position, memory=memory))


def logit_lens(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    written: Sequence[int],
    index: int,
    memory: StateMemory | None = None,
) -> Generator[Progress, None, LogitLens]:
    """Return what each layer predicts for a token."""
    tokens, position = _locate(tokenizer, prompt, written, index)
    return (yield from lens_steps(model, tokenizer, tokens, position, memory=memory))


def view_text_state(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str,
    written: Sequence[int],
    index: int | None = None,
    *,
    layer: int = 0,
    head: int = 0,
    nearest: bool = False,
    memory: StateMemory | None = None,
) -> Generator[Progress, None, StateView]:
    """Return what the state holds after a token, or after the last one; see `view_state` for the rest."""
    tokens = [*prompt_tokens(tokenizer, prompt), *written]
    if index is not None:
        tokens = tokens[: len(tokens) - len(written) + index + 1]
    return (yield from view_state(model, tokens, layer=layer, head=head, nearest=nearest, memory=memory))


def _locate(tokenizer: Tokenizer, prompt: str, written: Sequence[int], index: int) -> tuple[list[int], int]:
    """Return a text's tokens, and the position of the one at an index."""
    ids = prompt_tokens(tokenizer, prompt)
    position = len(ids) + index
    if position < 0:
        raise SettingsError("There is no such token in the prompt.", code="token-index")
    return [*ids, *written], position
