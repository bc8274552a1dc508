"""States kept by the tokens they have read, so that a text can be continued anywhere without rereading it.

A state is kept every few tokens and at the end of a prompt; a branch starts from the nearest one before it
and reads the rest, at most ``SPACING`` tokens. The least recently used states are dropped first.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from goosequill.decoding.sampling import Logits
from goosequill.kernels import Shortlist

SPACING = 32
"""Tokens between two kept states during generation."""

BUDGET = 256 * 1024 * 1024
"""Bytes that all kept states may use."""

Key = tuple[Shortlist | None, tuple[int, ...]]
"""Which logits are exact, and the tokens."""


class StateMemory:
    """States of one model by the tokens that it has read.

    Parameters
    ----------
    budget
        Bytes that the states may use together.
    """

    def __init__(self, *, budget: int = BUDGET) -> None:
        self._budget = budget
        self._kept: OrderedDict[Key, tuple[Any, Logits, int]] = OrderedDict()

    def keep(
        self, tokens: Sequence[int], state: Any, logits: Logits, *, shortlist: Shortlist | None = None
    ) -> None:
        """Keep a copy of a state, and the logits of the next token."""
        size = int(getattr(state, "nbytes", 0)) + logits.nbytes + 8 * len(tokens)
        if size > self._budget:
            return
        key = (shortlist, tuple(tokens))
        self._kept[key] = (state.copy(), np.array(logits), size)
        self._kept.move_to_end(key)
        while sum(entry[2] for entry in self._kept.values()) > self._budget:
            self._kept.popitem(last=False)

    def recall(
        self, tokens: Sequence[int], *, shortlist: Shortlist | None = None
    ) -> tuple[int, Any, Logits] | None:
        """Return how many of the tokens the nearest kept state has read, a copy of it, and its logits.

        The logits are those of the next token if all tokens were read; otherwise they must not be used.
        """
        wanted = tuple(tokens)
        fitting = [
            (kind, read)
            for kind, read in self._kept
            if wanted[: len(read)] == read and (len(read) < len(wanted) or kind in (None, shortlist))
        ]
        if not fitting:
            return None
        key = max(fitting, key=lambda key: len(key[1]))
        self._kept.move_to_end(key)
        state, logits, _ = self._kept[key]
        return len(key[1]), state.copy(), logits

    def clear(self) -> None:
        """Drop every state."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


class SharedPrompt(StateMemory):
    """A memory for several texts that continue one prompt: what one has read of it, no other reads again.

    It keeps the states after the prompt, whatever their size, and leaves all others to another memory.

    Parameters
    ----------
    memory
        None if there is none, or if the texts start from a saved state, which a memory does not know.
    """

    def __init__(self, memory: StateMemory | None = None) -> None:
        super().__init__(budget=sys.maxsize)
        self._memory = memory
        self._asked: set[Key] = set()

    def keep(
        self, tokens: Sequence[int], state: Any, logits: Logits, *, shortlist: Shortlist | None = None
    ) -> None:
        if (shortlist, tuple(tokens)) in self._asked:
            super().keep(tokens, state, logits, shortlist=shortlist)
        if self._memory is not None:
            self._memory.keep(tokens, state, logits, shortlist=shortlist)

    def recall(
        self, tokens: Sequence[int], *, shortlist: Shortlist | None = None
    ) -> tuple[int, Any, Logits] | None:
        self._asked.add((shortlist, tuple(tokens)))
        known = super().recall(tokens, shortlist=shortlist)
        if self._memory is None or (known and known[0] == len(tokens)):
            return known
        found = self._memory.recall(tokens, shortlist=shortlist) or known
        if found and found[0] == len(tokens):
            super().keep(tokens, found[1], found[2], shortlist=shortlist)
        return found
