"""The index of the built documentation, asked natively as its search box asks it, before and with MiniLM."""

from pathlib import Path

import pytest

from goosequill.kernels import load_kernel
from goosequill.search.embedders import open_folder
from goosequill.search.index import Index
from goosequill.search.searcher import Searcher
from goosequill.search.storage import FolderStorage

DIST = Path(__file__).resolve().parents[3] / "dist"


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.open(FolderStorage(DIST / "search-index"), load_kernel().search)


@pytest.mark.parametrize("stage", ["static", "full"])
def test_how_to_use_it_without_a_network_is_found(index: Index, stage: str) -> None:
    models = {"static": open_folder(DIST / "models" / "minilm-static"), "full": None}
    if stage == "full":
        models["full"] = open_folder(DIST / "models" / "minilm")
    searcher = Searcher(index, load_kernel().search, static=models["static"], full=models["full"])
    results = searcher.ask("how do I use it without a network", count=3)
    assert index.entries[results.hits[0].document].title == "Use it offline"


def test_code_of_tests_and_of_scripts_is_no_passage(index: Index) -> None:
    texts = [index.passage_text(number) for number in range(len(index))]
    assert len(texts) > 1000
    assert not [text for text in texts if ".py::test_" in text or "with numpy alone.\n" in text]
