"""WordPiece gives the ids of the Hugging Face library `tokenizers`, on any text."""

import random
from pathlib import Path

import pytest
from tokenizers import BertWordPieceTokenizer

from goosequill.errors import TokenizerError
from goosequill.tokenizers.wordpiece import MAX_VOCABULARY, Characters, WordPiece, load_wordpiece
from tests.py.refusals import refused

VOCABULARY = Path(__file__).resolve().parents[3] / "site" / "models" / "minilm-static" / "vocab.txt"
TEXTS = 20_000
BLOCKS = (
    (0x00, 0x7F, 6),
    (0x00, 0x24F, 4),
    (0x300, 0x36F, 2),  # combining marks
    (0x370, 0x1FFF, 3),
    (0x2000, 0x2BFF, 3),  # punctuation, symbols, format characters
    (0x3000, 0x9FFF, 2),
    (0xA000, 0xFFFF, 2),
    (0x10000, 0x2FFFF, 2),
    (0x30000, 0x10FFFF, 1),
)


@pytest.fixture(scope="module")
def ours() -> WordPiece:
    return load_wordpiece(VOCABULARY.read_bytes())


@pytest.fixture(scope="module")
def theirs() -> BertWordPieceTokenizer:
    return BertWordPieceTokenizer(str(VOCABULARY), lowercase=True)


def random_texts(count: int, seed: int) -> list[str]:
    """Texts that mix scripts, accents, controls and whole pieces of the vocabulary."""
    source = random.Random(seed)
    pieces = [line.removeprefix("##") for line in VOCABULARY.read_text("utf-8").splitlines()]
    weights = [weight for *_, weight in BLOCKS]

    def part() -> str:
        kind = source.random()
        if kind < 0.3:
            return source.choice(pieces)
        if kind < 0.5:
            return source.choice(" \t\n\r\u00a0\u2003.,'-\u0301\u0308")
        first, last, _ = source.choices(BLOCKS, weights)[0]
        code = source.randint(first, last)
        return "" if 0xD800 <= code < 0xE000 else chr(code) * source.choice((1, 1, 1, 2, 60))

    return ["".join(part() for _ in range(source.randint(0, 40))) for _ in range(count)]


def test_random_unicode_gives_the_same_ids(ours: WordPiece, theirs: BertWordPieceTokenizer) -> None:
    texts = random_texts(TEXTS, 17)
    expected = theirs.encode_batch(texts)
    wrong = [text for text, one in zip(texts, expected, strict=True) if ours.encode(text) != one.ids]
    assert not wrong, f"{len(wrong)} of {TEXTS}, such as {wrong[0]!r}"


def test_every_character_gives_the_same_ids_inside_a_word(
    ours: WordPiece, theirs: BertWordPieceTokenizer
) -> None:
    assigned, beyond = range(0x32000), range(0x32000, 0x110000, 997)
    codes = [code for code in (*assigned, *beyond) if not 0xD800 <= code < 0xE000]
    # Short texts of single words, because an unknown character hides what is in the same word.
    texts = [" ".join(f"a{chr(code)}b" for code in codes[at : at + 50]) for at in range(0, len(codes), 50)]
    for text, expected in zip(texts, theirs.encode_batch(texts), strict=True):
        assert ours.encode(text) == expected.ids, text


def test_truncation_and_special_tokens(ours: WordPiece, theirs: BertWordPieceTokenizer) -> None:
    theirs.enable_truncation(256)
    long = "the quick brown fox, unaffable " * 100
    for text in (long, "", "a [SEP] b[MASK]c [sep] [CLS", "[UNK][PAD]", "A" * 100, "a" * 101, "中文 字"):
        assert ours.encode(text, limit=256) == theirs.encode(text).ids
    theirs.no_truncation()
    assert len(ours.encode(long)) > 256
    assert ours.encode("\ud83d\ude00 a\udc00b") == ours.encode("😀 a\ufffdb")


def test_long_texts_and_many_words_stay_within_the_cache(ours: WordPiece) -> None:
    assert ours.encode("x" * 2_000_000 + " " + "e\u0301" * 500_000, limit=256) == ours.encode("[UNK] [UNK]")
    ours.encode(" ".join(f"{number:x}" for number in range(70_000)))
    assert len(ours._words) <= 65_536


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[UNK]\n[CLS]\n",
        b"[UNK]\n[CLS]\n[SEP]\na\na\n",
        b"[UNK]\n[CLS]\n[SEP]\n\xff\n",
        b"x" * (MAX_VOCABULARY + 1),
    ],
)
def test_an_invalid_vocabulary_is_refused(data: bytes) -> None:
    with refused(TokenizerError, "tokenizer-file"):
        load_wordpiece(data)


def test_characters_are_computed_when_they_occur() -> None:
    characters = Characters()
    assert not characters
    assert "Ünï-cøde".translate(characters) == "uni - cøde"
    assert len(characters) == 8
