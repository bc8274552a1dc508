"""The article's embeddings.json: what is read, what is refused, and how files are ranked."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.lasting import Lasting
from goosequill.search import embeddings_jobs, embeddings_json
from goosequill.weights.source import BytesSource

ROWS = np.random.default_rng(1).normal(size=(5, 7)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)


def entry(embedding: Any, filename: Any = "a.txt") -> dict[str, Any]:
    return {"filename": filename, "embedding": embedding}


def test_a_file_that_was_written_is_read_again() -> None:
    names = ["a.txt", "b/ü “x”.txt", "c.txt", "a.txt", "e"]
    text = "".join(embeddings_json.write(names, ROWS))
    assert [list(each) for each in json.loads(text)] == [["filename", "embedding"]] * 5
    found = embeddings_json.read(text.encode())
    assert found.names == names
    np.testing.assert_allclose(found.vectors, ROWS, atol=1e-6)


def test_no_documents_make_an_empty_list() -> None:
    assert json.loads("".join(embeddings_json.write([], np.zeros((0, 3), np.float32)))) == []


def test_vectors_of_any_length_are_scaled_even_near_the_largest_number() -> None:
    found = embeddings_json.read(json.dumps([entry([3e200, 4e200]), entry([3, -4]), entry([3e-200, 4e-200])]))
    np.testing.assert_allclose(found.vectors, [[0.6, 0.8], [0.6, -0.8], [0.6, 0.8]], atol=1e-6)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "not a list"),
        ("[]", "not a list"),
        ("[1]", "entry 1"),
        ('[{"filename": "a"}]', "entry 1"),
        ('[{"filename": "a", "embedding": []}]', "first vector"),
        ('[{"filename": "", "embedding": [1]}]', "filename"),
        ('[{"filename": 5, "embedding": [1]}]', "filename"),
        ('[{"filename": "a", "embedding": [NaN, 1]}]', "NaN"),
        ('[{"filename": "a", "embedding": [1e999, 1]}]', "finite"),
        ('[{"filename": "a", "embedding": [0, 0]}]', "finite"),
        ('[{"filename": "a", "embedding": [true, 1]}]', "not a number"),
        ('[{"filename": "a", "embedding": [[1], 1]}]', "not a number"),
        ('[{"filename": "a", "embedding": [1, 2]}, {"filename": "b", "embedding": [1]}]', "entry 2"),
        (json.dumps([entry([0.5] * 8193)]), "8,193"),
        (b"\xff\xfe[", "not JSON"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str | bytes, what: str) -> None:
    with pytest.raises(SearchError, match=what) as error:
        embeddings_json.read(text)
    assert error.value.code == "embeddings-json"


def test_too_many_numbers_are_refused_before_they_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings_json, "MAX_NUMBERS", 9)
    with pytest.raises(SearchError, match="10 numbers"):
        embeddings_json.read(json.dumps([entry([1, 2])] * 5))
    monkeypatch.setattr(embeddings_json, "MAX_BYTES", 10)
    with pytest.raises(SearchError, match="bytes"):
        embeddings_json.read(" " * 11)


def test_each_file_is_found_once_though_its_entries_have_no_title() -> None:
    """The article's code compared titles, which its entries lack, so that only the first file was left."""
    found = embeddings_json.Embeddings(["a", "b", "a", "c", "b"], ROWS)
    results = embeddings_json.rank(ROWS[2], found, 10)
    assert results[0] == {"filename": "a", "score": pytest.approx(1)}
    assert sorted(each["filename"] for each in results) == ["a", "b", "c"]
    assert [each["score"] for each in results] == sorted((each["score"] for each in results), reverse=True)
    assert len(embeddings_json.rank(ROWS[2], found, 2)) == 2


def test_a_question_of_another_model_is_refused() -> None:
    with pytest.raises(SearchError) as error:
        embeddings_json.rank(ROWS[0][:5], embeddings_json.Embeddings(["a"], ROWS[:1]))
    assert error.value.code == "vectors"


def test_the_jobs_open_a_file_and_ask_it() -> None:
    text = "".join(embeddings_json.write(list("abcde"), ROWS)).encode()
    opened = embeddings_jobs.read_embeddings({"embeddings.json": BytesSource(text)})
    assert isinstance(opened, Lasting) and opened.kind == "embeddings"
    assert opened.info == {"names": list("abcde"), "entries": 5, "dimensions": 7, "models": []}
    results = embeddings_jobs.ask_embeddings(opened.value, count=3, question_vector=ROWS[3])["results"]
    assert results[0]["filename"] == "d" and len(results) == 3
    with pytest.raises(SearchError):
        embeddings_jobs.ask_embeddings(opened.value, "no model")


def test_models_are_suggested_by_dimensions() -> None:
    assert embeddings_json.suggest(384) == ["minilm-l6"]
    assert "endpoint:text-embedding-ada-002" in embeddings_json.suggest(1536)
    assert embeddings_json.suggest(5) == []
