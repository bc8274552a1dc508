"""What generation yields: plain values that cross to JavaScript and JSON unchanged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from goosequill.decoding.sampling import Logits, best
from goosequill.kernels import LogitOperations
from goosequill.tokenizers import Tokenizer

Reason = Literal["stop", "length", "abort"]


@dataclass(frozen=True)
class Candidate:
    """A token that could have been chosen, with the model's own log probability (natural)."""

    token: int
    text: str
    logprob: float


@dataclass(frozen=True)
class Constrained:
    """What a constraint did where a token was chosen, measured by the model's own probabilities.

    Attributes
    ----------
    allowed
        How many tokens of the vocabulary it allowed.
    masked
        The probability of all others together, 0 to 1.
    changed
        Whether one of the others is likelier than every token that was allowed.
    """

    allowed: int
    masked: float
    changed: bool


@dataclass(frozen=True)
class Preparing:
    """How many states the automaton of a constraint has so far."""

    states: int


@dataclass(frozen=True)
class Reading:
    """How much of the prompt has been read, in tokens."""

    loaded: int
    total: int


@dataclass(frozen=True)
class Chunk:
    """One generated token; as a string it is its text.

    ``text`` may be empty, while a character is incomplete or a stop text may be starting. ``logprob`` is
    the model's own, before any step of the decoder; where the vocabulary is large and the decoder does not
    need all logits (`DecodingConfig.shortlist`), it is approximate. ``constraint`` is None where the text is
    not constrained.
    """

    text: str
    token: int
    logprob: float
    index: int
    top_logprobs: tuple[Candidate, ...] = ()
    constraint: Constrained | None = None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class End:
    """The last item: the text that was still held back, the reason for the end, the usage, and the seed.

    As a string it is that text. ``guessed`` is how many tokens were guessed and read ahead, of which
    ``guessed_right`` were right. That depends on how fast the machine is, so it does not count when two ends
    are compared.
    """

    text: str
    finish_reason: Reason
    usage: dict[str, int]
    seed: int
    guessed: int = field(default=0, compare=False)
    guessed_right: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return self.text


Item = Preparing | Reading | Chunk | End


def token_text(tokenizer: Tokenizer, token: int) -> str:
    """Return one token as text; an incomplete character becomes U+FFFD."""
    return tokenizer.token_bytes(token).decode("utf-8", "replace")


def candidates(
    logits: Logits, tokenizer: Tokenizer, count: int, operations: LogitOperations
) -> tuple[Candidate, ...]:
    """Return the most likely tokens, the most likely first."""
    if not count:
        return ()
    total = operations.log_total(logits)
    ids = [int(token) for token in best(logits, count, operations)]
    return tuple(Candidate(i, token_text(tokenizer, i), float(logits[i]) - total) for i in ids)
