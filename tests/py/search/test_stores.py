"""Both stores behave alike: they are brought up to date, stopped, continued and asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from goosequill.errors import SearchError
from goosequill.kernels import NumpyKernel
from goosequill.search.documents.places import sources
from goosequill.search.embedder import Embedder
from goosequill.search.index_files import IndexModel
from goosequill.search.indexing import Changes
from goosequill.search.stores import LANCEDB, Store, make_store, open_store
from tests.py.refusals import refused
from tests.py.search.samples import SUBJECTS, HashEmbedder

FULL, SEARCH = HashEmbedder(), NumpyKernel().search


@pytest.fixture(params=["", LANCEDB])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param:
        pytest.importorskip("lancedb")
    return f"{request.param}{tmp_path / 'store'}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("goosequill.search.lancedb_store.BATCH", 1)
    made = tmp_path / "docs"
    made.mkdir()
    for subject, words in SUBJECTS.items():
        (made / f"{subject}.txt").write_text(f"{' '.join(words)}.\n")
    return made


@contextmanager
def alone(passages: int) -> Iterator[tuple[Embedder, int]]:
    yield FULL, 64


def update(store: Store, folder: Path, *, stop_after: int | None = None) -> Changes:
    stopped, changes = threading.Event(), Changes()
    for number, step in enumerate(store.update(sources(folder, []), alone, [], stopped), 1):
        changes = step if isinstance(step, Changes) else changes
        if number == stop_after:
            stopped.set()
    return changes


def test_a_store_is_updated_and_asked(where: str, folder: Path) -> None:
    store = make_store(where, SEARCH)
    assert store.model is None
    assert update(store, folder).added == len(SUBJECTS) == store.totals()["passages"]
    found = open_store(where, SEARCH).ask("violin", static=None, full=FULL, count=2)
    assert (found.hits[0].name, found.stage, len(found.hits)) == ("music.txt", "full", 2)
    (folder / "music.txt").unlink()
    changes = update(make_store(where, SEARCH), folder)
    assert (changes.added, changes.unchanged, changes.removed) == (0, len(SUBJECTS) - 1, 1)


def test_a_store_that_is_stopped_keeps_what_is_done_and_continues(where: str, folder: Path) -> None:
    assert update(make_store(where, SEARCH), folder, stop_after=2).added == 2
    changes = update(make_store(where, SEARCH), folder)
    assert (changes.added, changes.unchanged) == (len(SUBJECTS) - 2, 2)


def test_a_store_refuses_the_vectors_of_another_model(where: str, folder: Path) -> None:
    update(make_store(where, SEARCH), folder)
    with refused(SearchError, "index-model"):
        open_store(where, SEARCH).check_model(IndexModel.of(HashEmbedder("other", 16)))
