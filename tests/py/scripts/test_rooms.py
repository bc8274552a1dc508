"""Lines are counted once, for the innermost room, and a room above its budget fails the check."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import rooms


def test_a_file_counts_for_the_innermost_room(tmp_path: Path) -> None:
    for name, lines in {"a/one.py": 2, "a/b/two.js": 3, "a/new/three.css": 4, "a/data.json": 5}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("line\n" * lines, encoding="utf-8")
    assert rooms.count_lines(["a", "a/b"], tmp_path) == {"a": 6, "a/b": 3}


def test_a_room_above_its_budget_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rooms, "read_budgets", lambda: {"scripts": 1_000_000})
    assert rooms.main() == 0
    monkeypatch.setattr(rooms, "read_budgets", lambda: {"scripts": 10})
    assert rooms.main() == 1
    assert "scripts grew above the budget" in capsys.readouterr().err
