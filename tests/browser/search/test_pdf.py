"""PDFs by pdf.js under the pages' own policy: the text is that of pypdf, and what cannot be read says why.

The modules are served as they are in the repository, so that no built site is needed.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route
from scripts.serve import make_server

from goosequill.search.documents import from_pages
from goosequill.search.documents.limits import DocumentBudget, given_file
from goosequill.search.documents.pdf import read_pdf
from tests.browser.conftest import watch
from tests.py.search.documents.pdfs import japanese_pdf, pdf

ROOT = Path(__file__).resolve().parents[3]
POLICY = (
    "default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; require-trusted-types-for 'script'; trusted-types goosequill"
)
READ = """async (bytes) => {
  const { readPdf } = await import("./collections/pdf.js");
  return await readPdf(Uint8Array.from(bytes));
}"""
STOP = """async (bytes) => {
  const { readPdf } = await import("./collections/pdf.js");
  const control = new AbortController();
  const reading = readPdf(Uint8Array.from(bytes), { signal: control.signal });
  control.abort();
  return await reading.then(() => "read", (error) => error.name);
}"""
PAGES = [
    [
        "A Guide to Decoding",
        "",
        "The model reads the whole prompt first, and then it writes one to-",
        "ken at a time.",
    ],
    [],
    ["The (third) page \\ has caf\u00e9 and a full stop."],
]


@pytest.fixture
def reader(page: Page) -> Iterator[Page]:
    """A page with the policy of the applications and nothing in it."""
    server = make_server(ROOT / "site", prefix="/")
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
        route.fulfill(body="<!doctype html><title>PDF</title><link rel=icon href='data:,'>", headers=headers)

    page.route("**/reader.html", answer)
    record = watch(page)
    page.goto(f"http://127.0.0.1:{server.server_port}/reader.html")
    yield page
    assert not record.console_errors, "the console showed errors"
    assert not record.outside(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    server.server_close()


def read(page: Page, data: bytes) -> dict[str, object]:
    found: dict[str, object] = page.evaluate(READ, list(data))
    return found


def test_the_text_is_that_of_pypdf(reader: Page) -> None:
    data = pdf(PAGES, title="Decoding")
    found = read(reader, data)
    assert found["title"] == "Decoding" and found["failure"] == ""
    ours = from_pages("a.pdf", found["pages"], found["title"], budget=DocumentBudget())
    theirs = read_pdf(given_file("a.pdf", data))
    assert ours.text.split() == theirs.text.split()
    assert [block.headings for block in ours.blocks] == [("Page 1",), ("Page 3",)]
    assert "writes one token at a time." in ours.text and "caf\u00e9" in ours.text


def test_the_encodings_of_east_asian_fonts_are_fetched_when_a_pdf_names_them(reader: Page) -> None:
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    read(reader, pdf([["Some text."]]))
    assert not [name for name in asked if name.endswith(".bcmap")]
    text = "\u65e5\u672c\u8a9e\u306e\u6587\u66f8\u3092\u8aad\u3080"
    assert read(reader, japanese_pdf(text))["pages"] == [text]
    assert "90ms-RKSJ-H.bcmap" in asked


def test_no_more_of_a_page_is_extracted_than_the_file_has_left(reader: Page) -> None:
    lines = [f"Line {number} of a page that does not end." for number in range(2_000)]
    left = """async (bytes) => {
      const { readPdf } = await import("./collections/pdf.js");
      return (await readPdf(Uint8Array.from(bytes), { spent: 2 ** 30 - 1000 })).pages;
    }"""
    pages = reader.evaluate(left, list(pdf([lines, lines])))
    assert len(pages) == 1 and 1000 < len(pages[0]) < 20_000


def test_what_cannot_be_read_says_why(reader: Page) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(PAGES))))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    assert read(reader, out.getvalue())["failure"] == "encrypted"
    assert read(reader, b"%PDF-1.7 nothing else")["failure"] not in ("", "encrypted")
    assert read(reader, pdf([[], []])) == {"pages": ["", ""], "title": "", "failure": ""}


def test_reading_stops_at_once_and_can_begin_anew(reader: Page) -> None:
    data = pdf([["Some text."] * 40] * 200)
    assert reader.evaluate(STOP, list(data)) == "AbortError"
    assert re.search("Some text", json.dumps(read(reader, pdf([["Some text."]]))))
