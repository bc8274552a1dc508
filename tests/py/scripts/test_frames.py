"""Application pages are rendered into their frame."""

import json
import re
import shutil
from pathlib import Path

import pytest
from scripts import build, frames, pages
from scripts.command import BuildError
from scripts.versions import FILES


def test_pages_are_rendered_and_marked_in_the_menu(tmp_path: Path) -> None:
    below = pages.Page("compare/below.html", "Title", "Sentence.")
    (tmp_path / "compare").mkdir()
    shutil.copy(build.ROOT / "site" / "storage" / "index.html", tmp_path / below.file)
    build.copy_site([*pages.read_pages(), below], tmp_path)
    marks = {}
    for path in ("playground/index.html", "compare/below.html", "compare/index.html", "storage/index.html"):
        html = (tmp_path / path).read_text(encoding="utf-8")
        assert html.startswith("<!doctype html>") and "{%" not in html
        assert html.index("Content-Security-Policy") < html.index("<script")
        assert '<a href="../storage/">' in html
        marks[path] = re.findall(r'<a href="([^"]*)" aria-current="(\w+)">', html)
    assert marks == {
        "playground/index.html": [("../playground/", "page")],
        "compare/below.html": [("../compare/", "true")],
        "compare/index.html": [("../compare/", "page")],
        "storage/index.html": [],
    }


def test_pages_of_different_depths_reach_the_root(tmp_path: Path) -> None:
    """A nested page once got the addresses of the page rendered before it."""
    names = ("storage/index.html", "a/b/c/index.html")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(build.ROOT / "site" / "storage" / "index.html", tmp_path / name)
    listed = [pages.Page(name.removesuffix("index.html"), "Title", "Sentence.") for name in names]
    frames.fill_frames(listed, tmp_path)
    for name in names:
        root = "../" * name.count("/")
        html = (tmp_path / name).read_text(encoding="utf-8")
        assert f'<link rel="stylesheet" href="{root}ui/goose.css">' in html
        assert f'<a class="brand" href="{root}">' in html


def test_a_part_of_an_article_stands_in_an_application(tmp_path: Path) -> None:
    text = "a\n<!-- table: begin -->\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n\n<!-- table: end -->\nb\n"
    (tmp_path / "article.md").write_text(text, encoding="utf-8")
    html = frames.marked_part("article.md", "table", tmp_path)
    assert "<th>A</th>" in html and "<td>2</td>" in html and html.strip().endswith("</table>")
    with pytest.raises(BuildError, match="marks"):
        frames.marked_part("article.md", "other", tmp_path)


def test_a_page_carries_a_file_whatever_is_in_it(tmp_path: Path) -> None:
    data = {"text": "</script><!-- <script> é", "list": [1]}
    for folder in ("ui", "playground"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ui" / "d.json").write_text(json.dumps(data, indent=2), encoding="utf-8")
    page = tmp_path / "playground" / "index.html"
    tag = '<script type="application/json" data-file="../ui/d.json"></script>'
    page.write_text(f"<head>{tag}</head>", encoding="utf-8")
    frames.carry_files(tmp_path)
    (text,) = re.findall(r'd\.json">([^<]*)</script></head>', page.read_text(encoding="utf-8"))
    assert json.loads(text) == data


def test_a_page_that_is_not_shipped_is_set_aside(tmp_path: Path) -> None:
    listed = [pages.Page("", "A", "B"), pages.Page("parts/", "C", "D", shipped=False)]
    for page in listed:
        (tmp_path / "site" / page.address).mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / page.file).write_text(page.title)
    for _ in range(2):  # a second build replaces what the first has set aside
        for folder in ("parts", f"{FILES}/parts"):
            (tmp_path / "site" / folder).mkdir(parents=True, exist_ok=True)
        assert build.set_aside(listed, tmp_path / "site", tmp_path / "aside") == listed[:1]
    assert (tmp_path / "site" / "index.html").read_text() == "A"
    assert not list((tmp_path / "site").rglob("parts"))
