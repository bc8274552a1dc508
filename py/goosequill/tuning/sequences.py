"""Turns examples into sequences of tokens, and sequences of similar lengths into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from goosequill.decoding.randomness import Pcg64
from goosequill.decoding.writer import prompt_tokens
from goosequill.tokenizers import Tokenizer
from goosequill.tuning.examples import Example, Pair, Rating, Text, texts_of
from goosequill.tuning.gradient import Batch

MOST_TOKENS = 256
"""Of a sequence; of a longer text, every piece of this length is one."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class Row:
    """A sequence of tokens, and which of them the model should write (never the first)."""

    tokens: tuple[int, ...]
    wanted: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def count(self) -> int:
        """How many tokens the model should write."""
        return sum(self.wanted)


@dataclass(frozen=True)
class Unit:
    """What is learned at once: one sequence, or a better and a worse one.

    Attributes
    ----------
    bytes
        Of what the model should write, in UTF-8.
    good
        Whether it should write it, if it is rated.
    """

    rows: tuple[Row, ...]
    bytes: int
    good: bool = True

    @property
    def length(self) -> int:
        """Tokens of the longest of its rows."""
        return max(map(len, self.rows))


def units_of(example: Example, tokenizer: Tokenizer, longest: int) -> list[Unit]:
    """Return the units of an example; none of their rows is longer than `longest` + 1 tokens."""
    rows = [encode(text, tokenizer) for text in texts_of(example)]
    if isinstance(example, Pair):
        found = [tuple(windows(row, longest)[0] for row in rows)]
    elif isinstance(example, Rating):
        found = [(windows(rows[0], longest)[0],)]
    else:
        found = [(window,) for window in windows(rows[0], longest)]
    good = example.good if isinstance(example, Rating) else True
    return [Unit(each, sum(_bytes(row, tokenizer) for row in each), good) for each in found]


def _bytes(row: Row, tokenizer: Tokenizer) -> int:
    """Of what the model should write; the end of a text costs bits, but has no bytes."""
    tokens = (token for token, wanted in zip(row.tokens, row.wanted, strict=True) if wanted)
    return sum(len(tokenizer.token_bytes(token)) for token in tokens if token != tokenizer.end_token)


def encode(text: Text, tokenizer: Tokenizer) -> Row:
    """Return the tokens of a text, each part encoded by itself, as a prompt is before it is continued.

    A text that the model writes from its beginning follows the end-of-text token, as in training.
    """
    tokens, wanted = [], []
    if text.parts[0][1]:
        tokens, wanted = prompt_tokens(tokenizer, ""), [False]
    for part, write in text.parts:
        ids = tokenizer.encode(part)
        tokens += ids
        wanted += [write] * len(ids)
    if text.ends and wanted[-1] and tokenizer.end_token is not None:
        tokens.append(tokenizer.end_token)
        wanted.append(True)
    return Row(tuple(tokens), (False, *wanted[1:]))


def windows(row: Row, longest: int) -> list[Row]:
    """Return the parts of a row with something to write, from its end: what is read before it is most useful.

    Each has at most `longest` + 1 tokens, of which the first is only read.
    """
    found = []
    for end in range(len(row), 1, -longest):
        start = max(0, end - longest - 1)
        part = Row(row.tokens[start:end], (False, *row.wanted[start + 1 : end]))
        if part.count:
            found.append(part)
    return found


def split(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Return the examples to learn from, and a fifth of them, at least one, that is held back."""
    order = shuffled(range(len(examples)), Pcg64(seed))
    held = set(order[: max(1, round(len(examples) / 5))])
    kept = [one for at, one in enumerate(examples) if at not in held]
    return kept, [one for at, one in enumerate(examples) if at in held]


def batches(units: Sequence[Unit], seed: int, size: int) -> Iterator[list[Unit]]:
    """Yield batches of so many units, those of similar lengths together, without end.

    All units occur before any does again.
    """
    random = Pcg64(seed)
    while True:
        by_length = sorted(units, key=lambda unit: unit.length * (1 + 0.3 * random.random()))
        starts = shuffled(range(0, len(units), size), random)
        yield from (by_length[start : start + size] for start in starts)


def shuffled(items: Sequence[Item], random: Pcg64) -> list[Item]:
    """Return items in a random order."""
    return sorted(items, key=lambda _: random.random())


def groups(units: Sequence[Unit], tokens: int) -> Iterator[list[Unit]]:
    """Yield units in groups that have at most so many tokens with their padding, or a single unit."""
    group: list[Unit] = []
    for unit in sorted(units, key=lambda unit: unit.length):
        if group and (len(group) + 1) * len(unit.rows) * (unit.length - 1) > tokens:
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def batch_of(units: Sequence[Unit]) -> Batch:
    """Return the rows of units as one batch, in their order, padded with token 0, which never counts."""
    rows = [row for unit in units for row in unit.rows]
    longest = max(map(len, rows))
    tokens = np.zeros((len(rows), longest), np.int64)
    wanted = np.zeros(tokens.shape, np.bool_)
    for at, row in enumerate(rows):
        tokens[at, : len(row)] = row.tokens
        wanted[at, : len(row)] = row.wanted
    return Batch(tokens[:, :-1], tokens[:, 1:], wanted[:, 1:])
