"""What search engines and link previews read: absolute addresses, where the site's is known."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from scripts import crawlers, frames, pages
from scripts.command import ROOT, BuildError

SITE = "https://example.org/quill/"
LISTED = [
    pages.Page("", "Home", "What it is."),
    pages.Page("play/", "Play", 'Try "it" & more.'),
    pages.Page("play/two.html", "Two", "Try two."),
]


def tags(html: str) -> dict[str, str]:
    return dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', html))


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, ""),
        ({"SITE_ADDRESS": " "}, ""),
        ({"SITE_ADDRESS": "https://example.org"}, "https://example.org/"),
        ({"SITE_ADDRESS": SITE}, SITE),
    ],
)
def test_the_address_ends_in_one_slash(given: dict[str, str], address: str) -> None:
    assert crawlers.site_address(given) == address


@pytest.mark.parametrize(
    "given", ["example.org", "/quill/", "ftp://example.org/", "https:///x", f"{SITE}?a=1"]
)
def test_an_address_that_is_not_one_stops_the_build(given: str) -> None:
    with pytest.raises(BuildError, match="SITE_ADDRESS"):
        crawlers.site_address({"SITE_ADDRESS": given})


def test_a_known_address_makes_canonical_addresses_and_a_sitemap(tmp_path: Path) -> None:
    shown = crawlers.preview(LISTED, SITE, "play/two.html")
    assert (shown.title, shown.canonical) == ("Two · Goosequill", f"{SITE}play/two.html")
    assert shown.picture == f"{SITE}ui/preview.png"
    crawlers.write_crawler_files(tmp_path, LISTED, SITE)
    assert f"Sitemap: {SITE}sitemap.xml" in (tmp_path / "robots.txt").read_text(encoding="utf-8").splitlines()
    found = ElementTree.parse(tmp_path / "sitemap.xml").getroot()
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert [loc.text for loc in found.iter(f"{space}loc")] == [SITE + page.address for page in LISTED]


def test_without_an_address_there_is_neither(tmp_path: Path) -> None:
    crawlers.write_crawler_files(tmp_path, LISTED, "")
    assert (tmp_path / "robots.txt").read_text(encoding="utf-8") == "User-agent: *\nAllow: /\n"
    assert not (tmp_path / "sitemap.xml").exists()
    assert crawlers.preview(LISTED, "", "play/").canonical == ""


@pytest.mark.parametrize("root", ["", SITE])
def test_applications_have_the_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    monkeypatch.setenv("SITE_ADDRESS", root)
    (tmp_path / "play").mkdir()
    settings = '{% set skip = ("#a", "b") %}{% set styles = [] %}{% set scripts = [] %}'
    for page in LISTED[1:]:
        (tmp_path / page.file).write_text('{% extends "application.html" %}' + settings)
    frames.fill_frames(LISTED[1:], tmp_path)
    html = (tmp_path / "play" / "index.html").read_text(encoding="utf-8")
    found = tags(html)
    assert found["og:title"] == "Play · Goosequill"
    assert found["og:description"] == "Try &#34;it&#34; &amp; more."
    assert found["og:image"] == (f"{root}ui/preview.png" if root else "../ui/preview.png")
    canonical = re.findall(r'<link rel="canonical" href="([^"]*)">', html)
    assert canonical == ([f"{root}play/"] if root else [])


def test_the_preview_has_the_size_that_its_tags_state() -> None:
    data = (ROOT / "site" / crawlers.PICTURE).read_bytes()
    size = tuple(int.from_bytes(data[start : start + 4]) for start in (16, 20))
    assert data.startswith(b"\x89PNG") and size == crawlers.PICTURE_SIZE


def test_the_apple_icon_is_a_picture_of_180_pixels() -> None:
    data = (ROOT / "site" / "ui" / "apple-touch-icon.png").read_bytes()
    assert tuple(int.from_bytes(data[start : start + 4]) for start in (16, 20)) == (180, 180)
