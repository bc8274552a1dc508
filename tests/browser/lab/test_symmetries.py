"""The page of the symmetries: the small network, a run with partial curves, cancelling, and its figures.

What holds for every page with an experiment is tested in test_lab.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ..conftest import Record, watch

LONG = 120_000


@pytest.fixture(scope="module")
def opened(browser: Browser, site_url: str) -> Iterator[tuple[Page, Record]]:
    context = browser.new_context(viewport={"width": 1280, "height": 1200}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(f"{site_url}lab/symmetries/#hidden=4&images=40&passes=10&retrain=10")
    yield page, record
    context.close()


def experiment(page: Page) -> Locator:
    return page.get_by_test_id("experiment-symmetries")


def press(page: Page, name: str) -> None:
    experiment(page).get_by_test_id(name).click()


def expect_state(page: Page, state: str) -> None:
    expect(experiment(page)).to_have_attribute("data-state", state, timeout=LONG)


def data(page: Page) -> Any:
    return page.evaluate("goosequillLab.data('symmetries')")


def test_the_small_network_changes_step_by_step_before_anything_is_computed(opened) -> None:
    page, _ = opened
    expect(experiment(page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    figure = page.locator("[data-part=network]")
    expect(figure).to_contain_text("The output is the same on 50% of this range.")
    figure.get_by_role("button", name="Swap 1 and 2").click()
    expect(figure).to_contain_text("1 of 3")
    network = figure.get_by_role("img", name="Network with one input")
    expect(network).to_have_attribute("aria-label", "Network with one input and three ReLU units. " + BEFORE)
    figure.get_by_role("button", name="Step on").click()
    expect(figure).to_contain_text("The output is the same on 17% of this range.")
    figure.get_by_role("button", name="Step on").press("Enter")
    expect(figure).to_contain_text("The output is the same for every input.")
    expect(network).to_have_attribute("aria-label", "Network with one input and three ReLU units. " + AFTER)


BEFORE = (
    "unit 1: weight 1, bias 0.5, to the output 1; unit 2: weight 0.5, bias 1, to the output −0.8; "
    "unit 3: weight −1, bias 0.3, to the output 0.6."
)
AFTER = (
    "unit 1: weight 0.5, bias 1, to the output −0.8; unit 2: weight 1, bias 0.5, to the output 1; "
    "unit 3: weight −1, bias 0.3, to the output 0.6."
)


def test_a_run_uses_the_settings_of_the_address(opened) -> None:
    page, record = opened
    press(page, "run")
    expect_state(page, "done")
    found = data(page)
    assert found["settings"]["hidden"] == 4 and found["after"] == list(range(10, 21))
    exact = {row["name"]: row for row in found["changes"] if row["must"]}
    for row in exact.values():
        assert row["share"] == 1 and row["largest"] < 1e-13 and row["single"] < 1e-5
    assert exact["swap"]["single"] < 1e-6
    assert len(found["study"]["rows"]) == 6
    expect(experiment(page).locator(".symmetry-verdict")).to_contain_text("10 paired seeds")
    assert not record.console_errors


def test_a_swap_changes_nothing_in_the_browser_either(opened) -> None:
    page, _ = opened
    arms = data(page)["arms"]
    for name in ("loss", "accuracy"):
        assert arms["swap"][name] == pytest.approx(arms["extra"][name], rel=1e-3)
    expect(page.locator("[data-part=line]")).to_contain_text("lowers the barrier from")


def test_a_cancelled_run_leaves_the_last_picture(opened) -> None:
    page, _ = opened
    before = data(page)
    # Once the engine runs, a change of the address computes by itself, as the article's links do.
    page.evaluate("location.hash = '#seeds=30&passes=100&retrain=100'")
    expect_state(page, "running")
    expect(experiment(page).locator(".symmetry-verdict")).to_have_count(0, timeout=LONG)  # a partial picture
    press(page, "cancel")
    expect_state(page, "idle")
    expect(experiment(page).locator(".symmetry-verdict")).to_have_count(1)
    assert data(page) == before
