"""Regular expressions as automata over bytes, so that any token, even half a character, is a path.

The pattern is parsed by the standard library's own parser, then made an automaton by Thompson's and the
subset construction. States from which no match can be reached are removed.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goosequill.errors import SettingsError
from goosequill.tokenizers.unicode_classes import LETTER, NUMBER, SPACE

DEAD = -1
MAX_STATES = 20_000
_parser: Any = re._parser  # type: ignore[attr-defined]
_LAST = sys.maxunicode
Span = tuple[int, int]


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton; state 0 is where it begins.

    Attributes
    ----------
    table
        [states, 256]: the state after a byte, or DEAD.
    accepting
        [states]: whether the text so far is a match.
    """

    table: NDArray[np.int32]
    accepting: NDArray[np.bool_]

    def walk(self, state: int, data: bytes) -> int:
        """Return the state after some bytes, or DEAD."""
        for byte in data:
            if state == DEAD:
                break
            state = int(self.table[state, byte])
        return state

    def matches(self, text: str) -> bool:
        """Return whether a whole text is a match."""
        state = self.walk(0, text.encode("utf-8"))
        return state != DEAD and bool(self.accepting[state])


def compile_regex(pattern: str) -> Automaton:
    """Return the automaton of a regular expression, which the whole text must match.

    Raises
    ------
    SettingsError
        ``regex``: the pattern is wrong or uses what an automaton cannot do. ``regex-empty``: it matches
        no text, or only the empty one. ``regex-too-large``: it needs too many states.
    """
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _refused(f"it is not a regular expression: {error}") from error
    flags = parsed.state.flags & ~re.UNICODE
    if flags & ~re.DOTALL:
        raise _refused("it uses flags; only (?s) is known")
    net = _Net(dot_all=bool(flags & re.DOTALL))
    start, end = net.add(parsed)
    return _alive_only(*_determine(net, start, end))


def _refused(why: str, *, code: str = "regex") -> SettingsError:
    return SettingsError(
        f"The regular expression cannot be used: {why}.",
        code=code,
        remedy="Use characters, classes, groups, alternatives and repetitions.",
    )


@dataclass
class _Net:
    """A non-deterministic automaton in the making: byte edges and empty edges by state."""

    dot_all: bool
    edges: list[list[tuple[int, int, int]]] = field(default_factory=list)
    empty: list[list[int]] = field(default_factory=list)

    def state(self) -> int:
        if len(self.edges) >= 20 * MAX_STATES:
            raise _refused("it is too large", code="regex-too-large")
        self.edges.append([])
        self.empty.append([])
        return len(self.edges) - 1

    def add(self, items: Iterable[Any]) -> tuple[int, int]:
        """Add a sequence and return its first and last state."""
        first = last = self.state()
        for name, argument in items:
            start, end = self.add_one(str(name), argument)
            self.empty[last].append(start)
            last = end
        return first, last

    def add_one(self, name: str, argument: Any) -> tuple[int, int]:
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self.repeat(*argument)
        if name == "SUBPATTERN":
            if argument[1] or argument[2]:
                raise _refused("it uses flags; only (?s) is known")
            return self.add(argument[3])
        if name == "BRANCH":
            return self.alternatives([self.add(branch) for branch in argument[1]])
        if name == "AT":
            if str(argument) in ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING"):
                raise _refused("leave out ^ and $, since the whole text must match anyway")
            raise _refused("it looks at the borders of words")
        return self.characters(_spans(name, argument, dot_all=self.dot_all))

    def repeat(self, least: int, most: Any, items: Any) -> tuple[int, int]:
        first = last = self.state()
        for _ in range(least):
            start, end = self.add(items)
            self.empty[last].append(start)
            last = end
        final = self.state()
        self.empty[last].append(final)
        if most == _parser.MAXREPEAT:
            start, end = self.add(items)
            self.empty[last].append(start)
            self.empty[end] += [start, final]
            return first, final
        for _ in range(int(most) - least):
            start, end = self.add(items)
            self.empty[last].append(start)
            self.empty[end].append(final)
            last = end
        return first, final

    def alternatives(self, parts: list[tuple[int, int]]) -> tuple[int, int]:
        first, last = self.state(), self.state()
        for start, end in parts:
            self.empty[first].append(start)
            self.empty[end].append(last)
        return first, last

    def characters(self, spans: Iterable[Span]) -> tuple[int, int]:
        """Add one character out of spans of code points, as the bytes of its UTF-8."""
        first, last = self.state(), self.state()
        for low, high in spans:
            for path in utf8_paths(low, high):
                at = first
                for place, (start, stop) in enumerate(path):
                    target = last if place == len(path) - 1 else self.state()
                    self.edges[at].append((start, stop, target))
                    at = target
        return first, last


def utf8_paths(low: int, high: int) -> Iterator[list[Span]]:
    """Yield spans of bytes that together are the UTF-8 of the code points from low to high."""
    for start, stop in ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, _LAST)):
        a, b = max(low, start), min(high, stop)
        if a <= b:
            yield from _split(chr(a).encode(), chr(b).encode())


def _split(low: bytes, high: bytes) -> Iterator[list[Span]]:
    """Yield spans for encodings of one length from low to high: the first byte apart where tails differ."""
    if len(low) == 1:
        yield [(low[0], high[0])]
        return
    least, most = b"\x80" * (len(low) - 1), b"\xbf" * (len(low) - 1)
    first, last = low[0], high[0]
    if first == last:
        for path in _split(low[1:], high[1:]):
            yield [(first, first), *path]
        return
    if low[1:] != least:
        for path in _split(low[1:], most):
            yield [(first, first), *path]
        first += 1
    if high[1:] != most:
        for path in _split(least, high[1:]):
            yield [(last, last), *path]
        last -= 1
    if first <= last:
        yield [(first, last), *((0x80, 0xBF) for _ in least)]


def _spans(name: str, argument: Any, *, dot_all: bool) -> list[Span]:
    """Return the code points that one item of a parsed pattern stands for."""
    if name == "LITERAL":
        return [(argument, argument)]
    if name == "NOT_LITERAL":
        return _others([(argument, argument)])
    if name == "ANY":
        return [(0, _LAST)] if dot_all else _others([(10, 10)])
    if name == "IN":
        inside = argument[1:] if str(argument[0][0]) == "NEGATE" else argument
        spans = [span for item in inside for span in _in_class(str(item[0]), item[1])]
        return spans if inside is argument else _others(spans)
    raise _refused("it uses look-around, back-references or atomic groups")


def _in_class(name: str, argument: Any) -> list[Span]:
    if name == "LITERAL":
        return [(argument, argument)]
    if name == "RANGE":
        return [argument]
    kind = str(argument).removeprefix("CATEGORY_")
    plain = kind.removeprefix("NOT_")
    spans = _category(plain)
    if plain == kind:
        return spans
    # What \D leaves out must hold all that Python's \d holds, so that every output matches there too.
    return _others([*spans, *_class_spans(NUMBER)] if plain == "DIGIT" else spans)


def _class_spans(inside: str) -> list[Span]:
    """Return the spans of a character class that unicode_classes wrote."""
    parsed = _parser.parse(f"[{inside}]")
    ((name, argument),) = parsed
    items = argument if str(name) == "IN" else [(name, argument)]
    return [value if str(item) == "RANGE" else (value, value) for item, value in items]


@cache
def _category(name: str) -> list[Span]:
    """Return the spans of DIGIT, SPACE or WORD."""
    if name == "DIGIT":
        return [(48, 57)]
    if name == "SPACE":
        return _class_spans(SPACE)
    return [(95, 95), *_class_spans(LETTER), *_class_spans(NUMBER)]


def _others(spans: Sequence[Span]) -> list[Span]:
    """Return the code points that are in none of the spans."""
    found, after = [], 0
    for low, high in sorted(spans):
        if low > after:
            found.append((after, low - 1))
        after = max(after, high + 1)
    return [*found, (after, _LAST)] if after <= _LAST else found


def _closure(net: _Net, states: Iterable[int]) -> frozenset[int]:
    """Return the states that are reached without reading anything."""
    found, open_ = set(states), list(states)
    while open_:
        for target in net.empty[open_.pop()]:
            if target not in found:
                found.add(target)
                open_.append(target)
    return frozenset(found)


def _determine(net: _Net, start: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Make the automaton deterministic: a state is a set of states."""
    first = _closure(net, [start])
    numbers, order, rows = {first: 0}, [first], []
    for current in order:
        row = np.full(256, DEAD, np.int32)
        for low, high, targets in _moves(net, current):
            reached = _closure(net, targets)
            if reached not in numbers:
                if len(order) >= MAX_STATES:
                    raise _refused(f"it needs more than {MAX_STATES:,} states", code="regex-too-large")
                numbers[reached] = len(order)
                order.append(reached)
            row[low:high] = numbers[reached]
        rows.append(row)
    return np.stack(rows), np.array([end in states for states in order])


def _moves(net: _Net, states: frozenset[int]) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Yield stretches of bytes (low, past high) and where all edges of some states lead from there."""
    edges = [edge for state in states for edge in net.edges[state]]
    cuts = sorted({edge[0] for edge in edges} | {edge[1] + 1 for edge in edges})
    for low, high in itertools.pairwise(cuts):
        targets = frozenset(target for start, stop, target in edges if start <= low <= stop)
        if targets:
            yield low, high, targets


def _alive_only(table: NDArray[np.int32], accepting: NDArray[np.bool_]) -> Automaton:
    """Remove what leads nowhere; refuse an automaton that matches nothing but the empty text."""
    living = accepting.copy()
    while True:
        leads = living | np.where(table != DEAD, living[table], False).any(axis=1)
        if (leads == living).all():
            break
        living = leads
    table = np.where((table != DEAD) & living[table], table, DEAD).astype(np.int32)
    if (table[0] == DEAD).all():
        what = "only the empty text" if accepting[0] else "no text at all"
        raise _refused(f"it matches {what}", code="regex-empty")
    return Automaton(table, accepting)
