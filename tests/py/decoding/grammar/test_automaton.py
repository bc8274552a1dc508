"""The smallest automata, compared with what Moore's table of pairs finds."""

from random import Random

import numpy as np
import pytest

from goosequill.decoding.grammar.automaton import Machine, Working, _minimized
from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton
from goosequill.decoding.grammar.compile import compiled, schema_form
from goosequill.errors import SettingsError

from .test_regex import random_pattern
from .walks import automaton_of, distances, each_number_of_cases

PATTERNS = [
    "x(b|c)*|y(b*c*)*",  # derivatives alone do not see that these are alike
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


def test_dead_ends_are_removed() -> None:
    """After the quote, a may follow as far as each pattern is concerned, but then nothing fits both."""
    both = {"allOf": [{"pattern": "^ab$"}, {"pattern": "^ac$"}]}
    _check(compiled(schema_form({"type": "string", "anyOf": [both, {"const": "z"}]})))


@each_number_of_cases
def test_no_two_states_of_random_expressions_are_alike(cases: int) -> None:
    random = Random(3)
    for _ in range(cases // 8):
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


@each_number_of_cases
def test_random_machines_become_the_smallest_that_do_the_same(cases: int) -> None:
    random = Random(9)
    for _ in range(cases):
        machine = random_machine(random, random.randint(1, 30))
        smallest = _drained(_minimized(machine))
        table = np.full((len(machine.rows), 2), DEAD)
        for state, row in enumerate(machine.rows):
            for mask, target in row:
                table[state, [letter for letter in (0, 1) if mask >> letter & 1]] = target
        alike = _classes(Automaton(table.astype(np.int16), np.array(machine.accepting)))
        assert len(smallest.rows) == alike
        for _ in range(20):
            letters = random.choices([1, 2], k=random.randint(0, 12))
            assert _accepts(machine, letters) == _accepts(smallest, letters)


def random_machine(random: Random, states: int) -> Machine:
    """Return a machine with two letters, each of which leads somewhere, or nowhere, from each state."""
    near = [[random.randrange(states) for _ in range(3)] for _ in range(states)]
    rows = []
    for state in range(states):
        moves: dict[int, int] = {}
        for mask in (1, 2):
            if random.random() < 0.8:
                target = random.choice([*near[state // 2], min(state + 1, states - 1)])
                moves[target] = moves.get(target, 0) | mask
        rows.append([(mask, target) for target, mask in moves.items()])
    return Machine(rows, [random.random() < 0.2 for _ in range(states)])


def _drained(working: Working) -> Machine:
    while True:
        try:
            next(working)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def _accepts(machine: Machine, letters: list[int]) -> bool:
    state: int | None = 0
    for letter in letters:
        state = next((target for mask, target in machine.rows[state or 0] if mask & letter), None)
        if state is None:
            return False
    return machine.accepting[state or 0]
