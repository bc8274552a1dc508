"""Guesses how a text continues: as it did where its last tokens occurred before.

Source: Saxena 2023, "Prompt Lookup Decoding", where the last n-gram is looked up in the prompt. Here the
output counts too, and a copy that differs in a word is followed beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_KEPT = 1 << 15
"""Tokens that are kept at least; twice as many at most."""

LONGEST = 8
"""The largest length of a match that is counted."""

PATIENCE = 4
"""Tokens for which a copy that differs is followed."""

SKIPPED = 6
"""Tokens that a copy may leave out."""

_BITS = 20  # of a token id; no vocabulary has a million


class PromptLookup:
    """The tokens of a text, and where each pair and each triple of them occurred last.

    Attributes
    ----------
    length
        How many of the last tokens are as they were where the guess comes from, `LONGEST` at most; 0 where
        the text has just differed from what it copies.
    """

    def __init__(self) -> None:
        self.length = 0
        self._tokens: list[int] = []
        self._after: dict[int, int] = {}  # the last tokens as one number -> the index of what followed
        self._source = 0  # the index of the token that comes next if the text is copied; 0 is none
        self._differs = 0

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def next(self) -> int | None:
        """The token that comes next if the text is copied; None if it is not."""
        return self._tokens[self._source] if self._source else None

    def copy(self) -> PromptLookup:
        """Return an independent lookup of the same text."""
        other = PromptLookup()
        other._tokens, other._after = list(self._tokens), dict(self._after)
        return other

    def extend(self, tokens: Sequence[int]) -> None:
        """Add tokens that were read together."""
        if not len(tokens):
            return
        self._source = self.length = 0
        last = int(tokens[-1])
        tokens = tokens[:-1]
        start = len(self._tokens)
        self._tokens += tokens
        if len(self._tokens) >= 2 * MOST_KEPT:
            start, self._tokens = 0, self._drop_all()
        self._index(start)
        self.append(last)

    def append(self, token: int) -> None:
        """Add a token, and find where the text may continue from."""
        tokens = self._tokens
        tokens.append(token)
        end = len(tokens)
        if end > 2 * MOST_KEPT:
            self.extend(self._drop_all())
            return
        found, after = 0, self._after
        if end > 1:
            pair = tokens[-2] << _BITS | token
            found = after.get(pair, 0)
            after[pair] = end
        if end > 2:
            triple = 1 << 3 * _BITS | tokens[-3] << 2 * _BITS | pair
            found = after.get(triple, found)
            after[triple] = end
        source = self._source
        if source and tokens[source] == token:
            self._source, self._differs = source + 1, 0
            self.length = min(self.length + 1, LONGEST)
        elif found:
            self._source, self._differs, self.length = found, 0, self._matching(found)
        else:
            self._resume(token)

    def _drop_all(self) -> list[int]:
        tokens, self._tokens = self._tokens[-MOST_KEPT:], []
        self._after.clear()
        return tokens

    def guess(self, count: int) -> list[int]:
        """Return the next tokens if the text is copied; none if it is not."""
        if not self._source or count < 1:
            return []
        following = self._tokens[self._source : self._source + count]
        while len(following) < count:  # a text that repeats itself
            following += following[: count - len(following)]
        return following

    def _resume(self, token: int) -> None:
        """Continue a copy that differs: a token is another one, or some were left out."""
        self._differs += 1
        self.length = 0
        if not self._source or self._differs > PATIENCE:
            self._source = 0
            return
        end = min(self._source + SKIPPED, len(self._tokens) - 1)
        if token in self._tokens[self._source : end]:
            self._source = self._tokens.index(token, self._source, end) + 1
        else:
            self._source = min(self._source + 1, len(self._tokens) - 1)

    def _matching(self, source: int) -> int:
        tokens, length = self._tokens, 2
        most = min(LONGEST, source - 1)
        while length < most and tokens[source - 1 - length] == tokens[-1 - length]:
            length += 1
        return length

    def _index(self, start: int) -> None:
        """Note the pairs and triples that end at `start` or later."""
        ids = np.array(self._tokens[max(0, start - 2) :], np.int64)
        end = len(self._tokens) + 1
        pairs = ids[:-1] << _BITS | ids[1:]
        triples = 1 << 3 * _BITS | ids[:-2] << 2 * _BITS | pairs[1:]
        for keys in (pairs, triples):
            self._after.update(zip(keys.tolist(), range(end - len(keys), end), strict=True))
