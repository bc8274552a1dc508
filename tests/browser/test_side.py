"""Decoders side by side: the example, its repetition in the page, blind votes, and the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import violations

START = 60_000  # milliseconds that a start may take on a busy machine


@pytest.fixture(scope="module")
def page(browser: Browser, site_url: str) -> Iterator[Page]:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site_url + "playground/side.html")
    yield page
    page.close()
    assert not complaints


def texts(page: Page) -> list[str]:
    return page.get_by_test_id("output").all_text_contents()


def write(page: Page) -> list[str]:
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("status")).to_have_text(re.compile("^Written"), timeout=START)
    return texts(page)


def test_the_example_stands_there_and_one_click_writes_it_again(page: Page) -> None:
    expect(page.get_by_test_id("output")).to_have_count(3)
    example = texts(page)
    assert all(example) and len(set(example)) == 3
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 800})
    assert write(page) == example
    expect(page.locator("dl").first).to_contain_text("Longest repeated run")


def test_the_report_holds_what_is_shown(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as saved:
        page.locator("#export").click()
    saved.value.save_as(tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    (prompt,) = report["prompts"]
    assert prompt["prompt"] == page.get_by_test_id("prompt").input_value()
    assert [result["outputs"][0] for result in prompt["results"]] == texts(page)
    assert [result["sampling_config"] for result in prompt["results"]] == [
        "greedy",
        "greedy-penalty",
        "top-p-0.8",
    ]


def test_a_blind_vote_names_the_decoders_only_afterwards(page: Page) -> None:
    page.locator("#blind").check()
    page.locator("#length").fill("12")
    write(page)
    names = page.locator("#columns select")
    for at in range(3):
        expect(names.nth(at)).to_be_hidden()
        expect(page.locator("dl").nth(at)).to_be_hidden()
    page.get_by_role("group", name="Which reads best?").get_by_role("button", name="Text B").click()
    expect(names.nth(1)).to_be_visible()
    chosen = names.nth(1).evaluate("(select) => select.selectedOptions[0].textContent")
    expect(page.get_by_test_id("status")).to_have_text(f"Your vote: {chosen}.")
    expect(page.locator("#tally")).to_contain_text(f"{chosen}: 1 of 1")


def test_the_address_holds_everything(page: Page, browser: Browser) -> None:
    page.locator("#add").click()
    page.locator("#seed").fill("77")
    expect(page).to_have_url(re.compile("seed=77"))
    other = browser.new_page()
    other.goto(page.url)
    expect(other.locator("#columns select")).to_have_count(4)
    assert other.locator("#seed").input_value() == "77"
    assert other.locator("#length").input_value() == "12"
    other.close()
