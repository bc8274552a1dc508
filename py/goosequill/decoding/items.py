"""What the loop that writes yields: plain values that cross to JavaScript and JSON as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from goosequill.decoding.sampling import Scores, best, log_total
from goosequill.kernels import LogitOperations
from goosequill.tokenizers import Tokenizer

Reason = Literal["stop", "length", "abort"]


@dataclass(frozen=True)
class Candidate:
    """A token that could have been taken, with the model's own log probability (natural)."""

    token: int
    text: str
    logprob: float


@dataclass(frozen=True)
class Reading:
    """How much of the prompt has been read, in tokens."""

    loaded: int
    total: int


@dataclass(frozen=True)
class Chunk:
    """One token that was written.

    ``text`` may be empty: a character may still be unfinished, or a stop text may be beginning.
    ``logprob`` is the model's own, before any processor.
    """

    text: str
    token: int
    logprob: float
    index: int
    top_logprobs: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class End:
    """The last item: the text that was still held back, why it ended, what was used, and the seed."""

    text: str
    finish_reason: Reason
    usage: dict[str, int]
    seed: int


Item = Reading | Chunk | End


def token_text(tokenizer: Tokenizer, token: int) -> str:
    """Return one token as text; half a character shows as U+FFFD."""
    return tokenizer.token_bytes(token).decode("utf-8", "replace")


def candidates(
    scores: Scores, tokenizer: Tokenizer, count: int, operations: LogitOperations
) -> tuple[Candidate, ...]:
    """Return the likeliest tokens, the likeliest first."""
    if not count:
        return ()
    total = log_total(scores, operations)
    ids = [int(token) for token in best(scores, count, operations)]
    return tuple(Candidate(i, token_text(tokenizer, i), float(scores[i]) - total) for i in ids)
