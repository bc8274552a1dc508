"""How an index in a folder is exchanged for its compacted copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from goosequill.kernels import load_kernel
from goosequill.search import indexing
from goosequill.search.index import Index
from tests.py.search.samples import make_document


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
