"""The page of the second-order rule: partial curves, cancelling, settings in the address, and its figures.

What holds for every page with an experiment is tested in test_lab.py.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

from ..conftest import Record
from .article import LONG, Article

article = Article("second-order")
opened = article.opened_with("images=40&passes=5")
experiment, press, expect_state, data = article.experiment, article.press, article.expect_state, article.data


def test_the_first_picture_is_of_the_defaults_and_the_address_has_other_settings(opened) -> None:
    page, _ = opened
    expect(experiment(page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    assert data(page)["settings"]["images"] == 200 and len(data(page)["checks"]) == 8
    expect(experiment(page)).to_contain_text("Settings changed. Press Run to update.")


def test_a_weight_follows_its_start_and_b_without_python(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(f"{site_url}lab/second-order/#b=5")
    expect(experiment(clean_page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    way = experiment(clean_page).locator("figure.chart").first
    handle = way.get_by_role("slider", name="Start of the weight")
    expect(way).to_contain_text("The rule, b = 5")  # no longer the build's picture
    expect(handle).to_have_attribute("aria-valuetext", "weight -1")
    drawn = way.locator(".chart-drawing")
    before = drawn.inner_html()
    handle.focus()
    clean_page.keyboard.press("PageUp")
    expect(handle).to_be_focused()
    assert drawn.inner_html() != before
    b = experiment(clean_page).locator("#lab-second-order-b")
    b.fill("10")
    b.press("Enter")
    expect(way).to_contain_text("The rule, b = 10")
    expect(experiment(clean_page).locator(".lab-table").first).to_contain_text("The rule, b = 3")
    expect(experiment(clean_page)).to_contain_text("The picture follows at once. Press Run for all figures.")
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_a_run_uses_the_settings_of_the_address(opened) -> None:
    page, record = opened
    press(page, "run")
    expect_state(page, "done")
    found = data(page)
    assert found["settings"]["images"] == 40 and found["passes"] == [0, 1, 2, 3, 4, 5]
    assert all(check["passed"] for check in found["checks"])
    assert len(found["study"]["rows"]) >= 10
    expect(experiment(page).locator(".lab-verdict")).to_contain_text("10 paired seeds")
    assert not record.console_errors


def test_relu_with_a_linear_output_is_exactly_sgd(opened) -> None:
    page, _ = opened
    # Once the engine runs, a change of the address computes by itself, as the article's links do.
    page.evaluate("location.hash = '#images=40&passes=5&unit=relu&output=linear&b=20'")
    verdict = experiment(page).locator(".lab-verdict")
    expect(verdict).to_contain_text("is exactly SGD here", timeout=LONG)
    expect_state(page, "done")
    methods = data(page)["methods"]
    assert methods["rule"]["loss"] == methods["sgd"]["loss"]
    expect(page.locator("[data-part=confidence]")).to_contain_text("A linear output is not a probability")


def test_curves_grow_while_networks_learn_and_a_cancelled_run_leaves_the_last_picture(opened) -> None:
    page, _ = opened
    before = data(page)
    page.evaluate("location.hash = '#seeds=40&passes=100'")
    expect_state(page, "running")
    expect(experiment(page).locator(".lab-verdict")).to_have_count(0, timeout=LONG)  # a partial picture
    expect(experiment(page).locator("figure.chart")).to_have_count(2)
    press(page, "cancel")
    expect_state(page, "idle")
    expect(experiment(page).locator(".lab-verdict")).to_contain_text("is exactly SGD here")
    assert data(page) == before


def test_the_gallery_shows_24_drawings_that_have_names(opened) -> None:
    page, _ = opened
    assert page.locator(".second-gallery li").count() == 24
    assert page.get_by_role("img", name="Drawing of a cat").count() > 5
