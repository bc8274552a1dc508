"""Nothing jumps while a page loads on a phone, an engine starts and a text is written.

Pages that load on a wide screen are those of test_pages.py.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from scripts import pages

from .accessibility import FRAMES
from .hosts import serve_host
from .layout_shift import CUT, SCROLL_THROUGH, SIZES, Slow, check, make_page, shifts
from .test_embed import script
from .variants import variants

each_width = pytest.mark.parametrize("width", variants([min(SIZES)], [max(SIZES)]))
LONG = 120_000  # milliseconds that an engine may take on a busy machine
ARTICLES = ("documentation/", "tutorials/search/", "explanation/rwkv/", "explanation/speed/")
CHOSEN = [
    page
    for page in pages.read_pages()
    if not page.article or page.address.startswith("lab/") or page.address in ARTICLES
]
"""Every application page, every page with experiments, and articles with figures, tables and code."""
OF_A_KIND = ("playground/", "chat/", "compare/", "search/", "explanation/rwkv/", "lab/dilation/")
"""The applications of which most is drawn by scripts, an article and an experiment."""
KEEP_PLACE = "<style>goose-quill:not(:defined) { display: block; min-height: 17rem; }</style>"
"""What the documentation recommends."""
HEIGHTS = """() => [...document.querySelectorAll(".lab-picture, .lab-figure")]
  .map((place) => place.getBoundingClientRect().height)"""
"""Of charts that the build has drawn, and of what takes their place."""


@pytest.mark.parametrize(
    "listed",
    variants(
        [page for page in CHOSEN if page.address in OF_A_KIND],
        [page for page in CHOSEN if page.address not in OF_A_KIND],
    ),
    ids=lambda page: page.file,
)
def test_a_page_that_loads_slowly_stays_in_place_and_cuts_nothing(
    browser: Browser, site_url: str, listed: pages.Page
) -> None:
    """What the build has drawn and a phone draws again has the height that was kept for it.

    The fonts come too late for this visit: what stands in for them has their widths.
    """
    page = make_page(browser, min(SIZES))
    Slow(page, listed).open(site_url)
    assert page.evaluate(CUT) == []
    before = page.evaluate(HEIGHTS)
    page.evaluate(SCROLL_THROUGH)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".chart-place")).to_have_count(0)
    page.evaluate(FRAMES)
    assert page.evaluate(HEIGHTS) == pytest.approx(before, rel=0.03)
    check(shifts(page))
    page.context.close()


@each_width
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
    check(shifts(page))
    text = page.get_by_role("region", name="Output").text_content() or ""
    page.reload()
    expect(page.get_by_role("region", name="Output")).to_have_text(text, use_inner_text=False)
    page.wait_for_load_state("networkidle")
    check(shifts(page))
    page.context.close()


@each_width
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
        check(shifts(page))
    page.context.close()
