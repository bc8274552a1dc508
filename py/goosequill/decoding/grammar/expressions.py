"""Expressions over characters: what the output must look like, before it is an automaton.

Besides the usual operators they have intersection, complement and counted repetition, which derivatives
(`derivatives`) take in their stride. Equal expressions are one object: an `Expressions` makes them,
simplifies them, and keeps the bound of the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Any

from goosequill.decoding.grammar.characters import EVERY, CharacterClass, Spans

WORK = 600_000
"""Units of work that a form may take: about a second natively, and a few in a page."""


class TooComplex(Exception):
    """A form needs more work or more states than it may; the message says of what."""


class Kind(Enum):
    """What a node is, and its parts."""

    NOTHING = auto()  # matches no text
    EMPTY = auto()  # matches the empty text
    CHARACTER = auto()  # (spans)
    SEQUENCE = auto()  # (first, rest); the first is no sequence
    EITHER = auto()  # (nodes...)
    BOTH = auto()  # (nodes...)
    NOT = auto()  # (node)
    REPEAT = auto()  # (node, minimum, maximum or None)
    DIVISIBLE = auto()  # (divisor, remainder so far)


class Node:
    """One expression; made only by `Expressions`."""

    __slots__ = ("kind", "nullable", "number", "parts")

    def __init__(self, kind: Kind, parts: tuple[Any, ...], nullable: bool, number: int) -> None:
        self.kind, self.parts, self.nullable, self.number = kind, parts, nullable, number


class Expressions:
    """Makes expressions, each once.

    Attributes
    ----------
    sets
        The sets of characters in them.
    """

    def __init__(self, work: int = WORK) -> None:
        self._left = work
        self._known: dict[tuple[Any, ...], Node] = {}
        self._joined: dict[tuple[Node, Node], Node] = {}
        self._single: dict[str, Node] = {}
        self.sets: list[Spans] = []
        self.nothing = self._node(Kind.NOTHING, (), nullable=False)
        self.empty = self._node(Kind.EMPTY, (), nullable=True)
        self.anything = self._node(Kind.NOT, (self.nothing,), nullable=True)
        """Any text."""

    def spend(self, units: int) -> None:
        """Count work.

        Raises
        ------
        TooComplex
            The form has taken more than it may.
        """
        self._left -= units
        if self._left < 0:
            raise TooComplex("it takes too much work to follow")

    def _node(self, kind: Kind, parts: tuple[Any, ...], *, nullable: bool) -> Node:
        key = (kind, *parts)
        found = self._known.get(key)
        if found is None:
            self.spend(1)
            found = self._known[key] = Node(kind, parts, nullable, len(self._known))
            if kind is Kind.CHARACTER:
                self.spend(len(parts[0]))
                self.sets.append(parts[0])
        return found

    def character(self, spans: Iterable[tuple[int, int]]) -> Node:
        """Return the expression of one character of a set."""
        exact = CharacterClass.of(spans).certain
        return self._node(Kind.CHARACTER, (exact,), nullable=False) if exact else self.nothing

    def text(self, text: str) -> Node:
        """Return the expression of exactly one text."""
        for character in text:
            if character not in self._single:
                self._single[character] = self.character([(ord(character), ord(character))])
        return self.sequence([self._single[character] for character in text])

    def sequence(self, parts: Sequence[Node]) -> Node:
        """Return one expression after the other."""
        rest = self.empty
        for part in reversed(parts):
            rest = self.join(part, rest)
        return rest

    def join(self, first: Node, rest: Node) -> Node:
        """Return an expression followed by another."""
        path = []
        while (found := self._joined.get((first, rest))) is None and first.kind is Kind.SEQUENCE:
            path.append(first)
            first = first.parts[1]
        if found is None:
            found = self._link(first, rest)
        for node in reversed(path):
            self.spend(1)
            found = self._joined[node, rest] = self._link(node.parts[0], found)
        return found

    def _link(self, first: Node, rest: Node) -> Node:
        """Return what is no sequence, followed by another expression; repetitions of the same become one."""
        while first is not self.empty and rest is not self.empty:
            if first is self.nothing or rest is self.nothing:
                return self.nothing
            second, after = rest.parts if rest.kind is Kind.SEQUENCE else (rest, self.empty)
            node, low, high = self._counted(first)
            other, least, most = self._counted(second)
            if node is not other or (low, high, least, most) == (1, 1, 1, 1):
                nullable = first.nullable and rest.nullable
                return self._node(Kind.SEQUENCE, (first, rest), nullable=nullable)
            total = None if high is None or most is None else high + most
            first, rest = self.repeat(node, low + least, total), after
        return rest if first is self.empty else first

    def _counted(self, node: Node) -> tuple[Node, int, int | None]:
        """Return an expression as a repetition."""
        if node.kind is Kind.REPEAT:
            return node.parts
        if node.kind is Kind.EITHER and len(node.parts) == 2 and self.empty in node.parts:
            return node.parts[node.parts[0] is self.empty], 0, 1
        return node, 1, 1

    def either(self, nodes: Iterable[Node]) -> Node:
        """Return the expression of the texts that match any of some expressions."""
        found = self._flat(Kind.EITHER, nodes)
        found.discard(self.nothing)
        if self.anything in found:
            return self.anything
        if len(found) > 1:
            found = self._merged(found)
        if self.empty in found and any(node.nullable for node in found if node is not self.empty):
            found.discard(self.empty)
        return self._of_several(Kind.EITHER, found, any, self.nothing)

    def _merged(self, nodes: set[Node]) -> set[Node]:
        """Join repetitions of the same with the same after them, where their counts adjoin."""
        groups: dict[tuple[Node, Node], list[tuple[int, int | None, Node]]] = {}
        for one in nodes:
            first, rest = one.parts if one.kind is Kind.SEQUENCE else (one, self.empty)
            node, low, high = self._counted(first)
            groups.setdefault((node, rest), []).append((low, high, one))
        if len(groups) == len(nodes):
            return nodes
        found = set()
        for (node, rest), counts in groups.items():
            if len(counts) == 1:
                found.add(counts[0][2])
            else:
                found.update(self.join(self.repeat(node, *count), rest) for count in _intervals(counts))
        return found

    def both(self, nodes: Iterable[Node]) -> Node:
        """Return the expression of the texts that match all of some expressions."""
        found = self._flat(Kind.BOTH, nodes)
        found.discard(self.anything)
        if self.nothing in found:
            return self.nothing
        if self.empty in found:
            return self.empty if all(node.nullable for node in found) else self.nothing
        return self._of_several(Kind.BOTH, found, all, self.anything)

    def _flat(self, kind: Kind, nodes: Iterable[Node]) -> set[Node]:
        found: set[Node] = set()
        for node in nodes:
            found.update(node.parts if node.kind is kind else (node,))
        self.spend(len(found))
        return found

    def _of_several(self, kind: Kind, found: set[Node], nullable: Any, none: Node) -> Node:
        if len(found) < 2:
            return found.pop() if found else none
        parts = tuple(sorted(found, key=lambda node: node.number))
        return self._node(kind, parts, nullable=nullable(node.nullable for node in parts))

    def without(self, node: Node) -> Node:
        """Return the expression of all texts that do not match."""
        if node.kind is Kind.NOT:
            return node.parts[0]  # type: ignore[no-any-return]
        self.any_character()  # so that the alphabet has all the others
        return self._node(Kind.NOT, (node,), nullable=not node.nullable)

    def optional(self, node: Node) -> Node:
        """Return an expression that may be left out."""
        return self.either([self.empty, node])

    def repeat(self, node: Node, low: int = 0, high: int | None = None) -> Node:
        """Return `low` to `high` texts of an expression in a row; None is no limit."""
        if high is not None and high < low:
            return self.nothing
        if high == 0 or node is self.empty:
            return self.empty
        if node is self.nothing:
            return self.nothing if low else self.empty
        inner, least, most = self._counted(node)
        if low == high or _adjoin(low, least, most):
            node = inner
            low, high = low * least, None if high is None or most is None else high * most
        if node.nullable:
            low = 0
        if (low, high) in ((1, 1), (0, 1)):
            return self.optional(node) if low == 0 else node
        return self._node(Kind.REPEAT, (node, low, high), nullable=low == 0)

    def divisible(self, divisor: int, remainder: int = 0) -> Node:
        """Return the digits that, after digits with a remainder, make a number divisible by a divisor."""
        if not self._known.get((Kind.DIVISIBLE, divisor, 0)):
            for digit in range(10):
                self.character([(48 + digit, 48 + digit)])
        return self._node(Kind.DIVISIBLE, (divisor, remainder), nullable=remainder == 0)

    def any_character(self) -> Node:
        """Return the expression of any one character."""
        return self.character(EVERY)


def _adjoin(times: int, low: int, high: int | None) -> bool:
    """Return whether repeating what is repeated `low` to `high` times, `times` or more times, skips no count.

    ``(x{2,3}){1,2}`` is 2 to 6, but ``(x{2}){1,2}`` is not 2 to 4.
    """
    if times == 0 or high is None:
        return times > 0 or low <= 1
    return times * high + 1 >= (times + 1) * low


def _intervals(counts: list[tuple[int, int | None, Node]]) -> list[tuple[int, int | None]]:
    """Return the fewest ranges that have the same counts."""
    found: list[tuple[int, int | None]] = []
    for low, high, _ in sorted(counts, key=lambda count: count[0]):
        if found:
            least, most = found[-1]
            if most is None or low <= most + 1:
                found[-1] = least, None if most is None or high is None else max(most, high)
                continue
        found.append((low, high))
    return found
