"""<goose-search> on a plain page of a foreign site, under a prefix and a strict policy."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect
from scripts.serve import make_server

from tests.browser.accessibility import violations
from tests.browser.conftest import Record
from tests.static_index import StaticIndex

ROOT = Path(__file__).resolve().parents[3]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'none'; connect-src 'self'; img-src data:; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><title>A plain page</title>
<script type="module" src="goose-search.js"></script></head>
<body><main><h1>A plain page</h1>
<goose-search index="search-index/" label="Search these pages"></goose-search>
<p>Below</p></main></body></html>"""

FOUND = '<title>Found</title><link rel="icon" href="data:,"><h2 id=a>A</h2>'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "search-index").mkdir()
    made = StaticIndex(folder / "search-index")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    for passage in range(len(made.texts)):
        (folder / f"p{passage}").mkdir()
        (folder / f"p{passage}" / "index.html").write_text(FOUND)
    element = ROOT / "site" / "search" / "static" / "element.js"
    esbuild = [str(ROOT / "node_modules" / ".bin" / "esbuild"), str(element), "--bundle", "--format=esm"]
    esbuild.append("--external:./goose-better.js")
    subprocess.run([*esbuild, f"--outfile={folder / 'goose-search.js'}", "--log-level=warning"], check=True)
    server = make_server(folder, prefix="/some/prefix/")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/prefix/"
    server.shutdown()
    server.server_close()
    shutil.rmtree(folder)


@pytest.fixture
def search(page: Page, site: str, record: Record) -> Iterator[Locator]:
    """The element of the page, whose test fails if a request left the origin or the policy was violated."""
    page.goto(site)
    yield page.locator("goose-search")
    assert record.console_errors == []
    assert record.outside(site.split("/some/")[0]) == []


def options(search: Locator) -> Locator:
    return search.get_by_role("option")


def test_nothing_is_downloaded_before_the_visitor_types(page: Page, search: Locator, record: Record) -> None:
    expect(search.get_by_role("combobox", name="Search these pages")).to_be_visible()
    assert [url for url in record.requests if "search-index" in url] == []
    search.get_by_role("combobox").fill("random temperature")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    read = [url for url in record.requests if url.endswith(".bin")]
    assert read and all(re.search(r"/web/[a-z]+-[0-9a-f]{12}\.bin$", url) for url in read)


def test_keyboard_alone(page: Page, search: Locator, site: str) -> None:
    page.keyboard.press("Tab")
    box = search.get_by_role("combobox")
    expect(box).to_be_focused()
    page.keyboard.type("random temperature")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options(search).nth(1)).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", "option-1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options(search).last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(options(search).first).to_be_hidden()
    expect(box).to_have_value("random temperature")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}p*/**")
    expect(page).to_have_title("Found")


def test_further_passages_of_a_page_stand_below_its_best(page: Page, search: Locator) -> None:
    page.evaluate(
        """document.addEventListener("results", ({ detail: { stage, hits } }) => {
          if (stage === "meaning") window.listed = hits.flatMap((hit) => [hit, ...hit.more]);
        })"""
    )
    search.get_by_role("combobox").fill("random temperature of a river stone")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    listed = page.evaluate("listed.map(({ document, more }) => [document, more.length])")
    expect(options(search)).to_have_count(len(listed))
    expect(search.locator("[part~=further]")).to_have_count(sum(more for _, more in listed))


def test_markup_in_passages_and_questions_is_text(page: Page, search: Locator) -> None:
    search.get_by_role("combobox").fill("<img src=x onerror=alert(1)> stone")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    first = options(search).first
    expect(first.locator("mark").first).to_be_visible()
    assert search.evaluate("(element) => element.shadowRoot.querySelectorAll('img, b').length") == 0


def test_a_question_that_something_fits_perhaps(page: Page, search: Locator) -> None:
    page.route("**/search.json", lambda route: set_edges(route, '"fits":2,"threshold":-1'))
    search.get_by_role("combobox").fill("window paper stone mountain")
    expect(search.locator("[part=status]")).to_contain_text("Perhaps one fits. The nearest passage has a")
    expect(search.locator("[part=nothing-fits]")).to_be_hidden()
    expect(options(search).first).to_be_visible()


def test_a_question_that_fits_nothing(page: Page, search: Locator) -> None:
    page.route("**/search.json", lambda route: set_edges(route, '"threshold":0.99'))
    search.get_by_role("combobox").fill("window paper stone mountain")
    expect(search.locator("[part=nothing-fits]")).to_contain_text("likelihood of about")
    expect(options(search).first).to_be_hidden()
    search.get_by_role("button", name="Show the nearest anyway").click()
    expect(options(search).first).to_be_visible()
    expect(search.get_by_role("combobox")).to_be_focused()


def set_edges(route: Route, edges: str) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace('"threshold":0.1', edges))


def test_a_later_key_replaces_the_question(page: Page, search: Locator) -> None:
    page.evaluate(
        """document.addEventListener("results",
          ({ detail }) => (window.asked ??= []).push(`${detail.question} ${detail.stage}`))"""
    )
    box = search.get_by_role("combobox")
    box.press_sequentially("garden river")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    asked = page.evaluate("window.asked")
    assert asked[-1] == "garden river meaning"
    assert search.evaluate("(element) => element.value") == "garden river"


def test_an_index_that_is_missing_says_so_and_is_tried_again(page: Page, site: str) -> None:
    page.goto(site)
    search = page.locator("goose-search")
    page.route("**/search.json", lambda route: route.fulfill(status=404))
    search.get_by_role("combobox").fill("stone")
    expect(search.get_by_role("alert")).to_contain_text("HTTP 404. Check the address of the index.")
    page.unroute("**/search.json")
    search.get_by_role("combobox").fill("stones")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_and_narrow_screens(page: Page, search: Locator, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 320, "height": 640})
    style = {"colorScheme": scheme, "background": "Canvas"}
    page.evaluate("(style) => { Object.assign(document.documentElement.style, style); }", style)
    search.get_by_role("combobox").fill("paper cloud")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    page.keyboard.press("ArrowDown")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_it_reads_parts_and_counts_little(page: Page, search: Locator) -> None:
    requests: list[Request] = []
    page.on("requestfinished", lambda request: requests.append(request))
    search.get_by_role("combobox").fill("temperature of a river")
    expect(search.locator("[part=status]")).to_contain_text("by meaning")
    read = [request for request in requests if "/web/" in request.url]
    ranged = [request for request in read if request.headers.get("range")]
    assert ranged and all(request.response().status == 206 for request in ranged)  # type: ignore[union-attr]
