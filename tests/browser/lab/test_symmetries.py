"""The page of the symmetries: the small network, a run with partial curves, cancelling, and its figures.

What holds for every page with an experiment is tested in test_lab.py.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..accessibility import violations_in_both_themes
from .article import LONG, Article

article = Article("symmetries")
opened = article.opened_with("hidden=4&images=40&passes=10&retrain=10")
experiment, press, expect_state, data = article.experiment, article.press, article.expect_state, article.data


def test_the_small_network_changes_step_by_step_before_anything_is_computed(opened) -> None:
    page, _ = opened
    expect(experiment(page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    figure = page.locator("[data-part=network]")
    expect(figure).to_contain_text("The output is the same on 50% of this range.")
    figure.get_by_role("button", name="Swap 1 and 2").click()
    expect(figure).to_contain_text("1 of 3")
    network = figure.get_by_role("img", name="Network with one input")
    expect(network).to_have_attribute("aria-label", "Network with one input and three ReLU units. " + BEFORE)
    figure.get_by_role("button", name="Next frame").click()
    expect(figure).to_contain_text("The output is the same on 17% of this range.")
    figure.get_by_role("button", name="Next frame").press("Enter")
    expect(figure).to_contain_text("The output is the same for every input.")
    expect(network).to_have_attribute("aria-label", "Network with one input and three ReLU units. " + AFTER)


def test_the_angle_and_the_factor_are_dragged_in_the_network_without_the_engine(opened) -> None:
    page, record = opened
    figure = page.locator("[data-part=network]")
    figure.get_by_role("button", name="Change the basis of 1 and 2").click()
    dial = figure.get_by_role("slider", name="Angle of the basis")
    dial.focus()
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    expect(dial).to_have_attribute("aria-valuetext", "90°")
    expect(figure).to_contain_text("3 of 3")
    expect(figure).to_contain_text("The output is the same for every input.")
    expect(dial).to_be_focused()
    box = dial.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 40, box["y"] + 30, steps=4)
    expect(figure).not_to_contain_text("for every input")  # while it is dragged
    page.mouse.up()
    figure.get_by_role("button", name="Scale 1 by −1").click()
    expect(dial).to_have_count(0)
    factor = figure.get_by_role("slider", name="Factor of unit 1")
    factor.press("End")
    expect(figure).to_contain_text("The output is the same for every input.")
    expect(figure.get_by_role("img", name="unit 1: weight 3, bias 1.5, to the output 0.33")).to_be_visible()
    assert not [url for url in record.requests if "vendor/pyodide" in url]
    assert violations_in_both_themes(page) == []


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
    expect(experiment(page).locator(".lab-verdict")).to_contain_text("10 paired seeds")
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
    expect(experiment(page).locator(".lab-verdict")).to_have_count(0, timeout=LONG)  # a partial picture
    press(page, "cancel")
    expect_state(page, "idle")
    expect(experiment(page).locator(".lab-verdict")).to_have_count(1)
    assert data(page) == before
