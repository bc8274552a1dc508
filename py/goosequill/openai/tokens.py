"""Texts as token ids, and back, in the shape of vLLM's API, which evaluation harnesses ask.

Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html (Tokenizer API)
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from goosequill.decoding.tokens import check_tokens, is_tokens
from goosequill.models import Model
from goosequill.openai.errors import refusal
from goosequill.tokenizers import Tokenizer

MOST_TOKENS = 100_000
"""That are turned into a text at once."""
Work = Generator[None, None, dict[str, Any]]


def tokenize(model: Model, tokenizer: Tokenizer, request: Mapping[str, Any]) -> Work:
    """Return the tokens of ``prompt``, a text, to which nothing is added.

    Returns
    -------
    ``tokens``, their ``count``, with ``return_token_strs`` the text of each as ``token_strs``, and
    ``max_model_len``: null, since a recurrent model has no window.

    Raises
    ------
    SettingsError
        ``option``: ``prompt`` is not a text.
    """
    prompt = request.get("prompt")
    if not isinstance(prompt, str):
        raise refusal("prompt", "a text")
    yield
    tokens = tokenizer.encode(prompt)
    found: dict[str, Any] = {"count": len(tokens), "max_model_len": None, "tokens": tokens}
    if request.get("return_token_strs") is True:
        found["token_strs"] = [tokenizer.decode([token]) for token in tokens]
    return found


def detokenize(model: Model, tokenizer: Tokenizer, request: Mapping[str, Any]) -> Work:
    """Return as ``prompt`` the text of ``tokens``.

    Raises
    ------
    SettingsError
        ``option``: ``tokens`` is no list of integers, or one of more than 100,000. ``token-range``: one is
        none of the model's.
    """
    tokens = request.get("tokens")
    if tokens != [] and (not is_tokens(tokens) or len(tokens) > MOST_TOKENS):
        raise refusal("tokens", f"a list of at most {MOST_TOKENS:,} token ids")
    check_tokens(model, tokens or [], "tokens")
    yield
    return {"prompt": tokenizer.decode(tokens or [])}


def tokenizer_info(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return how a text begins and ends: nothing is put before it, and it ends with ``eos_token``."""
    end = tokenizer.end_token
    return {
        "tokenizer_class": type(tokenizer).__name__,
        "bos_token": None,
        "eos_token": None if end is None else tokenizer.decode([end]),
        "pad_token": None,
        "chat_template": None,
    }
