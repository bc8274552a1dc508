"""Deterministic automata over the letters of an alphabet: made from derivatives, trimmed and minimized."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from goosequill.decoding.grammar.derivatives import Derivatives
from goosequill.decoding.grammar.expressions import Expressions, Node, TooComplex

MAX_STATES = 32_000
"""States of an automaton, which a 16-bit number counts."""
OFTEN = 64
"""States between two moments at which the work can be stopped."""

Row = list[tuple[int, int]]
"""A state's moves: sets of letters, none in two, and the states that they lead to."""
Working = Generator[int, None, "Machine"]
"""Work in steps, which yields how many states there are so far."""


@dataclass(frozen=True)
class Machine:
    """An automaton; it starts in state 0.

    Attributes
    ----------
    rows
        The moves of each state.
    accepting
        For each state, whether the text so far matches.
    """

    rows: list[Row]
    accepting: list[bool]


def determine(make: Expressions, node: Node) -> tuple[Derivatives, Working]:
    """Return an expression's derivatives, and the work of making the smallest automaton from them."""
    derivatives = Derivatives(make)
    return derivatives, _smallest(derivatives, node)


def _smallest(derivatives: Derivatives, node: Node) -> Working:
    machine = yield from _explore(derivatives, node)
    return (yield from _minimized(_trimmed(machine)))


def _explore(derivatives: Derivatives, node: Node) -> Working:
    """Make a state of each expression that derivatives lead to.

    Raises
    ------
    TooComplex
        There are more than MAX_STATES.
    """
    indices, order, rows = {node: 0}, [node], []
    for current in order:
        row = []
        for mask, left in derivatives.moves(current):
            if left not in indices:
                check_count(len(order) + 1)
                indices[left] = len(order)
                order.append(left)
            row.append((mask, indices[left]))
        rows.append(row)
        if len(rows) % OFTEN == 0:
            yield len(rows)
    return Machine(rows, [node.nullable for node in order])


def check_count(states: int) -> None:
    """Refuse an automaton that is too large."""
    if states > MAX_STATES:
        raise TooComplex(f"it needs more than {MAX_STATES:,} states")


def _sources(rows: Iterable[Row]) -> dict[int, list[int]]:
    """Return which states lead to each state."""
    sources = defaultdict(list)
    for state, row in enumerate(rows):
        for _, target in row:
            sources[target].append(state)
    return sources


def _trimmed(machine: Machine) -> Machine:
    """Remove the states from which no text matches; if the first is one, it stays alone."""
    sources = _sources(machine.rows)
    waiting = [state for state, accepts in enumerate(machine.accepting) if accepts]
    alive = set(waiting)
    while waiting:
        new = [source for source in sources[waiting.pop()] if source not in alive]
        alive.update(new)
        waiting += new
    return _kept(machine, sorted(alive | {0}), {state: state for state in alive})


def _kept(machine: Machine, states: list[int], names: dict[int, int]) -> Machine:
    """Return the automaton of some states; `names` maps every target that stays to one of them."""
    index = {state: i for i, state in enumerate(states)}
    rows = []
    for state in states:
        masks: dict[int, int] = defaultdict(int)
        for mask, target in machine.rows[state]:
            if target in names:
                masks[index[names[target]]] |= mask
        rows.append([(mask, target) for target, mask in masks.items()])
    return Machine(rows, [machine.accepting[state] for state in states])


def _minimized(machine: Machine) -> Working:
    """Merge the states that no continuation tells apart.

    Hopcroft 1971, "An n log n algorithm for minimizing states in a finite automaton": states start in two
    blocks, accepting or not, and a block is divided where its states lead to different blocks. The largest
    part keeps the block's name, so that a state is renamed at most log n times; only the states that lead to
    a renamed one are looked at again. (Valmari & Lehtinen 2008 do so for automata with few moves.)
    """
    sources = _sources(machine.rows)
    blocks: list[set[int]] = [set(), set()]
    for state, accepts in enumerate(machine.accepting):
        blocks[accepts].add(state)
    block_of = [int(accepts) for accepts in machine.accepting]
    touched = set(range(len(block_of)))
    for rounds in itertools.count():
        if not touched:
            break
        if rounds % OFTEN == 0:
            yield len(block_of)
        renamed: list[int] = []
        for block, members in _grouped(touched, block_of).items():
            renamed += _divide(machine, blocks, block_of, block, members)
        touched = {source for state in renamed for source in sources[state]}
    leaders = {block: state for state, block in reversed([*enumerate(block_of)])}
    names = {state: leaders[block] for state, block in enumerate(block_of)}
    return _kept(machine, sorted(leaders.values()), names)


def _grouped(states: Iterable[int], block_of: list[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for state in states:
        groups[block_of[state]].append(state)
    return groups


def _divide(
    machine: Machine, blocks: list[set[int]], block_of: list[int], block: int, touched: list[int]
) -> list[int]:
    """Divide a block by where its touched states lead; return the states that are now in another."""
    parts: dict[frozenset[tuple[int, int]], list[int]] = defaultdict(list)
    for state in touched:
        masks: dict[int, int] = defaultdict(int)
        for mask, target in machine.rows[state]:
            masks[block_of[target]] |= mask
        parts[frozenset(masks.items())].append(state)
    groups = sorted(parts.values(), key=len)
    rest = len(blocks[block]) - len(touched)
    if rest < len(groups[-1]):
        kept = groups.pop()
        if rest:
            groups.append(list(blocks[block].difference(touched)))
        blocks[block] = set(kept)
    else:
        blocks[block].difference_update(touched)
    for group in groups:
        for state in group:
            block_of[state] = len(blocks)
        blocks.append(set(group))
    return [state for group in groups for state in group]
