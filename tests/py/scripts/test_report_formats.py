"""The formats of reports are listed once: the comparer's page and both articles follow."""

from scripts import docs_pages
from scripts.command import ROOT
from scripts.frames import make_frames, render_frame
from scripts.pages import read_pages
from scripts.report_formats import report_formats


def article(name: str) -> str:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return docs_pages.MARKER.sub(lambda marker: docs_pages.GENERATORS[marker[1]](*marker[2].split()), text)


def test_the_page_and_the_articles_name_every_format() -> None:
    pages = read_pages()
    (comparer,) = (page for page in pages if page.address == "compare/")
    page = render_frame(make_frames(pages, ROOT / "site"), comparer)
    how_to, reference = article("how-to/compare.md"), article("reference/reports.md")
    assert len(report_formats()) > 4
    for each in report_formats():
        assert f"<li>{each['title']}</li>" in page
        assert f"\n- {each['title']}\n" in how_to
        assert f"| {each['title']} | {each['shape']} |\n" in reference
