"""Lines are counted once, for the innermost room, and growth is reported."""

from pathlib import Path

import pytest
from scripts import rooms


def test_a_file_counts_for_the_innermost_room(tmp_path: Path) -> None:
    for name, lines in {"a/one.py": 2, "a/b/two.js": 3, "a/new/three.css": 4, "a/data.json": 5}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("line\n" * lines, encoding="utf-8")
    assert rooms.count_lines(["a", "a/b"], tmp_path) == {"a": 6, "a/b": 3}


def test_a_room_above_its_budget_is_reported_and_fails_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (size,) = rooms.count_lines(["npm"]).values()
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(rooms, "read_budgets", lambda: {"npm": size})
    assert rooms.main() == 0 and capsys.readouterr().err == ""
    monkeypatch.setattr(rooms, "read_budgets", lambda: {"npm": size - 1})
    assert rooms.main() == 0, "5% are a warning"
    assert f"npm has {size} lines of {size - 1}" in capsys.readouterr().err
    monkeypatch.setattr(rooms, "read_budgets", lambda: {"npm": size * 20 // 21 - 1})
    assert rooms.main() == 1
    monkeypatch.delenv("CI")
    assert rooms.main() == 0, "whoever works on it gets a warning only"
    assert "npm has" in capsys.readouterr().err


def test_a_new_folder_gets_a_budget_beside_its_neighbours(tmp_path: Path) -> None:
    budgets = '"py/goosequill" = 10\n"site" = 10\n"site/ui" = 20\n"scripts" = 10\n'
    for name in (
        "py/goosequill/lab/a.py",
        "site/ui/a.js",
        "site/new/b.js",
        "site/empty/c.png",
        "scripts/d.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("line\n" * 11, encoding="utf-8")
    (tmp_path / "scripts" / "budgets.toml").write_text(budgets, encoding="utf-8")
    (text,) = rooms.files(tmp_path).values()
    assert text.splitlines() == [
        '"py/goosequill" = 10',
        '"py/goosequill/lab" = 20',
        *('"site" = 10', '"site/ui" = 20', '"site/new" = 20', '"scripts" = 10'),
    ]
