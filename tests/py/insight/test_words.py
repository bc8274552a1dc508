"""Tokens are grouped into the words that a reader sees, whatever the tokenizer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.insight.words import MOST_TOKENS, group_words
from tests.py.insight.models import BYTE


class Pieces:
    """A tokenizer whose tokens are the given pieces of text."""

    def __init__(self, *pieces: str) -> None:
        self.pieces = [piece.encode() for piece in pieces]

    def token_bytes(self, token: int) -> bytes:
        return self.pieces[token]


def words_of(text: str) -> list[str]:
    return [word.text for word in group_words(BYTE, BYTE.encode(text))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat  sat.", ["The", " cat", "  sat", "."]),
        ("don't, well-known 3.5", ["don't", ",", " well", "-", "known", " 3.5"]),
        ("one\n\ntwo", ["one", "\n\n", "two"]),
        ("über naïve", ["über", " naïve"]),
        ("नमस्ते दुनिया", ["नमस्ते", " दुनिया"]),
        ("日本語 です", ["日", "本", "語", " で", "す"]),
        ("e\u0301 a", ["e\u0301", " a"]),
        ("👩‍💻!", ["👩‍💻!"]),
        ("コーヒー 1,000.5", ["コーヒー", " 1,000.5"]),
        ("اَلْعَرَبِيَّةُ لُغَةٌ", ["اَلْعَرَبِيَّةُ", " لُغَةٌ"]),
        ("U.S. \n x", ["U.S", ".", " \n ", "x"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_tokens_of_several_characters_stay_whole() -> None:
    tokenizer = Pieces("Once", " up", "on", " a", " time", ",", " of the ", "sea", "side")
    found = group_words(tokenizer, range(9))  # type: ignore[arg-type]
    assert [word.text for word in found] == ["Once", " upon", " a", " time", ",", " of the ", "seaside"]
    assert [(word.start, word.end) for word in found][:2] == [(0, 1), (1, 3)]


def test_a_long_run_without_spaces_is_cut() -> None:
    found = group_words(BYTE, BYTE.encode("x" * 1000))
    assert max(word.end - word.start for word in found) == MOST_TOKENS


@given(st.binary(max_size=60), st.integers(0, 9))
def test_words_have_all_tokens_of_any_bytes_in_order(data: bytes, first: int) -> None:
    found = group_words(BYTE, list(data), first=first)
    assert [at for word in found for at in range(word.start, word.end)] == [*range(first, first + len(data))]
    assert "".join(word.text for word in found) == data.decode("utf-8", "replace")
    assert all(word.end - word.start <= MOST_TOKENS + 3 for word in found)
