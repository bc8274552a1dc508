"""Random walks through automata, and how many random cases a test tries."""

import os
from random import Random

import numpy as np

from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton
from goosequill.decoding.grammar.compile import Form, compiled
from tests.py.tiers import tiers

each_number_of_cases = tiers("cases", 40, int(os.environ.get("CASES", "400")))
"""How many random cases a test tries; with CASES=10000 before the command it tries more."""


def automaton_of(pattern: str) -> Automaton:
    """Return the automaton of a regular expression."""
    return compiled(Form("regex", pattern))


def distances(automaton: Automaton) -> list[int]:
    """Return how many bytes each state is from an accepting one: [states]."""
    left = np.where(automaton.accepting, 0, 1 << 30)
    while True:
        after = np.where(automaton.table == DEAD, 1 << 30, left[automaton.table]).min(axis=1) + 1
        if (left <= after).all():
            return [int(distance) for distance in left]
        left = np.minimum(left, after)


def random_text(automaton: Automaton, random: Random, wandering: int = 40) -> str:
    """Return a random text that an automaton accepts; after some bytes it ends as soon as it can."""
    left, state, data = distances(automaton), 0, bytearray()
    while True:
        if automaton.accepting[state] and (len(data) > wandering or random.random() < 0.1):
            return data.decode()
        row = automaton.table[state]
        found = [int(byte) for byte in np.flatnonzero(row != DEAD)]
        if not found:
            return data.decode()
        if len(data) > wandering:
            nearest = min(left[row[byte]] for byte in found)
            found = [byte for byte in found if left[row[byte]] == nearest]
        data.append(random.choice(found))
        state = int(row[data[-1]])
