"""Completions of texts, in the older shape of OpenAI's API."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from goosequill.decoding import SharedPrompt, StateMemory
from goosequill.decoding.streaming import continue_text
from goosequill.decoding.tokens import check_tokens, is_tokens, logprobs
from goosequill.models import Model
from goosequill.openai.chat_completions import Completion
from goosequill.openai.errors import refusal, typed_errors
from goosequill.openai.pieces import Piece, TextLogprobs, no_logprobs, pieces, text_logprobs
from goosequill.openai.requests import (
    MOST_CANDIDATES,
    MOST_CHARACTERS,
    MOST_PROMPTS,
    Request,
    read,
    usage,
    whole,
)
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

TOKENS = 16
"""How many are generated unless a request says otherwise."""

Prompt = str | Sequence[int]
Part = tuple[Piece, TextLogprobs | None]


def completion(
    model: Model,
    tokenizer: Tokenizer,
    description: Mapping[str, Any],
    request: Mapping[str, Any],
    *,
    state: Any = None,
    memory: StateMemory | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Completion:
    """Continue one or several prompts.

    The answers to the first prompt come first. For the parameters see
    `goosequill.openai.chat_completions.chat_completion`.

    Yields
    ------
    Progress, and the chunks of a stream: dicts whose ``object`` is "text_completion".

    Returns
    -------
    The whole "text_completion".

    Raises
    ------
    GoosequillError
        With ``type`` and, where a field of the request is at fault, ``param``, as in OpenAI's API.
    """
    fields: dict[str, str] = {}
    with typed_errors(fields):
        found = read(request, description, "cmpl", fields)
        prompts = _prompts(found.take("prompt"), model)
        top, echo = found.take("logprobs"), found.take("echo", False)
        if not isinstance(echo, bool):
            raise refusal("echo", "true or false")
        measured = top is not None
        top = whole("logprobs", top, 0, MOST_CANDIDATES) if measured else None
        found.settings["logprobs"] = top or 0
        found.rename("max_tokens", "max_new_tokens")
        found.settings.setdefault("max_new_tokens", TOKENS)
        found.check()
        whole_object = {**found.about, "object": "text_completion", "choices": [], "usage": usage(0, 0)}
        resources = {"state": state, "memory": memory, "cancelled": cancelled}
        echoed: list[Piece] = []
        for index in range(len(prompts) * found.n):
            prompt, settings = prompts[index // found.n], found.seeded(index)
            if index % found.n == 0:
                if found.n > 1:
                    resources["memory"] = SharedPrompt(memory if state is None else None)
                echoed = [(yield from _echo(model, tokenizer, prompt, top))] if echo else []
            stream = continue_text(model, tokenizer, prompt, settings, **resources)
            parts = _parts(chain(echoed, pieces(stream)), tokenizer if measured else None)
            if (yield from _chunks(found, parts, index, whole_object)) == "abort":
                break
        if found.usage:
            yield {**found.shape("text_completion"), "choices": [], "usage": whole_object["usage"]}
        return whole_object


def _echo(
    model: Model, tokenizer: Tokenizer, prompt: Prompt, top: int | None
) -> Generator[Progress, None, Piece]:
    """Return the prompt as a piece, with the probabilities of its tokens unless `top` is None."""
    text = prompt if isinstance(prompt, str) else tokenizer.decode(prompt)
    tokens = [] if top is None else (yield from logprobs(model, tokenizer, prompt, top))
    return Piece(text, "", tokens)


def _parts(items: Iterable[Progress | Piece], tokenizer: Tokenizer | None) -> Iterator[Progress | Part]:
    """Yield the parts of an answer; with a tokenizer, they have the probabilities of their tokens."""
    offset = 0
    for item in items:
        if isinstance(item, Progress):
            yield item
            continue
        yield item, text_logprobs(tokenizer, item.tokens, offset) if tokenizer else None
        offset += len(item.text)


def _chunks(
    request: Request, parts: Iterable[Progress | Part], index: int, completion: dict[str, Any]
) -> Generator[Progress | dict[str, Any], None, str]:
    """Yield the chunks of one answer, add it to the whole completion, and return why it ended."""
    shape, choice = request.shape("text_completion"), dict[str, Any]()
    completion["choices"].append(choice)
    for part in parts:
        if isinstance(part, Progress):
            yield part
            continue
        piece, likely = part
        reason = piece.end["finish_reason"] if piece.end else None
        delta = {"index": index, "text": piece.text, "logprobs": likely, "finish_reason": reason}
        _add(choice, delta)
        if piece.end:
            own, before = piece.end["usage"], completion["usage"]
            read_tokens = 0 if index % request.n else own["prompt_tokens"]
            completion["usage"] = usage(
                before["prompt_tokens"] + read_tokens, before["completion_tokens"] + own["completion_tokens"]
            )
        yield {**shape, "choices": [delta]}
    return str(choice["finish_reason"])


def _add(choice: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """Add what a chunk has to a choice of the whole completion."""
    text, known = choice.get("text", "") + delta["text"], choice.get("logprobs")
    if more := delta["logprobs"]:
        known = known or no_logprobs()
        for name, values in known.items():
            values += more[name]
    choice |= {**delta, "text": text, "logprobs": known}


def _prompts(prompt: Any, model: Model) -> list[Prompt]:
    """Return a request's prompts: a text, token ids, or a list of these."""
    several = isinstance(prompt, Sequence) and not isinstance(prompt, str) and prompt
    found = list(prompt) if several and not is_tokens(prompt) else [prompt]
    if not all(isinstance(one, str) or is_tokens(one) for one in found):
        raise refusal("prompt", "a text, a list of token ids, or a list of these")
    if len(found) > MOST_PROMPTS or sum(map(len, found)) > MOST_CHARACTERS:
        raise refusal("prompt", f"at most {MOST_PROMPTS} prompts of at most {MOST_CHARACTERS:,} characters")
    for one in found:
        if not isinstance(one, str):
            check_tokens(model, one, param="prompt")
    return found
