"""Better answers of <goose-search>: MiniLM is offered, downloaded, cancelled, and refines the ranking."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import Record

LONG = 90_000
QUESTION = "how do I make the text less random"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src data:; require-trusted-types-for 'script'; trusted-types goosequill"
)
PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><title>A page</title>
<script type="module" src="embed/goose-search.js"></script></head>
<body><main><h1>A page</h1>
<goose-search index="search-index/" engine="./" label="Search"></goose-search></main></body></html>"""
NOTE_RESULTS = """document.addEventListener("results", ({ detail }) =>
  ((window.stages ??= {})[detail.stage] = detail.hits.map(({ passage }) => passage)))"""


@pytest.fixture
def search(page: Page, site_url: str) -> Iterator[Locator]:
    """The element on a page beside the built site, under a policy as strict as the engine allows."""
    page.route("**/better.html", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto(f"{site_url}better.html")
    page.evaluate(NOTE_RESULTS)
    yield page.locator("goose-search")


def ask(search: Locator, status: str) -> None:
    search.get_by_role("combobox").fill(QUESTION)
    expect(search.locator("[part=status]")).to_contain_text(status, timeout=LONG)


def test_it_asks_first_and_then_refines_the_ranking(page: Page, search: Locator, record: Record) -> None:
    ask(search, "by meaning")
    offer = search.get_by_role("button", name=re.compile(r"Better answers \(download 3\d MB\)"))
    expect(offer).to_be_visible()
    assert [url for url in record.requests if "safetensors" in url or "/python/snapshot" in url] == []
    offer.click()
    expect(search.get_by_role("button", name="Cancel")).to_be_focused()
    expect(search.get_by_role("progressbar", name="Better answers")).to_be_visible()
    expect(search.get_by_role("option").first).to_be_visible()
    expect(search.locator("[part=status]")).to_contain_text("compared by MiniLM", timeout=LONG)
    expect(search.get_by_role("combobox")).to_be_focused()
    stages = page.evaluate("window.stages")
    assert stages["full"] != stages["meaning"]
    expect(search.get_by_role("option").first).to_contain_text("Temperature")
    assert record.console_errors == []

    page.reload()  # now the model is in the browser
    ask(search, "compared by MiniLM")
    expect(search.get_by_role("button")).to_have_count(0)


def test_a_download_can_be_cancelled_and_what_fails_can_be_repeated(page: Page, search: Locator) -> None:
    held: list[Route] = []
    page.route("**/model.safetensors", lambda route: held.append(route))
    ask(search, "by meaning")
    offer = search.get_by_role("button", name="Better answers")
    with page.expect_request("**/model.safetensors"):
        offer.press("Enter")
    assert violations(page) == []
    search.get_by_role("button", name="Cancel").press("Enter")
    expect(offer).to_be_focused()
    expect(search.get_by_role("progressbar")).to_be_hidden()
    expect(search.get_by_role("option").first).to_be_visible()

    page.unroute("**/model.safetensors")
    page.route("**/model.safetensors", lambda route: route.fulfill(status=404))
    offer.press("Enter")
    expect(search.get_by_role("alert")).to_contain_text("model.safetensors")
    expect(offer).to_be_focused()
    page.unroute("**/model.safetensors")
    offer.press("Enter")
    expect(search.get_by_role("alert")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(search.get_by_role("combobox")).to_be_focused()
    expect(search.get_by_role("option").first).to_be_hidden()
