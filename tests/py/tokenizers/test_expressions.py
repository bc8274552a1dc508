"""Which pre-tokenizer expressions may run: the published ones, and none that takes more than linear time."""

import re
from collections.abc import Iterator
from itertools import islice
from re import _parser  # type: ignore[attr-defined]
from re._constants import (  # type: ignore[import-not-found]
    ANY,
    ASSERT_NOT,
    BRANCH,
    CATEGORY,
    CATEGORY_SPACE,
    IN,
    LITERAL,
    MAX_REPEAT,
    NEGATE,
    POSSESSIVE_REPEAT,
    RANGE,
    SUBPATTERN,
)
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.errors import TokenizerError
from goosequill.tokenizers.expressions import Refused, check
from goosequill.tokenizers.pretokenize import GPT2_PATTERN
from goosequill.tokenizers.unicode_classes import compile_pattern
from tests.py.refusals import refused

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PUBLISHED = {
    "GPT-2, GPT-NeoX": GPT2_PATTERN,
    "Llama 3, OLMo 2, GLM-4": LLAMA3,
    "Qwen 2": LLAMA3.replace("{1,3}", ""),
    "cl100k in tiktoken": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "Falcon": "[0-9][0-9][0-9]",
    "DeepSeek Coder, newlines": "[\r\n]",
    "DeepSeek Coder, words": r"\s?\p{L}+",
    "DeepSeek Coder, ideographs": "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+",
}
CATASTROPHIC = [
    r"(a+)+$",
    r"(?:a+)+",
    r"(?:a|a)*",
    r"(?:a|aa)+b",
    r"a*a*b",
    r"a+b",
    r"\s*x",
    r"a{0,99}a{0,99}b",
    r"(?:a|a|a){3}",
    r"\s*[\r\n]+",
    r"\s*[\r\n]+| |\s+",
    r"\s+(?!\S)|a",
    r"a+(?!a)b",
    r"(a)\1",
    r"^a",
    r"a+?",
    r"a**",
    r"a{2}+",
    r"[a&&b]",
    r"[[a]b]",
    "(" * 5_000,
    "(?:" * 5_000 + "a" + ")" * 5_000,
    "a" * 1_001,
    "|".join(["a" * 9] * 40),
    "",
    "a||b",
]


@pytest.mark.parametrize("expression", PUBLISHED.values(), ids=PUBLISHED)
def test_a_published_expression_is_accepted(expression: str) -> None:
    check(expression)
    compile_pattern(expression)


@pytest.mark.parametrize("expression", CATASTROPHIC, ids=[text[:20] for text in CATASTROPHIC])
def test_an_expression_that_may_take_more_than_linear_time_is_refused_by_name(expression: str) -> None:
    with pytest.raises(Refused):
        check(expression)
    with refused(TokenizerError, "tokenizer-unsupported", match="unsupported pattern") as caught:
        compile_pattern(expression)
    assert repr(expression[:20])[1:-1] in caught.value.message


class Counter:
    """A matcher that backtracks as `re` does, and counts the characters that it looks at."""

    def __init__(self, expression: str, text: str) -> None:
        self.nodes, self.text, self.looks = list(_parser.parse(expression)), text, 0

    def find_all(self) -> int:
        """Look for all matches, as `finditer` does, and return the count; at most a million."""
        at = 0
        while at <= len(self.text) and self.looks < 1_000_000:
            at = max(next(self.ends(self.nodes, at), 0), at + 1)
        return self.looks

    def ends(self, nodes: list[Any], at: int) -> Iterator[int]:
        """Yield where a match of all nodes can end, in the order in which that is tried."""
        if not nodes:
            yield at
            return
        (kind, value), rest = nodes[0], nodes[1:]
        if kind in (MAX_REPEAT, POSSESSIVE_REPEAT):
            repeated = self.repeat(*value, at)
            for end in repeated if kind is MAX_REPEAT else islice(repeated, 1):
                yield from self.ends(rest, end)
        elif kind in (BRANCH, SUBPATTERN):
            for alternative in value[1] if kind is BRANCH else [value[3]]:
                for end in self.ends(list(alternative), at):
                    yield from self.ends(rest, end)
        elif kind is ASSERT_NOT:
            if not any(True for _ in self.ends(list(value[1]), at)):
                yield from self.ends(rest, at)
        else:
            self.looks += 1
            if at < len(self.text) and fits(kind, value, self.text[at]) and self.looks < 1_000_000:
                yield from self.ends(rest, at + 1)

    def repeat(self, least: int, most: int, inner: Any, at: int) -> Iterator[int]:
        """Yield the ends of a repetition, the longest first."""
        if most:
            for end in self.ends(list(inner), at):
                if end > at:
                    yield from self.repeat(max(0, least - 1), most - 1, inner, end)
        if not least:
            yield at


def fits(kind: Any, value: Any, character: str) -> bool:
    """Whether a node that stands for one character stands for this one."""
    if kind is IN:
        found = any(fits(*node, character) for node in value if node[0] is not NEGATE)
        return found != (value[0][0] is NEGATE)
    if kind is RANGE:
        return value[0] <= ord(character) <= value[1]
    if kind is CATEGORY:
        return character.isspace() == (value is CATEGORY_SPACE)
    return (ord(character) == value) == (kind is LITERAL) or kind is ANY


def grows(expression: str, text: str) -> float:
    """How many times as long matching takes for a text of three times the length."""
    counts = [Counter(expression, text * size + "c").find_all() for size in (5, 15)]
    return counts[1] / counts[0]


@pytest.mark.parametrize("expression", ["(?:a+)+b", "(?:a|a)*b", "a*a*b", "a+b", r"\s*x", r"\s*[\r\n]+"])
def test_the_counter_shows_which_expressions_are_not_linear(expression: str) -> None:
    assert max(grows(expression, "a"), grows(expression, " ")) > 6


@given(st.text(alphabet=r"ab\s[]^()?:*+{1,}|!S", max_size=12) | st.sampled_from(sorted(PUBLISHED.values())))
@settings(max_examples=300)
def test_what_is_accepted_is_linear(expression: str) -> None:
    try:
        check(expression)
    except Refused:
        return
    inside = re.sub(r"(\[[^\]]*\])", lambda found: re.sub(r"\\p\{.\}", "ab", found[0]), expression)
    plain = re.sub(r"\\p\{.\}", "[ab]", inside)
    for text in ("a", "ab", " ", " a", "\n "):
        assert grows(plain, text) < 4
