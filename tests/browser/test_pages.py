"""Every page of site/pages.json as it opens: axe, narrow screens, console, policy, title, menu, sizes, focus.

Each is opened once, over a slow network, for all tests. States that a page reaches later (streaming, an
error, an open dialog) are tested with the page itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect
from scripts import pages
from scripts.bench import sizes

from . import layout_shift
from .accessibility import violations_in_both_themes
from .conftest import PREFIX, ROOT, Record, watch
from .forced_colors import unfocused, unmarked
from .test_busy_states import MOVING

PAGES = pages.read_pages()
ARTICLES = ("documentation/", "tutorials/search/", "lab/dilation/", "lab/letters/")
COLORED = [page for page in PAGES if not page.article or page.address in ARTICLES]
"""The pages for forced colors: every application, and articles of each kind."""
OF_A_KIND = ("", "explanation/rwkv/", "explanation/speed/", "reference/decoding/", "lab/")
"""Pages of a kind of their own besides: drawings, tables and charts, what is generated, and two entrances."""
SHOWN = [*COLORED, *(page for page in PAGES if page.address in OF_A_KIND)]
ALIKE = ("lab/letters/", "explanation/speed/")
"""Articles as lab/dilation/ and explanation/rwkv/ are; only others are visited in the short tier."""
VISITED = [*SHOWN, *(page for page in PAGES if page not in SHOWN)]
"""With those for forced colors first: pytest shares what has one index in two lists."""


def tiers(visited: list[pages.Page]) -> list[Any]:
    """Pages as parameters of a test: those that others stand for have the marker `rest`."""
    later = [page for page in visited if page not in SHOWN or page.address in ALIKE]
    return [pytest.param(page, marks=[pytest.mark.rest] if page in later else []) for page in visited]


NOTE_VIOLATIONS = """
  window.policyViolations = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    window.policyViolations.push(`${violatedDirective} ${blockedURI}`));
"""


REQUESTING = re.compile(r"""<link rel="(?:stylesheet|modulepreload)"|<script type="module" src""")
BLOCKING = re.compile(r"<script src=")


@pytest.mark.parametrize("listed", PAGES, ids=lambda page: page.file)
def test_nothing_in_the_head_blocks_what_comes_after_it(listed: pages.Page) -> None:
    """Chromium requests nothing in advance on a page that has its policy in the head."""
    folder = ROOT / ("dist" if listed.shipped else "build/unshipped")
    html = (folder / listed.file).read_text(encoding="utf-8").partition("</head>")[0]
    blocking = BLOCKING.search(html)
    assert blocking, "the page has no script for its colours"
    assert not REQUESTING.search(html, blocking.start())


@dataclass
class Opened:
    """A page that has been opened and has settled."""

    listed: pages.Page
    page: Page
    record: Record
    download: list[str]
    """What it asked for by itself when it opened, before anything else was tried."""
    shifts: list[tuple[float, str]]
    """What moved by itself until every part of it had been seen."""
    cut: list[str]
    """Controls without room for their words while the fonts are late."""

    def skip_if_exempt(self, check: str) -> None:
        if reason := self.listed.exempt.get(check):
            pytest.skip(reason)


@pytest.fixture(scope="module", params=tiers(VISITED), ids=lambda page: page.file)
def opened(browser: Browser, site_url: str, request: pytest.FixtureRequest) -> Iterator[Opened]:
    page = layout_shift.make_page(browser, 1280, reduced_motion="reduce")
    record = watch(page)
    page.add_init_script(NOTE_VIOLATIONS)
    layout_shift.Slow(page, request.param).open(site_url)
    cut = page.evaluate(layout_shift.CUT)
    download = record.requests.copy()
    page.evaluate(layout_shift.SCROLL_THROUGH)
    page.wait_for_load_state("networkidle")
    shifts = layout_shift.shifts(page)
    # So high that no sidebar scrolls: axe takes a link that is half scrolled out of view for a small target.
    page.set_viewport_size({"width": 1280, "height": 4000})
    yield Opened(request.param, page, record, download, shifts, cut)
    page.context.close()


def test_nothing_moves_while_it_loads_slowly(opened: Opened) -> None:
    layout_shift.check(opened.shifts)


def test_no_control_is_cut_while_the_fonts_are_late(opened: Opened) -> None:
    assert opened.cut == []


def test_title_and_description_are_the_listed_ones(opened: Opened) -> None:
    listed = opened.listed
    assert listed.full_title in opened.page.title()  # the comparer puts reports before it
    description = opened.page.locator("meta[name=description]").get_attribute("content")
    assert description == listed.description


def test_links_to_it_have_a_preview(opened: Opened) -> None:
    def content(name: str) -> str | None:
        return opened.page.locator(f'meta[property="og:{name}"]').get_attribute("content")

    root = opened.page.url.removesuffix(opened.listed.address)
    assert (content("title"), content("description")) == (opened.listed.full_title, opened.listed.description)
    assert urljoin(opened.page.url, content("image")) == f"{root}ui/preview.png"
    icon = opened.page.locator("link[rel=apple-touch-icon]").evaluate("(link) => link.href")
    assert icon == f"{root}ui/apple-touch-icon.png"
    if not os.environ.get("SITE_ADDRESS"):
        assert opened.page.locator("link[rel=canonical]").count() == 0


def test_the_menu_marks_the_current_entry(opened: Opened) -> None:
    links = opened.page.locator("nav[aria-label=Main] a")
    shown = [
        (link.text_content(), link.get_attribute("aria-current") or "", link.evaluate("(link) => link.href"))
        for link in links.all()
    ]
    root = opened.page.url.removesuffix(opened.listed.address)
    wanted = pages.menu(PAGES, opened.listed.address)
    assert shown == [(entry.name, entry.current, root + entry.address) for entry in wanted]


def test_it_is_kept_for_offline_use_if_it_is_shipped(opened: Opened) -> None:
    text = (ROOT / "dist" / "precache.js").read_text(encoding="utf-8")
    shell = json.loads(text[text.index("{") : text.rindex("}") + 1])["shell"]
    assert (opened.listed.file in shell) == opened.listed.shipped
    assert (ROOT / "dist" / opened.listed.file).is_file() == opened.listed.shipped


def test_axe_finds_nothing(opened: Opened) -> None:
    opened.skip_if_exempt("axe")
    assert "\n".join(violations_in_both_themes(opened.page)) == ""


COVERED = """() => {
  scrollTo({ top: (document.documentElement.scrollHeight - innerHeight) / 2, behavior: "instant" });
  const sticks = (node) => ["fixed", "sticky"].includes(getComputedStyle(node).position);
  let covered = 0;
  for (let y = 2; y < innerHeight; y += 4) {
    let at = document.elementFromPoint(innerWidth / 2, y);
    while (at && !sticks(at)) at = at.parentElement;
    if (at) covered += 4;
  }
  return covered / innerHeight;
}"""
"""The share of the screen that parts cover which do not scroll away."""
CUT = """() => [...document.querySelectorAll("main :is(a, button, label, h1, h2, h3, p, li, summary, td)")]
  .filter((node) => node.clientWidth > 1 && node.scrollWidth > node.clientWidth + 1 &&
    getComputedStyle(node).overflowX !== "visible" && getComputedStyle(node).overflowX !== "auto")
  .map((node) => node.outerHTML.slice(0, 160))"""


@pytest.mark.parametrize("size", [(320, 640), (640, 360)], ids=["320 px", "200% zoom"])
def test_small_screens_show_everything(opened: Opened, size: tuple[int, int]) -> None:
    """1280 by 720 pixels have 640 by 360 CSS pixels at 200%."""
    opened.skip_if_exempt("reflow")
    width, height = size
    opened.page.set_viewport_size({"width": width, "height": height})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(COVERED) <= 1 / 3
    assert opened.page.evaluate(CUT) == []


def test_nothing_moves_with_reduced_motion(opened: Opened) -> None:
    assert opened.page.evaluate(MOVING) == []


def test_the_policy_is_strict_and_nothing_violates_it(opened: Opened) -> None:
    opened.skip_if_exempt("policy")
    content = opened.page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    policy = dict(part.strip().split(" ", 1) for part in content.split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    sources = [source for source in policy["script-src"].split() if not source.startswith("'sha256-")]
    assert set(sources) <= {"'self'", "'wasm-unsafe-eval'"}
    if not opened.listed.article:
        assert "unsafe-inline" not in content and "sha256" not in content
        assert policy["require-trusted-types-for"] == "'script'"
    assert opened.page.evaluate("window.policyViolations") == []


def test_the_console_shows_no_error_and_no_request_leaves_the_origin(opened: Opened, site_url: str) -> None:
    opened.skip_if_exempt("console")
    assert opened.record.console_errors == []
    assert opened.record.outside(site_url.removesuffix(PREFIX) + "/") == []


def test_its_download_stays_within_the_limit(opened: Opened, site_url: str) -> None:
    opened.skip_if_exempt("size")
    files = sizes.packed(ROOT / "dist", opened.download, site_url)
    assert any(file.endswith(".js") for file in files) and opened.listed.file in files
    limit = opened.listed.limit.get("kB", sizes.SHELL_LIMIT / 1000)
    assert sum(files.values()) <= limit * 1000, sizes.heaviest(files)


def test_no_link_to_another_site_hands_over_the_window(opened: Opened) -> None:
    """Links that open a tab say so; those of model texts are tested with the renderer."""
    links = opened.page.locator("a[target]:not([target=_self]):not([rel~=noopener])")
    expect(links).to_have_count(0)


def test_no_cookie_is_set(opened: Opened) -> None:
    assert opened.page.context.cookies() == []


@pytest.fixture
def forced_colors(opened: Opened) -> Iterator[Page]:
    opened.page.set_viewport_size({"width": 1280, "height": 1600})
    opened.page.emulate_media(forced_colors="active")
    yield opened.page
    opened.page.emulate_media(forced_colors="none")


each_colored = pytest.mark.parametrize("opened", tiers(COLORED), indirect=True, ids=lambda page: page.file)


@each_colored
def test_the_focus_is_seen_with_forced_colors(forced_colors: Page) -> None:
    assert unfocused(forced_colors) == []


@each_colored
def test_what_is_chosen_differs_with_forced_colors(forced_colors: Page) -> None:
    assert unmarked(forced_colors) == []


def test_the_page_that_deletes_does_not_work_in_a_frame(browser: Browser, site_url: str) -> None:
    """Without the service worker, whose headers would keep it out of the frame altogether."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(f"{site_url}compare/")
    page.evaluate(
        "src => document.body.append(Object.assign(document.createElement('iframe'), { src }))",
        f"{site_url}storage/",
    )
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("alert")).to_contain_text("does not work inside another page")
    expect(frame.get_by_role("button", name="Delete")).to_have_count(0)
    link = frame.get_by_role("link", name="Open it in a tab")
    expect(link).to_have_attribute("rel", "noopener")
    with context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_test_id("delete-all")).to_be_visible()
    context.close()
