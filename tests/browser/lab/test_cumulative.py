"""The page of the cumulative fits: points moved by pointer, own data, the study, the lattice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ..accessibility import violations_in_both_themes
from ..conftest import Record, watch

LONG = 120_000
MONOTONE = ("bernstein", "isotonic", "pchip", "likelihood")


class Lab:
    """The page, with its engine running."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.experiment = page.get_by_test_id("experiment-cumulative")
        self.points = self.experiment.get_by_role("slider", name=re.compile("^Point "))

    def data(self, name: str = "cumulative") -> Any:
        return self.page.evaluate("(name) => goosequillLab.data(name)", name)

    def done(self) -> None:
        expect(self.experiment).to_have_attribute("data-state", re.compile("done|error"), timeout=LONG)
        assert self.experiment.get_attribute("data-state") == "done"

    def button(self, name: str) -> Locator:
        return self.experiment.get_by_role("button", name=name, exact=True)

    def fitted(self, index: int, x: float | None, y: float) -> None:
        """Wait until a result with this point is shown."""

        def shown() -> bool:
            data = self.data()
            if index >= len(data["x"]):
                return False
            at = data["x"][index], data["y"][index]
            return (x is None or abs(at[0] - x) < 0.02) and abs(at[1] - y) < 0.006

        for _ in range(600):
            if shown():
                return self.done()
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        raise AssertionError(f"points {self.data()['x']} have {self.data()['y']}")


@pytest.fixture(scope="module")
def running(browser: Browser, site_url: str) -> Iterator[Lab]:
    context = browser.new_context(viewport={"width": 1280, "height": 1800}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(site_url + "lab/cumulative/#runs=10")
    lab = Lab(page)
    lab.experiment.get_by_test_id("run").click()
    lab.done()
    yield lab
    assert not record.console_errors
    context.close()


@pytest.fixture
def lab(running: Lab) -> Lab:
    """The page with the settings' own points, and a short study."""
    running.page.evaluate("() => { location.hash = 'runs=10' }")
    if running.button("Reset points").is_enabled():
        running.button("Reset points").click()
    running.fitted(19, 3, 1.188)
    return running


def test_fits_follow_keys_pointer_and_controls_without_the_engine(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(site_url + "lab/cumulative/")
    lab = Lab(clean_page)
    expect(lab.experiment.get_by_test_id("run")).to_be_enabled(timeout=LONG)
    curve = lab.experiment.locator('path[data-fit="bernstein"]').first
    lab.points.nth(0).focus()  # the picture is drawn for this screen, and keeps the focus
    expect(lab.experiment.locator(".chart-drawing > svg").first).not_to_have_attribute("width", "640")
    expect(lab.points.nth(0)).to_be_focused()
    first = curve.get_attribute("d") or ""
    lab.page.keyboard.press("End")
    expect(lab.points.nth(19)).to_be_focused()
    lab.page.keyboard.press("PageDown")
    expect(curve).not_to_have_attribute("d", first)
    assert lab.data()["y"][19] == pytest.approx(1.088, abs=0.001)
    lab.page.keyboard.press("Control+z")
    expect(curve).to_have_attribute("d", first)
    box = lab.points.nth(10).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    lab.page.mouse.move(x, y + 60, steps=3)
    expect(curve).not_to_have_attribute("d", first)  # before the point is dropped
    lab.page.mouse.up()
    lab.button("Reset points").click()
    expect(curve).to_have_attribute("d", first)
    lab.page.get_by_role("slider", name="Degree").press("ArrowRight")
    expect(curve).not_to_have_attribute("d", first)
    expect(lab.experiment).to_contain_text("Press Run for all figures.")
    lab.page.get_by_label("Data", exact=True).first.select_option("samples")
    expect(lab.points.first).to_have_attribute("aria-orientation", "horizontal")
    lab.points.first.press("PageUp")
    expect(lab.experiment.get_by_test_id("own-data")).to_contain_text("You moved points")
    assert lab.data()["kind"] == "samples"
    assert not [url for url in record.requests if "vendor/pyodide" in url]


@pytest.mark.rest
def test_the_study_of_1000_data_sets_runs_in_the_page(lab: Lab) -> None:
    lab.page.evaluate("() => { location.hash = 'runs=1000' }")
    has_run = "() => goosequillLab.data('cumulative').study.bernstein?.runs === 1000"
    lab.page.wait_for_function(has_run, timeout=LONG)
    study = lab.data()["study"]
    assert {each["runs"] for each in study.values()} == {1000}
    for name in MONOTONE:
        assert study[name]["decreases"] == 0 == study[name]["leaves"]
    assert study["polynomial"]["decreases"] == pytest.approx(0.588, abs=0.002)
    assert study["bernstein"]["rmse"] == pytest.approx(0.0666, abs=0.0001)


def test_a_dragged_point_moves_the_fits(lab: Lab) -> None:
    before = lab.data()["curves"]["bernstein"]
    box = lab.points.nth(10).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    old = lab.data()["y"][10]
    lab.page.mouse.move(x, y)
    lab.page.mouse.down()
    for step in range(1, 7):
        lab.page.mouse.move(x, y + 15 * step)
    lab.page.mouse.up()
    moved = float(lab.points.nth(10).get_attribute("aria-valuenow") or "nan")
    assert moved < old - 0.15
    lab.fitted(10, None, moved)
    data = lab.data()
    assert data["curves"]["bernstein"] != before and data["truth"] and data["study"] == {}
    expect(lab.experiment.get_by_test_id("own-data")).to_contain_text("You moved points")
    expect(lab.page.locator('[data-figure="cumulative"][data-part="study"] figure')).to_be_visible()
    lab.button("Undo").click()
    lab.fitted(10, None, old)
    lab.button("Redo").click()
    lab.fitted(10, None, moved)
    lab.button("Reset points").click()
    lab.fitted(10, None, old)
    assert lab.data()["study"]


def test_own_data_are_pasted_and_errors_stand_beside_them(lab: Lab) -> None:
    lab.experiment.get_by_text("Use your own data").click()
    field = lab.experiment.get_by_label("Your data")
    field.fill("1\n2\nthree")
    lab.button("Fit these data").click()
    expect(lab.experiment.get_by_text("Line 3: “three” is not a number.")).to_be_visible()
    field.fill("10, 0\n20, 0.2\n30, 0.3\n40, 0.9\n50, 1")
    lab.button("Fit these data").click()
    lab.fitted(3, 40, 0.9)
    assert lab.data()["truth"] is None and len(lab.data()["x"]) == 5
    expect(lab.experiment.get_by_text("Line 3: “three”")).to_have_count(0)
    expect(lab.points).to_have_count(5)
    field.fill("\n".join(str(170 + value / 7) for value in range(450)))
    lab.button("Fit these data").click()
    expect(lab.points).to_have_count(0)
    expect(lab.experiment.locator("svg.plot > svg circle")).to_have_count(225)
    lab.done()
    assert lab.data()["kind"] == "samples"
    field.fill("1, 0\n1, 0.5\n2, 1")
    lab.button("Fit these data").click()
    expect(lab.experiment.get_by_text("fewer than three different x").first).to_be_visible()
    assert lab.data()["kind"] == "samples" and field.input_value()
    lab.button("Reset points").click()


@pytest.mark.rest
def test_settings_are_followed_at_once(lab: Lab) -> None:
    lab.page.evaluate("() => { location.hash = 'degree=9&bin_width=false&runs=10' }")
    expect(lab.page.get_by_label("Degree").first).to_have_value("9")
    lab.fitted(19, 3, 3.761)
    assert lab.data()["settings"]["degree"] == 9
    assert lab.data()["judgements"]["printed"] == {"decreases": True, "leaves": True} | {
        "rmse": lab.data()["judgements"]["printed"]["rmse"]
    }


def test_a_curve_is_switched_off(lab: Lab) -> None:
    box = lab.experiment.get_by_role("checkbox", name="Isotonic regression")
    lines = lab.experiment.locator('path[data-fit="isotonic"]')
    expect(lines).to_have_count(1)
    box.uncheck()
    expect(lines).to_have_count(0)
    box.check()


@pytest.mark.rest
def test_the_lattice_runs_too(lab: Lab) -> None:
    experiment = lab.page.get_by_test_id("experiment-lattice")
    experiment.get_by_test_id("run").click()
    expect(experiment).to_have_attribute("data-state", "done", timeout=LONG)
    study = lab.data("lattice")["study"]
    assert study["none"]["decreases"] == 1 and study["monotone"]["decreases"] == 0
    assert study["distribution"]["rmse"] < study["monotone"]["rmse"] < study["none"]["rmse"]
    marks = experiment.locator('[data-lattice="none"] line[stroke="var(--chart-2)"]')
    expect(marks).to_have_count(lab.data("lattice")["lattices"]["none"]["pairs"])


@pytest.mark.rest
def test_axe_finds_nothing_with_moved_points_and_open_inputs(lab: Lab) -> None:
    details = lab.experiment.locator("details.cumulative-own")
    details.evaluate("(details) => { details.open = true }")
    y = lab.data()["y"][4]
    lab.points.nth(4).focus()
    lab.page.keyboard.press("PageUp")
    lab.fitted(4, None, y + 0.1)
    assert violations_in_both_themes(lab.page) == []


def test_the_picture_reflows_and_its_text_keeps_its_size(lab: Lab) -> None:
    lab.page.set_viewport_size({"width": 320, "height": 900})
    svg = lab.experiment.locator(".chart-drawing > svg").first
    expect(svg).not_to_have_attribute("width", "640")
    assert lab.page.evaluate("() => document.documentElement.scrollWidth") <= 320
    scale = svg.evaluate("(svg) => svg.getBoundingClientRect().width / Number(svg.getAttribute('width'))")
    assert scale == pytest.approx(1, abs=0.02)
    lab.page.set_viewport_size({"width": 1280, "height": 1800})
