"""Regular expressions: each matches what Python's own matcher does, or is refused by name."""

import re
import sys
import unicodedata
from random import Random

import numpy as np
import pytest

from goosequill.decoding import DecodingConfig
from goosequill.decoding.grammar.byte_automaton import DEAD, Automaton
from goosequill.decoding.grammar.characters import python_class
from goosequill.errors import SettingsError
from tests.py.refusals import refused

from .walks import automaton_of, each_number_of_cases, random_text

EVERY = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
PATTERNS = [
    "abc",
    "a|bc|",
    "(ab)*c",
    "a+b?c{2,3}",
    "[a-c]{2}[^a]",
    r"\d+(\.\d{1,2})?",
    r"\w+\s\S*",
    ".*",
    "(?s).",
    "é|漢+|[😀-😂]",
    "[^é]",
    r"\D\W",
    "(?:a(?:b|c)*?d)+",
    "a{0,2}b{2,}",
    r"[\w.]+@[a-z]+\.(com|org)",
    "(?x) a  b # a comment",
    "(?s:.)b",
    r"(a$|\Ab\Z)",
    "^a|b$|^$",
    r"[\ud800-\udfff]|a",
]
TEXTS = ["", "a", "abc", "bc", "c", "ababc", "aabcc", "abccc", "ab", "abd", "3", "3.14", "3.141", "x y"]
TEXTS += ["\n", "é", "漢漢", "😁", "😃", "acbd", "bb", "aabbb", "me.x@site.org", "a1 ", "d\x1c", "--", "\nb"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_matches_what_python_matches(pattern: str) -> None:
    automaton = automaton_of(pattern)
    for text in TEXTS:
        assert automaton.matches(text) == (re.fullmatch(pattern, text) is not None), text


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{3,2}", "*", "a{99999999999}", "a(?s)"])
def test_invalid_pattern_is_refused(pattern: str) -> None:
    with refused(SettingsError, "regex", match="is not a regular expression"):
        DecodingConfig(regex=pattern)


REFUSED = {
    "a++": "a possessive quantifier",
    "a?+b": "a possessive quantifier",
    "(?>a)b": "an atomic group",
    r"(a)\1": "a back-reference",
    "(?P<x>a)(?P=x)": "a back-reference",
    "(a)?(?(1)b|c)": "a conditional group",
    "(?=a)b": "look-ahead",
    "(?!a)b": "look-ahead",
    "(?<=a)b": "look-behind",
    r"\bword": "a word boundary",
    r"a\B": "a word boundary",
    "(?i)a": "the flag i",
    "(?i:a)b": "the flag i",
    "(?m)a": "the flag m",
    "(?a)a": "the flag a",
    "a^": "^ is supported only at the start",
    "(^a)*": "^ is supported only at the start",
    "$a": "$ is supported only at the end",
    "(a$|b)c": "$ is supported only at the end",
    "(" * 100 + "a" + ")" * 100: "more than 60 groups",
    "a" * 20_001: "longer than 20,000 characters",
}


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda pattern: pattern[:20])
def test_unsupported_pattern_is_refused_by_name(pattern: str) -> None:
    with refused(SettingsError, "regex", match=re.escape(REFUSED[pattern])) as caught:
        DecodingConfig(regex=pattern)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "pattern", [r"[^\D5]", r"[^\s\d]", r"\S", r"[\W\d]", r"[^\W_]", r"\D", r"\w", r"\s", r"\d"]
)
def test_class_has_no_character_that_python_lacks(pattern: str) -> None:
    """It may lack characters that are newer than Unicode 14, and digits other than 0 to 9."""
    ours, theirs = _matched(automaton_of(pattern)), set(re.findall(pattern, EVERY))
    word = python_class("WORD")
    digits = set(filter(str.isdecimal, EVERY[128:]))
    newer = set(map(chr, _members(word.possible) - _members(word.certain)))
    assert ours <= theirs
    assert theirs - ours <= digits | newer


def _matched(automaton: Automaton) -> set[str]:
    """Return the characters that an automaton accepts."""
    found = set()
    for text in (EVERY[:128], EVERY[128:2048], EVERY[2048:63488], EVERY[63488:]):
        data = np.frombuffer(text.encode(), np.uint8).reshape(len(text), -1)
        states = np.zeros(len(text), np.int64)
        for column in data.T:
            states = np.where(states == DEAD, DEAD, automaton.table[states, column])
        found |= {text[at] for at in np.flatnonzero((states != DEAD) & automaton.accepting[states])}
    return found


def test_newer_characters_are_unassigned_in_the_oldest_unicode() -> None:
    word = python_class("WORD")
    newer = _members(word.possible) - _members(word.certain)
    if unicodedata.unidata_version == "14.0.0":
        assert {unicodedata.category(chr(code)) for code in newer} == {"Cn"}
    assert all(chr(code).isalnum() or chr(code) == "_" for code in _members(word.certain))


def _members(spans: tuple[tuple[int, int], ...]) -> set[int]:
    return {code for low, high in spans for code in range(low, high + 1)}


ATOMS = [
    "a",
    "b",
    "c",
    "1",
    "5",
    "_",
    " ",
    "é",
    "漢",
    "😀",
    ".",
    r"\.",
    r"\n",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
]
ATOMS += [
    r"\S",
    "[ab]",
    "[^a]",
    "[a-c]",
    r"[^\D5]",
    r"[\s\d]",
    r"[^\w ]",
    r"[\W\d]",
    "[^é-漢]",
    r"\x41",
    r"\u00e9",
]
ATOMS += ["٣", r"[\]a^-]", "[]b]", r"[^\s\S]"]
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}", "{,2}"]
ODDITIES = [
    "^",
    "$",
    r"\A",
    r"\Z",
    "*+",
    "(?=a)",
    r"\b",
    r"(b)\1",
    "(?>a)",
    "(?i:a)",
    "(?s:.)",
    "{",
    "}",
    "(?#x)",
]
CHARACTERS = "abc15_ .\né漢😀A٣²\x1c\u0378𞤀"


def random_pattern(random: Random, depth: int = 3) -> str:
    """Return a random expression, which may be invalid or unsupported."""
    parts = []
    for _ in range(random.randint(0, 3)):
        kind = random.random()
        if kind < 0.03:
            parts.append(random.choice(ODDITIES))
        elif kind < 0.3 and depth:
            inner = random_pattern(random, depth - 1)
            parts.append(f"({random.choice(['', '?:', '?:', '?s:'])}{inner})")
        else:
            parts.append(random.choice(ATOMS))
        if random.random() < 0.3:
            parts.append(random.choice(QUANTIFIERS))
    found = "".join(parts)
    return f"{found}|{random_pattern(random, depth - 1)}" if depth and random.random() < 0.2 else found


@each_number_of_cases
def test_random_expressions_match_what_python_matches(cases: int) -> None:
    random, compared = Random(7), 0
    for _ in range(cases):
        pattern = random.choice(["", "", "^", "(?s)"]) + random_pattern(random) + random.choice(["", "", "$"])
        try:
            automaton = automaton_of(pattern)
        except SettingsError as error:
            assert error.code != "regex-too-large", pattern
            _check_refusal(pattern, error, random)
            continue
        texts = ["".join(random.choices(CHARACTERS, k=random.randint(0, 6))) for _ in range(12)]
        texts += [random_text(automaton, random, 8) for _ in range(4)]
        for text in filter(lambda text: len(text) < 16, texts):
            compared += 1
            _compare(pattern, text, automaton.matches(text))
    assert compared > 8 * cases


def _compare(pattern: str, text: str, ours: bool) -> None:
    theirs = re.fullmatch(pattern, text) is not None
    disputed = any(not "0" <= c <= "9" and c.isdecimal() for c in text)
    assert theirs or not ours, (pattern, text)
    assert ours == theirs or disputed, (pattern, text)


def _check_refusal(pattern: str, error: SettingsError, random: Random) -> None:
    """What is refused is invalid, names what is unsupported, or matches nothing."""
    if error.code == "regex-empty":
        for length in range(6):
            text = "".join(random.choices(CHARACTERS, k=length))
            assert not text or re.fullmatch(pattern, text) is None or "٣" in text, (pattern, text)
    elif "is not a regular expression" in error.message:
        with pytest.raises(re.error):
            re.compile(pattern)
    else:
        assert re.search(r"not supported|only at the (start|end)", error.message), error.message
