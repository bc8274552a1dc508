"""States kept by what was read, so that a text can be continued from any place without reading it again.

A state is kept every few tokens, and where a prompt ends; a branch begins at the nearest one before it
and reads the rest, at most ``SPACING`` tokens. What was used longest ago is let go first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from goosequill.decoding.sampling import Scores
from goosequill.kernels import Shortlist

SPACING = 32
"""Tokens between two kept states while a text is written."""

BUDGET = 256 * 1024 * 1024
"""Bytes that all kept states may take."""

Key = tuple[Shortlist | None, tuple[int, ...]]
"""Which scores are exact, and the tokens."""


class StateMemory:
    """States of one model by the tokens that it has read.

    Parameters
    ----------
    budget
        Bytes that the states may take together.
    """

    def __init__(self, *, budget: int = BUDGET) -> None:
        self._budget = budget
        self._kept: OrderedDict[Key, tuple[Any, Scores, int]] = OrderedDict()

    def keep(
        self, tokens: Sequence[int], state: Any, scores: Scores, *, shortlist: Shortlist | None = None
    ) -> None:
        """Keep a copy of a state, and the scores of what follows."""
        size = int(getattr(state, "nbytes", 0)) + scores.nbytes + 8 * len(tokens)
        if size > self._budget:
            return
        key = (shortlist, tuple(tokens))
        self._kept[key] = (state.copy(), np.array(scores), size)
        self._kept.move_to_end(key)
        while sum(entry[2] for entry in self._kept.values()) > self._budget:
            self._kept.popitem(last=False)

    def recall(
        self, tokens: Sequence[int], *, shortlist: Shortlist | None = None
    ) -> tuple[int, Any, Scores] | None:
        """Return how many of the tokens the nearest kept state has read, a copy of it, and its scores.

        The scores fit the shortlist where all tokens were read; else they are not those that will be needed.
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
        state, scores, _ = self._kept[key]
        return len(key[1]), state.copy(), scores

    def clear(self) -> None:
        """Let go of every state."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
