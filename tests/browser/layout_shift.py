"""What moves by itself in a page, and a network that answers in the order in which most could move.

Shifts are those that Chromium reports, without those that follow a visitor's own input within half a second.
"""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Page, Route
from scripts.pages import Page as Listed

from .accessibility import FRAMES
from .conftest import ROOT

MOST = 0.05
SIZES = {1280: 720, 360: 740}
NOTE_SHIFTS = """
  window.shifts = [];
  const nameOf = ({ node }) => node?.nodeName + (node?.id ? `#${node.id}` : ` ${node?.className ?? ""}`);
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (!hadRecentInput) window.shifts.push([value, [...sources].map(nameOf).join(", ")]);
    }
  }).observe({ type: "layout-shift", buffered: true });
"""
IS_PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
SCROLL_THROUGH = """async () => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight * 0.8) {
    scrollTo({ top, behavior: "instant" });
    await frames();
  }
  scrollTo({ top: 0, behavior: "instant" });
  await frames();
}"""

CUT = """() => [...document.querySelectorAll("button, label, summary, select, [role=tablist], nav a")]
  .filter((node) => node.checkVisibility() && node.clientWidth > 1 && !node.matches(".visually-hidden") &&
    node.scrollWidth > node.clientWidth + 1)
  .map((node) => node.outerHTML.slice(0, 160))"""
"""Controls wider than their place, and tabs of which not all are seen."""


class Slow:
    """A network that answers in the worst order: the page is painted, then scripts, data and fonts arrive."""

    def __init__(self, page: Page, listed: Listed) -> None:
        self.page, self.address = page, listed.address
        file = ROOT / ("dist" if listed.shipped else "build/unshipped") / listed.file
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

    def open(self, site_url: str) -> None:
        self.page.goto(site_url + self.address, wait_until="commit")
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


def shifts(page: Page) -> list[tuple[float, str]]:
    """How far something has moved so far, and what."""
    page.evaluate(FRAMES)
    found: list[tuple[float, str]] = page.evaluate("() => window.shifts")
    return found


def check(shifts: list[tuple[float, str]]) -> None:
    """Their sum is small; the message names what moved."""
    moved = "\n".join(f"{value:.3f} {what}" for value, what in shifts if value > 0.001)
    assert sum(value for value, _ in shifts) <= MOST, moved
