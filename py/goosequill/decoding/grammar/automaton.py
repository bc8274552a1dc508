"""Regular expressions as automata over bytes, so that any token, even part of a character, can be followed.

The standard library parses the pattern; Thompson's construction and the subset construction turn it into a
deterministic automaton. States from which no match can be reached are removed.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
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
    """A deterministic automaton; it starts in state 0.

    Attributes
    ----------
    table
        [states, 256]: the state after a byte, or DEAD.
    accepting
        [states]: whether the text so far matches.
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
        """Return whether a whole text matches."""
        state = self.walk(0, text.encode("utf-8"))
        return state != DEAD and bool(self.accepting[state])


@lru_cache(maxsize=4)
def compile_regex(pattern: str) -> Automaton:
    """Return the automaton of a regular expression, which the whole text must match.

    The last few are cached: a configuration compiles its pattern to check it, and its chain needs it again.

    Raises
    ------
    SettingsError
        ``regex``: the pattern is invalid or uses an unsupported feature. ``regex-empty``: it matches no text,
        or only the empty one. ``regex-too-large``: it needs too many states.
    """
    try:
        parsed = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise _refused(f"it is not a regular expression: {error}") from error
    flags = parsed.state.flags & ~re.UNICODE
    if flags & ~re.DOTALL:
        raise _refused("it uses flags other than (?s)")
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
    """A non-deterministic automaton under construction: the byte edges and empty edges of each state."""

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
                raise _refused("it uses flags other than (?s)")
            return self.add(argument[3])
        if name == "BRANCH":
            return self.alternatives([self.add(branch) for branch in argument[1]])
        if name == "AT":
            if str(argument) in ("AT_BEGINNING", "AT_BEGINNING_STRING", "AT_END", "AT_END_STRING"):
                raise _refused("leave out ^ and $, since the whole text must match anyway")
            raise _refused("it uses word boundaries")
        return self.characters(_spans(name, argument, dot_all=self.dot_all))

    def repeat(self, minimum: int, maximum: Any, items: Any) -> tuple[int, int]:
        first = last = self.state()
        for _ in range(minimum):
            start, end = self.add(items)
            self.empty[last].append(start)
            last = end
        final = self.state()
        self.empty[last].append(final)
        if maximum == _parser.MAXREPEAT:
            start, end = self.add(items)
            self.empty[last].append(start)
            self.empty[end] += [start, final]
            return first, final
        for _ in range(int(maximum) - minimum):
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
        """Add one character from spans of code points, as its UTF-8 bytes."""
        first, last = self.state(), self.state()
        for low, high in spans:
            for path in utf8_paths(low, high):
                at = first
                for position, (start, stop) in enumerate(path):
                    target = last if position == len(path) - 1 else self.state()
                    self.edges[at].append((start, stop, target))
                    at = target
        return first, last


def utf8_paths(low: int, high: int) -> Iterator[list[Span]]:
    """Yield sequences of byte spans that together cover the UTF-8 of the code points from low to high."""
    for start, stop in ((0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, _LAST)):
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


def _spans(name: str, argument: Any, *, dot_all: bool) -> list[Span]:
    """Return the code points that one item of a parsed pattern matches."""
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
    # \D must exclude everything that Python's \d matches, so that every output matches in Python too.
    return _others([*spans, *_class_spans(NUMBER)] if plain == "DIGIT" else spans)


def _class_spans(inside: str) -> list[Span]:
    """Return the spans of a character class of unicode_classes."""
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
    """Return the states that can be reached without reading a byte."""
    found, open_ = set(states), list(states)
    while open_:
        for target in net.empty[open_.pop()]:
            if target not in found:
                found.add(target)
                open_.append(target)
    return frozenset(found)


def _determine(net: _Net, start: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Make the automaton deterministic: each of its states is a set of the net's states."""
    first = _closure(net, [start])
    indices, order, rows = {first: 0}, [first], []
    for current in order:
        row = np.full(256, DEAD, np.int32)
        for low, high, targets in _moves(net, current):
            reached = _closure(net, targets)
            if reached not in indices:
                if len(order) >= MAX_STATES:
                    raise _refused(f"it needs more than {MAX_STATES:,} states", code="regex-too-large")
                indices[reached] = len(order)
                order.append(reached)
            row[low:high] = indices[reached]
        rows.append(row)
    return np.stack(rows), np.array([end in states for states in order])


def _moves(net: _Net, states: frozenset[int]) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Yield ranges of bytes (low, end) and the states that the edges of some states lead to on them."""
    edges = [edge for state in states for edge in net.edges[state]]
    limits = sorted({edge[0] for edge in edges} | {edge[1] + 1 for edge in edges})
    for low, high in itertools.pairwise(limits):
        targets = frozenset(target for start, stop, target in edges if start <= low <= stop)
        if targets:
            yield low, high, targets


def _alive_only(table: NDArray[np.int32], accepting: NDArray[np.bool_]) -> Automaton:
    """Remove dead ends; refuse an automaton that matches nothing but the empty text."""
    alive = accepting.copy()
    while True:
        leads = alive | np.where(table != DEAD, alive[table], False).any(axis=1)
        if (leads == alive).all():
            break
        alive = leads
    table = np.where((table != DEAD) & alive[table], table, DEAD).astype(np.int32)
    if (table[0] == DEAD).all():
        what = "only the empty text" if accepting[0] else "no text at all"
        raise _refused(f"it matches {what}", code="regex-empty")
    return Automaton(table, accepting)
