"""The JavaScript reference is what the type checker declares, with the comments of the sources."""

import re
from pathlib import Path
from typing import Any

import pytest
from scripts import javascript_types
from scripts.command import ROOT, BuildError

DECLARED = """
/** Opens a thing. @param {string} name of it @param {{deep: {er: 1}}} [options] what else
 *  @returns {number} its id
 *  @throws {ThingError} when there is none */
export declare function openThing(name: string, { deep }?: {
    deep: number;
}): number;
/** A thing. */
export declare class Thing {
    #private;
    size: import("./size.js").Size;
    /** @param {string} name */
    constructor(name: string);
    /** Closes it. */
    close({ force }?: {
        force?: boolean;
    }): Promise<void>;
}
export declare function silent(): void;
"""


REAL = javascript_types.declarations
"""As it is: a test's monkeypatch replaces it."""


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript_types, "declarations", lambda: {"thing": DECLARED})


def test_a_function_has_its_signature_parameters_result_and_errors() -> None:
    assert javascript_types.types("thing.js", "openThing") == (
        "### openThing\n\n"
        "```ts\nopenThing(name: string, { deep }?: {\n    deep: number;\n}): number\n```\n\n"
        "Opens a thing.\n\n"
        "- `name`: of it\n- `options`: what else\n- Returns its id\n- Throws `ThingError`: when there is none"
    )


def test_a_class_has_its_public_members() -> None:
    assert javascript_types.types("thing.js", "Thing") == (
        "### Thing\n\nA thing.\n\n```ts\nsize: Size;\n```\n\n"
        "```ts\nclose({ force }?: {\n    force?: boolean;\n}): Promise<void>;\n```\n\nCloses it."
    )


@pytest.mark.parametrize("name", ["silent", "missing"])
def test_an_export_without_a_comment_fails_the_build(name: str) -> None:
    with pytest.raises(BuildError, match=name):
        javascript_types.types("thing.js", name)


def test_two_modules_are_described_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    described: Any = javascript_types.types("thing.js", "Thing", "openThing")
    assert described.index("### Thing") < described.index("### openThing")


def test_what_is_read_is_what_the_described_modules_import(tmp_path: Path) -> None:
    texts = {
        "a.js": 'import "./deep/b.js";',
        "deep/b.js": '/** @import { C } from "../c.js" */',
        "c.js": 'import("./a.js"); import "./none.js"; import "package";',
        "page.js": 'import "./a.js";',
    }
    (tmp_path / "deep").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = javascript_types.read_for([tmp_path / "a.js"])
    assert found == [tmp_path / name for name in ("a.js", "c.js", "deep/b.js")]


def test_what_the_documentation_describes_is_exported_with_a_comment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript_types, "declarations", REAL)
    markers = re.compile(r"^<!-- generate: types (\S+) (.*?) -->$", re.MULTILINE)
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md"))
    found = [marker for text in texts for marker in markers.findall(text)]
    assert len(found) > 3
    for module, names in found:
        assert "###" in javascript_types.types(module, *names.split())
