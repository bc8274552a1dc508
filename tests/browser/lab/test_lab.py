"""Every page with an experiment, from the first picture in its HTML to the result of a run in the engine.

What a page shows besides is tested with the page itself; idle pages are among those of test_pages.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from scripts import pages
from scripts.versions import versioned

from ..accessibility import COLORS, violations, violations_in_both_themes
from ..conftest import PREFIX, ROOT, Record, watch, with_service_worker
from ..test_offline import serving, until_stored, url_of
from ..test_pages import NOTE_VIOLATIONS
from ..variants import variants

LONG = 120_000
MOUNTED = re.compile(r'data-testid="experiment-([\w-]+)"')


def experiments() -> list[tuple[pages.Page, str]]:
    """Every page with an experiment, and the name of the first."""
    found = []
    for page in pages.read_pages():
        source = ROOT / "docs" / page.article if page.article else None
        text = source.read_text(encoding="utf-8") if source else ""
        match = re.search(r"^<!-- generate: experiment ([\w-]+) -->$", text, re.MULTILINE)
        if match:
            found.append((page, match[1]))
    return found


EXPERIMENTS = experiments()
TRIED = variants(EXPERIMENTS[:1], EXPERIMENTS[1:])
"""The first stands for all: each experiment is run by a file of tests of its own, too."""
WHOLE_AT_ONCE = ("dilation",)
"""Those that a page computes without Python."""
each_experiment = pytest.mark.parametrize("listed", TRIED, ids=lambda each: each[1])


@dataclass
class Opened:
    """A page whose first experiment was run to its end."""

    page: Page
    name: str
    record: Record

    @property
    def experiment(self) -> Locator:
        return self.page.get_by_test_id(f"experiment-{self.name}")

    @property
    def first(self) -> Any:
        """What the build computed."""
        path = versioned(ROOT / "dist") / "lab" / "first" / f"{self.name}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    @property
    def data(self) -> Any:
        return self.page.evaluate("(name) => goosequillLab.data(name)", self.name)


def show(page: Page, url: str, name: str) -> Locator:
    """Open a page and wait until its first experiment can be used."""
    page.goto(url)
    experiment = page.get_by_test_id(f"experiment-{name}")
    expect(experiment.get_by_test_id("run")).to_be_enabled(timeout=LONG)
    return experiment


def finish(experiment: Locator) -> None:
    expect(experiment).to_have_attribute("data-state", re.compile("done|error"), timeout=LONG)
    assert experiment.get_attribute("data-state") == "done", experiment.locator(".lab-status").inner_text()


@pytest.fixture(scope="module", params=TRIED, ids=lambda each: each[1])
def opened(browser: Browser, site_url: str, request: pytest.FixtureRequest) -> Iterator[Opened]:
    listed, name = request.param
    size: Any = {"width": 1280, "height": 2400}
    context = browser.new_context(viewport=size, reduced_motion="reduce", service_workers="block")
    page = context.new_page()
    record = watch(page)
    page.add_init_script(NOTE_VIOLATIONS)
    experiment = show(page, site_url + listed.address, name)
    assert not [url for url in record.requests if "vendor/pyodide" in url], "Python was loaded unasked"
    experiment.get_by_test_id("run").focus()
    page.keyboard.press("Enter")
    finish(experiment)
    yield Opened(page, name, record)
    context.close()


def test_there_are_experiments() -> None:
    assert EXPERIMENTS


@each_experiment
def test_a_picture_is_there_before_any_script(
    browser: Browser, site_url: str, listed: tuple[pages.Page, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url + listed[0].address)
    experiments = page.locator("[data-experiment]")
    assert experiments.count()
    for experiment in [*experiments.all(), *page.locator("[data-figure]").all()]:
        drawn = ":is(svg, table, canvas, img, ol, ul, summary):not(.lab-inputs *, .lab-controls *)"
        picture = experiment.locator(drawn).first
        expect(picture).to_be_visible()
    sentence = experiments.first.locator("noscript p")
    expect(sentence).to_be_visible()
    expect(sentence).to_contain_text("computed when the site was built")
    expect(experiments.first).to_have_attribute("data-state", "idle")
    expect(experiments.first.get_by_test_id("run")).to_be_hidden()
    context.close()


UNCOVERED = """(picture) => {
  const { x, y, width, height } = picture.getBoundingClientRect();
  const shares = Array.from({ length: 10 }, (_, index) => (index + 0.5) / 10);
  const places = shares.flatMap((across) => shares.map((down) => [x + across * width, y + down * height]));
  const isSeen = (at) => at !== null && at.closest(".lab-side") === null;
  return places.filter((place) => isSeen(document.elementFromPoint(...place))).length / places.length;
}"""
"""The share of a picture that is in the window and not below the settings, which stay at its lower edge."""


@pytest.mark.parametrize("size", [(1280, 800), (360, 740)], ids=["desktop", "phone"])
@each_experiment
def test_the_picture_and_few_controls_come_first(
    page: Page, site_url: str, listed: tuple[pages.Page, str], size: tuple[int, int]
) -> None:
    width, height = size
    page.set_viewport_size({"width": width, "height": height})
    show(page, site_url + listed[0].address, listed[1])
    first = page.locator("[data-experiment], [data-figure]").first
    picture = first.locator("svg:not([width='30']), canvas, table").locator("visible=true").first  # no legend
    expect(picture).to_be_in_viewport(ratio=0.3)
    assert picture.evaluate(UNCOVERED) >= 0.3
    for controls in page.locator(".lab-controls").all():
        assert controls.locator(":scope > :not(details)").locator("visible=true").count() <= 3


def test_a_run_computes_what_the_build_has_computed(opened: Opened) -> None:
    """With the same settings, natively and in the page; numbers may differ in their last digits."""
    first, data = opened.first, opened.data
    assert data["settings"] == first["settings"]
    assert data.keys() == first["data"].keys() and len(data) > 1
    assert not opened.experiment.locator(".error-box").count()


def test_nothing_fails_or_leaves_the_site(opened: Opened, site_url: str) -> None:
    assert opened.record.console_errors == []
    assert opened.record.outside(site_url.removesuffix(PREFIX) + "/") == []
    assert opened.page.evaluate("window.policyViolations") == []


def test_axe_finds_nothing_after_a_run(opened: Opened) -> None:
    assert "\n".join(violations_in_both_themes(opened.page)) == ""


def test_every_chart_can_be_saved_in_all_forms(opened: Opened) -> None:
    offered = opened.page.locator(".chart-save").evaluate_all(
        "(bars) => bars.map(({ children }) => [...children].map(({ textContent }) => textContent))"
    )
    assert offered
    assert all({"SVG", "PNG", "CSV"} <= set(kinds) for kinds in offered)


CONTRAST = """(button) => {
  const { color, backgroundColor } = getComputedStyle(button);
  const { Color, getContrast } = axe.commons.color;
  const [text, paper] = [new Color(), new Color()];
  text.parseString(color);
  paper.parseString(backgroundColor);
  return getContrast(paper, text);
}"""
"""Of a button's words; axe's own rule passes over one that cannot be pressed."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_run_can_be_read_in_all_its_states(opened: Opened, scheme: Literal["light", "dark"]) -> None:
    page, run = opened.page, opened.experiment.get_by_test_id("run")
    violations(page, COLORS)  # which loads axe
    page.emulate_media(color_scheme=scheme)
    for disabled in ("false", "true"):
        run.evaluate("(button, disabled) => button.setAttribute('aria-disabled', disabled)", disabled)
        for enter in (page.locator("h1").hover, run.hover, run.focus):
            enter()
            assert run.evaluate(CONTRAST) >= 4.5
    run.evaluate("(button) => button.setAttribute('aria-disabled', 'false')")
    page.emulate_media(color_scheme="light")


def test_a_finished_page_fits_narrow_screens(opened: Opened) -> None:
    opened.page.set_viewport_size({"width": 320, "height": 640})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 320
    opened.page.set_viewport_size({"width": 1280, "height": 2400})


def cancel_at_once(experiment: Locator) -> None:
    """Press Run and Cancel in one go, so that no machine is fast enough to finish first."""
    experiment.evaluate(
        "(root) => { for (const id of ['run', 'cancel']) root.querySelector(`[data-testid=${id}]`).click() }"
    )
    expect(experiment).to_have_attribute("data-state", "idle")
    expect(experiment.locator(".lab-status")).to_have_text("Stopped.")
    expect(experiment.get_by_test_id("cancel")).to_be_hidden()


def test_a_run_can_be_cancelled(opened: Opened) -> None:
    """The last test of a page: it leaves the experiment without a result."""
    cancel_at_once(opened.experiment)


@pytest.mark.rest
def test_a_run_cancelled_while_the_engine_starts_can_be_started_again(page: Page, site_url: str) -> None:
    listed, name = EXPERIMENTS[0]
    experiment = show(page, site_url + listed.address, name)
    cancel_at_once(experiment)
    experiment.get_by_test_id("run").click()
    finish(experiment)


@each_experiment
def test_settings_are_in_the_address(clean_page: Page, site_url: str, listed: tuple[pages.Page, str]) -> None:
    url = site_url + listed[0].address
    experiment = show(clean_page, url, listed[1])
    field = (
        experiment.locator(".lab-controls").locator("input[type=number], input[type=checkbox], select").first
    )
    if not field.count():
        pytest.skip("it has no settings")
    before = value_of(field)
    change(field)
    changed = value_of(field)
    assert changed != before
    expect(clean_page).to_have_url(re.compile("#.*="))
    said = "^$" if listed[1] in WHOLE_AT_ONCE else "Settings changed|follows at once"
    expect(experiment.locator(".lab-status")).to_have_text(re.compile(said))
    address = clean_page.url
    clean_page.goto("about:blank")
    experiment = show(clean_page, address, listed[1])
    assert value_of(field) == changed
    clean_page.evaluate("location.hash = '#not-a-setting'")
    assert value_of(field) == changed
    experiment.get_by_test_id("reset").click()
    assert value_of(field) == before
    expect(clean_page).to_have_url(re.compile(r"^[^=]*$"))
    expect(experiment).to_have_attribute("data-state", "idle")


def value_of(field: Locator) -> Any:
    return field.evaluate("(field) => field.type === 'checkbox' ? field.checked : field.value")


def change(field: Locator) -> None:
    """Change a setting with the keyboard alone."""
    kind = field.evaluate("(field) => field.type")
    before = value_of(field)
    field.focus()
    if kind == "checkbox":
        return field.press("Space")
    for key in ("ArrowUp", "ArrowDown", "ArrowDown"):  # the first may be at an end
        if value_of(field) == before:
            field.press(key)
    return field.blur()


@pytest.mark.rest
@with_service_worker
def test_an_experiment_runs_when_the_server_is_gone(page: Page) -> None:
    listed, name = EXPERIMENTS[0]
    with serving(ROOT / "dist") as server:
        url = url_of(server)
        experiment = show(page, url + listed.address, name)
        experiment.get_by_test_id("run").click()
        finish(experiment)
        until_stored(page)
    page.goto("about:blank")
    experiment = show(page, url + listed.address, name)
    experiment.get_by_test_id("run").click()
    finish(experiment)


def test_every_mounted_experiment_has_its_files() -> None:
    for listed, _ in EXPERIMENTS:
        html = (ROOT / "dist" / listed.file).read_text(encoding="utf-8")
        for name in MOUNTED.findall(html):
            name = re.sub(r"-\d+$", "", name)
            files = versioned(ROOT / "dist")
            assert (files / "lab" / "first" / f"{name}.json").is_file(), name
            assert (files / "lab" / f"{name}.js").is_file(), name
            assert (ROOT / "dist" / "lab" / "source" / f"{name.replace('-', '_')}.py.txt").is_file(), name


def test_without_a_connection_an_experiment_says_so_and_the_next_try_runs(page: Page, site_url: str) -> None:
    listed, name = EXPERIMENTS[0]
    page.route(f"**/lab/first/{name}.json", lambda route: route.abort())
    page.goto(site_url + listed.address)
    experiment = page.get_by_test_id(f"experiment-{name}")
    status = experiment.locator(".lab-status")
    expect(status).to_have_text(
        "This experiment could not be loaded. Check the connection and reload the page.", use_inner_text=True
    )
    page.unroute_all()
    show(page, site_url + listed.address, name)
    page.context.set_offline(True)
    experiment.get_by_test_id("run").click()
    expect(experiment).to_have_attribute("data-state", "error", timeout=LONG)
    expect(status).to_contain_text("Check the connection and try again.")
    page.context.set_offline(False)
    experiment.get_by_test_id("run").click()
    finish(experiment)


ENGINE_DIES = """() => {
  const { Worker } = window;
  window.Worker = class extends Worker {
    constructor(...options) {
      super(...options);
      if (String(options[0]).endsWith("engine/worker.js")) window.engineWorker = this;
    }
  };
}"""


@pytest.mark.rest
def test_an_engine_that_dies_is_started_again(page: Page, site_url: str) -> None:
    listed, name = EXPERIMENTS[0]
    page.add_init_script(f"({ENGINE_DIES})()")
    experiment = show(page, site_url + listed.address, name)
    experiment.get_by_test_id("run").click()
    finish(experiment)
    picture = experiment.locator(".lab-picture").inner_html()
    experiment.evaluate(
        """(root) => {
          root.querySelector("[data-testid=run]").click();
          window.engineWorker.terminate();
        }"""
    )
    expect(experiment).to_have_attribute("data-state", "error", timeout=LONG)
    expect(experiment.locator(".lab-status")).to_contain_text("Press Run to start the engine again.")
    assert experiment.locator(".lab-picture").inner_html() == picture
    experiment.get_by_test_id("run").click()
    finish(experiment)
