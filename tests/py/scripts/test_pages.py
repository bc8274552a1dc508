"""site/pages.json: every page has a line and every line a page; menu and navigation follow from it."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scripts import docs_pages, pages
from scripts.command import ROOT, BuildError

FRAMED = '{% extends "application.html" %}\n'
LINES = [
    {"address": "", "title": "Home", "description": "What it is."},
    {"address": "play/", "title": "Play", "description": "Try it.", "menu": "Play"},
    {"address": "play/two.html", "title": "Play two", "description": "Try two."},
    {"address": "lab/", "title": "Lab", "description": "All.", "menu": "Lab", "group": "Laboratory"},
    {"address": "lab/one/", "title": "One", "description": "First.", "group": "Laboratory"},
    {"address": "documentation/", "title": "Docs", "description": "All texts.", "menu": "Docs"},
    {"address": "how-to/x/", "title": "X", "description": "How to X.", "group": "How-to guides"},
]
FILES = {
    "site/play/index.html": FRAMED,
    "site/play/two.html": FRAMED,
    "site/play/frame.html": "<!doctype html>",
    "docs/index.md": "",
    "docs/lab/index.md": "",
    "docs/lab/one.md": "",
    "docs/documentation.md": "",
    "docs/how-to/x.md": "",
}


def write_tree(root: Path, lines: list[Any], files: dict[str, str]) -> Path:
    for name, text in {**files, "site/pages.json": json.dumps(lines)}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_a_complete_list_is_read_in_its_order(tmp_path: Path) -> None:
    found = pages.read_pages(write_tree(tmp_path, LINES, FILES))
    assert [page.address for page in found] == [line["address"] for line in LINES]
    assert [page.article for page in found] == [
        "index.md",
        "",
        "",
        "lab/index.md",
        "lab/one.md",
        "documentation.md",
        "how-to/x.md",
    ]
    assert found[2].file == "play/two.html" and found[4].file == "lab/one/index.html"


@pytest.mark.parametrize(
    ("lines", "files", "message"),
    [
        (
            LINES,
            {"site/lab/new/index.html": FRAMED},
            "site/lab/new/index.html is missing from site/pages.json",
        ),
        (LINES, {"docs/lab/new.md": ""}, "docs/lab/new.md is missing from site/pages.json"),
        ([*LINES, {"address": "gone/", "title": "", "description": ""}], {}, 'lists "gone/", but there is'),
        ([*LINES, {"address": "gone/", "title": ""}], {}, "lacks description"),
        ([*LINES, {**LINES[1], "colour": "red"}], {}, "unknown colour"),
        ([*LINES, {**LINES[1], "exempt": {"beauty": "why"}}], {}, "unknown beauty"),
        ([*LINES, {**LINES[1], "limit": {"kB": 200}}], {}, "needs kB and a reason"),
        ([*LINES, LINES[1]], {}, "listed or written twice"),
        (LINES, {"docs/play.md": ""}, "listed or written twice"),
        ([*LINES[:-1], {**LINES[-1], "group": ""}], {}, 'needs a "group"'),
    ],
)
def test_an_incomplete_list_fails_the_build(
    tmp_path: Path, lines: list[Any], files: dict[str, str], message: str
) -> None:
    with pytest.raises(BuildError, match=message):
        pages.read_pages(write_tree(tmp_path, lines, {**FILES, **files}))


def test_the_menu_marks_the_page_or_what_it_belongs_to(tmp_path: Path) -> None:
    found = pages.read_pages(write_tree(tmp_path, LINES, FILES))

    def marks(address: str) -> dict[str, str]:
        return {entry.name: entry.current for entry in pages.menu(found, address) if entry.current}

    assert marks("") == marks("404.html") == {}
    assert marks("play/") == {"Play": "page"}
    assert marks("play/two.html") == {"Play": "true"}
    assert marks("lab/one/") == {"Lab": "true"}
    assert marks("documentation/") == {"Docs": "page"}
    assert marks("how-to/x/") == {"Docs": "true"}
    assert pages.navigation(found) == [
        {"Home": "index.md"},
        {"Laboratory": [{"Lab": "lab/index.md"}, {"One": "lab/one.md"}]},
        {"Docs": "documentation.md"},
        {"How-to guides": [{"X": "how-to/x.md"}]},
    ]


def test_the_documentation_lists_every_article() -> None:
    text = (ROOT / "docs" / "documentation.md").read_text(encoding="utf-8")
    filled = docs_pages.MARKER.sub(lambda found: docs_pages.GENERATORS[found[1]](*found[2].split()), text)
    for page in pages.read_pages():
        if page.group:
            assert f"[{page.title}]({page.article}): {page.description}" in filled


def test_no_article_is_in_the_themes_own_index() -> None:
    article = SimpleNamespace(meta={"search": {"boost": 2}})
    assert docs_pages.on_page_content("text", page=article) == "text"
    assert article.meta["search"]["exclude"]
