"""The page of the LSTM: training live, cancelling, gates, settings in the address, and the text it writes.

What holds for every page with an experiment is tested in test_lab.py.
"""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from ..conftest import Record
from .article import LONG, Article

article = Article("lstm")
opened = article.opened_with("updates=48&task=copy&length=4")
experiment, expect_state, data = article.experiment, article.expect_state, article.data


def test_the_first_picture_is_of_a_trained_network(opened) -> None:
    page, _ = opened
    expect(experiment(page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    found = data(page)
    assert found["networks"]["lstm"]["accuracy"][-1] > 0.8 and found["networks"]["rnn"]["accuracy"][-1] < 0.5
    assert len(found["checks"]) == 5 and all(check["passed"] for check in found["checks"])
    expect(experiment(page)).to_contain_text("Settings changed. Press Run to update.")


def test_another_gate_can_be_chosen(opened) -> None:
    page, _ = opened
    experiment(page).locator(".lab-picture").hover()  # until it is used, the picture is the build's
    experiment(page).get_by_label("Inside the LSTM").select_option("Forget gate f")
    expect(experiment(page)).to_contain_text("Forget gate f of each unit")


def test_a_run_uses_the_settings_of_the_address_and_keeps_the_gate(opened) -> None:
    page, record = opened
    experiment(page).get_by_test_id("run").click()
    expect_state(page, "done")
    found = data(page)
    assert found["settings"]["task"] == "copy" and found["updates"][-1] == 48
    assert all(check["passed"] for check in found["checks"])
    expect(experiment(page)).to_contain_text("Forget gate f of each unit")
    expect(experiment(page)).to_contain_text("After the cue it answers")
    assert not record.console_errors


def test_curves_grow_while_networks_learn_and_a_cancelled_run_leaves_the_last_picture(opened) -> None:
    page, _ = opened
    before = data(page)
    page.evaluate("location.hash = '#updates=4000'")
    expect_state(page, "running")
    expect(experiment(page)).to_contain_text("At the end it answers", timeout=LONG)  # a partial picture
    experiment(page).get_by_test_id("cancel").click()
    expect_state(page, "idle")
    expect(experiment(page)).to_contain_text("After the cue it answers")
    assert data(page) == before


def test_the_handle_of_the_latch_is_followed_without_python(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(f"{site_url}lab/lstm/#strength=20")
    expect(experiment(clean_page).get_by_test_id("run")).to_be_enabled(timeout=LONG)
    handle = clean_page.locator("[data-part=decay]").get_by_role("slider", name="Forget bias of the latch")
    made = clean_page.locator("[data-part=hand]")
    expect(made).to_contain_text("bias of 20, the bit is right")  # no longer the build's picture
    handle.focus()
    clean_page.keyboard.press("Home")
    expect(handle).to_be_focused()
    expect(made).to_contain_text("With a forget bias of 0, the bit is lost at")
    for _ in range(14):
        clean_page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuetext", "bias 7")
    expect(made).to_contain_text("With a forget bias of 7, the bit is right at all 1,000 steps")
    expect(clean_page).to_have_url(re.compile("strength=7$"))
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_a_weak_latch_and_its_counter_are_lost(opened) -> None:
    page, _ = opened
    expect(page.locator("[data-part=hand]")).to_contain_text("the count is right at all 1,000 steps")
    page.evaluate("location.hash = '#updates=24&strength=5'")
    expect(page.locator("[data-part=hand]")).to_contain_text("the count is lost at", timeout=LONG)
    expect_state(page, "done")


def test_the_network_writes_and_greedy_decoding_ignores_the_seed(opened) -> None:
    page, record = opened
    texts = set()
    for seed in (1, 2):
        page.evaluate(
            "(seed) => { location.hash = `#updates=24&strength=5&lstm-text.temperature=0"
            "&lstm-text.length=60&lstm-text.seed=${seed}` }",
            seed,
        )
        box = experiment(page, "lstm-text")  # Python has started, so a changed address runs at once
        page.wait_for_function(
            """(seed) => {
                const { temperature, seed: used } = goosequillLab.data('lstm-text').settings;
                return temperature === 0 && used === seed;
            }""",
            arg=seed,
            timeout=LONG,
        )
        expect_state(page, "done", "lstm-text")
        found = data(page, "lstm-text")
        texts.add(found["text"])
        expect(box.get_by_test_id("text")).to_have_text(found["prompt"] + found["text"])
    assert len(texts) == 1 and len(texts.pop()) == 60
    assert not record.console_errors
