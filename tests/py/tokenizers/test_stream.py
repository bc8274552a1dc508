"""Streaming: whole characters only, nothing lost, nothing stuck."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goosequill.errors import TokenizerError
from goosequill.tokenizers import (
    StreamDecoder,
    Tokenizer,
    check_vocabulary,
    load_tokenizer,
    tokenizer_for_vocabulary,
)
from tests.py.refusals import refused

from .samples import SAMPLES

TOKENIZERS = [load_tokenizer(name) for name in ("byte", "world", "neox-20b")]
BYTE = TOKENIZERS[0]


def streamed(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    stream = StreamDecoder(tokenizer)
    return [stream.push(token) for token in ids] + [stream.flush()]


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: tokenizer.name)
def test_pieces_join_to_the_text_and_no_character_is_broken(tokenizer: Tokenizer) -> None:
    for text in SAMPLES:
        pieces = streamed(tokenizer, tokenizer.encode(text))
        normal = unicodedata.normalize("NFC", text) if tokenizer.name == "neox-20b" else text
        assert "".join(pieces) == normal
        assert pieces[-1] == ""


@given(st.lists(st.integers(0, 255), max_size=60))
@settings(max_examples=400, deadline=None)
def test_pieces_join_to_the_full_decode_for_any_bytes(ids: list[int]) -> None:
    assert "".join(streamed(BYTE, ids)) == BYTE.decode(ids)


def test_multi_byte_character_is_held_back_until_it_is_whole() -> None:
    assert streamed(BYTE, list("é😀".encode())) == ["", "é", "", "", "", "😀", ""]


def test_replacement_character_that_the_model_wrote_does_not_stall() -> None:
    ids = list("\ufffda\ufffd".encode())
    assert streamed(BYTE, ids) == ["", "", "\ufffd", "a", "", "", "\ufffd", ""]


def test_broken_bytes_let_the_stream_go_on() -> None:
    assert "".join(streamed(BYTE, [0xFF, 0x61, 0xE6, 0xBC, 0x62, 0xF0])) == "\ufffda\ufffdb\ufffd"


def test_pending_shows_the_bytes_held_back() -> None:
    stream = StreamDecoder(BYTE)
    stream.push(0xF0)
    stream.push(0x9F)
    assert stream.pending == b"\xf0\x9f"
    assert stream.flush() == "\ufffd"
    assert stream.push(0x61) == "a"


def test_byte_tokenizer_round_trips() -> None:
    for text in SAMPLES:
        assert BYTE.decode(BYTE.encode(text)) == text


@pytest.mark.parametrize(
    ("size", "name"),
    [(65536, "world"), (50277, "neox-20b"), (50280, "neox-20b"), (256, "byte"), (1000, None)],
)
def test_the_size_of_the_vocabulary_selects_the_tokenizer(size: int, name: str | None) -> None:
    assert tokenizer_for_vocabulary(size) == name
    if name:
        check_vocabulary(load_tokenizer(name), size)


@pytest.mark.parametrize(
    ("name", "size"), [("world", 50277), ("neox-20b", 65536), ("byte", 65536), ("world", 256)]
)
def test_wrong_tokenizer_is_refused_in_a_sentence(name: str, size: int) -> None:
    with refused(TokenizerError, "tokenizer-mismatch") as caught:
        check_vocabulary(load_tokenizer(name), size)
    assert f"{size:,}" in str(caught.value)
    assert str(tokenizer_for_vocabulary(size)) in caught.value.remedy


def test_end_token_can_be_set_by_the_model() -> None:
    assert load_tokenizer("byte").end_token is None
    assert load_tokenizer("byte", end_token=0).end_token == 0
    assert load_tokenizer("world", end_token=None).end_token is None


def test_missing_tokenizer_file_is_named() -> None:
    with pytest.raises(TokenizerError) as caught:
        load_tokenizer("no/such/tokenizer.json")
    assert "no/such/tokenizer.json" in str(caught.value)
    assert caught.value.code == "tokenizer-missing"
