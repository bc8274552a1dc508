"""The page about tuning: where it stops is dragged, and shows what a run that long would have shown."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ..conftest import Record
from .article import Article

article = Article("tuning")


def test_the_stop_is_dragged_without_python(clean_page: Page, site_url: str, record: Record) -> None:
    clean_page.goto(site_url + "lab/tuning/#steps=50")
    experiment = article.experiment(clean_page)
    handle = experiment.locator("svg").get_by_role("slider", name="Steps")
    expect(handle).to_have_attribute("aria-valuetext", "stop at step 50")  # it is live
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    clean_page.mouse.move(x, y)
    clean_page.mouse.down()
    clean_page.mouse.move(x - 2000, y)
    clean_page.mouse.up()
    expect(handle).to_have_attribute("aria-valuetext", "stop at step 10")
    expect(handle).to_be_focused()
    expect(experiment).to_contain_text("It was still getting better.")
    clean_page.keyboard.press("End")
    expect(experiment).to_contain_text("From there on it learned its examples by heart")
    expect(clean_page).to_have_url(re.compile("/lab/tuning/$"))
    assert not [url for url in record.requests if "vendor/pyodide" in url]
