"""The tutorials, followed step by step with the texts that they give; each must end in something working.

What they run in Python and on the command line is tested in tests/py/docs/test_samples.py.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from .conftest import ROOT

LONG = 120_000  # milliseconds that a start may take on a busy machine
TUTORIALS = ROOT / "docs" / "tutorials"


def fences(name: str, language: str) -> list[tuple[str, str]]:
    """The title and the content of each fence of a tutorial."""
    text = (TUTORIALS / f"{name}.md").read_text(encoding="utf-8")
    found = re.findall(rf'^```{language}(?: title="(.*?)")?\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
    assert found
    return found


def prompt_of(name: str) -> str:
    return fences(name, "text")[0][1].strip()


@pytest.mark.rest
def test_a_first_text_ends_with_the_same_text_twice(page: Page, site_url: str) -> None:
    page.goto(site_url + "playground/")
    page.get_by_test_id("prompt").fill(prompt_of("first-text"))
    for name, value in {"temperature": "0", "max_new_tokens": "30"}.items():
        page.locator(f"#decoder-{name}").fill(value)
        page.locator(f"#decoder-{name}").blur()
    texts = []
    for _ in range(2):
        page.get_by_role("button", name="Generate", exact=True).click()
        expect(page.get_by_test_id("status")).to_have_text(re.compile(r"after \d+ token"), timeout=LONG)
        texts.append(page.get_by_test_id("output").text_content())
        page.locator("#clear").click()
    assert texts[0] and texts[0] == texts[1]


@pytest.mark.rest
def test_two_decoders_are_compared_blind_and_kept(page: Page, site_url: str, tmp_path: Path) -> None:
    page.goto(site_url + "compare/#page=write")
    expect(page.get_by_test_id("output")).to_have_count(3)
    decoders = page.locator("#live-decoders > section")
    decoders.nth(1).get_by_role("button", name="Remove").click()
    expect(decoders).to_have_count(2)
    page.get_by_test_id("live-prompt").fill(prompt_of("compare-decoders"))

    def generate() -> None:
        page.get_by_test_id("generate").click()
        expect(page.locator("#live-status")).to_have_text(re.compile("^Done"), timeout=LONG)

    generate()
    for measure in ("Longest repeated passage", "Mean surprise"):
        expect(page.locator("dl.measured").first).to_contain_text(measure)
    column = decoders.nth(1)
    column.get_by_text("Settings", exact=True).click()
    temperature = column.get_by_role("spinbutton", name="Temperature")
    temperature.fill("1.5")
    temperature.blur()
    expect(column.locator("> select")).to_have_value("")
    generate()
    page.locator("[name=blind]").check()
    page.get_by_test_id("generate").click()
    page.get_by_role("button", name="First is better").click(timeout=LONG)
    expect(page.locator("#live-status")).to_contain_text("Your vote: ")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save report").click()
    saved.value.save_as(tmp_path / "report.json")
    page.get_by_role("button", name="Close all").click()
    page.locator("input[type=file]").first.set_input_files(tmp_path / "report.json")
    expect(page.locator("main")).to_contain_text("The old house at the end of the lane")


@pytest.mark.rest
def test_three_drafts_are_ranked_and_exported(page: Page, site_url: str) -> None:
    page.goto(site_url + "chat/#max_new_tokens=60")
    expect(page.get_by_test_id("send")).to_be_enabled()
    page.get_by_test_id("drafts").fill("3")
    page.get_by_test_id("prompt").fill(prompt_of("preference-data"))
    page.get_by_test_id("prompt").press("Enter")
    expect(page.get_by_test_id("branch-place")).to_have_text("3/3", timeout=LONG)
    expect(page.get_by_test_id("send")).to_be_enabled(timeout=LONG)
    page.get_by_test_id("rank").click()
    expect(page.get_by_test_id("rank-card").first).to_be_focused()
    for key in ("1", "ArrowRight", "2", "ArrowRight", "3"):
        page.keyboard.press(key)
    page.get_by_test_id("rank-save").click()
    page.get_by_test_id("branch-previous").click()
    page.get_by_test_id("branch-previous").click()
    expect(page.get_by_test_id("message").last).to_contain_text("Rank 1")
    page.get_by_test_id("tasks").click()
    page.get_by_test_id("task-kind").select_option(label="Reply as the assistant")
    page.get_by_test_id("task-text").fill("By ship.")
    page.keyboard.press("Control+Enter")
    page.get_by_test_id("task-kind").select_option(label="Rank replies")
    expect(page.get_by_test_id("rank-card")).to_have_count(4)
    for place, card in enumerate(page.get_by_test_id("rank-card").all(), start=1):
        card.press(str(place))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("task-progress")).to_contain_text("1 ranking")
    page.get_by_text("Import and export").click()
    page.get_by_test_id("export-what").select_option(label="All conversations")
    page.get_by_test_id("export-format").select_option(label="TRL, preferences")
    with page.expect_download(timeout=LONG) as saved:
        page.get_by_test_id("export").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    [(_, example)] = fences("preference-data", "json")
    assert [json.loads(line).keys() for line in lines] == [json.loads(example).keys()] * 6


def test_a_passage_is_found_by_meaning_and_still_there_after_a_reload(page: Page, site_url: str) -> None:
    documents, questions = [], []
    for title, text in fences("search", "text"):
        if title:
            documents.append(FilePayload(name=title, mimeType="text/plain", buffer=text.encode()))
        else:
            questions.append(text.strip())
    meant, foreign = questions
    page.goto(site_url + "search/")
    page.get_by_test_id("add-files").set_input_files(documents)
    expect(page.get_by_test_id("agree-full")).to_be_checked()
    page.get_by_test_id("agree").click()
    expect(page.get_by_test_id("status")).to_contain_text("3 documents added. Ready to search.", timeout=LONG)

    def best(question: str, name: str) -> None:
        page.get_by_test_id("question").fill(question)
        expect(page.get_by_test_id("result").first).to_contain_text(name, timeout=LONG)

    best(meant, "gullet")
    best("smoke", "Asthma")
    page.get_by_test_id("question").fill(foreign)
    expect(page.get_by_test_id("nearest")).to_be_visible(timeout=LONG)
    page.reload()
    best(meant, "gullet")


def test_the_page_with_the_element_writes_counts_and_has_its_colour(page: Page, site_url: str) -> None:
    (_, html), *additions = fences("embed", "html")
    content = html.replace("</html>", "".join(text for _, text in additions) + "</html>")
    page.route("**/my-page.html", lambda route: route.fulfill(body=content, content_type="text/html"))
    page.goto(site_url + "my-page.html")
    element = page.locator("goose-quill")
    element.locator('[part="send"]').click()
    status = element.locator('[part="status"]')
    expect(status).to_contain_text("Finished after ", timeout=LONG)
    count = page.locator("#count").text_content()
    assert re.fullmatch(r"[1-9]\d* tokens", count or "")
    expect(status).to_contain_text(f"Finished after {count}")
    colour = "getComputedStyle(document.querySelector('goose-quill').shadowRoot.querySelector('[part=send]'))"
    assert page.evaluate(f"{colour}.backgroundColor") == "rgb(122, 31, 92)"


@pytest.mark.rest
def test_an_experiment_is_changed_in_the_page(page: Page, site_url: str) -> None:
    page.goto(site_url + "lab/dilation/")
    experiment = page.get_by_test_id("experiment-dilation")
    has_cells = "cells => window.goosequillLab?.data('dilation')?.output.length === cells"
    page.wait_for_function(has_cells, arg=3, timeout=LONG)
    experiment.get_by_text("More settings").click()
    for name, cells in (("dilation", 1), ("padding", 7)):
        field = experiment.locator(f"#lab-dilation-{name}")
        field.fill("3")
        field.press("Enter")
        page.wait_for_function(has_cells, arg=cells, timeout=LONG)
