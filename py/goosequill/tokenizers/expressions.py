r"""Which pre-tokenizer expressions may run: those whose matching takes time linear in the text's length.

A tokenizer.json comes from anyone, and `re` backtracks: ``(a+)+$`` takes hours for a line. So an expression
is parsed here first. Accepted are alternatives of characters, classes and bounded repetitions that end in at
most one unbounded run, such as ``[^\r\n\p{L}]?\p{L}+[\r\n]*``: from there on nothing can fail, so each
character is looked at a bounded number of times. The two endings for white space that published tokenizers
have besides (GPT-2's ``\s+(?!\S)`` and cl100k's ``\s*[\r\n]+``) are linear where ``\s+`` comes after them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LENGTH = 1_000
"""Characters of an expression; the published ones have up to 120."""
MAX_WORK = 256
"""Ways in which the alternatives can match at one place, times their length; Llama 3's have 41."""

_CLASS = re.compile(r"\[\^?(?:(?!--|&&|~~|\|\|)[^\\\[\]]|\\[pP]\{[LN]\}|\\[^pP])+\]")
"""Without what some libraries take for a class within a class, or for a difference of two."""
_ESCAPE = re.compile(r"\\(?:[pP]\{[LN]\}|[sSdDrnt]|[^A-Za-z0-9\s])")
_LITERAL = re.compile(r"[^\\\[\]()|?*+{}.^$]|\.")
_COUNT = re.compile(r"([?*+])\+?|\{(\d{1,3})(?:(,)(\d{1,3})?)?\}(?!\+)")
_GROUP = re.compile(r"\(\?i?:")
_NEWLINES = re.compile(r"\\s\*\[\\r\\n\]\+?")
_SPACES = (r"\s+(?!\S)", r"\s+")


class Refused(ValueError):
    """The expression is not one of those that are known to be linear."""


@dataclass
class _Cost:
    """How an alternative can match: in so many `ways`, each of at most so many characters."""

    ways: int = 1
    length: int = 0
    unbounded: bool = False

    @property
    def work(self) -> int:
        return self.ways * max(1, self.length)


def check(expression: str) -> None:
    """Refuse an expression that might take more than linear time.

    Raises
    ------
    Refused
        It has another form, or too many ways to match.
    """
    if len(expression) > MAX_LENGTH:
        raise Refused
    parser = _Parser(expression)
    costs = parser.alternatives(outermost=True)
    if parser.at != len(expression) or sum(cost.work for cost in costs) > MAX_WORK:
        raise Refused


class _Parser:
    """Reads an expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._text = expression
        self.at = 0

    def alternatives(self, *, outermost: bool) -> list[_Cost]:
        """Read alternatives up to the end of the expression or of a group."""
        costs = [self._alternative(outermost)]
        while self._take("|"):
            costs.append(self._alternative(outermost))
        return costs

    def _alternative(self, outermost: bool) -> _Cost:
        cost = _Cost()
        if outermost and self._white_space():
            return cost
        while self.at < len(self._text) and self._text[self.at] not in "|)":
            self._item(cost, outermost)
            if cost.work > MAX_WORK:
                raise Refused
        if not cost.length and not cost.unbounded:
            raise Refused
        return cost

    def _white_space(self) -> bool:
        """Take an ending for white space, if what must follow it does: see the module's docstring."""
        rest = self._text[self.at :]
        newlines = _NEWLINES.match(rest)
        if newlines and rest[newlines.end() :] in [f"|{_SPACES[0]}|{_SPACES[1]}", f"|{_SPACES[1]}"]:
            self.at += newlines.end()
        elif rest in (_SPACES[0], "|".join(_SPACES)):
            self.at += len(_SPACES[0])
        else:
            return False
        return True

    def _item(self, cost: _Cost, outermost: bool) -> None:
        group = self._group() if outermost else None
        ways, length = group or self._character()
        least, most = self._count()
        if cost.unbounded and least:
            raise Refused  # it can fail after a run, which is then tried again from each of its characters
        if group and (most != 1 or least > 1):
            raise Refused  # a group that repeats
        if most is None:
            if not outermost:
                raise Refused
            cost.unbounded, most = True, least
        cost.ways *= ways + 1 - least if group else most - least + 1
        cost.length += length * most

    def _character(self) -> tuple[int, int]:
        """Read what matches one character; return in how many ways it matches, and its length."""
        for pattern in (_CLASS, _ESCAPE, _LITERAL):
            if found := pattern.match(self._text, self.at):
                self.at = found.end()
                return 1, 1
        raise Refused

    def _group(self) -> tuple[int, int] | None:
        """Read a group, which has none within it; None if there is no group here."""
        opening = _GROUP.match(self._text, self.at)
        if not opening:
            return None
        self.at = opening.end()
        costs = self.alternatives(outermost=False)
        if not self._take(")"):
            raise Refused
        return sum(cost.ways for cost in costs), max(cost.length for cost in costs)

    def _count(self) -> tuple[int, int | None]:
        """Read how often an item may occur; None is without limit."""
        found = _COUNT.match(self._text, self.at)
        if not found:
            return 1, 1
        self.at = found.end()
        if found[1]:
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[found[1]]
        least = int(found[2])
        most = int(found[4]) if found[4] else None if found[3] else least
        if most is not None and most < least:
            raise Refused
        return least, most

    def _take(self, character: str) -> bool:
        if self._text.startswith(character, self.at):
            self.at += 1
            return True
        return False
