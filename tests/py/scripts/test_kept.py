"""What the build keeps: made once, made again when an input differs, and never believed when incomplete."""

from pathlib import Path

import pytest
from scripts import kept as module
from scripts.kept import digest, kept


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept")
    return tmp_path / "kept"


def test_a_step_is_made_once_and_again_for_another_key(own_folder: Path) -> None:
    made: list[str] = []

    def make(text: str, path: Path) -> None:
        made.append(text)
        path.mkdir()
        (path / "file").write_text(text)

    for text in ("one", "one", "two"):
        entry = kept("step", digest(text), lambda path, text=text: make(text, path))
        assert (entry / "file").read_text() == text
    assert made == ["one", "two"]
    assert list(own_folder.iterdir()) == [entry], "the earlier one is removed, and no scratch is left"


def test_other_steps_are_not_removed() -> None:
    entries = [kept(name, "1", lambda path: path.write_text("")) for name in ("a", "a-b", "b")]
    kept("a", "2", lambda path: path.write_text(""))
    assert [entry.exists() for entry in entries] == [False, True, True]


def test_what_was_interrupted_is_not_there() -> None:
    def interrupted(path: Path) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept("step", "1", interrupted)
    assert kept("step", "1", lambda path: path.write_text("whole")).read_text() == "whole"


def test_what_another_process_made_meanwhile_is_kept() -> None:
    def make(path: Path) -> None:
        kept("step", "1", lambda other: other.write_text("theirs"))
        path.write_text("ours")

    assert kept("step", "1", make).read_text() == "theirs"


def test_a_digest_covers_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "inputs"
    folder.mkdir()
    seen = {digest(folder)}
    for name, text in (("a", "1"), ("a", "2"), ("b", "2")):
        (folder / name).write_text(text)
        seen.add(digest(folder))
    (folder / "a").unlink()
    assert len(seen | {digest(folder)}) == 5
    (folder / "left.pyc").write_text("")
    assert digest(folder) in seen | {digest(folder)}
    assert digest("ab", "c") != digest("a", "bc")
