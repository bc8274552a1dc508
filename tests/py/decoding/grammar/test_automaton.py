"""The smallest automata, compared with what Moore's table of pairs finds."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton
from goosequill.errors import SettingsError

from .test_regex import random_pattern
from .walks import CASES, automaton_of, distances

PATTERNS = [
    "a",
    "(a|b)*abb",
    r"\w{1,3}x|\w{2}",
    "[é-漢]{2}|😀|a[é-漢]",
    "(ab|cb|db)+",
    "a{3,7}|b{3,7}",
    r"(\d+,)*\d+",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_two_states_are_alike_and_none_is_dead(pattern: str) -> None:
    _check(automaton_of(pattern))


def test_no_two_states_of_random_expressions_are_alike() -> None:
    random = Random(3)
    for _ in range(CASES // 8):
        try:
            automaton = automaton_of(random_pattern(random))
        except SettingsError:
            continue
        if len(automaton.table) < 120:
            _check(automaton)


def _check(automaton: Automaton) -> None:
    assert max(distances(automaton)) < len(automaton.table)
    assert _classes(automaton) == len(automaton.table)
    assert _reached(automaton) == len(automaton.table)


def _classes(automaton: Automaton) -> int:
    """Return how many states some text tells apart (Moore 1956): refine until nothing changes."""
    classes = automaton.accepting.astype(np.int64)
    while True:
        after = np.where(automaton.table == DEAD, -1, classes[automaton.table])
        finer = np.unique(np.column_stack([classes, after]), axis=0, return_inverse=True)[1].reshape(-1)
        if finer.max() == classes.max():
            return int(finer.max()) + 1
        classes = finer


def _reached(automaton: Automaton) -> int:
    found, waiting = {0}, [0]
    while waiting:
        for state in {int(state) for state in automaton.table[waiting.pop()] if state != DEAD} - found:
            found.add(state)
            waiting.append(state)
    return len(found)
