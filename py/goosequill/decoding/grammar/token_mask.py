"""Which tokens may follow: every token's bytes are walked through the automaton at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton
from goosequill.tokenizers import Tokenizer

KEPT = 1000
"""Masks that are kept for states that the text comes back to: a byte for each token."""


class TokenTable:
    """The bytes of all tokens, one after the other."""

    def __init__(self, names: Sequence[bytes]) -> None:
        self._lengths = np.array([len(name) for name in names], np.int64)
        self._bytes = np.frombuffer(b"".join(names), np.uint8)
        self._ids = np.flatnonzero(self._lengths)
        self._starts = (np.cumsum(self._lengths) - self._lengths)[self._ids]
        self._ends = self._starts + self._lengths[self._ids]

    def allowed(self, automaton: Automaton, state: int) -> NDArray[np.bool_]:
        """Return which tokens lead from a state to another state that is not dead: [vocab_size]."""
        found = np.zeros(len(self._lengths), bool)
        ids, at, ends = self._ids, self._starts, self._ends
        states = automaton.table[state][self._bytes[at]]
        while True:
            alive = states != DEAD
            ids, at, ends, states = ids[alive], at[alive] + 1, ends[alive], states[alive]
            ended = at == ends
            found[ids[ended]] = True
            more = ~ended
            ids, at, ends = ids[more], at[more], ends[more]
            if not len(ids):
                return found
            states = automaton.table[states[more], self._bytes[at]]


class TokenMasks:
    """The masks of an automaton's states; tokens that end the text are allowed where it matches."""

    def __init__(self, automaton: Automaton, tokens: TokenTable, ends: Sequence[int]) -> None:
        self._automaton, self._tokens, self._ends = automaton, tokens, list(ends)
        self._kept: OrderedDict[int, NDArray[np.bool_]] = OrderedDict()

    def of(self, state: int) -> NDArray[np.bool_]:
        """Return which tokens may follow in a state: [vocab_size]."""
        if state in self._kept:
            self._kept.move_to_end(state)
            return self._kept[state]
        mask = self._tokens.allowed(self._automaton, state)
        mask[self._ends] = bool(self._automaton.accepting[state])
        self._kept[state] = mask
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return mask


_tables: WeakKeyDictionary[Tokenizer, dict[int, TokenTable]] = WeakKeyDictionary()


def token_table(tokenizer: Tokenizer, vocab_size: int) -> TokenTable:
    """Return the table of a tokenizer's tokens, which is made once."""
    tables = _tables.setdefault(tokenizer, {})
    if vocab_size not in tables:
        tables[vocab_size] = TokenTable([tokenizer.token_bytes(token) for token in range(vocab_size)])
    return tables[vocab_size]
