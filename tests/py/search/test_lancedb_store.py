"""LanceDB as an index: what is written, resumed, removed and found."""

from pathlib import Path

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import Skipped
from goosequill.search.documents.places import sources
from goosequill.search.index_files import IndexModel
from goosequill.search.lancedb_store import LanceStore, Row, take_in
from goosequill.search.passages import embedded_text, passages
from tests.py.refusals import refused
from tests.py.search.samples import SUBJECTS, HashEmbedder, make_document

FULL, STATIC = HashEmbedder(), HashEmbedder("static-minilm", 24)


@pytest.fixture(autouse=True)
def needs_lancedb() -> None:
    pytest.importorskip("lancedb")  # not above: it takes seconds, in each worker that collects this


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    for subject, words in SUBJECTS.items():
        (made / f"{subject}'s.txt").write_text(f"{' '.join(words[:5])}. {' '.join(words[5:])}.\n")
    rows = "\n".join(f"{number},{SUBJECTS['music'][number % 5]} number {number}" for number in range(40))
    (made / "rows.csv").write_text(f"id,text\n{rows}\n")
    return made


def run(store: LanceStore, folder: Path, skipped: list[Skipped] | None = None) -> tuple[int, int, int]:
    skipped = [] if skipped is None else skipped
    changes = list(take_in(store, sources(folder, skipped), FULL, skipped))[-1]
    return changes.added, changes.unchanged, changes.removed


def test_only_what_has_changed_is_embedded_again(folder: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "db")
    assert run(LanceStore(uri), folder) == (44, 0, 0)
    before = FULL.embedded
    assert run(LanceStore(uri), folder) == (0, 44, 0)
    assert FULL.embedded == before
    (folder / "garden's.txt").write_text("Compost for the hedge.\n")
    (folder / "music's.txt").unlink()
    assert run(LanceStore(uri), folder) == (1, 42, 1)
    names = LanceStore(uri).known()
    assert "garden's.txt" in names and "music's.txt" not in names and len(names) == 43


def test_only_the_changed_row_of_a_table_is_embedded_again(folder: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "db")
    run(LanceStore(uri), folder)
    before, table = FULL.embedded, folder / "rows.csv"
    table.write_text(table.read_text().replace("number 7\n", "number seven\n"))
    assert run(LanceStore(uri), folder) == (2, 42, 0)  # with the last row, which has the hash of the table
    assert FULL.embedded == before + 2
    table.write_text("\n".join(table.read_text().splitlines()[:-3]) + "\n")
    assert run(LanceStore(uri), folder) == (1, 40, 3)
    assert run(LanceStore(uri), folder) == (0, 41, 0)
    assert len(LanceStore(uri)) == 41


def test_what_a_link_out_of_the_folder_leads_to_is_removed(folder: Path, tmp_path: Path) -> None:
    store = LanceStore(str(tmp_path / "db"))
    run(store, folder)
    (folder / "music's.txt").replace(tmp_path / "elsewhere")
    (folder / "music's.txt").symlink_to(tmp_path / "elsewhere")
    skipped: list[Skipped] = []
    assert run(store, folder, skipped)[2] == 1
    assert [each.code for each in skipped] == ["link-outside"]


def test_a_killed_run_continues_even_in_the_middle_of_a_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goosequill.search.lancedb_store.BATCH", 7)
    uri = str(tmp_path / "db")
    steps = take_in(LanceStore(uri), sources(folder), FULL, [])
    for _ in range(3):
        next(steps)
    steps.close()
    written = len(LanceStore(uri).known())
    assert 0 < written < 44
    added, unchanged, removed = run(LanceStore(uri), folder)
    assert (added + unchanged, unchanged >= written, removed) == (44, True, 0)
    assert len(LanceStore(uri)) == len({*LanceStore(uri).known()}) == 44


def test_a_table_that_is_as_before_a_killed_run_is_read_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("goosequill.search.lancedb_store.BATCH", 3)
    uri, table = str(tmp_path / "db"), folder / "rows.csv"
    run(LanceStore(uri), folder)
    before = table.read_text()
    table.write_text(before.replace(" number 1", " number one"))
    next(steps := take_in(LanceStore(uri), sources(folder), FULL, []))
    steps.close()
    table.write_text(before)
    run(LanceStore(uri), folder)
    assert not LanceStore(uri).ask("one", full=FULL).hits[0].shared


def test_questions_find_by_meaning_and_words(folder: Path, tmp_path: Path) -> None:
    store = LanceStore(str(tmp_path / "db"))
    run(store, folder)
    for subject, words in list(SUBJECTS.items())[:3]:
        results = store.ask(f"{words[0]} {words[3]}?", full=FULL, count=3)
        assert results.hits[0].name == f"{subject}'s.txt"
        assert len({hit.name for hit in results.hits}) == len(results.hits) == 3
        assert results.hits[0].score > results.hits[1].score
        first, last = results.hits[0].matched[0]
        assert results.hits[0].text[first:last] == words[0]
    best = store.ask("violin", full=FULL).hits[0]
    passage = FULL.embed([embedded_text(best.title, best.heading, best.text)])[0]
    assert best.cosine == pytest.approx(float(FULL.question("violin") @ passage), abs=1e-5)


def test_a_document_has_further_passages_from_other_sections(folder: Path, tmp_path: Path) -> None:
    sections = [f"## Question {number}\n\n{'Compost for a hedge. ' * 9}\n" for number in range(5)]
    (folder / "faq.md").write_text("\n".join(["# FAQ", *sections]))
    uri = str(tmp_path / "db")
    run(LanceStore(uri), folder)
    first, *others = LanceStore(uri).ask("compost hedge", full=FULL).hits
    assert first.name == "faq.md" and len({each.heading for each in (first, *first.more)}) == 3
    assert all(each.likelihood and each.name == "faq.md" for each in first.more)
    assert all(hit.more == [] for hit in others if hit.name.startswith("rows.csv"))


def test_a_question_is_text_not_a_query(folder: Path, tmp_path: Path) -> None:
    store = LanceStore(str(tmp_path / "db"))
    run(store, folder)
    for question in ('"acid', "acid AND (", "'; DROP TABLE x", "", "?!", "\0", "acid " * 5000):
        store.ask(question, full=FULL, count=2)


def test_models_do_not_mix(folder: Path, tmp_path: Path) -> None:
    store = LanceStore(str(tmp_path / "db"))
    run(store, folder)
    assert store.ask("acid", full=STATIC).stage == "static", "it shares the space"
    with refused(SearchError, "index-model"):
        store.ask("acid", full=HashEmbedder("other", 16))
    with pytest.raises(SearchError):
        list(take_in(store, sources(folder), HashEmbedder("other", 16), []))
    document = make_document(1)
    rows = [Row(document, "x", passage, last=True) for passage in passages(document)]
    with refused(SearchError, "vectors"):
        store.add(rows, np.full((len(rows), 32), np.nan, np.float32), IndexModel.of(FULL))


def test_an_empty_or_foreign_database_is_refused(tmp_path: Path) -> None:
    with refused(SearchError, "index-missing"):
        LanceStore(str(tmp_path / "none")).ask("acid", full=FULL)
    import lancedb

    lancedb.connect(str(tmp_path / "db")).create_table("goosequill_passages", [{"a": 1}])
    with refused(SearchError, "lancedb"):
        LanceStore(str(tmp_path / "db"))


def test_a_damaged_database_is_refused_whatever_lancedb_raises(folder: Path, tmp_path: Path) -> None:
    run(LanceStore(str(tmp_path / "db")), folder)
    for file in (tmp_path / "db").rglob("*.lance"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[:-1])
    store = LanceStore(str(tmp_path / "db"))
    for use in (store.known, lambda: store.ask("acid", full=FULL)):
        with refused(SearchError, "lancedb", match="cannot be read"):
            use()
    for file in (tmp_path / "db").rglob("*.manifest"):
        file.write_bytes(b"\xff" * 100)
    with refused(SearchError, "lancedb", match="cannot be read"):
        LanceStore(str(tmp_path / "db"))


def test_a_table_with_other_columns_or_without_values_is_refused(tmp_path: Path) -> None:
    store, document = LanceStore(str(tmp_path / "db")), make_document(1)
    rows = [Row(document, "x", passage, last=True) for passage in passages(document)]
    store.add(rows, FULL.embed([row.indexed for row in rows]), IndexModel.of(FULL))
    store.finish()
    store._table.update(values_sql={"title": "NULL", "hash": "NULL"})
    for use in (store.known, lambda: store.ask("acid", full=FULL)):
        with refused(SearchError, "lancedb", match="a value is missing"):
            use()
    store._table.add_columns({"more": "1"})
    with refused(SearchError, "lancedb", match="was not made by Goosequill"):
        LanceStore(store.uri)


def test_a_name_fits_however_far_its_meaning_as_in_an_index(folder: Path, tmp_path: Path) -> None:
    (folder / "rare.txt").write_text("Violin, chord, tempo, melody and rhythm of the XK9300.\n")
    store = LanceStore(str(tmp_path / "db"))
    run(store, folder)
    found = [store.ask("XK9300", full=FULL, count=count) for count in (1, 10)]
    assert [each.state for each in found] == ["fits", "fits"] and (found[0].likelihood or 0) < 0.5
    assert not found[0].hits[0].distant
    assert store.ask("XK9301", full=FULL).state != "fits"
