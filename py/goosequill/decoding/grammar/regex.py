"""Regular expressions, as the standard library's ``re`` writes them, into expressions.

A text matches where `re.fullmatch` does; a JSON schema's patterns match where `re.search` does. The library's
own parser reads a pattern, and what is not supported is refused by name.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from goosequill.decoding.grammar.characters import (
    EVERY,
    CharacterClass,
    Spans,
    portable_class,
    python_class,
)
from goosequill.decoding.grammar.expressions import Expressions, Node

LONGEST = 20_000
"""Characters of a pattern."""
DEEPEST = 60
"""Groups within each other."""
_parser: Any = re._parser  # type: ignore[attr-defined]
_REFUSED = {
    "ASSERT": "look-ahead or look-behind",
    "ASSERT_NOT": "look-ahead or look-behind",
    "GROUPREF": "a back-reference",
    "GROUPREF_EXISTS": "a conditional group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive quantifier",
}
_START = ("AT_BEGINNING", "AT_BEGINNING_STRING")
_END = ("AT_END", "AT_END_STRING")
_FLAGS = {re.I: "i", re.L: "L", re.M: "m", re.A: "a"}
_PARENTHESES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(\()|(\))", re.DOTALL)


class NotUsable(Exception):
    """A form is invalid, or uses what is not supported; the message says what."""


def fully_matched(make: Expressions, pattern: str) -> Node:
    """Return the expression of the texts that a pattern matches as a whole.

    Raises
    ------
    NotUsable
        It is no regular expression, or uses a feature that is not supported, which the message names.
    TooComplex
        It takes too much work.
    """
    return _PatternReader(make, python_class, make.character).read(pattern, around=make.empty)


def searched(make: Expressions, pattern: str, spell: Callable[[Spans], Node]) -> Node:
    """Return the expression of the texts in which a pattern of a JSON schema occurs; raises the same.

    Parameters
    ----------
    spell
        Returns how one character of a set is written.
    """
    return _PatternReader(make, portable_class, spell).read(pattern, around=make.repeat(spell(EVERY)))


def _parse(pattern: str) -> Any:
    if len(pattern) > LONGEST:
        raise NotUsable(f"it is longer than {LONGEST:,} characters")
    depth = deepest = 0
    for match in _PARENTHESES.finditer(pattern):
        depth += (match[1] is not None) - (match[2] is not None)
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise NotUsable(f"it has more than {DEEPEST} groups within each other")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what may mean something else in a later Python
            return _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise NotUsable(f"it is not a regular expression: {error}") from error


def _dot_all(before: bool, added: int, removed: int = 0) -> bool:
    """Return whether a dot matches ends of lines, given flags that a group adds and removes."""
    for flag, name in _FLAGS.items():
        if (added | removed) & flag:
            raise NotUsable(f"the flag {name} is not supported")
    return (before or bool(added & re.S)) and not removed & re.S


class _PatternReader:
    """Turns what the parser returns into expressions.

    Wherever a part may be the text's first or last, `before` and `after` are what may stand there unless the
    part says ``^`` or ``$``; elsewhere they are None.
    """

    def __init__(
        self, make: Expressions, classes: Callable[[str], CharacterClass], spell: Callable[[Spans], Node]
    ) -> None:
        self._make, self._classes, self._spell = make, classes, spell

    def read(self, pattern: str, around: Node) -> Node:
        parsed = _parse(pattern)
        return self._sequence(parsed, _dot_all(False, parsed.state.flags), around, around)

    def _sequence(self, items: Sequence[Any], dot_all: bool, before: Node | None, after: Node | None) -> Node:
        self._make.spend(1 + len(items))
        first, last = 0, len(items)
        while before and first < last and _is(items[first], _START):
            before, first = self._make.empty, first + 1
        while after and first < last and _is(items[last - 1], _END):
            after, last = self._make.empty, last - 1
        if first == last:
            return self._surrounded(self._make.empty, before, after)
        return self._make.sequence(
            [
                self._item(
                    items[at], dot_all, before if at == first else None, after if at == last - 1 else None
                )
                for at in range(first, last)
            ]
        )

    def _surrounded(self, node: Node, before: Node | None, after: Node | None) -> Node:
        return self._make.sequence([before or self._make.empty, node, after or self._make.empty])

    def _item(self, item: Any, dot_all: bool, before: Node | None, after: Node | None) -> Node:
        name, argument = str(item[0]), item[1]
        if name == "SUBPATTERN":
            _, added, removed, items = argument
            return self._sequence(items, _dot_all(dot_all, added, removed), before, after)
        if name == "BRANCH":
            return self._make.either([self._sequence(one, dot_all, before, after) for one in argument[1]])
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            low, high, items = argument
            limit = None if high is _parser.MAXREPEAT else int(high)
            node = self._make.repeat(self._sequence(items, dot_all, None, None), low, limit)
        else:
            node = self._spell(self._set(name, argument, dot_all).certain)
        return self._surrounded(node, before, after)

    def _set(self, name: str, argument: Any, dot_all: bool) -> CharacterClass:
        """Return the characters that one item matches."""
        if name == "LITERAL":
            return CharacterClass.of([(argument, argument)])
        if name == "NOT_LITERAL":
            return CharacterClass.of([(argument, argument)]).negated()
        if name == "ANY":
            return CharacterClass.of(EVERY) if dot_all else CharacterClass.of([(10, 10)]).negated()
        if name == "IN":
            return self._class(argument)
        if name == "AT":
            raise NotUsable(_misplaced(str(argument)))
        raise NotUsable(f"it has {_REFUSED.get(name, name)}, which is not supported")

    def _class(self, items: Sequence[Any]) -> CharacterClass:
        negated = str(items[0][0]) == "NEGATE"
        spans = [(low, low) for kind, low in items if str(kind) == "LITERAL"]
        found = CharacterClass.of(spans + [span for kind, span in items if str(kind) == "RANGE"])
        for kind, category in items:
            if str(kind) == "CATEGORY":
                name = str(category).removeprefix("CATEGORY_")
                one = self._classes(name.removeprefix("NOT_"))
                found = found.joined(one.negated() if name.startswith("NOT_") else one)
        return found.negated() if negated else found


def _is(item: Any, places: tuple[str, ...]) -> bool:
    return str(item[0]) == "AT" and str(item[1]) in places


def _misplaced(place: str) -> str:
    if place in _START:
        return "^ is supported only at the start"
    if place in _END:
        return "$ is supported only at the end"
    return "it has a word boundary, which is not supported"
