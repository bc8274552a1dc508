"""Measures how well a model predicts a text: bits per byte, perplexity, and the surprisal of every token.

The model reads the text once, in chunks, from an empty state. Bits per byte can be compared between models
with different tokenizers; perplexity cannot.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.predictor import check_finite
from goosequill.errors import SettingsError
from goosequill.models import Model
from goosequill.support.line_ends import count_replaced, unix_lines
from goosequill.support.progress import OnProgress
from goosequill.tokenizers.base import well_formed

if TYPE_CHECKING:
    from goosequill.tokenizers import Tokenizer

CHUNK = 256
"""Tokens that are read at a time: [CHUNK, V] logits in memory."""


@dataclass(frozen=True)
class Evaluation:
    """How well a model predicts a text.

    Attributes
    ----------
    tokens, bytes
        Length of the text.
    bits
        Sum of -log2 of the probability of every token.
    surprisal
        Bits of each token [tokens].
    ids
        The tokens.
    line_ends_replaced
        How many Windows line ends of the text were replaced before it was measured.
    """

    tokens: int
    bytes: int
    bits: float
    surprisal: NDArray[np.float64] = field(repr=False)
    ids: tuple[int, ...] = field(repr=False)
    line_ends_replaced: int = 0

    @property
    def bits_per_byte(self) -> float:
        """Bits divided by the text's length in UTF-8."""
        return self.bits / self.bytes

    @property
    def perplexity(self) -> float:
        """2 to the power of the mean bits of a token; depends on the tokenizer."""
        mean = self.bits / self.tokens
        return 2.0**mean if mean < sys.float_info.max_exp else math.inf


def evaluate(
    model: Model, tokenizer: Tokenizer, text: str, *, raw: bool = False, progress: OnProgress | None = None
) -> Evaluation:
    """Measure how well a model predicts each token of a text.

    The model first reads the tokenizer's end-of-text token, which separates documents in training.
    Without one the first token has no context, and counts as log2 of the vocabulary's size.

    Parameters
    ----------
    raw
        Measure the text byte for byte; by default Windows line ends become LF first (`line_ends`).

    Raises
    ------
    SettingsError
        ``empty-text``: the text has no tokens.
    """
    replaced = 0 if raw else count_replaced(text)
    if replaced:
        text = unix_lines(text)
    ids = tokenizer.encode(text)
    if not ids:
        raise SettingsError("The text is empty.", code="empty-text")
    bits = surprisal(model, ids, end_token=tokenizer.end_token, progress=progress)
    length = len(well_formed(text).encode("utf-8"))
    return Evaluation(len(ids), length, float(bits.sum()), bits, tuple(ids), replaced)


def surprisal(
    model: Model, ids: Sequence[int], *, end_token: int | None, progress: OnProgress | None = None
) -> NDArray[np.float64]:
    """-log2 of the probability of each token, from an empty state that has read `end_token`."""
    history = [end_token, *ids] if end_token is not None else list(ids)
    first = [] if end_token is not None else [np.array([math.log2(model.config.vocab_size)])]
    state = model.new_state()
    parts = list(first)
    for start in range(0, len(history) - 1, CHUNK):
        inputs = history[start : min(start + CHUNK, len(history) - 1)]
        targets = history[start + 1 : start + 1 + len(inputs)]
        logits = check_finite(model.forward(inputs, state, logits="all"), state)
        parts.append(token_bits(logits, targets))
        if progress:
            progress(start + len(inputs), len(history) - 1)
    return np.concatenate(parts)


def token_bits(logits: NDArray[np.float32], targets: Sequence[int]) -> NDArray[np.float64]:
    """-log2 softmax(logits)[target] for each row. logits [T, V]."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=-1)
    total = top + np.log(np.exp(wide - top[:, None]).sum(axis=-1))  # [T]
    found: NDArray[np.float64] = (total - wide[np.arange(len(targets)), targets]) / math.log(2)
    return found


def token_texts(tokenizer: Tokenizer, ids: Sequence[int]) -> Iterator[str]:
    """Yield each token as text, with U+FFFD for parts of characters."""
    for token in ids:
        yield tokenizer.token_bytes(token).decode("utf-8", "replace")
