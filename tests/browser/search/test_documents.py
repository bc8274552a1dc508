"""Documents of all formats through the search page: found by what is in them, or listed with the reason."""

from __future__ import annotations

import io
import zipfile

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import PREFIX, Record
from tests.py.search.documents.pdfs import pdf

LONG = 120_000
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
GEESE = ["Geese fly south in autumn and return in spring.", "They fly in a wedge to save strength."]
BREAD = (
    "<title>Bread</title><nav>Menu</nav><main><p>Knead the dough for ten minutes and let it rise.</p></main>"
)
QUESTIONS = (
    "id,question,answer\n1,How high is the tower?,It is ninety metres high.\n2,Who?,A guild of masons.\n"
)


def file(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.fixture
def search(page: Page, site_url: str, record: Record) -> Page:
    page.goto(f"{site_url}search/")
    return page


def ask(page: Page, question: str) -> None:
    page.get_by_test_id("question").fill(question)
    page.keyboard.press("Enter")


def test_pdfs_zips_and_tables_are_searched_and_what_cannot_be_read_says_why(
    search: Page, site_url: str, record: Record
) -> None:
    endless = f'<w:document xmlns:w="{WORD}"><w:p><w:t>{"a" * 60_000_000}</w:t></w:p></w:document>'
    files = [
        file("endless.docx", packed({"word/document.xml": endless.encode()})),  # 60 kB
        file("geese.pdf", pdf([GEESE])),
        file("scan.pdf", pdf([[], []])),
        file("all.zip", packed({"bread.html": BREAD.encode(), "picture.png": b"\x89PNG" + bytes(99)})),
    ]
    search.get_by_test_id("add-files").set_input_files(files)
    search.get_by_test_id("agree-full").set_checked(False)
    search.get_by_test_id("agree").click()
    status = search.get_by_test_id("status")
    expect(status).to_contain_text("2 documents added.", timeout=LONG)
    problems = search.get_by_test_id("problems")
    expect(problems).to_contain_text("endless.docx has more than 52 MB of text")
    expect(problems).to_contain_text("scan.pdf has no text")
    expect(problems).to_contain_text("all.zip/picture.png is not text")
    first = search.get_by_test_id("result").first
    ask(search, "when do geese fly south")
    expect(first).to_have_attribute("data-document", "geese.pdf", timeout=LONG)
    ask(search, "how long to knead dough")
    expect(first).to_have_attribute("data-document", "all.zip/bread.html", timeout=LONG)

    search.get_by_test_id("add-files").set_input_files([file("tower.csv", QUESTIONS.encode())])
    column = search.get_by_test_id("column")
    expect(column.locator("option")).to_have_text(["The one with the most text", "id", "question", "answer"])
    column.select_option("answer")
    search.get_by_role("button", name="Add it").click()
    expect(status).to_contain_text("2 documents added.", timeout=LONG)
    ask(search, "how high is the tower")
    expect(first).to_have_attribute("data-document", "tower.csv#2", timeout=LONG)
    expect(first).to_contain_text("ninety metres")
    assert not record.outside(site_url.removesuffix(PREFIX) + "/"), "requests left the origin"
    assert not record.console_errors, "the console showed errors"


def test_a_passage_of_a_file_from_an_earlier_visit_opens_on_its_page(search: Page) -> None:
    pages = [[f"Page {number} is about bread, dough and ovens."] * 60 for number in range(2)]
    search.get_by_test_id("add-files").set_input_files([file("birds.pdf", pdf([*pages, GEESE]))])
    search.get_by_test_id("agree-full").set_checked(False)
    search.get_by_test_id("agree").click()
    expect(search.get_by_test_id("status")).to_contain_text("1 document added.", timeout=LONG)
    search.reload()
    expect(search.get_by_test_id("collection")).to_contain_text("1 document", timeout=LONG)
    ask(search, "when do geese fly south")
    first = search.get_by_test_id("result").first
    expect(first).to_contain_text("Geese fly south", timeout=LONG)
    first.get_by_role("link").click()
    reader = search.get_by_test_id("reader")
    expect(reader.locator("#reader-trail")).to_have_text("Page 3")
    expect(reader.locator(".current").first).to_be_in_viewport()
    expect(reader.get_by_role("heading", name="Page 3")).to_be_in_viewport()
