"""What an index in a folder takes in again, and how it is exchanged for its compacted copy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goosequill.errors import SearchError
from goosequill.kernels import load_kernel
from goosequill.search import indexing
from goosequill.search.collection import embed_pending
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.reading import Source, source
from goosequill.search.index import Index
from goosequill.search.storage import FolderStorage, MemoryStorage
from goosequill.search.vectors import StoredVectors
from tests.py.refusals import refused
from tests.py.search.samples import HashEmbedder, make_document


def _table(rows: dict[int, str], count: int = 300) -> Source:
    """A table of which some rows are not as in the others."""
    lines = [rows.get(number, f"title {number},A row about piston {number % 7}.") for number in range(count)]
    return source(given_file("t.csv", "\n".join(["title,text", *(line for line in lines if line)]).encode()))


def _take_in(index: Index, *given: Source) -> tuple[int, int, int]:
    *_, changes = indexing.take_in(index, given, [])
    return changes.added, changes.unchanged, changes.removed


def test_a_changed_row_of_a_table_costs_one_row(tmp_path: Path) -> None:
    index, embedder = indexing.open_folder(tmp_path / "i", load_kernel().search), HashEmbedder()
    other = source(given_file("notes.txt", b"Some notes on a choir."))
    assert _take_in(index, _table({}), other) == (301, 0, 0)
    list(embed_pending(index, embedder))
    index.commit()
    for rows, changed in (({7: "new,A violin."}, (1, 300, 0)), ({7: "new,A violin.", 299: ""}, (0, 300, 1))):
        before = len(index.entries), embedder.embedded
        assert _take_in(index, _table(rows), other) == changed
        list(embed_pending(index, embedder))
        assert (len(index.entries), embedder.embedded) == (before[0] + changed[0], before[1] + changed[0])
        index = indexing.compact(index, tmp_path / "i")
        assert index.embedded == len(index) == len(index.documents())
        index = indexing.open_folder(tmp_path / "i", load_kernel().search)
        assert _take_in(index, _table(rows), other) == (0, len(index), 0), "it is not read again"
    assert index.text(index.find("t.csv#9") or 0) == "A violin."


def test_a_changed_row_writes_no_more_in_a_larger_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    for method in ("write", "replace"):
        original = getattr(FolderStorage, method)

        def counting(self: FolderStorage, name: str, *rest: Any, original: Any = original) -> None:
            written.append(len(rest[-1]))
            original(self, name, *rest)

        monkeypatch.setattr(FolderStorage, method, counting)
    totals = {False: [], True: []}
    for published in totals:
        for count in (300, 3000):
            path, embedder = tmp_path / f"{published} {count}", HashEmbedder()
            for rows in ({}, {7: "new,A violin."}):
                written.clear()
                index = indexing.open_folder(path, load_kernel().search)
                _take_in(index, _table(rows, count))
                list(embed_pending(index, embedder))
                index.commit()
                index = indexing.tidied(index, path, published=published)
            assert (index.live, embedder.embedded) == (count, count + 1)
            assert len(index.deleted) == (not published)
            totals[published].append(sum(written))
    assert totals[False][1] < 1.1 * totals[False][0] < totals[True][0] < totals[True][1] / 5
    for changed in range(1100):
        rows[changed] = f"new,A choir {changed}."
    _take_in(index := indexing.open_folder(tmp_path / "False 3000", load_kernel().search), _table(rows, 3000))
    assert indexing.tidied(index, tmp_path / "False 3000", published=False).deleted == set()


@pytest.mark.parametrize("memory", [1 << 20, 0], ids=["in memory", "on disk"])
def test_rows_without_titles_that_have_moved_keep_their_vectors(tmp_path: Path, memory: int) -> None:
    index = Index.create(FolderStorage(tmp_path), load_kernel().search, name="", memory=memory)
    embedder = HashEmbedder()
    rows = [f"A row about piston {number}." for number in range(50)]
    for lines in (rows, ["A new row.", *rows], rows[:3] + rows[9:]):
        _take_in(index, source(given_file("a/t.csv", "\n".join(["text", *lines]).encode())))
        list(embed_pending(index, embedder))
    assert embedder.embedded == 51 and isinstance(index.vectors, StoredVectors) == (not memory)
    assert index.entries[index.find("a/t.csv#4") or 0].title == "t.csv, row 4"


def test_rows_that_have_moved_and_parts_of_a_document_that_are_as_before_keep_their_vectors() -> None:
    index = Index.create(MemoryStorage(), load_kernel().search, name="")
    embedder = HashEmbedder()
    parts = [f"## Part {each}\n\nOn piston {each}." for each in range(40)]
    book = "\n\n".join(parts)
    _take_in(index, _table({}), source(given_file("book.md", book.encode())))
    list(embed_pending(index, embedder))
    before = embedder.embedded
    table = _table({0: "first,A new row.\ntitle 0,A row about piston 0."})
    changed = source(given_file("book.md", book.replace("piston 7.", "a valve.").encode()))
    assert _take_in(index, table, changed) == (302, 0, 0)
    list(embed_pending(index, embedder))
    assert embedder.embedded == before + 2 and index.pending == 0
    assert index.vectors is not None
    for document in index.documents():
        for number in range(*index.entries[document].passages):
            own = embedder.question(index.embedded_text(number))
            assert index.vectors.cosines(np.array([number]), own)[0] > 0.98


def test_rows_of_an_index_without_hashes_of_rows_are_read_again_only_if_the_table_has_changed() -> None:
    index = Index.create(MemoryStorage(), load_kernel().search, name="")
    table = _table({})
    for document in table.documents():
        index.add(document, digest=table.hash)
    assert _take_in(index, table) == (0, 300, 0)
    assert _take_in(index, _table({1: "x,y"})) == (300, 0, 0)


class _Text(str):
    """A text that counts how often its length is asked for."""

    asked = 0

    def __len__(self) -> int:
        _Text.asked += 1
        return super().__len__()


def test_reading_every_text_looks_at_each_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index.create(MemoryStorage(), load_kernel().search, name="")
    _take_in(index, _table({}))
    decoded = index._decoded
    monkeypatch.setattr(index, "_decoded", lambda *at: _Text(decoded(*at)))
    for number in index.documents():
        index.text(number)
    assert 0 < _Text.asked < 5 * len(index.documents())


def _with_one_removed(path: Path) -> Index:
    index = indexing.open_folder(path, load_kernel().search)
    for number in range(3):
        index.add(make_document(number))
    index.remove(make_document(0).name)
    index.commit()
    return index


def test_compacting_keeps_what_is_not_the_indexs(tmp_path: Path) -> None:
    path, backup = tmp_path / "index", tmp_path / "index.old"
    index = _with_one_removed(path)
    (path / "notes.txt").write_text("mine")
    backup.mkdir()
    (backup / "index.json").write_text("a copy of yesterday")
    fresh = indexing.compact(index, path)
    assert not fresh.deleted and len(indexing.open_folder(path, load_kernel().search).documents()) == 2
    assert (path / "notes.txt").read_text() == "mine"
    assert (backup / "index.json").read_text() == "a copy of yesterday"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["index", "index.old"]


def test_no_link_leads_an_index_out_of_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "index"
    _with_one_removed(path)
    (path / "texts.bin").replace(tmp_path / "elsewhere")
    (path / "texts.bin").symlink_to(tmp_path / "elsewhere")
    storage, before = FolderStorage(path), (tmp_path / "elsewhere").read_bytes()
    for step in (
        lambda: storage.read("texts.bin", 0, 1),
        lambda: storage.map("texts.bin", 1),
        lambda: storage.write("texts.bin", 0, b"x"),
    ):
        with refused(SearchError, "link-outside", match=r"texts\.bin is a link to something outside"):
            step()
    assert (tmp_path / "elsewhere").read_bytes() == before


@pytest.mark.parametrize("renamed", [1, 2])
def test_an_exchange_that_was_killed_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    path = tmp_path / "index"
    index = _with_one_removed(path)
    (path / "notes.txt").write_text("mine")
    rename, done = Path.rename, []

    def killed(self: Path, target: Path) -> Path:
        if len(done) == renamed:
            raise KeyboardInterrupt
        done.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", killed)
    monkeypatch.setattr(indexing.shutil, "move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        indexing.compact(index, path)
    monkeypatch.undo()
    found = indexing.open_folder(path, load_kernel().search)
    assert len(found.documents()) == 2
    assert (path / "notes.txt").read_text() == "mine"
