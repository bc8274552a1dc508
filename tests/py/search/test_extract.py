"""Answers that are quoted: which sentences, how many, and in which order."""

from typing import Any

import numpy as np

from goosequill.errors import SearchError
from goosequill.search.extract import extract_answer
from tests.py.refusals import refused

SLEEP = {
    "title": "Sleep",
    "heading": "",
    "text": "Is the bed too warm? Sleep comes sooner in a cool room. A noisy street keeps people awake.",
}
NIGHT = {
    "title": "Night",
    "heading": "",
    "text": "Stars rise late in June. A cool room brings sleep sooner.\nRaise the head of the bed.",
}


class Table:
    """An embedding model that knows these texts by a word of theirs; the question is the first direction."""

    name, dimensions, fingerprint, space = "table", 3, "", ""

    def __init__(self, **vectors: list[float]) -> None:
        self._vectors = vectors

    def embed(self, texts: Any) -> Any:
        found = [next((v for word, v in self._vectors.items() if word in text), [0, 0, 1]) for text in texts]
        return np.array([np.array(v) / np.linalg.norm(v) for v in found], np.float32)

    def question(self, text: str) -> Any:
        return np.array([1, 0, 0], np.float32)


def quoted(question: str, *passages: dict[str, str], **options: Any) -> list[str]:
    made = extract_answer(question, passages, **options)
    return [made["text"][each.start : each.end] for each in made["sentences"]]


def test_the_sentence_with_the_questions_words_is_quoted_with_its_passage() -> None:
    made = extract_answer("what about a noisy street", [NIGHT, SLEEP])
    (sentence,) = made["sentences"]
    assert made["text"] == "A noisy street keeps people awake." and sentence.passage == 1


def test_a_model_finds_what_words_do_not() -> None:
    assert quoted("zzz", SLEEP, NIGHT) == []
    assert quoted("zzz", SLEEP, NIGHT, static=Table(Stars=[1, 0, 0])) == ["Stars rise late in June."]


def test_the_full_model_goes_before_the_table() -> None:
    models = {"static": Table(Stars=[1, 0, 0]), "embedder": Table(street=[1, 0, 0])}
    assert quoted("zzz", SLEEP, NIGHT, **models) == ["A noisy street keeps people awake."]


def test_what_is_alike_is_quoted_once() -> None:
    model = Table(sooner=[1, 0.2, 0], street=[1, -2, 0])
    assert quoted("sleep sooner in a cool room", SLEEP, NIGHT, static=model) == [
        "Sleep comes sooner in a cool room."
    ]


def test_at_most_three_are_quoted_in_reading_order() -> None:
    texts = ["Delta pays four.", "Alpha pays one. Beta pays two. Gamma pays three."]
    passages = [{"title": "", "heading": "", "text": text} for text in texts]
    model = Table(Alpha=[1, 0.7, 0], Beta=[1, 0, 0.7], Gamma=[1, -0.7, 0], Delta=[1, 0, -0.75])
    found = quoted("zzz", *passages, static=model)
    assert len(found) == 3
    assert found == sorted(found, key=" ".join(texts).index)


def test_sentences_that_follow_each_other_stay_in_one_line() -> None:
    passage = {
        "title": "",
        "heading": "",
        "text": "Alpha pays one. Beta pays two. Nothing else matters. Gamma pays three.",
    }
    model = Table(Alpha=[1, 0.7, 0], Beta=[1, 0, 0.7], Gamma=[1, -0.7, 0], Nothing=[0, 1, 0])
    made = extract_answer("zzz", [passage], static=model)
    assert made["text"] == "Alpha pays one. Beta pays two.\nGamma pays three."


def test_rows_of_a_table_are_quoted_without_its_bars_each_in_its_line() -> None:
    passage = {"title": "", "heading": "", "text": "| Alpha pays one |\n| Beta pays two |"}
    model = Table(Alpha=[1, 0.7, 0], Beta=[1, 0, 0.7])
    assert extract_answer("zzz", [passage], static=model)["text"] == "Alpha pays one\nBeta pays two"


def test_questions_and_remnants_are_not_quoted() -> None:
    passage = {"title": "", "heading": "", "text": "Bed too warm? Bed. The window is open."}
    assert quoted("is the bed too warm", passage) == []


def test_no_passages_are_refused() -> None:
    with refused(SearchError, "answer-passages"):
        extract_answer("why", [])
