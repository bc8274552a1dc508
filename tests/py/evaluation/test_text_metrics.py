"""Measures of texts, checked by hand or against a slow search."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.evaluation.statistics import holm
from goosequill.evaluation.text_metrics import (
    METRICS,
    compression,
    distinct,
    echo,
    likeness,
    longest_repeat,
    looping,
    loops,
    mean_surprise,
    measure,
    summarise,
    truncated,
    words_of,
)


def test_words_are_words_in_any_script() -> None:
    assert words_of("Don't stop—it's 3 o'clock!") == ["don't", "stop", "it's", "3", "o'clock"]
    assert words_of("我喜欢 苹果") == ["我", "喜", "欢", "苹", "果"]
    assert words_of("Привет, мир") == ["привет", "мир"]


def test_distinct_counts_different_ngrams() -> None:
    assert distinct(["a", "b", "a", "b"], 1) == 0.5
    assert distinct(["a", "b", "a", "b"], 2) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("words", "size"), [([], 1), (["a"], 2), (["a", "b"], 3)])
def test_a_text_that_is_too_short_has_no_share_of_different_ngrams(words: list[str], size: int) -> None:
    assert distinct(words, size) is None


def slow_longest_repeat(words: list[str]) -> int:
    for size in range(len(words) - 1, 0, -1):
        grams = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
        if len(set(grams)) < len(grams):
            return size
    return 0


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_longest_repeat_is_that_of_a_slow_search(words: list[str]) -> None:
    assert longest_repeat(words) == slow_longest_repeat(words)


def test_looping_is_the_share_of_the_longest_loop() -> None:
    assert looping(["x", "y"] + ["go", "on"] * 4) == pytest.approx(0.8)
    assert looping(["no", "no"]) == 0.0
    assert looping(["each", "word", "here", "is", "new"]) == 0.0
    assert looping([]) == 0.0


@pytest.mark.parametrize(
    ("text", "repeated", "words", "times"),
    [
        ("Oh: and so on, and so on, And so on, and so. The end", "and so on, And so on, and so", 3, 3),
        ("no no no no no no", "no no no no no", 1, 6),
        ("\u0130, then, a b a b a b!", "a b a b", 2, 3),
        ("\u9d5d\u6bdb\u9d5d\u6bdb\u9d5d\u6bdb", "\u9d5d\u6bdb\u9d5d\u6bdb", 2, 3),
    ],
)
def test_a_loop_is_marked_from_its_second_passage_on(
    text: str, repeated: str, words: int, times: int
) -> None:
    (loop,) = loops([text])
    assert loop is not None
    assert (loop["repeated"], loop["words"], loop["times"]) == (repeated, words, times)
    assert loop["before"] + loop["repeated"] + loop["after"] == text


def test_two_times_or_too_few_words_are_no_loop() -> None:
    assert loops(["", "so on and so on and", "no no no no no", "each word is new"]) == [None] * 4


@given(st.lists(st.sampled_from("ab"), max_size=40))
def test_a_loop_is_there_exactly_where_the_measure_finds_one(words: list[str]) -> None:
    (loop,) = loops([" ".join(words)])
    assert (loop is not None) == (looping(words) > 0)
    if loop:
        passage = loop["repeated"].split()[: loop["words"]]
        assert loop["before"].split()[-loop["words"] :] == passage
        assert len(loop["repeated"].split()) + loop["words"] == round(looping(words) * len(words))


def test_compression_sees_repetition() -> None:
    assert compression("again and again " * 50) < 0.1
    assert compression("") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It ends here.", False),
        ("It stops in the middle of a", True),
        ("It stops after a comma,", True),
        ("```py\nx = 1", True),
        ("```py\nx = 1\n```", False),
        ("42", False),
        ("", False),
        ("他说的就是这个。", False),
    ],
)
def test_truncated(text: str, expected: bool) -> None:
    assert truncated(text) is expected


def test_echo_is_the_share_of_the_prompt_that_comes_back() -> None:
    assert echo("What is the capital of France?", "What is the capital of France? Paris.") == 1.0
    assert echo("What is the capital of France?", "Paris.") == 0.0
    assert echo("Hello", "hello there") == 1.0
    assert echo("", "x") is None


def test_mean_surprise_is_in_bits() -> None:
    assert mean_surprise([math.log(0.5), math.log(0.125)]) == pytest.approx(2.0)
    assert mean_surprise([]) is None


def test_measures_are_every_metric() -> None:
    empty, full = measure([{"prompt": "", "text": ""}, {"prompt": "p", "text": "a b c", "logprobs": [-1.0]}])
    assert set(empty) == set(full) == set(METRICS)
    assert {name for name, value in empty.items() if value is None} == {
        "distinct_1",
        "distinct_2",
        "distinct_3",
        "compression",
        "echo",
        "mean_surprise",
    }
    assert None not in full.values()


def test_outputs_without_a_value_are_left_out_of_the_mean() -> None:
    short, long = measure([{"prompt": "p", "text": "one"}, {"prompt": "p", "text": "one two one two"}])
    prompts = [{"prompt": "p", "measures": [short, long], "texts": ["one", "one two one two"]}]
    (column,) = summarise([{"name": "a", "prompts": prompts}])["columns"]
    assert column["means"]["distinct_2"]["mean"] == pytest.approx(2 / 3)
    assert "mean_surprise" not in column["means"]


def test_likeness_of_samples() -> None:
    assert likeness(["a b c", "a b c"]) == 1.0
    assert likeness(["a b", "c d"]) == 0.0
    assert likeness(["only one"]) is None


def test_summary_pairs_the_prompts_that_are_shared() -> None:
    long, short = measure([{"prompt": "p", "text": "one two three"}, {"prompt": "p", "text": "one"}])
    shared = [{"prompt": f"p{i}", "measures": [long, long], "texts": ["a b", "a c"]} for i in range(20)]
    more = [
        {"prompt": "only a", "measures": [short], "texts": ["one"]},
        {"prompt": "none", "measures": [], "texts": []},
    ]
    columns = [
        {"name": "a", "prompts": shared + more},
        {"name": "b", "prompts": [{**entry, "measures": [short]} for entry in shared]},
    ]
    summary = summarise(columns, baseline="b")
    assert set(long) == set(METRICS)
    first, _ = summary["columns"]
    assert first["outputs"] == 41
    assert first["means"]["words"]["mean"] == pytest.approx((20 * 3 + 1) / 21)
    assert first["means"]["words"]["low"] < first["means"]["words"]["mean"] < 3.0 + 1e-9
    assert first["means"]["likeness"]["mean"] == pytest.approx(0.2)
    assert first["means"]["likeness"]["prompts"] == 20
    (difference,) = summary["differences"]
    words = difference["means"]["words"]
    assert [words[name] for name in ("mean", "low", "high", "prompts")] == [2.0, 2.0, 2.0, 20]
    assert words["significant"] and words["p"] == 1 / 10_000
    tests = [mean["p"] for mean in difference["means"].values()]
    assert [mean["adjusted"] for mean in difference["means"].values()] == holm(tests)
    assert any(f"Corrected for {len(tests)} tests" in sentence for sentence in words["sentences"])
