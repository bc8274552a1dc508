"""The page of the launcher: each stroke searches, typing does too, and Enter chooses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ..conftest import watch
from .article import draw_strokes

LONG = 60_000


@pytest.fixture(scope="module")
def opened(browser: Browser, site_url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1600}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(site_url + "lab/launcher/#names=apps&text=ca")
    expect(page.get_by_test_id("launch-names").locator("li")).to_have_count(8, timeout=LONG)
    yield page
    assert not record.console_errors
    assert not [url for url in record.requests if "vendor/pyodide" in url], "Python was loaded unasked"
    context.close()


def draw(page: Page, *strokes: list[tuple[float, float]]) -> None:
    for _ in draw_strokes(page, page.locator(".launch .pad-surface"), *strokes):
        page.mouse.up()


def test_the_sample_is_searched_without_python(opened: Page) -> None:
    expect(opened.get_by_test_id("launch-read")).to_contain_text("Read as c a")
    names = opened.get_by_test_id("launch-names").locator("li")
    assert {names.nth(at).inner_text() for at in range(3)} == {"Calculator", "Calendar", "Camera"}
    expect(opened.get_by_test_id("launch-took")).to_contain_text("instead of")


def test_each_stroke_of_a_scribble_searches_anew(opened: Page) -> None:
    names = opened.get_by_test_id("launch-names").locator("li")
    draw(opened, [(0.2, 0.1), (0.2, 0.8), (0.5, 0.8)])
    expect(names.first).to_have_text("Library")
    expect(opened.get_by_test_id("launch-took")).to_contain_text("1 stroke,")
    draw(opened, [(0.75, 0.2), (0.75, 0.8)])
    expect(opened.get_by_test_id("launch-took")).to_contain_text("2 strokes,")
    expect(names.first).to_have_text("Library")
    opened.get_by_test_id("pad-undo").click()
    expect(opened.get_by_test_id("launch-took")).to_contain_text("1 stroke,")
    opened.get_by_test_id("pad-clear").click()
    expect(names).to_have_count(0)


def test_typing_and_enter_choose_a_name_of_ones_own(opened: Page) -> None:
    opened.get_by_text("Search your own names").click()
    opened.get_by_label("Your own names").fill("Ann Goose\nBo Gander\nGosling")
    opened.get_by_role("button", name="Search these").click()
    field = opened.get_by_label("Or type a name")
    field.focus()
    opened.keyboard.type("go")
    names = opened.get_by_test_id("launch-names").locator("li")
    expect(names).to_have_text(["Gosling", "Ann Goose"])
    opened.keyboard.press("Enter")
    expect(opened.locator(".launch-chosen")).to_have_text("Gosling would open now.")
