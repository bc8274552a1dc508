"""Byte-level BPE against Hugging Face's library, and damaged files against common sense."""

import hashlib
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers

from goosequill.errors import TokenizerError
from goosequill.tokenizers import MAX_FILE, load_tokenizer
from goosequill.tokenizers.added import _is_of_word
from goosequill.tokenizers.bpe import BPETokenizer, byte_letters, load_neox, load_tokenizer_json, merge_long
from tests.py.refusals import refused

from .samples import SAMPLES

NEOX = load_neox()
LETTERS = byte_letters()


def letters(data: bytes) -> str:
    return "".join(LETTERS[value] for value in data)


def neox_json() -> dict[str, Any]:
    """Write the packed NeoX-20B vocabulary as the tokenizer.json that it came from."""
    names = [letters(NEOX.token_bytes(number)) for number in range(50254)]
    names[:2] = ["<|endoftext|>", "<|padding|>"]
    merges = sorted(NEOX._merges, key=lambda pair: NEOX._merges[pair][0])
    options = {"single_word": False, "lstrip": False, "rstrip": False, "special": True}
    special = [{"id": n, "content": names[n], "normalized": False, **options} for n in (0, 1)]
    spaces = [
        {"id": 50278 - n, "content": " " * n, **options, "normalized": True, "special": False}
        for n in range(24, 1, -1)
    ]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "added_tokens": special + spaces,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": level,
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {name: number for number, name in enumerate(names)},
            "merges": [f"{names[left]} {names[right]}" for left, right in merges],
        },
    }


NEOX_JSON = neox_json()
HUGGING_FACE = tokenizers.Tokenizer.from_str(json.dumps(NEOX_JSON))
FROM_JSON = load_tokenizer_json(json.dumps(NEOX_JSON))


def test_neox_vocabulary_is_the_published_one() -> None:
    """The digest is of the original 20B_tokenizer.json, read by the library."""
    lines = [f"{n} {NEOX.token_bytes(n).hex()}\n" for n in range(NEOX.vocab_size)]
    merges = sorted(NEOX._merges.items(), key=lambda item: item[1][0])
    lines += [f"{pair[0]} {pair[1]} {merged}\n" for pair, (_, merged) in merges]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert digest == "1ef4ac1f0b88302702e58d68b9fb6e5727c80366ce5f94e7e0aa54c3af9cff09"


@pytest.mark.parametrize("text", SAMPLES)
def test_ids_equal_hugging_face(text: str) -> None:
    ids = HUGGING_FACE.encode(text).ids
    assert NEOX.encode(text) == ids
    assert FROM_JSON.encode(text) == ids
    assert NEOX.decode(ids) == HUGGING_FACE.decode(ids, skip_special_tokens=False)


@given(st.text() | st.text(alphabet=" \n\t'as\u0301é漢😀1<|endoftext|>"))
@settings(max_examples=400, deadline=None)
def test_any_text_equals_hugging_face(text: str) -> None:
    ids = HUGGING_FACE.encode(text).ids
    assert NEOX.encode(text) == ids
    assert NEOX.decode(ids) == HUGGING_FACE.decode(ids, skip_special_tokens=False)


@given(st.lists(st.integers(0, 50276), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_ids_decode_as_hugging_face_decodes_them(ids: list[int]) -> None:
    assert NEOX.decode(ids) == HUGGING_FACE.decode(ids, skip_special_tokens=False)


def test_long_word_without_a_space_equals_hugging_face_and_is_quick() -> None:
    for text in ["a" * 3000, "ab" * 1500, "abcdefgh" * 400, "漢字" * 900, " " * 3000 + "x"]:
        assert NEOX.encode(text) == HUGGING_FACE.encode(text).ids
    assert len(NEOX.encode("z" * 100_000)) < 100_000


def test_short_and_long_merging_agree() -> None:
    data = b"the theory of other things, otherwise their thesis"
    ids = [number for number in (NEOX._byte_ids[byte] for byte in data) if number is not None]
    assert merge_long(list(ids), NEOX._merges) == _merge_plainly(list(ids))


def _merge_plainly(ids: list[int]) -> list[int]:
    merges = NEOX._merges
    while True:
        ranked = [(merges[pair][0], at) for at, pair in enumerate(itertools.pairwise(ids)) if pair in merges]
        if not ranked:
            return ids
        at = min(ranked)[1]
        ids[at : at + 2] = [merges[ids[at], ids[at + 1]][1]]


def added(content: str, **changes: bool) -> dict[str, Any]:
    flags = dict.fromkeys(("special", "normalized", "single_word", "lstrip", "rstrip"), False)
    return {"id": 261, "content": content, **flags, **changes}


def small(**changes: Any) -> dict[str, Any]:
    """A tiny tokenizer.json, with parts replaced."""
    names = [*byte_letters(), "th", "the", letters(b" the"), "12", letters("é".encode()), "<end>"]
    level = {"type": "ByteLevel", "add_prefix_space": False}
    model = {
        "type": "BPE",
        "vocab": {name: number for number, name in enumerate(names)},
        "merges": ["t h", "th e", "Ġ the", "1 2", "Ã ©"],
    }
    whole: dict[str, Any] = {
        "added_tokens": [added("<end>", special=True)],
        "normalizer": None,
        "pre_tokenizer": level,
        "decoder": level,
        "model": model,
    }
    return {**whole, **changes}


TEXTS = [*SAMPLES, "the there 1212 the<end>the  <end> the 12é"]
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPLIT = {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False}
RAW = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
VARIANTS = {
    "prefix space": {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}},
    "llama 3": {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [SPLIT, RAW]}},
    "single digits": {
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {"type": "ByteLevel", "add_prefix_space": False},
            ],
        }
    },
    "digit runs": {
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "Digits", "individual_digits": False}, RAW],
        }
    },
    "matches only": {
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{**SPLIT, "behavior": "Removed", "invert": True}, RAW],
        }
    },
    "NFKC": {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "NFKC"}]}},
    "single word": {"added_tokens": [added("th", single_word=True, normalized=True)]},
    "stripping": {"added_tokens": [added("<end>", special=True, lstrip=True, rstrip=True)]},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_other_pre_tokenizers_equal_hugging_face(variant: str) -> None:
    description = small(**VARIANTS[variant])
    ours = load_tokenizer_json(json.dumps(description))
    full = {"version": "1.0", "truncation": None, "padding": None, "post_processor": None, **description}
    for part in [full["pre_tokenizer"], full["decoder"], *full["pre_tokenizer"].get("pretokenizers", [])]:
        if part["type"] == "ByteLevel":
            part.setdefault("trim_offsets", True)
            part.setdefault("use_regex", True)
    theirs = tokenizers.Tokenizer.from_str(json.dumps(full))
    for text in TEXTS:
        assert ours.encode(text) == theirs.encode(text, add_special_tokens=False).ids, text


def test_trained_tokenizer_equals_hugging_face() -> None:
    trained = tokenizers.Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    trained.train_from_iterator(SAMPLES * 4, trainer)
    ours = load_tokenizer(trained.to_str().encode())
    assert ours.end_token == 0
    assert ours.vocab_size == trained.get_vocab_size()
    for text in SAMPLES:
        ids = trained.encode(text).ids
        assert ours.encode(text) == ids
        assert ours.decode(ids) == text


def test_every_character_is_split_as_hugging_face_splits_it() -> None:
    """All planes in use, and samples of the rest: beside a letter, beside a digit, and before a mark."""
    theirs = pre_tokenizers.ByteLevel(add_prefix_space=False)
    codes = [*range(0xD800), *range(0xE000, 0x32400), *range(0x32400, 0x110000, 499)]
    characters = [chr(code) for code in codes]
    for start in range(0, len(characters), 256):
        text = "".join(f"a{c}1{c}?\n" for c in characters[start : start + 256])
        ours = list(itertools.accumulate(map(len, NEOX._split(text))))
        assert ours == [end for _, (_, end) in theirs.pre_tokenize_str(text)], hex(start)


def test_words_first_takes_a_whole_word() -> None:
    description = small()
    description["model"]["merges"] = ["t h"]
    assert load_tokenizer_json(json.dumps(description)).encode("the") == [256, 68 + 33]
    description["model"]["ignore_merges"] = True
    assert load_tokenizer_json(json.dumps(description)).encode("the") == [257]


def broken(path: list[str], value: Any) -> dict[str, Any]:
    description = small()
    inner = description
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return description


NFC = {"type": "NFC"}
DAMAGED: list[tuple[str, Any]] = [
    ("tokenizer-file", []),
    ("tokenizer-file", {}),
    ("tokenizer-file", {"model": None}),
    ("tokenizer-file", {"model": {"vocab": 3}}),
    ("tokenizer-file", broken(["model", "merges"], None)),
    ("tokenizer-file", broken(["model", "merges"], ["t"])),
    ("tokenizer-file", broken(["model", "merges"], [["t", "h", "e"]])),
    ("tokenizer-file", broken(["model", "merges"], [7])),
    ("tokenizer-file", broken(["model", "merges"], ["t q"])),
    ("tokenizer-file", broken(["model", "vocab", "a"], -1)),
    ("tokenizer-file", broken(["model", "vocab", "a"], 10**12)),
    ("tokenizer-file", broken(["model", "vocab", "a"], "1")),
    ("tokenizer-file", broken(["added_tokens"], [{"id": 3}])),
    ("tokenizer-file", broken(["added_tokens"], ["x"])),
    ("tokenizer-file", broken(["added_tokens"], [{"id": 10**12, "content": "x"}])),
    ("tokenizer-unsupported", broken(["model", "type"], "WordPiece")),
    ("tokenizer-unsupported", broken(["model", "vocab"], [["a", -1.0]])),
    ("tokenizer-unsupported", broken(["model", "end_of_word_suffix"], "</w>")),
    ("tokenizer-unsupported", broken(["pre_tokenizer"], {"type": "Metaspace"})),
    ("tokenizer-unsupported", broken(["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": r"\p{Lu}"}})),
    ("tokenizer-unsupported", broken(["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": "("}})),
    ("tokenizer-unsupported", broken(["normalizer"], {"type": "Lowercase"})),
    ("tokenizer-incomplete", broken(["model", "vocab"], {"a": 0})),
    ("tokenizer-file", broken(["added_tokens"], 5)),
    ("tokenizer-file", broken(["added_tokens"], {"id": 3, "content": "x"})),
    ("tokenizer-file", broken(["added_tokens"], [{"id": True, "content": "x"}])),
    ("tokenizer-file", broken(["added_tokens"], [{"id": 2**24 - 1, "content": "x"}])),
    ("tokenizer-file", broken(["added_tokens"], [{"id": 3, "content": "x" * 257}])),
    ("tokenizer-file", broken(["normalizer"], 5)),
    ("tokenizer-file", broken(["normalizer"], {"type": "Sequence", "normalizers": None})),
    ("tokenizer-file", broken(["normalizer"], {"type": "Sequence", "normalizers": [5]})),
    ("tokenizer-unsupported", broken(["normalizer"], {"type": "Sequence", "normalizers": [NFC] * 17})),
    ("tokenizer-file", broken(["pre_tokenizer"], {"type": "Sequence", "pretokenizers": {"ByteLevel": 1}})),
    ("tokenizer-file", broken(["pre_tokenizer"], {"type": "Split", "pattern": 5})),
    ("tokenizer-file", broken(["pre_tokenizer"], {"type": "Split", "pattern": {"Regex": ["a"]}})),
    ("tokenizer-unsupported", broken(["pre_tokenizer"], None)),
    ("tokenizer-unsupported", broken(["model", "type"], ["BPE"] * 90)),
]


@pytest.mark.parametrize(("code", "description"), DAMAGED)
def test_damaged_file_is_refused_with_a_remedy(code: str, description: Any) -> None:
    if code == "tokenizer-incomplete":
        description["model"]["merges"] = []
    with refused(TokenizerError, code) as caught:
        load_tokenizer_json(json.dumps(description))
    assert caught.value.remedy


def nested(depth: int) -> dict[str, Any]:
    """A sequence of a sequence of a sequence ..."""
    inner: dict[str, Any] = NFC
    for _ in range(depth):
        inner = {"type": "Sequence", "normalizers": [inner]}
    return small(normalizer=inner)


def test_sequences_within_sequences_are_read_to_a_bounded_depth() -> None:
    assert load_tokenizer_json(json.dumps(nested(20))).encode("e\u0301") == [260]
    with pytest.raises(TokenizerError, match="nested too deep"):
        load_tokenizer_json(json.dumps(nested(120)))


def test_json_of_very_many_values_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(TokenizerError, match="more than 4,000,000 values"):
        load_tokenizer_json("[" + "[]," * 4_000_000 + "0]")


def test_a_file_of_more_bytes_than_any_tokenizer_has_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    with open(file, "wb") as stream:
        stream.truncate(MAX_FILE + 1)  # a hole, which takes no space
    with pytest.raises(TokenizerError, match="more than"):
        load_tokenizer(file)


def test_a_pipe_or_device_is_not_read_as_a_tokenizer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(TokenizerError, match="not a regular file"):
            load_tokenizer(path)
    with pytest.raises(TokenizerError, match="cannot be read"):
        load_tokenizer("a\0b")


LIKE_EACH_OTHER = ["<a", "<a>", "<aa>", "<ab", "aa", "aaa", "\na", " <", "a\u0301"]


@given(
    st.text(alphabet="<a>b \n\u0301", max_size=30),
    st.sets(st.sampled_from(LIKE_EACH_OTHER), min_size=1),
    st.sampled_from(["special", "normalized", "single_word", "lstrip", "rstrip"]),
)
def test_added_tokens_that_begin_alike_are_found_as_hugging_face_finds_them(
    text: str, contents: set[str], flag: str
) -> None:
    items = [
        {**added(content, **{flag: True}), "id": 262 + at} for at, content in enumerate(sorted(contents))
    ]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    description = small(added_tokens=items, pre_tokenizer=level, decoder=level)
    full = {"version": "1.0", "truncation": None, "padding": None, "post_processor": None, **description}
    theirs = tokenizers.Tokenizer.from_str(json.dumps(full)).encode(text, add_special_tokens=False).ids
    assert load_tokenizer_json(json.dumps(description)).encode(text) == theirs


@pytest.mark.parametrize("character", "a_1²½٣Ⅷ漢Ⓐ‿-. \u0301\u200c\u200d\u0e31")
def test_what_belongs_to_a_word_is_what_hugging_face_takes_for_it(character: str) -> None:
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.add_tokens([tokenizers.AddedToken("<q>", single_word=True)])
    is_apart = theirs.token_to_id("<q>") in theirs.encode(f"{character}<q>").ids
    assert _is_of_word(character) != is_apart


NO_TOKENIZERS = {
    "empty": b"",
    "half": b"{",
    "binary": b"\xff\xfe\x00",
    "deep": b"{" * 100_000,
    "zip": b"PK\x03\x04",
}


@pytest.mark.parametrize("data", NO_TOKENIZERS.values(), ids=NO_TOKENIZERS)
def test_file_that_is_no_tokenizer_is_refused(data: bytes) -> None:
    with pytest.raises(TokenizerError) as caught:
        load_tokenizer(data)
    assert caught.value.remedy


def test_half_surrogates_do_not_stop_the_tokenizer() -> None:
    assert isinstance(NEOX, BPETokenizer)
    assert NEOX.decode(NEOX.encode("a\ud800b")) == "a\ufffdb"
