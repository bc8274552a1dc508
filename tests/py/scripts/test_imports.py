"""The import graph: absolute and relative imports, at the head of a file and inside functions."""

from pathlib import Path

import pytest
from scripts import imports


def test_every_kind_of_import_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "ROOTS", (tmp_path,))
    texts = {
        "room/__init__.py": "",
        "room/first.py": "import json, room.second\nfrom room import third\n",
        "room/second.py": "def later():\n try:\n  from .third import name\n"
        " except ImportError:\n  match 1:\n   case _:\n    from . import fourth\n",
        "room/third.py": "",
        "room/fourth.py": "from nowhere import thing\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    room = tmp_path / "room"
    init, first, second, third, fourth = (tmp_path / name for name in texts)
    assert imports.imports(first) == {init, second, third}
    assert imports.imports(second) == {init, third, fourth}
    assert imports.imports(fourth) == frozenset()
    assert imports.sources("room.first") == sorted([first, init, second, third, fourth])
    assert imports.files_of("room") == {room / "__init__.py"}
