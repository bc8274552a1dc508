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
        """Return how many of the tokens the nearest kept state has read, a copy of it, and its scores."""
        wanted = tuple(tokens)
        fitting = [read for kind, read in self._kept if kind == shortlist and wanted[: len(read)] == read]
        if not fitting:
            return None
        read = max(fitting, key=len)
        self._kept.move_to_end((shortlist, read))
        state, scores, _ = self._kept[shortlist, read]
        return len(read), state.copy(), scores

    def clear(self) -> None:
        """Let go of every state."""
        self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)
