"""Embeddings in the shape of OpenAI's API.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from goosequill.decoding.tokens import is_tokens
from goosequill.openai.errors import refusal
from goosequill.openai.requests import ignored_fields
from goosequill.search.embedder import Floats, TokenEmbedder
from goosequill.support.progress import Progress

FIELDS = ("model", "input", "encoding_format", "dimensions")
MOST_TEXTS = 2048
"""As OpenAI allows."""
LONGEST_TEXT = 100_000
"""In characters; embedders ignore what goes beyond some thousand words."""
AT_ONCE = 32
"""Texts that an embedder gets at once, so that others need not wait for long."""


def embeddings(
    embedder: TokenEmbedder, name: str, request: Mapping[str, Any]
) -> Generator[Progress, None, dict[str, Any]]:
    """Embed the texts of a request.

    Parameters
    ----------
    name
        Of the model, for the answer.
    request
        ``input`` is a text of at most 100,000 characters, a list of token ids, which the model reads as they
        are, or a list of at most 2,048 of either; ``encoding_format`` "float" or "base64" (float32,
        little-endian); ``dimensions`` how many numbers of each embedding are wanted, at most the model's own,
        which is the default: the first ones, scaled to length 1 again. Other fields are ignored, at most 32,
        and named in ``ignored_fields`` of the answer. The usage counts the tokens that the model reads.

    Yields
    ------
    Progress after each batch.

    Returns
    -------
    The list of embeddings, each of length 1.

    Raises
    ------
    SettingsError
        ``option``, with the ``param`` that is at fault.
    """
    texts = _read(embedder, request.get("input"))
    others = [name for name, value in request.items() if name not in FIELDS and value is not None]
    ignored = ignored_fields(others)
    form = request.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise refusal("encoding_format", "float or base64")
    size = _size(request.get("dimensions"), embedder.dimensions)
    vectors = np.zeros((len(texts), embedder.dimensions), np.float32)
    done = tokens = 0
    for first in range(0, len(texts), AT_ONCE):
        part = texts[first : first + AT_ONCE]
        read = [embedder.encode(text) if isinstance(text, str) else text for text in part]
        tokens += sum(min(len(ids), embedder.longest) for ids in read)
        for rows, found in embedder.token_batches(read):
            vectors[[first + row for row in rows]] = found
            done += len(rows)
            yield Progress("passages", done, len(texts))
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, form)}
        for index, vector in enumerate(_shortened(embedder.exported(vectors), size))
    ]
    return {
        "object": "list",
        "data": data,
        "model": name,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        **ignored,
    }


def _size(asked: Any, most: int) -> int:
    if asked is None:
        return most
    if isinstance(asked, bool) or not isinstance(asked, int) or not 1 <= asked <= most:
        raise refusal("dimensions", f"a whole number from 1 to {most}, or left out")
    return asked


def _shortened(vectors: Floats, size: int) -> Floats:
    """Return the first numbers of each vector, scaled to length 1."""
    if size == vectors.shape[1]:
        return vectors
    cut = vectors[:, :size]
    return np.asarray(cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), np.float32(1e-12)))


def _read(embedder: TokenEmbedder, value: Any) -> list[Any]:
    """Return the texts of an input, or their ids."""
    texts = value if isinstance(value, list) and not is_tokens(value) else [value]
    if 0 < len(texts) <= MOST_TEXTS:
        if all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in texts):
            return texts
        size = embedder.vocabulary
        if all(is_tokens(ids) and min(ids) >= 0 and max(ids) < size for ids in texts):
            return texts
    raise refusal(
        "input",
        f"a text of at most {LONGEST_TEXT:,} characters, a list of token ids of this model's own vocabulary, "
        f"or a list of at most {MOST_TEXTS:,} of either",
    )


def _encoded(vector: Floats, form: str) -> Any:
    if form == "float":
        return vector.tolist()
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
