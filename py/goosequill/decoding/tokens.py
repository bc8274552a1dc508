"""The tokens of a text: their ids, their texts, and how probable the model finds them.

Plain values in, plain values out. Nothing is generated here.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from goosequill.decoding.items import candidates, token_text
from goosequill.decoding.predictor import check_finite
from goosequill.decoding.sampling import Logits, log_probability
from goosequill.decoding.writer import READ_AT_ONCE
from goosequill.errors import SettingsError
from goosequill.models import Model, State
from goosequill.support.progress import Progress
from goosequill.tokenizers import Tokenizer

if TYPE_CHECKING:
    from typing_extensions import TypeIs


def tokenize(tokenizer: Tokenizer, text: str) -> list[dict[str, Any]]:
    """Return the tokens of a text: id and text; part of a character shows as U+FFFD."""
    return [{"token": token, "text": token_text(tokenizer, token)} for token in tokenizer.encode(text)]


def detokenize(model: Model, tokenizer: Tokenizer, tokens: Sequence[int]) -> str:
    """Return the text of token ids.

    Raises
    ------
    SettingsError
        ``token-range``: an id is outside the model's vocabulary.
    """
    check_tokens(model, tokens)
    return tokenizer.decode(tokens)


def token_bytes(model: Model, tokenizer: Tokenizer, tokens: Sequence[int]) -> list[list[int]]:
    """Return the bytes of each token, which may be a part of a character.

    Raises
    ------
    SettingsError
        ``token-range``: an id is outside the model's vocabulary.
    """
    check_tokens(model, tokens)
    return [list(tokenizer.token_bytes(token)) for token in tokens]


def is_tokens(value: object) -> TypeIs[Sequence[int]]:
    """Return whether a value is a list of integers that is not empty."""
    return isinstance(value, list | tuple) and bool(value) and all(type(token) is int for token in value)


def check_tokens(model: Model, tokens: Sequence[int], param: str | None = None) -> None:
    """Refuse what is not a token id of a model; `param` is the field that has them.

    Raises
    ------
    SettingsError
        ``token-range``: an id is outside the model's vocabulary.
    """
    size = int(model.config.vocab_size)
    if any(type(token) is not int or not 0 <= token < size for token in tokens):
        raise SettingsError(f"Token ids are integers from 0 to {size - 1}.", code="token-range", param=param)


def logprobs(
    model: Model, tokenizer: Tokenizer, text: str | Sequence[int], top: int = 0
) -> Generator[Progress, None, list[dict[str, Any]]]:
    """Return the log-probability (natural logarithm) of each token of a text, given all before it.

    The text may be token ids. The first token has null, since nothing comes before it. `top` adds that many
    of the most probable candidates, each with token, text and log-probability. It yields its progress in
    tokens, and can be stopped at each step.
    """
    tokens = tokenizer.encode(text) if isinstance(text, str) else text
    return (yield from measure(model, tokenizer, tokens, model.new_state(), None, top))


def measure(
    model: Model,
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    state: State,
    before: Logits | None,
    top: int = 0,
) -> Generator[Progress, None, list[dict[str, Any]]]:
    """Return what `logprobs` does, after what a state has read; `before` are the logits of the first token.

    The state reads the tokens. With `top`, each token also has its ``rank``, 1 for the most probable.
    """
    found: list[dict[str, Any]] = []
    for start in range(0, len(tokens), READ_AT_ONCE):
        piece = tokens[start : start + READ_AT_ONCE]
        following = model.forward(piece, state, logits="all")
        check_finite(following, state)
        rows = [before, *following[:-1]]
        found += [
            _predicted(model, row, tokenizer, token, top) for row, token in zip(rows, piece, strict=True)
        ]
        before = following[-1]
        yield Progress("prompt", min(start + READ_AT_ONCE, len(tokens)), len(tokens))
    return found


def _predicted(
    model: Model, logits: Logits | None, tokenizer: Tokenizer, token: int, top: int
) -> dict[str, Any]:
    operations = model.kernel.logits
    logprob = None if logits is None else log_probability(logits, token, operations)
    entry: dict[str, Any] = {"token": token, "text": token_text(tokenizer, token), "logprob": logprob}
    if top > 0:
        top_candidates = () if logits is None else candidates(logits, tokenizer, top, operations)
        entry["top_logprobs"] = [asdict(candidate) for candidate in top_candidates]
        entry["rank"] = None if logits is None else rank_of(logits, token)
    return entry


def rank_of(logits: Logits, token: int) -> int:
    """Return 1 for the most probable token; equal ones share the best rank."""
    return 1 + int((logits > logits[token]).sum())
