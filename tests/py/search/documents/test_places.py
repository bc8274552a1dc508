"""Folders, built sites, and sites at an address, served here."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents import Skipped
from goosequill.search.documents.places import read_folder, read_site, sources
from tests.py.refusals import refused
from tests.serving import serving


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Path:
    pages = {
        "index.html": '<title>Home</title><main><h1>Home</h1><p>Welcome.</p><a href="guide/#x">Guide</a>'
        '<a href="https://elsewhere.test/">no</a><a href="picture.png">no</a>'
        '<a href="genindex.html">no</a></main>',
        "guide/index.html": '<main><h1 id="g">Guide</h1><p>Read.</p><h2 id="x">X</h2><p>More. '
        '<a href="../page.html">page</a></p></main>',
        "page.html": "<main><h1>Page</h1><p>Text.</p></main>",
        "404.html": "<p>Not found</p>",
        "genindex.html": "<main><h1>Index</h1><p>A: 1, 2</p></main>",
        "old/index.html": '<meta http-equiv="refresh" content="0; url=../"><p>Moved',
        "assets/x.js": "x",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    (site.parent / "outside.html").write_text("<p>outside", encoding="utf-8")
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site.parent))) as address:
        yield f"{address}/{site.name}/"


def test_a_folder_is_read_in_order_and_one_bad_file_loses_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.txt").write_text("hidden")
    (tmp_path / "sub" / "b.md").write_text("# B\n\ntext")
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "c.bin").write_bytes(bytes(100))
    (tmp_path / "link").symlink_to(tmp_path)
    skipped: list[Skipped] = []
    assert [document.name for document in read_folder(tmp_path, skipped)] == ["a.txt", "sub/b.md"]
    assert [(each.name, each.code) for each in skipped] == [("c.bin", "document-binary")]
    assert [document.name for document in read_folder(tmp_path / "a.txt")] == ["a.txt"]


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is not for others."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "users.txt").write_text("root:x:0:0")
    (folder / "page.html").write_text("<p>root:x:0:0")
    return folder


def test_links_out_of_the_folder_are_skipped_and_named(tmp_path: Path, outside: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("text")
    links = {
        "folder": outside,
        "inside.txt": Path("sub/../a.txt"),
        "nothing.txt": outside / "none",
        "round.txt": Path("round.txt"),
        "sub/up.txt": Path("../../private.txt"),
        "sub/within": folder,
        "users.md": outside / "users.txt",
        ".hidden": outside / "users.txt",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (tmp_path / "private.txt").write_text("private")
    (tmp_path / "link").symlink_to(folder)
    for where in (folder, tmp_path / "link"):
        skipped: list[Skipped] = []
        assert [document.name for document in read_folder(where, skipped)] == ["a.txt", "inside.txt"]
        assert {each.code for each in skipped} == {"link-outside"}
        assert [each.name for each in skipped] == ["folder", "nothing.txt", "users.md", "sub/up.txt"]
    assert [document.text for document in read_folder(folder / "users.md")] == ["root:x:0:0"]  # it is named


def test_a_page_of_a_site_that_is_a_link_out_of_it_is_skipped(site: Path, outside: Path) -> None:
    (site / "users.html").symlink_to(outside / "page.html")
    (site / "picture.png").symlink_to(outside / "users.txt")  # no page, whatever it is
    skipped: list[Skipped] = []
    assert "users.html" not in [document.name for document in read_site(site, skipped)]
    assert [(each.name, each.code) for each in skipped] == [("users.html", "link-outside")]


def test_a_built_site_is_its_pages_with_addresses_and_anchors(site: Path) -> None:
    found = list(read_site(site))
    assert [(document.name, document.address) for document in found] == [
        ("index.html", ""),
        ("page.html", "page.html"),
        ("guide/index.html", "guide/"),
    ]
    assert [block.anchor for block in found[2].blocks] == ["g", "x"]


COPIES = {
    "v1/guide/index.html": "https://a.test/base/guide/",  # an older version
    "v1/page.html": "../page",
    "v1/index.html": "https://a.test/base/",  # the start page, which some sites name in all pages
    "v1/gone.html": "https://a.test/base/gone.html",  # which is not there
    "v2/guide/index.html": "https://a.test/base/v2/guide/index.html",  # itself
}


def write_copies(site: Path, base: str = "https://a.test/base/") -> None:
    for name, canonical in COPIES.items():
        link = f"<link href='{canonical.replace('https://a.test/base/', base)}' rel=canonical>"
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(f"<title>T</title>{link}<main><p>Old.</p></main>", encoding="utf-8")


def test_pages_that_name_another_page_of_the_site_are_left_out(site: Path) -> None:
    write_copies(site)
    (site / "strange.html").write_text(f"<link rel=canonical href=/{'x' * 999}/%00><main>Odd</main>")
    kept = sorted(document.name for document in read_site(site))
    names = ["guide/index.html", "index.html", "page.html", "strange.html"]
    assert kept == [*names, "v1/gone.html", "v1/index.html", "v2/guide/index.html"]


def test_such_pages_at_an_address_are_left_out(site: Path, address: str) -> None:
    write_copies(site, address)
    (site / "v1" / "page.html").unlink()
    pages = ["", "guide/", "v1/guide/", "v1/", "v1/gone.html", "v2/guide/"]
    listed = "".join(f"<url><loc>{address}{page}</loc></url>" for page in pages)
    (site / "sitemap.xml").write_text(f"<urlset>{listed}</urlset>")
    kept = [document.address for document in read_site(address)]
    assert kept == ["", "guide/", "v1/", "v1/gone.html", "v2/guide/"]


def test_a_site_is_read_by_its_links(address: str) -> None:
    found = list(read_site(address))
    assert [(document.name, document.address, document.title) for document in found] == [
        ("index.html", "", "Home"),
        ("guide/", "guide/", "Guide"),
        ("page.html", "page.html", "Page"),
    ]


def test_a_site_is_read_by_its_sitemap_and_missing_pages_are_skipped(site: Path, address: str) -> None:
    listed = ["page.html", "gone.html", "../outside.html", "x.pdf"]
    locations = "".join(f"<url><loc> {address}{name}\n</loc></url>" for name in listed)
    (site / "sitemap.xml").write_text(f"<urlset>{locations}</urlset>")
    skipped: list[Skipped] = []
    assert [document.name for document in read_site(address, skipped)] == ["page.html"]
    assert [(each.name, each.code) for each in skipped] == [(f"{address}gone.html", "place-unreachable")]


def test_the_index_of_sitemaps_is_followed_but_not_in_circles(site: Path, address: str) -> None:
    maps = "".join(f"<sitemap><loc>{address}{name}</loc></sitemap>" for name in ("sitemap.xml", "one.xml"))
    (site / "sitemap.xml").write_text(f"<sitemapindex>{maps}</sitemapindex>")
    (site / "one.xml").write_text(f"<urlset><url><loc>{address}page.html</loc></url></urlset>")
    assert [document.name for document in read_site(address)] == ["page.html"]


def test_a_place_that_is_not_there_says_so(tmp_path: Path, address: str) -> None:
    for where, code in (
        (tmp_path / "none", "path-not-found"),
        (f"{address}none/", "place-unreachable"),
        ("http://127.0.0.1:1/", "place-unreachable"),
    ):
        with refused(SearchError, code):
            list(sources(where))
