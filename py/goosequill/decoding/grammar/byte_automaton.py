"""Automata over bytes, so that any token, even part of a character, can be followed.

Each move of a machine over letters becomes a tree of UTF-8 bytes. Trees whose leaves lead to the same states
are one, within a state and between states, so that a smallest machine becomes a smallest automaton.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from goosequill.decoding.grammar.automaton import OFTEN, Machine, Row, check_count
from goosequill.decoding.grammar.characters import LAST
from goosequill.decoding.grammar.derivatives import Derivatives
from goosequill.decoding.grammar.expressions import Expressions

DEAD = -1
Span = tuple[int, int]
Spans = tuple[tuple[int, int, int], ...]
"""First and last bytes, and the states that they lead to."""


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over bytes; it starts in state 0.

    Attributes
    ----------
    table
        [states, 256]: the state after a byte, or DEAD. From every state some text matches.
    accepting
        [states]: whether the text so far matches.
    dead
        DEAD.
    """

    table: NDArray[np.int16]
    accepting: NDArray[np.bool_]
    dead: ClassVar[int] = DEAD

    def walk(self, state: int, data: bytes) -> int:
        """Return the state after some bytes, or DEAD."""
        for byte in data:
            if state == DEAD:
                break
            state = int(self.table[state, byte])
        return state

    def matches(self, text: str) -> bool:
        """Return whether a whole text matches."""
        state = self.walk(0, text.encode("utf-8"))
        return state != DEAD and bool(self.accepting[state])


@dataclass(frozen=True, eq=False)
class _Tree:
    """Spans of bytes that lead to smaller trees or to leaves: the moves of a row, by their place in it."""

    branches: tuple[tuple[int, int, _Tree | int], ...]
    leaves: tuple[int, ...]
    """Those below it."""


def in_bytes(
    make: Expressions, derivatives: Derivatives, machine: Machine
) -> Generator[int, None, Automaton]:
    """Work in steps that returns a machine's automaton, and yields how many states there are so far.

    Raises
    ------
    TooComplex
        There are too many states.
    """
    return _Expansion(make, derivatives, machine).run()


class _Expansion:
    def __init__(self, make: Expressions, derivatives: Derivatives, machine: Machine) -> None:
        self._make, self._alphabet, self._machine = make, derivatives.alphabet, machine
        self._trees: dict[tuple[int, ...], _Tree] = {}
        self._same: dict[object, _Tree] = {}
        self._filled: dict[tuple[_Tree, tuple[int, ...]], int] = {}
        self._states: dict[Spans, int] = {}
        self._rows: list[Spans] = [()] * len(machine.rows)

    def run(self) -> Generator[int, None, Automaton]:
        for state, row in enumerate(self._machine.rows):
            tree = self._tree_of(row)
            self._rows[state] = self._spans(tree, [target for _, target in row])
            if state % OFTEN == 0:
                yield len(self._rows)
        table = np.full((len(self._rows), 256), DEAD, np.int16)
        for state, spans in enumerate(self._rows):
            for low, high, target in spans:
                table[state, low : high + 1] = target
        accepting = np.zeros(len(table), bool)
        accepting[: len(self._machine.accepting)] = self._machine.accepting
        return Automaton(table, accepting)

    def _spans(self, tree: _Tree, targets: list[int]) -> Spans:
        """Return the spans of bytes of a tree and the states that they lead to, given those of the leaves."""
        return tuple(
            (low, high, targets[to] if isinstance(to, int) else self._inside(to, targets))
            for low, high, to in tree.branches
        )

    def _inside(self, tree: _Tree, targets: list[int]) -> int:
        """Return the state inside a character that has a tree's spans."""
        key = (tree, tuple(targets[leaf] for leaf in tree.leaves))
        if key not in self._filled:
            spans = self._spans(tree, targets)
            self._make.spend(1 + len(spans))
            if spans not in self._states:
                self._states[spans] = len(self._rows)
                self._rows.append(spans)
                check_count(len(self._rows))
            self._filled[key] = self._states[spans]
        return self._filled[key]

    def _tree_of(self, row: Row) -> _Tree:
        """Return the tree of the moves of a row, which rows with the same letters share."""
        key = tuple(mask for mask, _ in row)
        found = self._trees.get(key)
        if found is None:
            paths = [
                (path, leaf)
                for leaf, mask in enumerate(key)
                for low, high in self._alphabet.characters(mask)
                for path in utf8_paths(low, high)
            ]
            self._make.spend(len(paths))
            found = self._trees[key] = self._tree(sorted(paths), 0)
        return found

    def _tree(self, paths: list[tuple[list[Span], int]], depth: int) -> _Tree:
        """Return the tree of sorted paths from one depth on; trees with equal branches are one."""
        branches: list[tuple[int, int, _Tree | int]] = []
        first = 0
        while first < len(paths):
            span, last = paths[first][0][depth], first + 1
            while last < len(paths) and paths[last][0][depth] == span:
                last += 1
            path, leaf = paths[first]
            to = leaf if depth == len(path) - 1 else self._tree(paths[first:last], depth + 1)
            if branches and branches[-1][2] == to and branches[-1][1] == span[0] - 1:
                branches[-1] = (branches[-1][0], span[1], to)
            else:
                branches.append((*span, to))
            first = last
        key = tuple((low, high, to if isinstance(to, int) else id(to)) for low, high, to in branches)
        if key not in self._same:
            leaves = {leaf for *_, to in branches for leaf in ([to] if isinstance(to, int) else to.leaves)}
            self._same[key] = _Tree(tuple(branches), tuple(leaves))
        return self._same[key]


def utf8_paths(low: int, high: int) -> Iterator[list[Span]]:
    """Yield sequences of byte spans that together cover the UTF-8 of the code points from low to high."""
    for start, stop in ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, LAST)):
        a, b = max(low, start), min(high, stop)
        if a <= b:
            yield from _split(chr(a).encode(), chr(b).encode())


def _split(low: bytes, high: bytes) -> Iterator[list[Span]]:
    """Yield byte spans for the encodings of one length from low to high.

    Where the remaining bytes do not cover their whole range, the first byte gets a sequence of its own.
    """
    if len(low) == 1:
        yield [(low[0], high[0])]
        return
    lowest, highest = b"\x80" * (len(low) - 1), b"\xbf" * (len(low) - 1)
    first, last = low[0], high[0]
    if first == last:
        for path in _split(low[1:], high[1:]):
            yield [(first, first), *path]
        return
    if low[1:] != lowest:
        for path in _split(low[1:], highest):
            yield [(first, first), *path]
        first += 1
    if high[1:] != highest:
        for path in _split(lowest, high[1:]):
            yield [(last, last), *path]
        last -= 1
    if first <= last:
        yield [(first, last), *((0x80, 0xBF) for _ in lowest)]
