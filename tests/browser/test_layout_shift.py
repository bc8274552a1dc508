"""Nothing jumps: what moves by itself while a page loads, an engine starts and a text is written.

Shifts are those that Chromium reports, without those that follow a visitor's own input within half a second.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from scripts import pages

from .conftest import ROOT
from .hosts import serve_host
from .test_embed import script

LONG = 120_000  # milliseconds that an engine may take on a busy machine
MOST = 0.05
ARTICLES = ("documentation/", "tutorials/search/", "explanation/rwkv/", "explanation/speed/")
CHOSEN = [
    page
    for page in pages.read_pages()
    if not page.article or page.address.startswith("lab/") or page.address in ARTICLES
]
"""Every application page, every page with experiments, and articles with figures, tables and code."""
SIZES = {1280: 800, 360: 740}
NOTE_SHIFTS = """
  window.shifts = [];
  const nameOf = ({ node }) => node?.nodeName + (node?.id ? `#${node.id}` : ` ${node?.className ?? ""}`);
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (!hadRecentInput) window.shifts.push([value, [...sources].map(nameOf).join(", ")]);
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
KEEP_PLACE = "<style>goose-quill:not(:defined) { display: block; min-height: 17rem; }</style>"
"""What the documentation recommends."""
IS_PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SCROLL_THROUGH = """async () => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight * 0.8) {
    scrollTo({ top, behavior: "instant" });
    await frames();
  }
  scrollTo({ top: 0, behavior: "instant" });
  await frames();
}"""


HEIGHTS = """() => [...document.querySelectorAll(".lab-picture, .lab-figure")]
  .map((place) => place.getBoundingClientRect().height)"""
"""Of charts that the build has drawn, and of what takes their place."""


class Slow:
    """A network that answers in the worst order: the page is painted, then scripts, data and fonts arrive."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        head = file.read_text(encoding="utf-8").partition("</head>")[0]
        self.blocking = {name.rpartition("/")[2] for name in re.findall(r'<script src="([^"]+)"', head)}
        self.held: dict[str, list[Route]] = {kind: [] for kind in ("script", "fetch", "xhr", "image", "font")}
        page.route("**/*", self.take)

    def take(self, route: Route) -> None:
        kind, name = route.request.resource_type, route.request.url.rpartition("/")[2]
        if kind in self.held and name not in self.blocking:
            self.held[kind].append(route)
        else:
            route.continue_()

    def answer(self, *kinds: str) -> None:
        """Answer what was asked for, from now on at once, and let the page draw it."""
        for route in [route for kind in kinds for route in self.held.pop(kind)]:
            route.continue_()
        self.page.evaluate(FRAMES)

    def open(self, url: str) -> None:
        self.page.goto(url, wait_until="commit")
        self.page.wait_for_function(IS_PAINTED)
        self.answer("script")
        self.page.wait_for_load_state("domcontentloaded")
        self.answer("fetch", "xhr", "image")
        self.answer("font")
        self.page.wait_for_load_state("networkidle")


def make_page(browser: Browser, width: int, **options: Any) -> Page:
    size: Any = {"width": width, "height": SIZES[width]}
    page = browser.new_context(viewport=size, service_workers="block", **options).new_page()
    page.add_init_script(NOTE_SHIFTS)
    return page


def check(page: Page) -> None:
    """The sum of all shifts so far is small; the message names what moved."""
    page.evaluate(FRAMES)
    shifts = page.evaluate("() => window.shifts")
    moved = "\n".join(f"{value:.3f} {what}" for value, what in shifts if value > 0.001)
    assert sum(value for value, _ in shifts) <= MOST, moved


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("listed", CHOSEN, ids=lambda page: page.file)
def test_a_page_that_loads_slowly_stays_in_place(
    browser: Browser, site_url: str, listed: pages.Page, width: int
) -> None:
    """What the build has drawn and a phone draws again has the height that was kept for it."""
    page = make_page(browser, width)
    Slow(page, ROOT / ("dist" if listed.shipped else "build/unshipped") / listed.file).open(
        site_url + listed.address
    )
    before = page.evaluate(HEIGHTS)
    page.evaluate(SCROLL_THROUGH)
    page.wait_for_load_state("networkidle")
    if width == min(SIZES):
        expect(page.locator(".chart-place")).to_have_count(0)
        page.evaluate(FRAMES)
        assert page.evaluate(HEIGHTS) == pytest.approx(before, rel=0.03)
    check(page)
    page.context.close()


@pytest.mark.parametrize("width", SIZES)
def test_the_playground_stays_in_place_while_it_starts_writes_and_restores(
    browser: Browser, site_url: str, width: int
) -> None:
    page = make_page(browser, width)
    page.goto(f"{site_url}playground/#seed=3&ignore_end=true&max_new_tokens=150")
    expect(page.get_by_test_id("generate")).to_be_enabled()  # before that no key does anything
    page.get_by_role("textbox", name="Prompt").fill("It was a dark evening in November, and")
    page.keyboard.press("Control+Enter")
    status = page.get_by_test_id("status")
    expect(status).to_contain_text("after 150 tokens", timeout=LONG)
    check(page)
    text = page.get_by_role("region", name="Output").text_content() or ""
    page.reload()
    expect(page.get_by_role("region", name="Output")).to_have_text(text, use_inner_text=False)
    page.wait_for_load_state("networkidle")
    check(page)
    page.context.close()


@pytest.mark.parametrize("width", SIZES)
def test_the_widget_stays_in_place_while_it_starts_and_writes(
    browser: Browser, site_url: str, width: int
) -> None:
    page = make_page(browser, width)
    body = (
        '<goose-quill prompt="Once upon a time" max-new-tokens="120" seed="3"></goose-quill>'
        "<h2>What follows it</h2><p>A paragraph of the page around it.</p>"
    )
    with serve_host() as host:
        page.goto(host.add("shift", body, head=KEEP_PLACE + script(site_url)))
        page.get_by_role("button", name="Generate").press("Enter")
        expect(page.get_by_role("status")).to_contain_text("after", timeout=LONG)
        check(page)
    page.context.close()
