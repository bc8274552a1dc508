"""The dilation page: its animation, numbers, export and stack, computed by the engine in the page."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ..accessibility import violations_in_both_themes
from ..conftest import Record, watch

ADDRESS = "lab/dilation/"
LONG = 60_000  # the engine's start on a busy machine
DECODE = """async ({ bytes, points }) => {
  const decoder = new ImageDecoder({ data: new Uint8Array(bytes), type: "image/gif" });
  await decoder.tracks.ready;
  const { frameCount, repetitionCount } = decoder.tracks.selectedTrack;
  const frames = [];
  for (let index = 0; index < frameCount; index++) {
    const { image } = await decoder.decode({ frameIndex: index });
    const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const colors = points.map(([x, y]) => [...context.getImageData(x, y, 1, 1).data].slice(0, 3));
    frames.push({ size: [canvas.width, canvas.height], colors });
    image.close();
  }
  return { repeats: repetitionCount === Infinity, frames };
}"""
"""Chromium's own decoder: what it finds in a GIF, and the colors of some points in each frame."""


@pytest.fixture(scope="module")
def lab(browser: Browser, site_url: str) -> Iterator[Page]:
    """The page in which the engine runs; each test resets what it needs."""
    # So high that no sidebar scrolls: axe takes a link that is half scrolled out of view for a small target.
    context = browser.new_context(viewport={"width": 1280, "height": 2400}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(site_url + ADDRESS)
    run(page, "dilation")
    yield page
    assert not record.console_errors
    context.close()


@pytest.fixture(autouse=True)
def reset(request: pytest.FixtureRequest) -> None:
    if "lab" in request.fixturenames:
        page = request.getfixturevalue("lab")
        for name in ("dilation", "dilation-stack"):
            experiment(page, name).get_by_test_id("reset").click()
            settled(page, name)


def experiment(page: Page, name: str = "dilation") -> Locator:
    return page.get_by_test_id(f"experiment-{name}")


def run(page: Page, name: str) -> None:
    button = experiment(page, name).get_by_test_id("run")
    expect(button).to_be_enabled()
    button.click()
    settled(page, name)


def settled(page: Page, name: str = "dilation") -> None:
    expect(experiment(page, name)).not_to_have_attribute("data-state", "running", timeout=LONG)


def data(page: Page, name: str = "dilation") -> Any:
    return page.evaluate("(name) => window.goosequillLab.data(name)", name)


def words(page: Page) -> Locator:
    return experiment(page).locator(".dilation-words")


def choose(page: Page, setting: str, value: str) -> None:
    field = experiment(page).locator(f"#lab-dilation-{setting}")
    if not field.is_visible():
        experiment(page).get_by_text("More settings").click()
    field.fill(value)
    field.press("Enter")


def center_of(page: Page, grid: str, row: int, column: int) -> tuple[float, float]:
    """Where a cell is on the screen, from the drawn path of its grid: the first four corners."""
    found = page.evaluate(
        """([grid, row, column]) => {
          const path = document.querySelector(`.d-${grid}`);
          const corners = path.getAttribute("d").match(/-?[\\d.]+ -?[\\d.]+/g);
          const [a, b, , d] = corners.map((each) => each.split(" ").map(Number));
          const data = window.goosequillLab.data("dilation");
          const cells = grid === "output" ? data.output_size : data.values.length;
          const along = (axis) => (b[axis] - a[axis]) * (column + 0.5) + (d[axis] - a[axis]) * (row + 0.5);
          const mix = (axis) => a[axis] + along(axis) / cells;
          const svg = path.ownerSVGElement;
          const point = new DOMPoint(mix(0), mix(1)).matrixTransform(svg.getScreenCTM());
          return [point.x, point.y];
        }""",
        [grid, row, column],
    )
    return found[0], found[1]


def test_the_articles_figure_is_there_before_any_script(browser: Browser, site_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url + ADDRESS)
    picture = page.locator(".dilation-svg")
    expect(picture).to_be_visible()
    assert len(re.findall("M", picture.locator(".d-tap").get_attribute("d") or "")) == 9
    expect(words(page)).to_have_text(
        "Output row 1, column 1 reads input rows 1, 3 and 5, columns 1, 3 and 5."
    )
    expect(page.locator(".dilation-frames li")).to_have_count(9)
    expect(page.locator(".stack-svg")).to_be_visible()
    expect(page.locator(".field-svg")).to_be_visible()
    context.close()


def test_the_articles_setting_plays_without_the_engine(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(site_url + ADDRESS)
    play = experiment(clean_page).locator(".player .play")
    expect(experiment(clean_page).get_by_test_id("run")).to_be_enabled()
    play.click()
    expect(words(clean_page)).to_contain_text("Output row 3, column 3 reads", timeout=LONG)
    expect(play).to_have_text("Play")
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_a_slider_moves_the_picture_without_the_engine(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(site_url + ADDRESS)
    expect(experiment(clean_page).get_by_test_id("run")).to_be_enabled()  # the page listens now
    slider = experiment(clean_page).get_by_role("slider", name="Kernel size")
    slider.focus()
    clean_page.keyboard.press("ArrowRight")
    expect(experiment(clean_page).locator(".dilation-size")).to_contain_text("⌊(7 + 0 − 7) / 1⌋ + 1 = 1")
    expect(experiment(clean_page).locator(".dilation-frames li")).to_have_count(1)
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_a_change_is_drawn_at_once(lab: Page) -> None:
    choose(lab, "size", "10")
    choose(lab, "stride", "3")
    expect(experiment(lab).locator(".dilation-size")).to_contain_text("⌊(10 + 0 − 5) / 3⌋ + 1 = 2")
    expect(experiment(lab).locator(".dilation-frames li")).to_have_count(4)
    expect(experiment(lab).locator(".dilation-call")).to_contain_text("torch.Size([1, 1, 2, 2])")
    assert data(lab)["output_size"] == 2


def test_no_impossible_setting_can_be_chosen(lab: Page) -> None:
    choose(lab, "dilation", "32")
    expect(experiment(lab).locator("#lab-dilation-dilation")).to_have_value("3")
    choose(lab, "kernel", "9")
    expect(experiment(lab).locator("#lab-dilation-kernel")).to_have_value("3")
    expect(experiment(lab).locator(".dilation-size")).to_contain_text("= 1.")
    expect(experiment(lab).locator(".error-box")).to_have_count(0)


def test_the_pointer_links_cells_in_both_directions(lab: Page) -> None:
    lab.locator(".dilation-svg").scroll_into_view_if_needed()
    for grid, row, column, text in (
        ("output", 2, 0, "Output row 3, column 1 reads input rows 3, 5 and 7, columns 1, 3 and 5."),
        ("input", 2, 2, "Input row 3, column 3 feeds 4 outputs: rows 1 and 3, columns 1 and 3."),
        ("input", 6, 6, "Input row 7, column 7 feeds 1 output: row 3, column 3."),
    ):
        lab.mouse.move(*center_of(lab, grid, row, column))
        expect(words(lab)).to_have_text(text)
    lab.mouse.click(*center_of(lab, "output", 1, 1))
    lab.mouse.move(1, 1)
    expect(words(lab)).to_have_text("Output row 2, column 2 reads input rows 2, 4 and 6, columns 2, 4 and 6.")
    expect(experiment(lab).locator(".player input")).to_have_value("4")


def test_a_kernel_is_edited_with_the_keyboard(lab: Page) -> None:
    experiment(lab).locator(".player input").fill("0")
    first = experiment(lab).get_by_label("Weight, row 1, column 1")
    first.focus()
    lab.keyboard.type("5")
    lab.keyboard.press("Tab")
    expect(experiment(lab).locator(".dilation-sum")).to_contain_text("0·5 + 4·(−1)")
    assert data(lab)["weights"][0] == [5, -1, -1]
    expect(experiment(lab).get_by_label("Weight, row 1, column 2")).to_be_focused()
    lab.wait_for_url(re.compile(r"filter=own&weights=5\+-1"))
    experiment(lab).get_by_test_id("reset").click()
    expect(first).to_have_value("-1")


def test_a_link_sets_everything(lab: Page) -> None:
    lab.get_by_role("link", name="Upsample 4 cells").click()
    expect(experiment(lab).locator(".dilation-size")).to_contain_text("2 × (4 − 1) + 3 − 2 = 7")
    expect(experiment(lab).locator(".dilation-call")).to_contain_text("ConvTranspose2d")
    lab.get_by_role("link", name="Six layers with a dilation of 2").click()
    verdict = experiment(lab, "dilation-stack").get_by_test_id("verdict")
    expect(verdict).to_contain_text("spans 25 inputs and touches 13")
    expect(lab.locator("[data-part=field]")).to_contain_text("25 × 25 inputs, of which 169 are read")
    assert data(lab, "dilation-stack")["touched"][-1] == 13


def test_wrong_dilations_are_explained_and_the_picture_stays(lab: Page) -> None:
    stack = experiment(lab, "dilation-stack")
    field = stack.locator("#lab-dilation-stack-dilations")
    field.fill("1 2 99")
    field.blur()
    expect(stack).to_have_attribute("data-state", "error", timeout=LONG)
    expect(stack.locator(".error-box")).to_contain_text("whole numbers from 1 to 32")
    expect(stack.get_by_test_id("verdict")).to_contain_text("spans 127 inputs")


def test_a_result_in_the_page_equals_the_one_computed_natively(lab: Page) -> None:
    from goosequill.cli.lab import plain
    from goosequill.lab import dilation

    choose(lab, "padding", "3")
    choose(lab, "dilation", "4")
    expect(experiment(lab).locator(".dilation-size")).to_contain_text("+ 6 − 9")
    native = dilation.compute(dilation.Settings(padding=3, dilation=4))
    found = data(lab)
    for key in ("output", "reads", "values", "weights", "lattice"):
        assert found[key] == json.loads(json.dumps(plain(native[key]))), key


def save(page: Page, kind: str, folder: Path) -> Path:
    with page.expect_download(timeout=LONG) as waiting:
        experiment(page).get_by_role("button", name=f"as {kind}").click()
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


PAINTED = """(it) => {
  const painter = new OffscreenCanvas(1, 1).getContext("2d");
  painter.fillStyle = getComputedStyle(it).fill;
  painter.fillRect(0, 0, 1, 1);
  return [...painter.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""
"""The colour of an element as red, green and blue, in whatever form the style has it."""


def test_the_gif_has_every_frame(lab: Page, tmp_path: Path) -> None:
    path = save(lab, "GIF", tmp_path)
    assert path.name == "dilation.gif" and path.stat().st_size < 400_000
    grid = lab.locator(".d-output").get_attribute("d") or ""
    left, top, right, upper, _, _, lower, below = map(float, re.findall(r"-?[\d.]+", grid))
    points = [
        [
            round(left + ((right - left) * (column + 0.5) + (lower - left) * (row + 0.5)) / 3),
            round(top + ((upper - top) * (column + 0.5) + (below - top) * (row + 0.5)) / 3),
        ]
        for row in range(3)
        for column in range(3)
    ]
    decoded = lab.evaluate(DECODE, {"bytes": list(path.read_bytes()), "points": points})
    assert decoded["repeats"] and len(decoded["frames"]) == 9
    box = lab.locator(".dilation-svg").evaluate(
        "({ viewBox: { baseVal } }) => [baseVal.width, baseVal.height]"
    )
    fills = [lab.locator(each).evaluate(PAINTED) for each in (".d-output", ".d-current")]
    for chosen, frame in enumerate(decoded["frames"]):
        assert frame["size"] == [box[0], box[1] + 20]  # title and source
        for cell, color in enumerate(frame["colors"]):
            wanted = fills[cell == chosen]
            assert max(abs(a - b) for a, b in zip(color, wanted, strict=True)) < 12, (chosen, cell)


def test_the_svg_stands_alone(lab: Page, tmp_path: Path) -> None:
    text = save(lab, "SVG", tmp_path).read_text(encoding="utf-8")
    tree = ET.fromstring(text)
    paths = [node for node in tree.iter("{http://www.w3.org/2000/svg}path") if node.get("d")]
    assert len(paths) >= 8 and "var(" not in text and "light-dark" not in text
    assert all(re.match(r"rgb|none", node.get("fill") or "") for node in paths)


@pytest.mark.rest
def test_no_accessibility_faults_in_the_flat_view_of_a_large_setting(lab: Page) -> None:
    choose(lab, "size", "14")
    choose(lab, "padding", "2")
    experiment(lab).get_by_role("button", name="Flat, with numbers").click()
    frames = experiment(lab).locator(".dilation-frames")
    frames.evaluate("(details) => { details.open = true; }")
    expect(frames.locator("li")).to_have_count(14)
    found = violations_in_both_themes(lab)
    experiment(lab).get_by_role("button", name="Tilted").click()
    frames.evaluate("(details) => { details.open = false; }")
    lab.emulate_media(color_scheme="light")
    assert found == []


def test_it_fits_a_narrow_screen(lab: Page) -> None:
    size = lab.viewport_size
    lab.set_viewport_size({"width": 320, "height": 800})
    choose(lab, "kernel", "3")
    assert lab.evaluate("document.documentElement.scrollWidth") <= 320
    assert size
    lab.set_viewport_size(size)
