"""Pages as generators and people write them: what is read is the article, under headings with ids."""

from pathlib import Path

import pytest

from goosequill.search.documents.html import read_site_page
from goosequill.search.documents.limits import given_file
from goosequill.search.documents.places import read_folder

PAGES = Path(__file__).resolve().parents[3] / "data" / "search" / "generators"


@pytest.mark.parametrize("generator", sorted(page.stem for page in PAGES.iterdir()))
def test_the_article_is_read_with_its_anchors_and_no_menu(generator: str) -> None:
    page = read_site_page(given_file("a.html", (PAGES / f"{generator}.html").read_bytes()), address="a.html")
    assert page.title == "Kettles"
    assert page.text == "Water boils.\n\nVinegar dissolves it."
    assert [block.headings[-1].removeprefix("1. ").removeprefix("1.1. ") for block in page.blocks] == [
        "Kettles",
        "Lime",
    ]
    first = {"docusaurus": "", "starlight": "_top"}.get(generator, "kettles")
    assert [block.anchor for block in page.blocks] == [first, "lime"]


def test_a_heading_may_end_with_a_sign_or_be_a_link() -> None:
    page = '<h1>C#</h1><p>a</p><h2><a href="#b">B</a> <a href="#b">#</a></h2><p>b</p>'
    assert [
        block.headings[-1] for block in read_site_page(given_file("a", page.encode()), address="").blocks
    ] == [
        "C#",
        "B",
    ]


def test_an_id_before_other_text_is_not_that_of_a_heading() -> None:
    page = '<section id="x">Text.<h2>H</h2><p>a</p></section><span id="y"></span><p>b</p><h2>I</h2><p>c</p>'
    assert [block.anchor for block in read_site_page(given_file("a", page.encode()), address="").blocks] == [
        "",
        "",
        "",
    ]


def test_pages_that_say_nothing_are_not_pages_of_a_site(tmp_path: Path) -> None:
    about = "<main><h1>Search</h1><p>How our search works. " + "It compares words. " * 30
    pages = {
        "index.html": "<main><h1>Home</h1><p>Welcome.",
        "404.html": "<p>Not found",
        "de/404/index.html": "<p>Nicht gefunden",
        "search.html": "<main><h1>Search the documentation</h1><input type=search></main>",
        "de/search/index.html": "<main><h1>Suche</h1><p>Bitte JavaScript einschalten.</p></main>",
        "genindex.html": '<div role="main"><h1>Index</h1><a href="a">a</a>',
        "genindex-A.html": '<div role="main"><h1>Index</h1><a href="a">a</a>',
        "guide/search.html": "<main><h1>Search</h1><p>A page of the guide.",
        "en/search.html": about,
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = {page.name for page in read_folder(tmp_path) if page.text}
    assert found == {"index.html", "guide/search.html", "en/search.html"}
