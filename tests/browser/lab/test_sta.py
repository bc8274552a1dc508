"""The page of the spike-triggered average: own recordings as CSV and NPY, errors in place, real data."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from ..accessibility import violations_in_both_themes
from ..conftest import Record, watch

LONG = 120_000


class Lab:
    """The page, with its engine running."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.experiment = page.get_by_test_id("experiment-sta")
        self.files = page.get_by_test_id("own-files")
        self.status = self.experiment.locator(".lab-status")

    def data(self) -> Any:
        return self.page.evaluate("() => goosequillLab.data('sta')")

    def forget(self) -> None:
        """Make sure that the last run's state is not taken for that of the next one."""
        self.experiment.evaluate("(root) => { root.dataset.state = 'idle' }")

    def run(self) -> None:
        """Press Run and wait for the result."""
        self.forget()
        self.experiment.get_by_test_id("run").click()
        self.wait()

    def wait(self, state: str = "done") -> None:
        expect(self.experiment).to_have_attribute("data-state", re.compile("done|error"), timeout=LONG)
        assert self.experiment.get_attribute("data-state") == state, self.status.inner_text()

    def open_files(self) -> None:
        if self.files.get_attribute("open") is None:
            self.files.locator("summary").click()

    def give(self, *files: tuple[str, bytes]) -> None:
        """Choose files; the run starts by itself."""
        self.open_files()
        payload: Any = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
        self.forget()
        self.files.locator("input[type=file]").set_input_files(payload)


@pytest.fixture(scope="module")
def lab(browser: Browser, site_url: str) -> Iterator[Lab]:
    context = browser.new_context(viewport={"width": 1280, "height": 1800}, service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.goto(site_url + "lab/sta/#samples=5000&shifts=100&window=40")
    opened = Lab(page)
    opened.run()
    yield opened
    assert not record.console_errors
    context.close()


def recording(samples: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """A neuron that fires three samples after the stimulus rises above 1.2."""
    stimulus = np.random.default_rng(0).standard_normal(samples).round(4)
    spikes = np.zeros(samples, np.uint8)
    spikes[3:] = stimulus[:-3] > 1.2
    return stimulus, spikes


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def expected(stimulus: np.ndarray, spikes: np.ndarray) -> np.ndarray:
    """The average over windows of 40 samples, one by one."""
    ends = [index for index in np.flatnonzero(spikes) if index >= 40]
    return np.mean([stimulus[end - 39 : end + 1] for end in ends], axis=0)


def test_the_average_follows_keys_pointer_and_controls_without_the_engine(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(site_url + "lab/sta/#samples=50000")
    experiment = clean_page.get_by_test_id("experiment-sta")
    expect(experiment.get_by_test_id("run")).to_be_enabled(timeout=LONG)
    summary = experiment.get_by_test_id("sta-summary")
    expect(summary).to_contain_text("4,733 spikes")  # of the address's 50,000 samples
    handle = experiment.locator("figure").get_by_role("slider", name="Gain")
    expect(experiment).to_contain_text("The picture follows at once. Press Run for all figures.")
    handle.focus()
    clean_page.keyboard.press("PageDown")
    expect(handle).to_have_attribute("aria-valuetext", "gain 0.7")
    expect(handle).to_be_focused()
    clean_page.keyboard.press("ArrowUp")
    expect(handle).to_have_attribute("aria-valuetext", "gain 0.75")
    before = summary.inner_text()
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    clean_page.mouse.move(x, y)
    clean_page.mouse.down()
    clean_page.mouse.move(x + 5, y - 60, steps=4)
    expect(summary).not_to_have_text(before)  # before it is dropped
    clean_page.mouse.move(x, y - 1000)
    clean_page.mouse.up()
    expect(handle).to_have_attribute("aria-valuetext", "gain 2")
    expect(clean_page).to_have_url(re.compile("gain=2$"))
    with clean_page.expect_download() as saved:
        experiment.get_by_role("button", name="SVG").first.click()
    picture = saved.value.path().read_text(encoding="utf-8")
    assert "<path" in picture and "slider" not in picture  # nothing to take hold of
    experiment.get_by_label("Neuron").first.select_option("lif")
    expect(summary).to_contain_text("spikes")
    expect(handle).to_have_count(0)
    assert not [url for url in record.requests if "vendor/pyodide" in url]


def test_on_a_phone_the_picture_comes_first_and_stays_in_sight_while_a_control_moves(
    clean_page: Page, site_url: str
) -> None:
    clean_page.set_viewport_size({"width": 360, "height": 780})
    clean_page.goto(site_url + "lab/sta/#samples=5000")
    experiment = clean_page.get_by_test_id("experiment-sta")
    expect(experiment.get_by_test_id("run")).to_be_enabled(timeout=LONG)
    experiment.evaluate("(root) => root.scrollIntoView()")
    drawing, gain = (
        experiment.locator("figure svg.plot").first,
        experiment.locator("#lab-sta-gain"),
    )
    gain.focus()
    clean_page.keyboard.press("ArrowDown")
    expect(experiment.get_by_test_id("sta-summary")).to_contain_text("spikes")
    expect(drawing).to_be_in_viewport(ratio=0.7)
    expect(gain).to_be_in_viewport(ratio=1)
    above, below = drawing.bounding_box(), gain.bounding_box()
    assert above and below and above["y"] + 0.7 * above["height"] < below["y"]


def test_a_csv_file_is_averaged(lab: Lab) -> None:
    stimulus, spikes = recording()
    rows = "".join(f"{value},{spike}\n" for value, spike in zip(stimulus, spikes, strict=True))
    lab.give(("mine.csv", f"stimulus,spike\n{rows}".encode()))
    lab.wait()
    data = lab.data()
    assert data["source"]["neuron"] == "own" and data["source"]["samples"] == 4000
    np.testing.assert_allclose(data["average"], expected(stimulus, spikes), atol=1e-12)
    assert np.argmax(data["average"]) == 40 - 1 - 3
    assert max(data["average"]) > 10 * data["null"]
    expect(lab.experiment.get_by_text("Average before a spike: your recording")).to_be_visible()
    expect(lab.page.get_by_test_id("own-recording")).to_contain_text("mine.csv")


def test_two_npy_files_are_averaged_in_any_order(lab: Lab) -> None:
    stimulus, spikes = recording(5000)
    lab.give(("spikes.npy", npy(spikes.astype(bool))), ("stimulus.npy", npy(stimulus.astype(np.float32))))
    lab.wait()
    np.testing.assert_allclose(lab.data()["average"], expected(stimulus, spikes), atol=1e-6)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([("a.csv", b"1,0\n2,1\n3,4\n")], "The spike train is 4 at sample 2"),
        ([("a.csv", b"1,0\nnan,1\n3,0\n")], "The stimulus is nan at sample 1"),
        ([("a.csv", b"1\n2\n3\n"), ("b.csv", b"0\n1\n")], "3 samples and the spike train 2"),
        ([("a.npy", npy(np.array(["x", "y"])))], "a.npy contains texts instead of numbers"),
        ([("a.npy", npy(np.array([{}], dtype=object)))], "a.npy contains Python objects"),
        ([("a.csv", b"<b>bold</b>,1\n<i>i</i>,0\n")], "sample 1 is '<i>i</i>,0', not a number"),
    ],
)
def test_an_error_is_shown_in_its_place_and_the_picture_is_kept(
    lab: Lab, files: list[tuple[str, bytes]], words: str
) -> None:
    before = lab.data()["average"]
    lab.give(*files)
    lab.wait("error")
    expect(lab.status).to_contain_text(words)
    expect(lab.status).to_have_class(re.compile("error-box"))
    assert lab.data()["average"] == before
    expect(lab.experiment.locator("figure").first).to_be_visible()


def test_too_many_files_are_refused_before_python(lab: Lab) -> None:
    before = lab.data()["average"]
    lab.give(("a.csv", b"1\n"), ("b.csv", b"1\n"), ("c.csv", b"1\n"))
    expect(lab.experiment.locator(".lab-problem")).to_contain_text("These are 3 files.")
    assert lab.data()["average"] == before


def test_pasted_rows_are_averaged_and_left_again(lab: Lab) -> None:
    stimulus, spikes = recording(1000)
    lab.open_files()
    lab.files.locator("textarea").fill(
        "\n".join(f"{value};{spike}" for value, spike in zip(stimulus, spikes, strict=True))
    )
    lab.forget()
    lab.files.get_by_role("button", name="Use pasted rows").click()
    lab.wait()
    np.testing.assert_allclose(lab.data()["average"], expected(stimulus, spikes), atol=1e-12)
    lab.forget()
    lab.experiment.get_by_role("button", name="Back to the built-in neurons").click()
    lab.wait()
    assert lab.data()["source"]["neuron"] == "lnp"
    expect(lab.page.get_by_test_id("own-recording")).to_be_empty()


def test_the_grasshoppers_recording_is_fetched_and_peaks_before_the_spike(lab: Lab) -> None:
    lab.forget()
    lab.page.evaluate("() => { location.hash = 'neuron=grasshopper&window=60' }")
    lab.wait()  # a link that changes settings runs them
    data = lab.data()
    assert data["time"][int(np.argmax(data["average"]))] == -6 and data["source"]["dt"] == 0.5
    assert max(data["average"]) - data["baseline"] > 7 * data["null"]
    expect(lab.page.get_by_text("Which ridge predicts held-out spikes best")).to_be_visible()
    expect(lab.page.get_by_text("Nobody knows this neuron's filter.")).to_be_visible()


@pytest.mark.rest
def test_axe_finds_nothing_with_the_files_open(lab: Lab) -> None:
    lab.open_files()
    assert violations_in_both_themes(lab.page) == []
