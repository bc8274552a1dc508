"""How JSON is written: each value in one way, which is Python's ``json.dumps(value, ensure_ascii=False)``.

There is one space after each colon and comma, and a character is escaped only where it must be.
"""

from __future__ import annotations

import json
from typing import Any

from goosequill.decoding.grammar.characters import EVERY, Spans, overlap, without
from goosequill.decoding.grammar.expressions import Expressions, Node
from goosequill.decoding.grammar.numbers import Limits, number
from goosequill.decoding.grammar.regex import NotUsable

_ESCAPED: Spans = ((0, 0x1F), (0x22, 0x22), (0x5C, 0x5C))


class JsonText:
    """Makes the expressions of JSON texts."""

    def __init__(self, make: Expressions) -> None:
        self._make = make
        self._spelled: dict[Spans, Node] = {}
        self._any: dict[int, Node] = {}

    def spelled(self, spans: Spans) -> Node:
        """Return how a character of a set is written in a string."""
        if spans not in self._spelled:
            escaped = [code for low, high in overlap(spans, _ESCAPED) for code in range(low, high + 1)]
            texts = [self._make.text(json.dumps(chr(code))[1:-1]) for code in escaped]
            plain = self._make.character(without(spans, _ESCAPED))
            self._spelled[spans] = self._make.either([plain, *texts])
        return self._spelled[spans]

    def characters(self, low: int = 0, high: int | None = None) -> Node:
        """Return `low` to `high` characters of a string."""
        return self._make.repeat(self.spelled(EVERY), low, high)

    def quoted(self, inside: Node) -> Node:
        """Return a string, given what is inside its quotes."""
        return self._make.sequence([self._make.text('"'), inside, self._make.text('"')])

    def literal(self, value: Any) -> Node:
        """Return exactly one value.

        Raises
        ------
        NotUsable
            It cannot be written as JSON in UTF-8.
        """
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            text.encode()
        except (ValueError, RecursionError) as error:
            raise NotUsable(f"{ascii(value)[:40]} cannot be written as JSON: {error}") from error
        return self._make.text(text)

    def any_value(self, depth: int) -> Node:
        """Return any value in which arrays and objects are nested at most `depth` times."""
        if depth not in self._any:
            parts = [self._make.text(word) for word in ("null", "true", "false")]
            parts += [number(self._make, Limits()), self.quoted(self.characters())]
            if depth:
                inner = self.any_value(depth - 1)
                pair = self.pair(self.quoted(self.characters()), inner)
                parts += [self.listed("[", [inner], inner, "]"), self.listed("{", [pair], pair, "}")]
            self._any[depth] = self._make.either(parts)
        return self._any[depth]

    def pair(self, key: Node, value: Node) -> Node:
        """Return a member of an object."""
        return self._make.sequence([key, self._make.text(": "), value])

    def listed(
        self, start: str, first: list[Node], more: Node, end: str, low: int = 0, high: int | None = None
    ) -> Node:
        """Return `low` to `high` items between brackets: those at the `first` places, then `more`."""
        make, comma = self._make, self._make.text(", ")
        if high is not None and high < low:
            return make.nothing
        count = len(first)
        rest = make.empty
        if high is None or high > count:
            limit = None if high is None else high - count
            rest = make.repeat(make.join(comma, more), max(low - count, 0), limit)
        for place in reversed(range(count if high is None else min(count, high))):
            item = make.sequence([comma if place else make.empty, first[place], rest])
            rest = item if place < low else make.optional(item)
        return make.sequence([make.text(start), rest, make.text(end)])
