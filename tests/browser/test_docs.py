"""The documentation as it is read: search, the keyboard, narrow screens, paper."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from .accessibility import violations

LONG = 120_000  # milliseconds that a start may take on a busy machine


def search(page: Page, site_url: str, words: str, *, least: int) -> Locator:
    """Type into the search box and return the results, of which there are at least so many."""
    page.goto(f"{site_url}explanation/rwkv/")
    page.locator("input.md-search__input").press_sequentially(words)
    results = page.locator(".md-search-result__item")
    expect(results.nth(least - 1)).to_be_attached()
    return results


def test_enter_in_the_search_opens_the_section_with_its_words_marked(page: Page, site_url: str) -> None:
    search(page, site_url, "temperature", least=2)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/reference/decoding/\?h=temperature#temperature$"))
    marked = page.locator("mark[data-md-highlight]")
    expect(marked.first).to_be_attached()
    section = page.locator("#temperature")
    expect(section).to_be_in_viewport()
    expect(section.locator("mark")).to_be_in_viewport()


def test_a_name_that_few_passages_have_is_found(page: Page, site_url: str) -> None:
    results = search(
        page, site_url, "CORS", least=3
    )  # two pages have the word, the others came by their meaning
    expect(results.filter(has_text="Run a model of your own")).to_have_count(1)
    expect(results.filter(has_text="Nothing here seems to answer this")).to_have_count(0)


def test_what_scrolls_sideways_is_reached_with_the_keyboard(page: Page, site_url: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site_url}reference/benchmarks/")
    table = page.get_by_role("region", name="Table: RWKV-7 0.19B")
    expect(table).to_have_attribute("tabindex", "0")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("table => table.scrollLeft > 0", arg=table.element_handle())
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator(".md-typeset__scrollwrap[tabindex]")).to_have_count(0)


def test_paper_shows_the_article_alone_and_all_of_it(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}explanation/quantization/")
    numbers = page.locator(".drawing table")
    expect(numbers).to_be_hidden()
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(numbers).to_be_visible()
    for hidden in (".md-header", ".md-sidebar >> nth=0", ".md-footer"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(numbers).to_be_hidden()


def test_the_state_is_read_live_and_is_that_of_the_model(page: Page, site_url: str) -> None:
    # So high that no sidebar scrolls: axe takes a link that is half scrolled out of view for a small target.
    page.set_viewport_size({"width": 1280, "height": 2400})
    page.goto(f"{site_url}explanation/rwkv/")
    page.get_by_label("Sentence").fill("The goose was white")
    page.get_by_role("button", name="Read it").click()
    status = page.locator(".live > [role=status]")
    expect(status).to_have_text("The state after each of 5 tokens.", timeout=LONG)
    picture = page.get_by_test_id("live-state-picture")
    expect(picture).to_contain_text("layer 3")
    page.get_by_label("Layer", exact=True).select_option("6")
    expect(picture).to_contain_text("layer 6")
    assert "\n".join(violations(page)) == ""


def test_the_live_state_asks_for_words(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}explanation/rwkv/")
    page.get_by_label("Sentence").fill("")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator(".live > [role=status]")).to_have_text("Type a few words.", timeout=LONG)
