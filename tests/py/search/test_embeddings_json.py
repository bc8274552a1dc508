"""The article's embeddings.json: what is read, what is refused, and how files are ranked."""

import json
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.kernels.kernel import Floats
from goosequill.search import embeddings_jobs, embeddings_json
from goosequill.search.collection import Collection, embed_passages, search
from goosequill.search.minilm import MiniLM
from goosequill.support.resources import Resource
from goosequill.weights.source import BytesSource
from tests.py.refusals import refused
from tests.py.search.samples import HashEmbedder, make_document
from tests.py.search.test_collection import Page

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
    with refused(SearchError, "embeddings-json", match=what):
        embeddings_json.read(text)


def test_too_many_numbers_are_refused_before_they_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings_json, "MAX_NUMBERS", 9)
    with pytest.raises(SearchError, match="10 numbers"):
        embeddings_json.read(json.dumps([entry([1, 2])] * 5))
    monkeypatch.setattr(embeddings_json, "MAX_BYTES", 10)
    with pytest.raises(SearchError, match="bytes"):
        embeddings_json.read(" " * 11)


class Turned(HashEmbedder):
    """An embedder that keeps its vectors in turned axes, as MiniLM does."""

    def exported(self, vectors: Floats) -> Floats:
        return vectors[:, ::-1]

    def imported(self, vectors: Floats) -> Floats:
        return vectors[:, ::-1]


def opened(names: list[str], rows: Floats) -> embeddings_json.Embeddings:
    """A file with these vectors, as the page opens it."""
    text = "".join(embeddings_json.write(names, rows)).encode()
    kept = embeddings_jobs.read_embeddings({"embeddings.json": BytesSource(text)})
    assert isinstance(kept, Resource) and kept.kind == "embeddings"
    assert kept.info["entries"] == len(names) and kept.info["files"] == len(set(names))
    found: embeddings_json.Embeddings = kept.value
    return found


def imported(found: embeddings_json.Embeddings, **maker: Any) -> Collection:
    """The collection that the page makes of it."""
    page = Page()
    page.run(embeddings_jobs.import_embeddings(found, "Vectors", **maker))
    return page.open()


def test_an_imported_file_is_asked_and_each_file_is_found_once() -> None:
    """The article's code compared titles, which its entries lack, so that only the first file was left."""
    collection = imported(opened(["a", "b", "a", "c", "b"], ROWS), address="http://x/v1", model_name="m")
    assert collection.info()["model"]["name"] == "endpoint:m" and collection.info()["pending"] == 0
    hits = search(collection, "?", stage="full", question_vector=ROWS[2])["hits"]
    assert hits[0].name == "a" and hits[0].cosine == pytest.approx(1, abs=0.01)
    assert sorted(hit.name for hit in hits) == ["a", "b", "c"]
    best = {name: max(float(ROWS[row] @ ROWS[2]) for row in rows) for name, rows in
            embeddings_json.documents(["a", "b", "a", "c", "b"]).items()}  # fmt: skip
    assert {hit.name: hit.cosine for hit in hits} == pytest.approx(best, abs=0.01)


def test_names_of_any_kind_have_their_vectors() -> None:
    names = ["One. Two. Three. " * 50, " ", "\ud800\0x", "d/é 🜁.txt", "One. Two. Three. " * 50]
    given = [entry(row.tolist(), name) for name, row in zip(names, ROWS, strict=True)]
    collection = imported(embeddings_json.read(json.dumps(given)), address="http://x", model_name="m")
    hits = search(collection, "?", stage="full", question_vector=ROWS[4])["hits"]
    assert hits[0].name == names[4] and hits[0].cosine == pytest.approx(1, abs=0.01)


def test_a_collection_is_exported_with_the_vectors_that_other_programs_have() -> None:
    embedder = Turned()
    page = Page()
    collection = page.open("Papers")
    for number in range(3):
        collection.index.add(make_document(number))
    page.write(collection.commit())
    with pytest.raises(SearchError, match="no vectors yet"):
        list(embeddings_jobs.write_embeddings(collection, embedder))
    page.run(embed_passages(collection, embedder))
    with pytest.raises(SearchError, match="needed"):
        list(embeddings_jobs.write_embeddings(collection))
    text = "".join(part["text"] for part in embeddings_jobs.write_embeddings(collection, embedder))
    names, own = embeddings_json.document_vectors(collection.index)
    found = embeddings_json.read(text)
    assert found.names == names and np.allclose(found.vectors, own[:, ::-1], atol=1e-5)
    again = imported(found, embedder=embedder)
    assert np.allclose(again.index.vectors.restored(np.arange(3)), own, atol=0.02)  # 8 bits
    with pytest.raises(SearchError, match="32 numbers"):
        imported(opened(list("abcde"), ROWS), embedder=embedder)


def test_models_are_suggested_by_dimensions() -> None:
    assert embeddings_json.suggest(384) == ["minilm-l6"]
    assert "endpoint:text-embedding-ada-002" in embeddings_json.suggest(1536)
    assert embeddings_json.suggest(5) == []


def test_minilm_exports_what_the_checkpoint_gives_without_its_rotation() -> None:
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(7, 7)))[0].astype(np.float32)
    model = MiniLM.__new__(MiniLM)
    model._axes = rotation
    np.testing.assert_allclose(model.exported(ROWS @ rotation.T), ROWS, atol=1e-5)
    np.testing.assert_allclose(model.imported(model.exported(ROWS)), ROWS, atol=1e-5)
