"""What is guessed from the text so far."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.decoding import lookup as module
from goosequill.decoding.lookup import LONGEST, PromptLookup

TOKENS = st.lists(st.integers(0, 3), max_size=60)


def after(text: str, more: str = "") -> PromptLookup:
    lookup = PromptLookup()
    lookup.extend(list(text.encode()))
    for token in more.encode():
        lookup.append(token)
    return lookup


def guess(lookup: PromptLookup, count: int) -> str:
    return bytes(lookup.guess(count)).decode()


@pytest.mark.parametrize(
    ("read", "written", "expected"),
    [
        pytest.param("the quick brown fox. ", "the q", "uick", id="a text continues as before"),
        pytest.param("abcX bcY abcZ bcW ", "abc", "Z", id="the longer match decides"),
        pytest.param("abcX qbcY ", "abc", "X", id="and then the later one"),
        pytest.param("one two three four five. ", "one two-three", " four", id="a copy may differ in a word"),
        pytest.param("abcdefghijklmn ", "abcdg", "hij", id="a copy may leave something out"),
        pytest.param("abcdefghijklmn ", "abcd123456", "", id="a copy that goes elsewhere is given up"),
        pytest.param("", "abab", "abababa", id="a repetition is continued"),
    ],
)
def test_what_follows_a_match_is_guessed(read: str, written: str, expected: str) -> None:
    assert guess(after(read, written), len(expected) or 3) == expected


@pytest.mark.parametrize(
    ("read", "written", "length"),
    [
        ("xabcdefghijkl..", "abc", 3),
        ("xabcdefghijkl..", "abcdefghijkl", LONGEST),
        ("abcdefghijklmn ", "abcdg", 0),
    ],
)
def test_the_length_of_the_match_is_counted(read: str, written: str, length: int) -> None:
    assert after(read, written).length == length


def test_a_copy_is_independent() -> None:
    one = after("abcdef ", "")
    other = one.copy()
    for token in b"abc":
        one.append(token)
    assert (len(one), len(other)) == (10, 7)
    for token in b"ab":
        other.append(token)
    assert guess(other, 2) == "cd"


@given(TOKENS, TOKENS)
@settings(max_examples=300, deadline=None)
def test_a_new_match_is_the_last_one(read: list[int], written: list[int]) -> None:
    """Where a copy begins, the guess is what followed the last occurrence of the last three or two tokens."""
    lookup, text = PromptLookup(), list(read)
    lookup.extend(read)
    for token in written:
        follows = lookup.guess(1)
        continues = bool(follows) and follows[0] == token
        text.append(token)
        lookup.append(token)
        expected = next(
            (
                text[end]
                for size in (3, 2)
                if len(text) > 2
                for end in range(len(text) - 1, size - 1, -1)
                if text[end - size : end] == text[-size:]
            ),
            None,
        )
        if not continues and expected is not None:
            assert lookup.guess(1) == [expected]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=300), st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_memory_is_bounded(tokens: list[int], piece: int) -> None:
    with patch.object(module, "MOST_KEPT", 16):
        lookup = PromptLookup()
        for start in range(0, len(tokens), piece):
            lookup.extend(tokens[start : start + piece])
            lookup.append(tokens[start])
            assert len(lookup) <= 33
            assert len(lookup._after) <= 2 * 49
            assert len(lookup.guess(3)) in (0, 3)
