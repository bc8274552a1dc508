"""Which tests are near a change, and which have a name."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scripts import imports, some_tests

FILES = {
    "py/room/thing.py": "",
    "py/room/user.py": "from room import thing",
    "py/other/far.py": "import room.user",
    "tests/py/conftest.py": "import room.user",
    "tests/py/other/test_far.py": "import other.far",
    "tests/py/room/test_a.py": "def test_it(): import room.thing",
    "tests/py/room/test_thing.py": "import room.user",
    "tests/py/room/test_user.py": "import room.user\ndef test_decay(): ...\ndef test_other(): assert 0",
    "tests/browser/test_page.py": "import room.thing",
    "site/ui/csv.js": "",
    "site/ui/table.js": 'import { rows } from "./csv.js";',
    "tests/js/ui/table.test.js": 'import "../../../site/ui/table.js";\ntest("rows decay", () => {});',
    "tests/js/ui/decay.test.js": 'const later = () => import("../../../site/ui/csv.js");',
}
DRAWN = {
    "tests/browser/test_page.py": "parametrize('half_decay')",
    "tests/py/steps/test_b.py": "import steps.table\nparametrize(steps.table.NAMES)",
    "tests/py/steps/test_c.py": "import steps.files.names\nparametrize(steps.files.names.find())",
    "tests/py/steps/test_d.py": "import steps.table",
    "py/steps/table.py": "NAMES = ['a', 'Decay']",
    "py/steps/files/names.py": "",
    "py/steps/files/decay.py": "",
}
"""Tests whose ids have the name by a parameter alone; test_d.py has none."""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, FILES)
    monkeypatch.setattr(imports, "ROOTS", (tmp_path / "py", tmp_path))
    monkeypatch.setattr(some_tests, "ROOT", tmp_path)
    return tmp_path


def near(tree: Path, *changed: str) -> list[str]:
    found = some_tests.nearest({tree / name for name in changed}, [tree / name for name in FILES])
    return [path.name for path in found]


def test_a_namesake_is_first_then_the_number_of_imports_counts(tree: Path) -> None:
    found = near(tree, "py/room/thing.py")
    assert found == ["test_thing.py", "test_a.py", "test_page.py", "test_user.py", "test_far.py"]
    assert near(tree, "tests/py/room/test_a.py") == ["test_a.py"]


def test_a_shared_fixture_is_a_part_of_the_tests_below_it(tree: Path) -> None:
    assert set(near(tree, "tests/py/conftest.py")) == {
        "test_a.py",
        "test_far.py",
        "test_thing.py",
        "test_user.py",
    }


def test_scripts_are_followed_too(tree: Path) -> None:
    assert near(tree, "site/ui/csv.js") == ["decay.test.js", "table.test.js"]
    assert near(tree, "site/ui/table.js") == ["table.test.js"]


def test_tests_of_a_name_run_and_pages_are_built_for_them(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tree, DRAWN)
    ran: list[tuple[object, ...]] = []
    monkeypatch.setattr(some_tests, "run_scripts", lambda files, *options: not ran.append((*files, *options)))
    monkeypatch.setattr(some_tests.subprocess, "run", lambda *_, **__: ran.append(("build",)))

    def run_python(files: list[Path], some: some_tests.Some, *options: str) -> bool:
        if options:  # what may have the name
            assert [path.name for path in files] == ["test_page.py", "test_user.py", "test_b.py", "test_c.py"]
            some.files = {py}
        else:
            ran.append(tuple(files))
        return True

    monkeypatch.setattr(some_tests, "run_python", run_python)
    js, py = tree / "tests" / "js" / "ui", tree / "tests" / "py" / "room" / "test_user.py"
    scripts = [(js / "decay.test.js",), (js / "table.test.js", "--test-name-pattern=/decay/i")]
    assert some_tests.run_named("decay")
    assert ran == [("build",), *scripts, (py,)]


def test_other_names_are_not_run_and_none_after_the_time() -> None:
    items: list[Any] = [SimpleNamespace(nodeid=f"a/test_b.py::test_{name}") for name in ("decay", "other")]
    some = some_tests.Some("Decay")
    some.pytest_collection_modifyitems(items)
    assert [item.nodeid for item in items] == ["a/test_b.py::test_decay"]
    assert some.pytest_runtest_protocol(items[0]) is None
    late, lines = some_tests.Some(seconds=0), list[str]()
    late.pytest_collection_modifyitems(items)
    assert late.pytest_runtest_protocol(items[0])
    late.pytest_terminal_summary(SimpleNamespace(write_line=lines.append))  # type: ignore[arg-type]
    assert lines == ["not run for want of time: 1 tests of a/test_b.py"]
