"""An article with an experiment, opened once for a file of tests with other settings in its address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ..conftest import Record, watch

LONG = 120_000


class Article:
    """A page of the laboratory by its name, which is also that of its first experiment."""

    def __init__(self, name: str) -> None:
        self.name = name

    def opened_with(self, settings: str) -> Any:
        """Return a fixture: the page, and what it has logged."""

        @pytest.fixture(scope="module")
        def opened(browser: Browser, site_url: str) -> Iterator[tuple[Page, Record]]:
            context = browser.new_context(viewport={"width": 1280, "height": 1200}, service_workers="block")
            page = context.new_page()
            record = watch(page)
            page.goto(f"{site_url}lab/{self.name}/#{settings}")
            yield page, record
            context.close()

        return opened

    def experiment(self, page: Page, name: str = "") -> Locator:
        return page.get_by_test_id(f"experiment-{name or self.name}")

    def press(self, page: Page, button: str) -> None:
        self.experiment(page).get_by_test_id(button).click()

    def expect_state(self, page: Page, state: str, name: str = "") -> None:
        expect(self.experiment(page, name)).to_have_attribute("data-state", state, timeout=LONG)

    def data(self, page: Page, name: str = "") -> Any:
        return page.evaluate("(name) => goosequillLab.data(name)", name or self.name)


def draw_strokes(page: Page, surface: Locator, *strokes: list[tuple[float, float]]) -> Iterator[None]:
    """Draw on a pad, in its heights; yields at the end of each stroke, before the mouse is lifted."""
    surface.scroll_into_view_if_needed()
    box: Any = surface.bounding_box()
    for stroke in strokes:
        places = [(box["x"] + x * box["height"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=8)
        yield
