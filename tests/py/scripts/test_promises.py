"""tests/promises.toml: every promise names tests that exist, and none of the twenty-five is dropped."""

import ast
import json
import re
from pathlib import Path

import pytest
from scripts import promises

TESTS = Path(__file__).parents[2]
GROUPS = promises.read_promises()
PROMISES = [promise for group in GROUPS.values() for promise in group]
JAVASCRIPT = re.compile(r"""\btest\(\s*(["`'])(.*?)(?<!\\)\1""", re.DOTALL)


def names_in(path: Path) -> set[str]:
    """The names of a file's tests; those of JavaScript as they are written, with placeholders."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        return {name for _, name in JAVASCRIPT.findall(source)}
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return {function.name for function in functions if function.name.startswith("test_")}


def missing(names: tuple[str, ...], root: Path = TESTS) -> list[str]:
    """Those of some tests, FILE::TEST, that do not exist."""
    found = []
    for name in names:
        file, _, test = name.partition("::")
        if not (root / file).is_file() or test not in names_in(root / file):
            found.append(name)
    return found


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.says[:60])
def test_a_promise_is_a_sentence_and_each_of_its_tests_exists(promise: promises.Promise) -> None:
    assert promise.says[0].isupper() or promise.says[0] == "`" or promise.says.startswith("axe ")
    assert promise.says.endswith(".") and promise.says.count(". ") == 0
    assert promise.tests
    assert len(set(promise.tests)) == len(promise.tests)
    assert missing(promise.tests) == []
    assert set(promise.soak) <= set(promises.SOAKS)


def test_all_twenty_five_are_there_once() -> None:
    assert sorted(promise.must for promise in PROMISES if promise.must) == list(range(1, 26))


def test_no_sentence_is_promised_twice() -> None:
    sentences = [promise.says for promise in PROMISES]
    assert len(set(sentences)) == len(sentences)


def test_a_test_that_does_not_exist_is_found(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("class A:\n    def test_one(self): ...\n# def test_two(): ...\n")
    (tmp_path / "a.test.js").write_text(
        'test("one", f);\nfor (const x of y) test(\n  `${x}: "two"`,\n  f);\n'
    )
    there = ("test_a.py::test_one", "a.test.js::one", 'a.test.js::${x}: "two"')
    gone = ("test_a.py::test_two", "a.test.js::on", "test_b.py::test_one")
    assert missing((*there, *gone), tmp_path) == list(gone)


def test_the_page_has_every_promise_with_its_tests() -> None:
    page = promises.promises()
    assert [title for title in GROUPS if f"## {title}\n" not in page] == []
    assert page.count("<li><code>tests/") == sum(len(promise.tests) for promise in PROMISES)
    assert page.count('<a href="#readers">') == sum("readers" in promise.soak for promise in PROMISES)
    assert "<code>__proto__</code>" in page and "`" not in re.sub("<code>.*?</code>", "", page)


def test_the_last_soak_is_recorded_whole_and_every_figure_held() -> None:
    last = promises.read_last()
    assert list(last) == list(promises.SOAKS)
    for name, found in last.items():
        assert found["figures"] and found["minutes"] > 0, name
        assert [figure["name"] for figure in found["figures"] if not figure["holds"]] == [], name
    page = promises.soak()
    for name, found in last.items():
        assert f"{{ #{name} }}" in page and found["machine"] in page
        assert all(promises.marked(figure["name"]) in page for figure in found["figures"])


def test_a_broken_figure_is_shown_with_its_bound() -> None:
    figures = [
        {"name": "growth", "value": 1234.5, "limit": 1, "unit": "MB", "holds": False},
        {"name": "same text", "holds": True, "minutes": 2},
    ]
    assert promises.figures(figures).splitlines() == [
        "| What | Measured | At most | Minutes | Result |",
        "| --- | ---: | ---: | ---: | --- |",
        "| growth | 1,234.50 MB | 1 MB |  | **broken** |",
        "| same text |  |  | 2.0 | ok |",
    ]


def test_a_soak_without_a_result_is_not_recorded(tmp_path: Path) -> None:
    *first, final = promises.SOAKS
    for name in first:
        (tmp_path / f"{name}.json").write_text("{}")
    with pytest.raises(SystemExit, match=f"no result of {final}; run make soak"):
        promises.record(tmp_path, tmp_path / "last")
    assert not (tmp_path / "last").exists()
    (tmp_path / f"{final}.json").write_text('{"minutes": 1}')
    promises.record(tmp_path, tmp_path / "last")
    found = json.loads((tmp_path / "last").read_text())
    assert list(found) == list(promises.SOAKS) and found[final] == {"minutes": 1}
