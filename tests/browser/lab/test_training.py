"""The page about training: a run with curves that grow, then a drawn and a picked letter are classified."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from ..accessibility import violations_in_both_themes
from ..conftest import watch
from .article import LONG, Article

STROKES = {
    "A": [[(0.2, 0.85), (0.5, 0.1), (0.8, 0.85)], [(0.32, 0.58), (0.68, 0.58)]],
    "H": [[(0.2, 0.1), (0.2, 0.9)], [(0.8, 0.1), (0.8, 0.9)], [(0.2, 0.5), (0.8, 0.5)]],
}


article = Article("training")
opened = article.opened_with("steps=200&letters=1500&hidden=32")
experiment, data = article.experiment, article.data


def draw(page: Page, letter: str) -> None:
    surface = page.locator(".pad-surface")
    surface.scroll_into_view_if_needed()
    expect(page.get_by_test_id("pad-clear")).not_to_have_attribute("disabled", "", timeout=LONG)
    page.evaluate("document.querySelector('[data-testid=pad-clear]').click()")
    box = surface.bounding_box()
    assert box is not None
    for stroke in STROKES[letter]:
        for index, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
            if index == 0:
                page.mouse.down()
        page.mouse.up()


def test_before_a_run_drawings_are_classified_by_the_network_of_the_site(opened) -> None:
    page, record = opened
    expect(experiment(page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    assert data(page)["network"] is None
    for letter in STROKES:
        draw(page, letter)
        expect(page.get_by_test_id("pad-result")).to_contain_text(f"answers {letter}", timeout=LONG)
    expect(page.get_by_test_id("pad-nearest").locator("li")).to_have_count(6, timeout=LONG)
    expect(page.get_by_test_id("pad-probabilities").locator("li")).to_have_count(10)
    expect(page.locator(".training-pad")).to_contain_text("trained when this site was made")
    assert not record.console_errors


def test_a_run_draws_curves_and_recognizes_letters_of_other_families(opened) -> None:
    page, record = opened
    experiment(page).get_by_test_id("run").click()
    expect(experiment(page)).to_have_attribute("data-state", "done", timeout=LONG)
    found = data(page)
    assert found["settings"]["hidden"] == 32 and found["curves"][0]["steps"][-1] == 200
    assert found["test_accuracy"][0] > 0.65
    expect(experiment(page).locator(".lab-verdict")).to_contain_text("32 hidden units and 200 steps")
    assert experiment(page).locator("figure.chart").count() == 2
    assert not record.console_errors


def test_the_network_of_the_run_classifies_what_is_drawn_and_what_is_picked_by_keyboard(opened) -> None:
    page, record = opened
    expect(page.locator(".training-pad")).to_contain_text("your network: 32 hidden units, 200 steps")
    draw(page, "H")
    expect(page.get_by_test_id("pad-result")).to_contain_text("Your drawing: the network answers")
    pick = page.get_by_role("button", name="Test letter A").first
    pick.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("pad-result")).to_contain_text("Test letter A: the network answers")
    expect(page.get_by_test_id("pad-clear")).to_have_attribute("aria-disabled", "true")
    shares = page.get_by_test_id("pad-probabilities").locator(".training-value").all_inner_texts()
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=1)
    assert not record.console_errors


def test_undo_and_clear_take_back_what_was_classified(opened) -> None:
    page, _ = opened
    draw(page, "H")
    for _ in STROKES["H"]:
        page.get_by_test_id("pad-undo").click()
    expect(page.get_by_test_id("pad-result")).to_contain_text("Draw a letter from A to J")
    expect(page.get_by_test_id("pad-nearest").locator("li")).to_have_count(0)


def test_without_hidden_units_there_is_no_dropout(opened) -> None:
    page, _ = opened
    page.evaluate("location.hash = '#hidden=0&dropout=0.5'")
    expect(experiment(page).get_by_role("spinbutton", name="Hidden units")).to_have_value("0")
    expect(experiment(page).get_by_role("slider", name="Dropout")).to_have_count(0)  # it has no units


def test_the_small_training_plays_and_takes_another_rate_by_keyboard_without_python(page, site_url) -> None:
    record = watch(page)
    page.goto(f"{site_url}lab/training/")
    small = page.locator("[data-part=plane]")
    words, play = small.locator(".player p"), small.get_by_role("button", name="Play")
    expect(play).to_be_enabled(timeout=LONG)
    expect(words).to_contain_text("Step 300:")
    drawn = small.locator(".plane-points svg").inner_html()
    small.get_by_role("slider", name="Learning rate").press("ArrowRight")
    assert small.locator(".plane-points svg").inner_html() != drawn
    small.get_by_role("combobox", name="Speed").select_option("20")
    play.press("Enter")
    small.get_by_role("slider", name="Learning rate").press("End")
    expect(words).to_contain_text("Step 1000:", timeout=LONG)
    expect(small.get_by_role("button", name="Play")).to_be_visible()
    small.get_by_role("button", name="Previous step").press("Enter")
    expect(words).to_contain_text("Step 999:")
    assert "\n".join(violations_in_both_themes(page)) == ""
    assert not record.console_errors
    assert not [url for url in record.requests if "vendor/pyodide" in url]
