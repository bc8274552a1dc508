"""What may follow: an expression's derivatives, the expressions of what is left after a character.

Brzozowski 1964, "Derivatives of regular expressions"; Owens, Reppy & Turon 2009, "Regular-expression
derivatives re-examined". The characters that lead to the same derivative are found together, as the
letters of an alphabet, which are the bits of a number.
"""

from __future__ import annotations

from collections.abc import Iterable

from goosequill.decoding.grammar.characters import Alphabet, Spans
from goosequill.decoding.grammar.expressions import Expressions, Kind, Node

Moves = list[tuple[int, Node]]
"""Sets of letters, none of them in two, and what is left after one of them."""


class Derivatives:
    """The derivatives of expressions, whose sets of characters must all exist already."""

    def __init__(self, expressions: Expressions) -> None:
        self._make = expressions
        expressions.spend(sum(map(len, expressions.sets)))
        self.alphabet = Alphabet.of(expressions.sets)
        self._all = (1 << len(self.alphabet.letters)) - 1
        self._moves: dict[Node, Moves] = {}

    def moves(self, node: Node) -> Moves:
        """Return where letters lead; those that lead nowhere are left out."""
        found = self._moves.get(node)
        if found is None:
            found = self._moves[node] = [
                move for move in self._find(node) if move[1] is not self._make.nothing
            ]
            self._make.spend(1 + len(found))
        return found

    def _find(self, node: Node) -> Moves:
        make, parts = self._make, node.parts
        if node.kind is Kind.CHARACTER:
            return [(self.alphabet.masks[parts[0]], make.empty)]
        if node.kind is Kind.SEQUENCE:
            return self._of_sequence(node)
        if node.kind is Kind.EITHER:
            return self._united(move for part in parts for move in self.moves(part))
        if node.kind is Kind.BOTH:
            return self._shared(parts)
        if node.kind is Kind.NOT:
            return self._negated(self.moves(parts[0]))
        if node.kind is Kind.REPEAT:
            inner, low, high = parts
            rest = make.repeat(inner, max(low - 1, 0), None if high is None else high - 1)
            return [(mask, make.join(left, rest)) for mask, left in self.moves(inner)]
        if node.kind is Kind.DIVISIBLE:
            divisor, remainder = parts
            return [
                (self._mask(48 + digit), make.divisible(divisor, (10 * remainder + digit) % divisor))
                for digit in range(10)
            ]
        return []

    def _mask(self, code: int) -> int:
        spans: Spans = ((code, code),)
        return self.alphabet.masks[spans]

    def _of_sequence(self, node: Node) -> Moves:
        """Return the moves of the first part, and of those after it as long as it may be left out."""
        found: Moves = []
        while node.kind is Kind.SEQUENCE:
            first, rest = node.parts
            found += [(mask, self._make.join(left, rest)) for mask, left in self.moves(first)]
            self._make.spend(1)
            if not first.nullable:
                return self._united(found)
            node = rest
        return self._united([*found, *self.moves(node)])

    def _united(self, moves: Iterable[tuple[int, Node]]) -> Moves:
        """Return moves of which several may have the same letters as moves that have not."""
        same: dict[int, list[Node]] = {}
        for mask, node in moves:
            same.setdefault(mask, []).append(node)
        apart: list[tuple[int, list[Node]]] = []
        covered = 0
        for mask, nodes in same.items():
            self._make.spend(len(nodes))
            if mask & covered:
                apart = self._split(apart, mask, nodes)
            else:
                apart.append((mask, nodes))
            covered |= mask
        return [(mask, nodes[0] if len(nodes) == 1 else self._make.either(nodes)) for mask, nodes in apart]

    def _split(
        self, apart: list[tuple[int, list[Node]]], mask: int, nodes: list[Node]
    ) -> list[tuple[int, list[Node]]]:
        """Add one move to moves that are apart, dividing those that share letters with it."""
        self._make.spend(len(apart))
        found = []
        for other, targets in apart:
            common = other & mask
            if common:
                self._make.spend(len(targets))
                found.append((common, [*targets, *nodes]))
                mask ^= common
            if other != common:
                found.append((other ^ common, targets))
        return [*found, (mask, nodes)] if mask else found

    def _shared(self, nodes: tuple[Node, ...]) -> Moves:
        """Return the moves that all of some expressions have."""
        found: list[tuple[int, list[Node]]] = [(self._all, [])]
        for node in nodes:
            moves = self.moves(node)
            self._make.spend(len(found) * len(moves))
            found = [
                (mask & other, [*left, more]) for mask, left in found for other, more in moves if mask & other
            ]
        return [(mask, self._make.both(left)) for mask, left in found]

    def _negated(self, moves: Moves) -> Moves:
        found = [(mask, self._make.without(left)) for mask, left in moves]
        rest = self._all & ~sum(mask for mask, _ in moves)
        return [*found, (rest, self._make.anything)] if rest else found

    def is_empty(self, node: Node) -> bool:
        """Return whether no text matches."""
        seen, waiting = {node}, [node]
        while waiting:
            node = waiting.pop()
            if node.nullable:
                return False
            for _, left in self.moves(node):
                if left not in seen:
                    seen.add(left)
                    waiting.append(left)
        return True
