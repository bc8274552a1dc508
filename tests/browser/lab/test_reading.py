"""The page about reading: a text read in four ways, live sliders, and a picture of the visitor's own."""

from __future__ import annotations

import base64
import re

from playwright.sync_api import Page, expect

from ..conftest import Record
from .article import LONG, Article

article = Article("reading")
opened = article.opened_with("face=Clear Sans&text=A cold wind came over the water")
experiment, data = article.experiment, article.data
TEXT = "A COLD WIND CAME OVER THE WATER"


def test_a_run_reads_the_text_in_four_ways(opened) -> None:
    page, record = opened
    article.press(page, "run")
    article.expect_state(page, "done")
    for name in ("none", "corrected", "words", "model"):
        expect(experiment(page).get_by_test_id(f"reading-{name}")).to_have_text(TEXT, ignore_case=True)
    assert data(page)["rates"]["model"] == [0, 0]
    assert not record.console_errors


def test_the_gap_between_words_is_moved_without_python(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(site_url + "lab/reading/#gap=0.3")
    shown = experiment(clean_page)
    handle = shown.locator("svg").get_by_role("slider", name="Word gap")
    expect(handle).to_have_attribute("aria-valuetext", "word gap 0.3")  # it is live
    handle.focus()
    clean_page.keyboard.press("End")
    best = shown.get_by_test_id("reading-none")
    expect(best).to_contain_text("THEHARBOURWASDARK")
    expect(shown.get_by_test_id("reading-words")).to_have_count(0)
    expect(handle).to_be_focused()
    clean_page.keyboard.press("Home")
    expect(best).to_contain_text("T H E H A R B O U R")
    expect(shown.locator(".reading-word")).to_have_count(45)
    expect(clean_page).to_have_url(re.compile("gap=-0.1$"))
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_a_slider_is_answered_without_a_press_of_run(opened) -> None:
    page, record = opened
    slider = experiment(page).get_by_role("slider", name="Letter spacing")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => goosequillLab.data('reading').settings.spacing === -1", timeout=LONG)
    assert len(data(page)["cells"]) < len(TEXT.replace(" ", ""))
    expect(experiment(page).locator(".reading-cut.made").first).to_be_attached()
    assert not record.console_errors


def test_a_text_in_a_font_of_the_browser_and_a_picture_are_read_in_the_page(opened) -> None:
    page, record = opened
    own = experiment(page).get_by_test_id("own-page")
    own.locator("summary").click()
    own.get_by_role("textbox", name="Text").fill("the old road")
    own.get_by_role("button", name="Read it").click()
    page.wait_for_function("() => goosequillLab.data('reading').wanted === ''", timeout=LONG)
    article.expect_state(page, "done")
    assert data(page)["size"][1] > 200
    picture = base64.b64decode(article.data(page)["page"].removeprefix("data:image/png;base64,"))
    own.get_by_label("A picture of text").set_input_files(
        {"name": "page.png", "mimeType": "image/png", "buffer": picture}
    )
    expect(own.get_by_test_id("own-picture")).to_contain_text("your picture")
    article.expect_state(page, "done")
    article.press(page, "reset")
    article.press(page, "run")
    article.expect_state(page, "done")
    assert data(page)["wanted"]
    assert not record.console_errors


def test_a_file_that_is_no_picture_is_refused(opened) -> None:
    page, _ = opened
    chooser = experiment(page).get_by_label("A picture of text")
    chooser.set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(experiment(page).locator(".lab-problem")).to_contain_text("not a picture")
