r"""Sets of characters: the classes of regular expressions, and the alphabet that an expression needs.

A set is a tuple of spans of code points, ascending and apart; surrogates are in none, since UTF-8 has none.
The tables do not depend on Python's Unicode. Whether a character that is newer than Unicode 14 (of Python
3.11) is a letter depends on who asks, so a class is two sets: what everyone counts, and what anyone counts.
A negated class leaves out the latter; a text that matches here thus matches ``re`` in every Python.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from goosequill.tokenizers.unicode_classes import LETTERS, NUMBERS, unpack

Spans = tuple[tuple[int, int], ...]

LAST = sys.maxunicode
EVERY: Spans = ((0, 0xD7FF), (0xE000, LAST))

# Decimal digits of Unicode 18, and its letters and numbers that Unicode 14 lacks, as in unicode_classes.
_DECIMALS = """
30+9 627+9 87+9 c7+9 19d+9 77+9 77+9 77+9 77+9 77+9 77+9 77+9 77+9 77+9 61+9 77+9 47+9 117+9 47+9 747+9 27+9
12d+9 81+9 a7+9 7+9 b7+9 57+9 87+9 7+9 89c7+9 2a7+9 27+9 c7+9 17+9 57+9 197+9 5317+9 587+9 887+9 7+9 31d+9
81+9 3d+9 91+9 117+9 157+9 77+9 177+9 67+9 7+13 4d+9 1a7+9 67+9 297+9 57+9 f7+9 47+9 37+9 167+9 41d7+9 927+9
57+9 87+9 217+9 5f77+9 ad5+31 941+9 1a7+9 1f7+9 f8+9 356+9 1297+9
"""
_NEWER = """
558 33+1 303 3cd 80 fad+1 405 e+2 872c+4 3 2 6+3 5 f 37b+1 5a53+33 1c8+4 181+19 3e7+25 a+16 13d+5 12+15 351+1
140+9 2 3 2+25 2 1a 2 2fd+13 427 b6+20 10+9 1b7+2b 5+9 8 111 2+c 2+21 1d+9 516 6+a d1+136 da9 12+5 1a+f9a
1d06+1d 13+9 c07+2c 4+9 127+18 3+18 11f+4 1802+7 4d7+4 25 a+17 60+72 e+391 f+32 1f51+5 a 23 13 1b88+9 5c7+13
3d3 879+62 f+6 37+32 31+3d 463+1b 5+9 d7+1d 3+a c6+1e 2+2 2+1 2+6 3+4 a+1 d03a+6 df 1684+b 1d43+26d 24f3+2129
9b87+2c3f 444
"""


def union(*sets: Iterable[tuple[int, int]]) -> Spans:
    """Return the characters of any of some sets, which may be out of order and overlap."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(span for spans in sets for span in spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def without(spans: Spans, other: Spans) -> Spans:
    """Return the characters of one set that are not in another."""
    return overlap(spans, _gaps(other))


def complement(spans: Spans) -> Spans:
    """Return all other characters."""
    return without(EVERY, spans)


def overlap(first: Spans, second: Spans) -> Spans:
    """Return the characters that two sets share."""
    found, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        low, high = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if low <= high:
            found.append((low, high))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def _gaps(spans: Spans) -> Spans:
    edges = [(-1, -1), *spans, (LAST + 1, LAST + 1)]
    return tuple((low[1] + 1, high[0] - 1) for low, high in pairwise(edges) if high[0] - low[1] > 1)


@dataclass(frozen=True)
class CharacterClass:
    """Characters that are `certain` to be in a class, and those that are `possible`, which include them."""

    certain: Spans
    possible: Spans

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> CharacterClass:
        """Return the class of exactly these characters, without surrogates."""
        exact = overlap(union(spans), EVERY)
        return cls(exact, exact)

    def negated(self) -> CharacterClass:
        """Return the class of all other characters."""
        return CharacterClass(complement(self.possible), complement(self.certain))

    def joined(self, other: CharacterClass) -> CharacterClass:
        """Return the class of the characters of either."""
        return CharacterClass(union(self.certain, other.certain), union(self.possible, other.possible))


_ASCII_DIGITS: Spans = ((0x30, 0x39),)
_ASCII_WORD: Spans = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_ANY_WORD = union(unpack(LETTERS), unpack(NUMBERS), unpack(_NEWER), _ASCII_WORD)
_SPACE = union(
    ((9, 13), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    ((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)
_NOT_ECMA_SPACE: Spans = ((0x1C, 0x1F), (0x85, 0x85))
_DIGIT = CharacterClass(_ASCII_DIGITS, union(unpack(_DECIMALS)))


@cache
def python_class(name: str) -> CharacterClass:
    r"""Return DIGIT, SPACE or WORD as in ``re``; ``\d`` is 0 to 9, but ``\D`` is no digit of any script."""
    if name == "WORD":
        return CharacterClass(without(_ANY_WORD, union(unpack(_NEWER))), _ANY_WORD)
    return _DIGIT if name == "DIGIT" else CharacterClass.of(_SPACE)


@cache
def portable_class(name: str) -> CharacterClass:
    """Return DIGIT, SPACE or WORD of JSON schemas, whose patterns are ECMAScript or Python."""
    if name == "WORD":
        return CharacterClass(_ASCII_WORD, _ANY_WORD)
    if name == "DIGIT":
        return _DIGIT
    return CharacterClass(without(_SPACE, _NOT_ECMA_SPACE), union(_SPACE, ((0xFEFF, 0xFEFF),)))


@dataclass(frozen=True)
class Alphabet:
    """Letters: characters that no set of an expression tells apart.

    Attributes
    ----------
    masks
        For each of the sets, its letters, as the bits of a number.
    letters
        For each letter, its characters. Characters in no set are no letter.
    """

    masks: dict[Spans, int]
    letters: list[Spans]

    @classmethod
    def of(cls, sets: Sequence[Spans]) -> Alphabet:
        """Return the smallest alphabet for some sets.

        A sweep over the ends of all spans: between two of them, the sets that are open make the letter.
        """
        ends: dict[int, int] = {}
        for index, spans in enumerate(sets):
            for low, high in spans:
                ends[low] = ends.get(low, 0) ^ (1 << index)
                ends[high + 1] = ends.get(high + 1, 0) ^ (1 << index)
        found: dict[int, list[tuple[int, int]]] = {}
        open_sets = 0
        for low, end in pairwise(sorted(ends)):
            open_sets ^= ends[low]
            if open_sets:
                found.setdefault(open_sets, []).append((low, end - 1))
        masks = dict.fromkeys(sets, 0)
        for letter, members in enumerate(found):
            for index in _bits(members):
                masks[sets[index]] |= 1 << letter
        return cls(masks, [tuple(spans) for spans in found.values()])

    def characters(self, mask: int) -> Spans:
        """Return the characters of some letters."""
        return union(*(self.letters[letter] for letter in _bits(mask)))


def _bits(mask: int) -> Iterable[int]:
    """Yield the positions of the bits that are set."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
