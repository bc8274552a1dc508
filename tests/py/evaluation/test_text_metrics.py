"""Measures of texts, checked by hand or against a slow search."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goosequill.evaluation.statistics import holm
from goosequill.evaluation.text_metrics import (
    METRICS,
    compression,
    distinct,
    echo,
    interval,
    likeness,
    longest_repeat,
    looping,
    loops,
    mean_surprise,
    measure,
    measure_columns,
    summarize,
    truncated,
    words_of,
)

OF_THE_FIRST = {"distinct_1_50", "compression_50"}


def test_words_are_words_in_any_script() -> None:
    assert words_of("Don't stop—it's 3 o'clock!") == ["don't", "stop", "it's", "3", "o'clock"]
    assert words_of("我喜欢 苹果") == ["我", "喜", "欢", "苹", "果"]
    assert words_of("Привет, мир") == ["привет", "мир"]


def test_words_are_not_fragments() -> None:
    assert words_of("हम आज घर जाएँगे") == ["हम", "आज", "घर", "जाएँगे"]
    assert len(words_of("اَلْعَرَبِيَّةُ لُغَةٌ")) == 2
    assert words_of("re\u0301sume\u0301") == words_of("r\u00e9sum\u00e9") == ["r\u00e9sum\u00e9"]
    assert words_of("\u0e14\u0e35\u0e04\u0e48\u0e30") == ["\u0e14\u0e35", "\u0e04\u0e48", "\u0e30"]


def test_variety_of_the_first_words_does_not_depend_on_length() -> None:
    generator = np.random.default_rng(1)
    lengths = generator.integers(60, 600, 60)
    chances = 1 / np.arange(1, 2001)
    texts = [
        " ".join(f"w{word}" for word in generator.choice(2000, length, p=chances / chances.sum()))
        for length in lengths
    ]
    found = measure([{"prompt": "", "text": text} for text in texts])
    related = {
        name: abs(np.corrcoef(lengths, [one[name] for one in found])[0, 1])
        for name in ("distinct_1", "compression", *OF_THE_FIRST)
    }
    assert min(related["distinct_1"], related["compression"]) > 0.8
    assert max(related[name] for name in OF_THE_FIRST) < 0.3
    short = measure([{"prompt": "", "text": "word " * 49}])[0]
    assert all(short[name] is None for name in OF_THE_FIRST)


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
        ("I think that the...", True),
        ("I think that the\u2026", True),
        ("The answer to all of it is 42", False),
        ("It is about 3.5", False),
        ("Buy these:\n- apples and pears\n- plums from the garden", False),
        ("1. Peel all of the apples.\n2. Cut them into small", True),
        ("1. Peel all of the apples.\n2. Cut them into pieces.", False),
        ("This is all of it.\n\n---", False),
        ("It stops in the middle of a cafe\u0301", True),
        ("\u0939\u092e \u0906\u091c \u0918\u0930 \u091c\u093e\u090f\u0901\u0917\u0947", True),
        ("\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e04\u0e23\u0e31\u0e1a", False),  # Thai has no full stop
    ],
)
def test_truncated(text: str, expected: bool) -> None:
    assert truncated(text) is expected


def test_the_work_of_truncated_is_bounded() -> None:
    """Blank lines were counted once for each of them: this took a minute."""
    assert truncated("\n" * 300_000 + "It stops in the middle of a")


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
        *OF_THE_FIRST,
    }
    assert {name for name, value in full.items() if value is None} == OF_THE_FIRST


def test_outputs_without_a_value_are_left_out_of_the_mean() -> None:
    short, long = measure([{"prompt": "p", "text": "one"}, {"prompt": "p", "text": "one two one two"}])
    prompts = [{"prompt": "p", "measures": [short, long], "texts": ["one", "one two one two"]}]
    (column,) = summarize([{"name": "a", "prompts": prompts}])["columns"]
    assert column["means"]["distinct_2"]["mean"] == pytest.approx(2 / 3)
    assert "mean_surprise" not in column["means"]


def test_likeness_of_samples() -> None:
    assert likeness(["a b c", "a b c"]) == 1.0
    assert likeness(["a b", "c d"]) == 0.0
    assert likeness(["only one"]) is None


def test_no_interval_is_certain_because_all_values_are_equal() -> None:
    assert interval(np.ones(10), share=True)["low"] == pytest.approx(0.722, abs=0.001)  # Wilson's
    assert interval(np.zeros(10), share=True, gap=True)["high"] == pytest.approx(0.231, abs=0.001)
    assert interval(np.full(100, 7.0))["low"] is None


@pytest.mark.parametrize(
    ("values", "kind", "known"),
    [
        ([0, 1, 0, 1], {"share": True}, False),
        ([0, 1, 0, 1, 1], {"share": True}, True),
        ([0, 1, 0, -1, 1], {"share": True, "gap": True}, True),
        ([0, 0.5, 0, -1, 1, 0.5, 0.2, 0.3, 0], {"share": True, "gap": True}, False),
        ([*range(9)], {}, False),
        ([*range(10)], {}, True),
    ],
)
def test_too_few_values_have_no_interval(values: list[float], kind: dict[str, bool], known: bool) -> None:
    found = interval(np.array(values, float), **kind)
    assert found["mean"] == pytest.approx(np.mean(values))
    assert (found["low"] is not None) == known == (found["high"] is not None)


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
    summary = summarize(columns, baseline="b")
    assert set(long) == set(METRICS)
    first, _ = summary["columns"]
    assert first["outputs"] == 41
    assert first["means"]["words"]["mean"] == pytest.approx((20 * 3 + 1) / 21)
    assert first["means"]["words"]["low"] < first["means"]["words"]["mean"] < 3.0 + 1e-9
    assert first["means"]["likeness"]["mean"] == pytest.approx(0.2)
    assert first["means"]["likeness"]["prompts"] == 20
    (difference,) = summary["differences"]
    words = difference["means"]["words"]
    assert [words[name] for name in ("mean", "low", "high", "prompts")] == [2.0, None, None, 20]
    assert words["significant"] and words["p"] == 1 / 10_000
    tests = [mean["p"] for mean in difference["means"].values()]
    assert [mean["adjusted"] for mean in difference["means"].values()] == holm(tests)
    assert any(f"Corrected for {len(tests)} tests" in sentence for sentence in words["sentences"])


def test_measuring_and_summarizing_at_once_is_what_both_are_apart() -> None:
    texts = ["one two three", "one", "one two one two"]
    outputs: list[dict[str, Any]] = [{"prompt": "p", "text": text} for text in texts]
    columns = [
        {"name": "a", "prompts": [{"prompt": "p", "outputs": [0, 1]}, {"prompt": "q", "outputs": [2]}]},
        {"name": "b", "prompts": [{"prompt": "p", "outputs": [1, 1]}]},
    ]
    steps = measure_columns(outputs, columns, baseline="b")
    measured, summary = [], {}
    while not summary:
        try:
            measured.append(next(steps))
        except StopIteration as stopped:
            summary = stopped.value
    assert measured == measure(outputs)
    apart = [
        {
            "name": column["name"],
            "prompts": [
                {
                    "prompt": entry["prompt"],
                    "measures": [measured[at] for at in entry["outputs"]],
                    "texts": [texts[at] for at in entry["outputs"]],
                }
                for entry in column["prompts"]
            ],
        }
        for column in columns
    ]
    alike = summary.pop("likeness")
    assert summary == summarize(apart, baseline="b")
    assert alike == [[likeness(texts[:2]), None], [1.0]]

    known = [{"measures": found} for found in measured]
    for column, found in zip(columns, alike, strict=True):
        column["prompts"] = [
            {**entry, "likeness": one} for entry, one in zip(column["prompts"], found, strict=True)
        ]
    with pytest.raises(StopIteration) as stopped:
        next(measure_columns(known, columns, baseline="b"))
    assert stopped.value.value == {**summary, "likeness": alike}, "without any text"
