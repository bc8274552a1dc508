"""The page of handwriting: a scribble drawn with the mouse is read in the engine; own samples; axe."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ..accessibility import violations_in_both_themes
from ..conftest import Record, watch
from .article import draw_strokes

LONG = 120_000


@pytest.fixture(scope="module")
def opened(browser: Browser, site_url: str) -> Iterator[Page]:
    """The page after a run of its sample."""
    context = browser.new_context(viewport={"width": 1280, "height": 1800}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(site_url + "lab/handwriting/#text=H&alphabet=capitals&wobble=0.2")
    page.get_by_test_id("run").click()
    wait(page)
    yield page
    assert not record.console_errors
    context.close()


def wait(page: Page) -> None:
    experiment = page.get_by_test_id("experiment-handwriting")
    expect(experiment).to_have_attribute("data-state", re.compile("done|error"), timeout=LONG)
    assert experiment.get_attribute("data-state") == "done"


def forget(page: Page) -> None:
    """Make sure that the last run's state is not taken for that of the next one."""
    page.get_by_test_id("experiment-handwriting").evaluate("(root) => { root.dataset.state = 'idle' }")


def draw(page: Page, *strokes: list[tuple[float, float]]) -> None:
    """Draw on the pad; each stroke is read at once."""
    for _ in draw_strokes(page, page.locator(".pad-surface"), *strokes):
        forget(page)
        page.mouse.up()
        wait(page)


def test_the_band_is_dragged_without_python(clean_page: Page, site_url: str, record: Record) -> None:
    clean_page.goto(site_url + "lab/handwriting/#band=5")
    experiment = clean_page.get_by_test_id("experiment-handwriting")
    handle = experiment.locator(".hand-warp").get_by_role("slider", name="Band")
    expect(handle).to_have_attribute("aria-valuetext", re.compile("^band 5, "))  # it is live
    links = experiment.locator(".h-links").first
    before = links.get_attribute("d")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    clean_page.mouse.move(x, y)
    clean_page.mouse.down()
    clean_page.mouse.move(x - 100, y + 100)
    clean_page.mouse.up()
    expect(handle).to_have_attribute("aria-valuetext", re.compile("^band 0, "))
    expect(handle).to_be_focused()
    expect(links).not_to_have_attribute("d", before or "")
    expect(clean_page).to_have_url(re.compile("band=0$"))
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_the_sample_is_read_by_every_method(opened: Page) -> None:
    expect(opened.get_by_test_id("read")).to_have_text("Read as H")
    methods = opened.evaluate("() => goosequillLab.data('handwriting').methods")
    assert len(methods) == 5 and all(row["index"] == methods[0]["index"] for row in methods)
    assert methods[-1]["factor"] > 50


@pytest.mark.rest
def test_the_network_reads_the_scribble_too(opened: Page) -> None:
    figure = opened.locator('[data-figure="handwriting"][data-part="network"]')
    figure.locator("summary").click()
    row = figure.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator("td").nth(0)).to_have_text("H")
    expect(row.locator("td").nth(2)).to_have_text(re.compile(r"^[1-9]\d*%$"))


def test_a_scribble_of_two_letters_is_divided_and_filters_the_names(opened: Page) -> None:
    draw(opened, [(0.2, 0.2), (0.2, 0.8), (0.55, 0.8)])
    expect(opened.get_by_test_id("read")).to_have_text("Read as L")
    expect(opened.get_by_test_id("names")).to_contain_text("Library")
    draw(opened, [(1.0, 0.2), (1.0, 0.8)])
    expect(opened.get_by_test_id("read")).to_have_text("Read as LI")
    expect(opened.get_by_test_id("names").locator("li").first).to_have_text("Library")


def test_an_own_sample_is_found_kept_and_saved(opened: Page) -> None:
    forget(opened)
    opened.get_by_test_id("pad-clear").click()
    wait(opened)
    spiral = [(0.5, 0.5), (0.6, 0.4), (0.7, 0.6), (0.4, 0.7), (0.3, 0.3), (0.9, 0.2), (0.9, 0.9)]
    draw(opened, spiral)
    opened.get_by_test_id("own-samples").locator("summary").click()
    opened.get_by_label("The letter on the pad").fill("Z")
    forget(opened)
    opened.get_by_role("button", name="Keep this letter").click()
    wait(opened)
    expect(opened.get_by_test_id("read")).to_have_text("Read as Z")
    expect(opened.locator(".hand-letters")).to_contain_text("yours, distance 0")
    with opened.expect_download() as caught:
        opened.get_by_role("button", name="Save as JSON").click()
    saved = json.loads(caught.value.path().read_text("utf-8"))
    assert [sample["label"] for sample in saved] == ["Z"]


@pytest.mark.rest
def test_axe_finds_nothing(opened: Page) -> None:
    assert violations_in_both_themes(opened) == []
