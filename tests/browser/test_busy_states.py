"""Axe on pages while they work and after they failed, in light and dark; with reduced motion nothing moves.

A request that is never answered keeps a page loading, and a text without an end keeps it writing, so that a
fast machine and a slow one check the same state.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from .accessibility import violations_in_both_themes
from .conftest import Record
from .variants import variants

FAILED = ".error-box:visible, [role=alert]:visible, .failed:visible"
MOVING = """() => document.getAnimations()
  .filter(({ effect, playState }) => playState === "running" && effect.getComputedTiming().duration > 1)
  .map(({ effect }) => effect.target.outerHTML.slice(0, 160))"""
LONG = 120_000  # milliseconds that an engine may take on a busy machine


def check(page: Page, *, settles: bool = True) -> None:
    """Axe in both themes; a text that grows is checked as it is."""
    page.emulate_media(reduced_motion="reduce")
    assert "\n".join(violations_in_both_themes(page, settles=settles)) == ""
    assert page.evaluate(MOVING) == []


class Held:
    """Requests that are not answered before `fail` or `answer`."""

    def __init__(self, page: Page, pattern: re.Pattern[str]) -> None:
        self.routes: list[Route] = []
        self.decide: Callable[[Route], None] = self.routes.append
        page.route(pattern, lambda route: self.decide(route))

    def fail(self) -> None:
        self._end(lambda route: route.abort())

    def answer(self) -> None:
        self._end(lambda route: route.continue_())

    def _end(self, decide: Callable[[Route], None]) -> None:
        """Decide so about every request, from now on too."""
        self.decide = decide
        for route in self.routes:
            decide(route)


def test_the_playground_while_it_writes_and_after_it_failed(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}playground/#prompt=A%20quill&ignore_end=true&max_new_tokens=100000")
    page.locator("#generate").click()
    output = page.locator("#output")
    expect(output).not_to_be_empty(timeout=LONG)
    check(page, settles=False)
    expect(output).to_have_attribute("aria-busy", "true")
    page.keyboard.press("Escape")
    expect(output).to_have_attribute("aria-busy", "false", timeout=LONG)
    page.evaluate("() => { location.hash = 'prompt=A%20quill&regex=('; }")
    expect(page.locator("#decoder-regex")).to_have_value("(")
    page.locator("#generate").click()
    expect(page.locator(".error-box:visible, [role=alert]:visible").first).to_contain_text(
        "regular expression", timeout=LONG
    )
    check(page)


def test_the_chat_while_it_writes_and_after_it_failed(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}chat/#max_new_tokens=100000&regex=((la ){{50}}){{100}}")
    page.get_by_test_id("drafts").fill("8")  # they take longer than axe
    page.get_by_test_id("prompt").fill("A quill")
    page.get_by_test_id("send").click()
    said = page.locator(".message.assistant > .said")
    expect(said).not_to_be_empty(timeout=LONG)
    check(page, settles=False)
    expect(page.get_by_test_id("thread")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("thread")).to_have_attribute("aria-busy", "false", timeout=LONG)
    page.get_by_test_id("import").set_input_files(
        [{"name": "bad.jsonl", "mimeType": "text/plain", "buffer": b"[3"}]
    )
    expect(page.locator(".error-box:visible")).to_contain_text("Line 1 of the conversations", timeout=LONG)
    check(page)


def learning(page: Page) -> Locator:
    """The button that teaches, with a text to learn from."""
    page.get_by_test_id("teach-text").fill("Arr, matey!\n%\n" * 5)
    return page.get_by_test_id("teach-start")


PAGES: dict[str, Callable[[Page], Locator]] = {
    "": lambda page: page.get_by_role("button", name=re.compile("^Generate")),
    "playground/#prompt=A%20quill": lambda page: page.get_by_test_id("generate"),
    "chat/": lambda page: page.locator("#starters button").first,
    "teach/": learning,
    "compare/#page=write": lambda page: page.get_by_test_id("generate"),
    "embed/": lambda page: page.get_by_role("button", name="Generate").first,
    "selftest/": lambda page: page.get_by_test_id("start"),
    "lab/dilation/": lambda page: page.get_by_test_id("run").first,
}
"""The button that starts the engine, by the page's address."""


OF_THEIR_OWN = ("", "playground/#prompt=A%20quill")
"""Pages whose start and failure are shown by parts that others have, too."""


@pytest.mark.parametrize(
    "address", variants(OF_THEIR_OWN, [each for each in PAGES if each not in OF_THEIR_OWN])
)
def test_a_page_while_it_loads_and_after_that_failed(page: Page, site_url: str, address: str) -> None:
    # So high that no sidebar scrolls: axe takes a link that is half scrolled out of view for a small target.
    page.set_viewport_size({"width": 1280, "height": 2400})
    held = Held(page, re.compile("models/default/model.safetensors|pyodide.asm.wasm.gz"))
    page.goto(site_url + address)
    start = PAGES[address](page)
    expect(start).to_be_enabled(timeout=LONG)
    start.click()
    expect(page.locator("progress:visible").first).to_be_visible(timeout=LONG)
    check(page)
    held.fail()
    expect(page.locator(FAILED).first).to_be_visible(timeout=LONG)
    check(page)


@pytest.mark.rest
def test_an_experiment_while_it_computes(page: Page, site_url: str) -> None:
    """With settings for which it computes longer than axe takes."""
    page.set_viewport_size({"width": 1280, "height": 2400})
    page.goto(f"{site_url}lab/second-order/")
    experiment = page.get_by_test_id("experiment-second-order")
    experiment.get_by_text("More settings").click()
    experiment.get_by_role("spinbutton", name="Passes").fill("100")
    experiment.get_by_role("spinbutton", name="Seeds", exact=True).fill("40")
    experiment.get_by_test_id("run").click()
    expect(experiment.locator("progress")).to_have_attribute("value", re.compile(r"\d"), timeout=LONG)
    check(page, settles=False)
    expect(experiment).to_have_attribute("data-state", "running")
    experiment.get_by_test_id("cancel").click()
    expect(experiment).to_have_attribute("data-state", "idle")


def test_the_comparer_while_it_fetches_and_after_that_failed(page: Page, site_url: str) -> None:
    held = Held(page, re.compile("/slow.json"))
    page.goto(f"{site_url}compare/?f=slow.json")
    expect(page.get_by_test_id("message")).to_contain_text("slow.json")
    check(page)
    held.fail()
    expect(page.get_by_test_id("message")).to_contain_text("could not be fetched")
    check(page)


IDLE_LATER = """
  const waiting = [];
  globalThis.requestIdleCallback = (act) => waiting.push(act);
  globalThis.beIdle = () => {
    globalThis.requestIdleCallback = (act) => setTimeout(act);
    for (const act of waiting) act();
  };
"""


def test_the_search_page_while_it_loads_and_after_that_failed(
    page: Page, site_url: str, record: Record
) -> None:
    held = Held(page, re.compile("models/minilm-static/table.safetensors"))
    page.add_init_script(IDLE_LATER)
    page.goto(f"{site_url}search/")
    file: Any = {"name": "geese.md", "mimeType": "text/plain", "buffer": b"# Geese\n\nThey fly south.\n"}
    page.get_by_test_id("add-files").set_input_files([file])
    page.get_by_test_id("agree-full").set_checked(False)
    agree = page.get_by_test_id("agree")
    place = agree.bounding_box()
    page.evaluate("() => beIdle()")  # how fast the machine is, is known only now
    expect(page.get_by_role("dialog")).to_contain_text("tokens per second here")
    assert agree.bounding_box() == place, "the button moved from under the pointer"
    check(page)
    agree.click()
    expect(page.locator("progress:visible").first).to_be_visible(timeout=LONG)
    check(page)
    held.fail()
    expect(page.locator(".error-box:visible").first).to_be_visible(timeout=LONG)
    check(page)
