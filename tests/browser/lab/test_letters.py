"""The page of the letters: a run equals the build's, settings reach every figure, files may be missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from scripts.versions import versioned

from ..accessibility import violations_in_both_themes
from ..conftest import ROOT, watch

LONG = 120_000


class Lab:
    """The page, with its engine running."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.experiment = page.get_by_test_id("experiment-letters")

    @property
    def data(self) -> Any:
        return self.page.evaluate("goosequillLab.data('letters')")

    def part(self, name: str) -> Locator:
        return self.page.locator(f'[data-part="{name}"]')

    def run(self, address: str = "") -> Any:
        """Choose settings by the address, run, and return the result."""
        self.page.evaluate("(hash) => { location.hash = hash }", address)
        button = self.experiment.get_by_test_id("run")
        expect(button).to_be_enabled(timeout=LONG)
        button.click()
        expect(self.experiment).to_have_attribute("data-state", re.compile("done|error"), timeout=LONG)
        assert self.experiment.get_attribute("data-state") == "done"
        return self.data


@pytest.fixture(scope="module")
def lab(browser: Browser, site_url: str) -> Iterator[Lab]:
    context = browser.new_context(viewport={"width": 1280, "height": 1800}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(site_url + "lab/letters/")
    yield Lab(page)
    assert not record.console_errors
    context.close()


@pytest.mark.rest
def test_a_run_in_the_page_finds_what_the_build_found(lab: Lab) -> None:
    first = json.loads((versioned(ROOT / "dist") / "lab/first/letters.json").read_text("utf-8"))["data"]
    data = lab.run("size=500")
    assert data["curves"]["sizes"] == [50, 100, 200, 500]
    for name in ("train", "validation"):
        for ours, theirs in zip(data["curves"][name], first["curves"][name], strict=True):
            assert ours == pytest.approx(theirs[:4], abs=0.011)
    assert data["reference"] == first["reference"]


@pytest.mark.rest
def test_every_figure_follows_the_settings(lab: Lab) -> None:
    data = lab.run("size=100&c=1&alphabet=A%20to%20Z&noise=0.5")
    assert len(data["alphabet"]) == len(data["weights"]) == len(data["confusion"]) == 26
    expect(lab.part("weights").locator("li")).to_have_count(26)
    expect(lab.part("weights").get_by_role("img", name="Weights of Z")).to_be_visible()
    expect(lab.part("weights").locator("figcaption")).to_contain_text("for C 1:")
    expect(lab.part("samples").locator("figcaption")).to_contain_text("some with a wrong label")
    expect(lab.part("calibration").locator("figcaption").first).to_contain_text("for C 1")
    expect(lab.experiment.locator("figcaption")).to_contain_text("A to Z, with up to 100")


def test_a_link_in_the_text_sets_the_experiment(lab: Lab) -> None:
    lab.run("size=100")
    lab.page.get_by_role("link", name="At C 0.001").click()
    expect(lab.experiment.get_by_label("C for the close-up", exact=True)).to_have_value("0.001")
    expect(lab.experiment.get_by_label("Training letters", exact=True)).to_have_value("2000")


def test_a_sheet_is_saved_as_one_picture(lab: Lab) -> None:
    lab.run("size=50")
    with lab.page.expect_download() as saved:
        lab.part("weights").get_by_role("button", name=re.compile("as SVG$")).click()
    text = saved.value.path().read_text(encoding="utf-8")
    assert text.count("<path") > 50 and ">J</text>" in text
    assert "class=" not in text and "var(" not in text and "rgb" in text


def test_the_small_case_follows_pointer_and_keys_without_python(page: Page, site_url: str) -> None:
    record = watch(page)
    page.goto(f"{site_url}lab/letters/")
    small = page.locator("[data-part=small]")
    handle, words = small.get_by_role("slider", name="C", exact=True), small.locator("p[aria-live]")
    weights, learned = small.locator(".letters-sheet li"), small.locator("polyline.small-train")
    size = small.get_by_role("slider", name="Training letters")
    expect(size).to_be_enabled(timeout=LONG)
    expect(words).to_contain_text("C 0.01: 62.0% of these 400 letters")
    drawn = weights.first.inner_html()
    handle.press("ArrowRight")
    expect(words).to_contain_text("C 0.018:")
    assert weights.first.inner_html() != drawn
    box = handle.bounding_box() or {}
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"])
    page.mouse.up()
    expect(words).to_contain_text("C 10: 98.0% of these 400 letters and 61.0% of others")
    size.press("Home")
    expect(words).to_contain_text("C 10: 100.0% of these 20 letters")
    expect(learned).to_have_attribute("points", re.compile(r"^(\S+ ){20}\S+$"))
    assert "\n".join(violations_in_both_themes(page)) == ""
    assert not record.console_errors
    assert not [url for url in record.requests if "vendor/pyodide" in url]


@pytest.mark.rest
def test_a_missing_file_is_an_error_that_can_be_tried_again(page: Page, site_url: str) -> None:
    page.route("**/lab/data/letters-a-j.npz", lambda route: route.fulfill(status=404))
    page.goto(site_url + "lab/letters/#size=50")
    lab = Lab(page)
    button = lab.experiment.get_by_test_id("run")
    expect(button).to_be_enabled(timeout=LONG)
    button.click()
    expect(lab.experiment).to_have_attribute("data-state", "error", timeout=LONG)
    expect(lab.experiment.locator(".lab-status")).to_contain_text("letters-a-j.npz")
    page.unroute("**/lab/data/letters-a-j.npz")
    assert lab.run("size=50")["curves"]["sizes"] == [50]
