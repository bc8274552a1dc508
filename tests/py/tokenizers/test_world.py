"""RWKV World against two other implementations, BlinkDL's and the Rust one."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrwkv_tokenizer import RWKVTokenizer

from goosequill.errors import TokenizerError
from goosequill.tokenizers import load_tokenizer
from goosequill.tokenizers.world import WorldTokenizer, parse_vocabulary
from tests.py.refusals import refused

from .samples import SAMPLES

WORLD = load_tokenizer("world")
RUST = RWKVTokenizer()


@pytest.mark.parametrize("text", SAMPLES)
def test_ids_equal_the_rust_tokenizer(text: str) -> None:
    ids = WORLD.encode(text)
    assert ids == list(RUST.encode(text))
    assert WORLD.decode(ids) == text


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_round_trips_and_equals_the_rust_tokenizer(text: str) -> None:
    ids = WORLD.encode(text)
    assert WORLD.decode(ids) == text
    assert ids == list(RUST.encode(text))


def test_vocabulary_is_the_published_one() -> None:
    lines = "".join(f"{n} {WORLD.token_bytes(n).hex()}\n" for n in range(65536))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert digest == "81f82fbd11a9a38e7220b2eb6bf5fbad71ba8bfe3be9f566ad79b92dfed82137"


def test_zero_ends_the_text_and_has_no_bytes() -> None:
    assert WORLD.end_token == 0
    assert WORLD.decode([0, 7736, 0]) == "h\u00e9"
    assert WORLD.token_bytes(65535) == b""


def test_half_surrogates_become_the_replacement_character() -> None:
    assert WORLD.decode(WORLD.encode("a\ud800b")) == "a\ufffdb"
    assert WORLD.decode(WORLD.encode("\ud83d\ude00")) == "\U0001f600"


def test_published_text_form_is_read() -> None:
    lines = "\r\n".join(f"{n} {bytes([n - 1])!r} 1" for n in range(1, 257))
    tokens = parse_vocabulary(lines + "\r\n257 'ab' 2\r\n")
    assert WorldTokenizer(tokens).encode("abab") == [257, 257]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1",
        "1 'a'",
        "2 'a' 1",
        "1 'a' 2",
        "1 __import__('os').getpid() 1",
        "1 [1] 1",
        "x 'a' 1",
        "1 'a 1",
        "{",
    ],
)
def test_damaged_line_is_refused_and_nothing_is_evaluated(line: str) -> None:
    with refused(TokenizerError, "tokenizer-file") as caught:
        parse_vocabulary(line + "\n1 'a' 1")
    assert caught.value.remedy


def test_vocabulary_without_all_bytes_is_refused() -> None:
    with refused(TokenizerError, "tokenizer-incomplete"):
        WorldTokenizer([b"a", b"b"])


def test_negative_id_is_refused() -> None:
    with refused(TokenizerError, "token-id"):
        WORLD.decode([-1])
