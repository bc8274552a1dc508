"""The page of the maze: the student walks, the visitor walks by keys and buttons, and then teaches."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from ..conftest import Record
from .article import Article

ARTICLE = Article("maze")
opened = ARTICLE.opened_with("lessons=1&labels=100&memory=1&rooms=3")


def line(page: Page) -> Any:
    return page.get_by_test_id("maze-line")


def press(page: Page, name: str) -> None:
    ARTICLE.experiment(page).get_by_role("button", name=name, exact=True).click()


def test_the_walk_works_before_python_is_loaded(opened: tuple[Page, Record]) -> None:
    page, record = opened
    page.locator(".maze-window").hover()
    expect(line(page)).to_contain_text("step 0")
    before = page.locator(".maze-scene").inner_html()
    press(page, "Step")
    expect(line(page)).to_contain_text("step 1")
    page.locator(".maze-window").focus()
    page.keyboard.press("ArrowRight")
    expect(line(page)).to_contain_text("step 2")
    press(page, "Go forward")
    expect(line(page)).to_contain_text("step 3")
    expect(page.get_by_test_id("maze-bars").locator("li")).to_have_count(3)
    press(page, "Play")
    expect(line(page)).to_contain_text(re.compile(r"step [4-9]|arrived"))
    press(page, "Pause")
    assert page.locator(".maze-scene").inner_html() != before
    press(page, "Next maze")
    expect(line(page)).to_contain_text("Unseen maze 2 of 8")
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_the_visitors_moves_become_the_first_lesson(opened: tuple[Page, Record]) -> None:
    page, record = opened
    ARTICLE.press(page, "run")
    ARTICLE.expect_state(page, "done")
    assert ARTICLE.data(page)["own"] == 0
    page.get_by_test_id("maze-teacher").locator("summary").click()
    expect(line(page)).to_contain_text("Practice maze 1 of 8")
    page.locator(".maze-window").focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.get_by_test_id("maze-teacher")).to_contain_text("3 moves noted.")
    press(page, "Teach these moves")
    verdict = page.locator(".lab-verdict").first
    expect(verdict).to_contain_text("the first of them yours with 3 moves", timeout=60_000)
    assert ARTICLE.data(page)["own"] == 3
    press(page, "Forget them")
    ARTICLE.expect_state(page, "running")
    ARTICLE.expect_state(page, "done")
    assert ARTICLE.data(page)["own"] == 0
    assert record.console_errors == []
