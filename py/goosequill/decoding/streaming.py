"""Streams a text as plain values: progress while the prompt is read, the tokens, and the end as the result.

What pages and servers stream. Replies in a chat format are in `goosequill.chat.replies`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from goosequill.decoding.config import DecodingConfig
from goosequill.decoding.generate import generate
from goosequill.decoding.items import Chunk, End, Item, Preparing, Reading
from goosequill.decoding.memory import StateMemory
from goosequill.decoding.tokens import check_tokens
from goosequill.errors import SettingsError
from goosequill.models import Model
from goosequill.models.saved_state import new_state, open_saved_state
from goosequill.support.line_ends import unix_lines
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

Streamed = Generator[Progress | Chunk, None, End]
"""Progress and tokens; the end is what it returns."""

INTERRUPTED = End("", "abort", {"prompt_tokens": 0, "completion_tokens": 0}, 0)
"""How items end that have no end: their conversation was asked for something else meanwhile."""


def continue_text(
    model: Model,
    tokenizer: Tokenizer,
    prompt: str | Sequence[int],
    settings: Mapping[str, Any] | DecodingConfig | None = None,
    *,
    given: Sequence[int] = (),
    state: Any = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Streamed:
    """Continue a text.

    Parameters
    ----------
    prompt
        A text, or its token ids.
    settings
        Of `DecodingConfig.from_dict`, or these.
    state
        A saved state, or the bytes of its file, to start from.
    given, memory, cancelled
        As for `goosequill.decoding.generate`.

    Raises
    ------
    GoosequillError
        ``setting-type``: the prompt is neither a text nor token ids; and those of `generate` and
        `goosequill.models.saved_state.read_saved_state`.
    """
    saved = open_saved_state(model, state)
    unread = saved.unread if saved else ""
    if isinstance(prompt, str):
        prompt = tokenizer.encode(unread + unix_lines(prompt))
    elif not isinstance(prompt, list | tuple):
        raise SettingsError(
            "The prompt is neither a text nor a list of token ids.",
            code="setting-type",
            param="prompt",
            remedy="Give a text to continue.",
        )
    else:
        check_tokens(model, prompt, param="prompt")
        prompt = [*tokenizer.encode(unread), *prompt]
    items = generate(
        model,
        tokenizer,
        prompt,
        settings if isinstance(settings, DecodingConfig) else DecodingConfig.from_dict(settings or {}),
        given=given,
        state=new_state(model, saved) if saved else None,
        progress=True,
        memory=memory,
        cancelled=cancelled,
    )
    return (yield from stream(items))


def stream(items: Iterable[Item]) -> Streamed:
    """Yield the tokens and the progress among items, and return their end.

    They are read beyond it: only then a reply becomes a message.
    """
    end = INTERRUPTED
    for item in items:
        if isinstance(item, Chunk):
            yield item
        elif isinstance(item, Reading):
            yield Progress("prompt", item.loaded, item.total)
        elif isinstance(item, Preparing):
            yield Progress("constraint", item.states, 0)
        else:
            end = item
    return end


def with_end(streamed: Generator[Any, None, Any]) -> Generator[Any, None, None]:
    """Yield what a generator yields, and what it returns as the last item."""
    yield (yield from streamed)
