"""The table of error codes is complete, and lists nothing that is never raised."""

import ast
import copy
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.docs_pages import GENERATORS, MARKER

from goosequill.errors import CODES, FORMER, GROUPS, GoosequillError

ROOT = Path(__file__).parents[2]
JS_CODE = re.compile(
    r"""\bcode\s*[:=](?!=)([^,;(\n]*)|@param \{([^}]*)\} code\b|\bnew StaticSearchError\(\s*("[^"]*")"""
)
JS_STRING = re.compile(r'"([a-z]+(?:-[a-z]+)*)"')


def python_codes(source: str) -> set[str]:
    """Codes that Python passes by keyword, or that a helper's `code` parameter has as its default."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "code" and isinstance(node.value, ast.Constant):
            found.add(node.value.value)
        if isinstance(node, ast.FunctionDef):
            defaults = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            found |= {
                default.value
                for parameter, default in defaults
                if parameter.arg == "code" and isinstance(default, ast.Constant) and default.value
            }
    return found


def javascript_codes(source: str) -> set[str]:
    """Strings in `code: ...`, in `code = ...`, in the type of a parameter `code`, and a constructor's."""
    return {
        code
        for match in JS_CODE.finditer(source)
        for code in JS_STRING.findall(match[1] or match[2] or match[3] or "")
    }


def raised_codes() -> dict[str, str]:
    """Every code that is raised anywhere, and a file that raises it."""
    found = {}
    for path in sorted((ROOT / "py" / "goosequill").rglob("*.py")):
        if path.name != "errors.py":
            found |= dict.fromkeys(python_codes(path.read_text("utf-8")), str(path.relative_to(ROOT)))
    for folder in ("site", "npm"):
        for path in sorted((ROOT / folder).rglob("*.js")):
            if not {"vendor", "node_modules"} & set(path.relative_to(ROOT).parts):
                codes = javascript_codes(path.read_text("utf-8"))
                found |= dict.fromkeys(codes, str(path.relative_to(ROOT)))
    return found


def test_every_code_that_is_raised_is_in_the_table() -> None:
    missing = {code: file for code, file in raised_codes().items() if code not in CODES}
    assert not missing, f"add to goosequill/errors.py: {missing}"


def test_every_code_in_the_table_is_raised() -> None:
    assert set(CODES) - set(raised_codes()) == set()


def test_no_code_is_in_two_groups() -> None:
    assert len(CODES) == sum(len(group) for group in GROUPS.values())


@pytest.mark.parametrize("code", CODES)
def test_meaning_and_remedy_are_sentences(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    for text in CODES[code]:
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")


def test_an_error_without_a_remedy_takes_the_tables() -> None:
    error = GoosequillError("The file is too short.", code="file-truncated")
    assert error.to_dict() == {
        "code": "file-truncated",
        "message": "The file is too short.",
        "remedy": CODES["file-truncated"].remedy,
    }
    assert str(error) == f"The file is too short. {CODES['file-truncated'].remedy}"
    assert GoosequillError("Why.", code="file-truncated", remedy="Do this.").remedy == "Do this."


def test_the_documentation_page_lists_every_code() -> None:
    source = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    assert [match[1] for match in MARKER.finditer(source)] == ["errors"]
    page = GENERATORS["errors"]()
    assert all(f"`{code}`" in page for code in CODES)


def test_the_collectors_find_each_way_of_giving_a_code() -> None:
    assert python_codes('def f(*, code="a"): ...\nraise E("x", code="b")') == {"a", "b"}
    assert javascript_codes('new E({ code: ok ? "a-b" : "c", message: "d" })') >= {"a-b", "c"}
    assert javascript_codes('/** @param {"e" | "f"} code */ if (code === "g") {}') == {"e", "f"}


def twin_by_pickle(error: GoosequillError) -> GoosequillError:
    twin = pickle.loads(pickle.dumps(error))
    assert isinstance(twin, GoosequillError)
    return twin


def kinds(error: type[GoosequillError] = GoosequillError) -> list[type[GoosequillError]]:
    return [error, *(kind for child in error.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, twin_by_pickle])
def test_an_error_is_pickled_and_copied_whole(
    kind: type[GoosequillError], duplicate: Callable[[GoosequillError], GoosequillError]
) -> None:
    """As worker processes send it back: multiprocessing and Dask pickle what was raised."""
    for code in CODES:
        for error in (kind("A \x1b name.", code=code), kind("Long. " * 100, code=code, remedy="Do this.")):
            error.add_note("in cell 3")
            made = duplicate(error)
            assert type(made) is kind
            assert made.to_dict() == error.to_dict()
            assert str(made) == str(error) and made.args == error.args
            assert made.__notes__ == ["in cell 3"]


def test_a_former_code_names_one_that_there_is() -> None:
    assert set(FORMER.values()) <= set(CODES)
    assert not set(FORMER) & set(CODES)
