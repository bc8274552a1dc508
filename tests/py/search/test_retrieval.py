"""Search finds what it should: the committed questions, and the article's on the example texts.

The numbers are what the models reach, less a little; a change that makes search worse falls below them.
scripts/search/quality.py measures on larger sets, which nobody here wrote.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripts.search.minilm_folder import build_minilm
from scripts.search.original import WEIGHTS

from goosequill.kernels import load_kernel
from goosequill.search.collection import embed_pending
from goosequill.search.documents import read
from goosequill.search.documents.document import Composer, Document
from goosequill.search.embedder import Embedder
from goosequill.search.embedders import open_folder
from goosequill.search.index import Index
from goosequill.search.searcher import Searcher, Stage
from goosequill.search.static_table import StaticTable
from goosequill.search.storage import FolderStorage, MemoryStorage, Storage
from goosequill.search.web import write

ROOT = Path(__file__).resolve().parents[3]
SET, HARD = (
    json.loads((ROOT / "tests" / "data" / "search" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("regression", "hard")
)
PROBE = ROOT / "scripts" / "search" / "static_probe.js"
MEDICAL = ROOT / "site" / "search" / "examples" / "medical"
STAGES: tuple[Stage, ...] = ("static", "full")
Make = Callable[..., Searcher]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return what indexes documents with both models."""
    if not WEIGHTS.is_file():
        pytest.skip("the vendored weights are not here")
    folder = tmp_path_factory.mktemp("models") / "minilm"
    build_minilm(folder)
    kernel = load_kernel()
    full, static = (
        open_folder(folder, kernel),
        open_folder(ROOT / "site" / "models" / "minilm-static", kernel),
    )

    def made(documents: list[Document], full: Embedder = full, storage: Storage | None = None) -> Searcher:
        index = Index.create(storage or MemoryStorage(), kernel.search, name="test")
        for document in documents:
            index.add(document)
        assert list(embed_pending(index, full))
        index.commit()
        return Searcher(index, kernel.search, static=static, full=full)

    return made


def documents_of(made: dict[str, Any]) -> list[Document]:
    documents = []
    for passage in made["passages"]:
        composer = Composer()
        composer.paragraph(passage["text"])
        documents.append(composer.document(passage["name"], title=passage["title"]))
    return documents


@pytest.fixture(scope="module")
def passages(make: Make) -> Searcher:
    return make(documents_of(SET))


def measured(searcher: Searcher, stage: Stage) -> dict[str, float]:
    """Return the recall at 1 and 10, and the shares of answered questions that may fit and of others that do.

    The questions of the full stage are embedded together, which is what takes the time.
    """
    found: dict[str, list[Any]] = {"first": [], "ten": [], "fits": [], "foreign": []}
    texts = [question["text"] for question in SET["questions"]] + SET["unanswerable"]
    vectors: Any = [None] * len(texts)
    if stage == "full" and searcher.full is not None:
        vectors, searcher.full = searcher.full.embed(texts), None  # sentences are marked by the static table
    for question, vector in zip(SET["questions"], vectors[: len(SET["questions"])], strict=True):
        results = searcher.ask(question["text"], count=10, stage=stage, vector=vector)
        names = [hit.name for hit in results.hits]
        found["first"].append(names[0] == question["document"])
        found["ten"].append(question["document"] in names)
        found["fits"].append(not results.nothing_fits)
    for text, vector in zip(SET["unanswerable"], vectors[len(SET["questions"]) :], strict=True):
        found["foreign"].append(searcher.ask(text, count=1, stage=stage, vector=vector).state == "fits")
    return {name: sum(values) / len(values) for name, values in found.items()}


def test_the_set_has_what_it_says() -> None:
    names = [passage["name"] for passage in SET["passages"]]
    assert len(set(names)) == len(names) == 40
    assert len({question["text"] for question in SET["questions"]}) == 120
    assert {question["document"] for question in SET["questions"]} == set(names)
    assert len(set(SET["unanswerable"])) == 20


@pytest.mark.parametrize(
    ("stage", "first", "ten", "fits", "foreign"),
    [("static", 0.78, 0.95, 0.95, 0.1), ("full", 0.87, 0.98, 0.97, 0.05)],
)
def test_questions_find_their_passage(
    passages: Searcher, stage: Stage, first: float, ten: float, fits: float, foreign: float
) -> None:
    found = measured(passages, stage)
    assert found["first"] >= first
    assert found["ten"] >= ten
    assert found["fits"] >= fits
    assert found["foreign"] <= foreign


@pytest.mark.parametrize("stage", STAGES)
def test_the_articles_questions_find_reflux_first(make: Make, stage: Stage) -> None:
    listed = json.loads((MEDICAL / "files.json").read_text(encoding="utf-8"))
    assert sorted(listed["files"]) == sorted(path.name for path in MEDICAL.glob("*.md"))
    texts = {name: (MEDICAL / name).read_bytes() for name in listed["files"]}
    assert all(b"made up" in text and b"not medical advice" in text for text in texts.values())
    searcher = make([document for name, text in texts.items() for document in read(name, text)])
    for question in listed["questions"]:
        results = searcher.ask(question, stage=stage)
        assert results.hits[0].name == "gastro-oesophageal-reflux.md", question
        assert not results.nothing_fits


def test_a_hard_question_with_an_answer_is_not_told_that_nothing_fits(make: Make, tmp_path: Path) -> None:
    """Of 30 such questions 13 once were, 7 of them with the right passage first."""
    searcher = make(documents_of(HARD))
    asked = [question["text"] for question in HARD["questions"]]
    for stage in STAGES:
        states = [searcher.ask(text, count=1, stage=stage).state for text in asked]
        assert states.count("nothing") <= len(states) * 0.05, stage
        foreign = [searcher.ask(text, count=1, stage=stage).state for text in HARD["unanswerable"]]
        assert foreign.count("fits") <= len(foreign) * 0.1, stage


def test_a_static_site_says_of_each_question_what_the_package_says(make: Make, tmp_path: Path) -> None:
    searcher = make(documents_of(HARD), storage=FolderStorage(tmp_path))
    full, static = searcher.full, searcher.static
    assert full is not None and isinstance(static, StaticTable)
    write(searcher.index, static, FolderStorage(tmp_path / "web"))
    asked = [question["text"] for question in HARD["questions"]] + HARD["unanswerable"]
    asked += ["kilowatt-hour", "IBAN", "arrester", "quantum electrodynamics"]
    vectors = full.embed(asked)
    given = json.dumps({"questions": asked, "count": 3, "vectors": vectors.tolist()})
    command = ["node", str(PROBE), str(tmp_path)]
    answered = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    sites = [{each["stage"]: each for each in one["results"]} for one in json.loads(answered.stdout)]
    searcher.full = None
    for text, vector, site in zip(asked, vectors, sites, strict=True):
        found = searcher.ask(text, count=10, vector=vector)
        assert site["full"]["state"] == found.state, text
        assert site["full"]["likelihood"] == pytest.approx(found.likelihood, abs=1e-3)
        assert site["full"]["nothingFits"] == found.nothing_fits
        first = searcher.ask(text, count=10, stage="static")
        assert {site["meaning"]["state"], first.state} != {"fits", "nothing"}, text  # its vectors have 4 bits
    assert {site["full"]["state"] for site in sites} == {"fits", "perhaps", "nothing"}
