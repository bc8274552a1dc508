"""No page gets parts of two versions of the site, whatever is deployed while it is open."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .engines.by_playwright import PlaywrightTab
from .variants import variants
from .versions import (
    ALL,
    KINDS,
    Deployments,
    seen,
    serving,
    settle,
    until_controlled,
    until_ready,
    use,
    use_all,
)  # fmt: skip

STEPS, FIRST_STEPS = 40, 20
OLDER = "This page is from an older version of the site."


def stop_workers(tab: PlaywrightTab) -> None:
    """As the browser does after half a minute without events."""
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    session.detach()


class Walk:
    """Two tabs of one visitor, whose steps are drawn at random."""

    def __init__(
        self, url: str, deployments: Deployments, context: BrowserContext, draw: random.Random
    ) -> None:
        self.url, self.deployments, self.context, self.draw = url, deployments, context, draw
        self.results: Counter[str] = Counter()
        self.done: list[str] = []
        self.tabs = [self.new_tab(), self.new_tab()]
        self.open(self.tabs[0], "one")

    def new_tab(self) -> PlaywrightTab:
        return PlaywrightTab(self.context.new_page())

    def open(self, tab: PlaywrightTab, page: str) -> None:
        tab.goto(f"{self.url}{page}/")
        until_ready(tab)

    def walk(self, steps: int, names: Sequence[str]) -> None:
        """Do what is possible; after each step no page has parts of two versions."""
        for _ in range(steps):
            self.done.append(self.step(names))
            for tab in self.tabs:
                assert len(seen(tab)) <= 1, f"{seen(tab)} after {self.done}"

    def step(self, names: Sequence[str]) -> str:
        at = self.draw.randrange(2)
        tab = self.tabs[at]
        usable = tab.js("() => globalThis.use !== undefined")
        if names is NAMES:
            usable = usable and tab.js("() => navigator.serviceWorker.controller !== null")
        name = self.draw.choice(names) if usable else "open"
        match name:
            case "open":
                name = self.draw.choice(["one", "one", "two", "two", "new-1", "new-2", "new-3"])
                self.open(tab, name)
            case "close":
                tab.close()
                self.tabs[at] = self.new_tab()
                self.open(self.tabs[at], "two")
            case "deploy" | "half":
                version = self.draw.choice("123")
                self.deployments.deploy(version, half=name == "half")
                name += version
            case "use":
                kind = self.draw.choice(KINDS)
                result = use(tab, kind, self.draw.randrange(2))
                self.results["used" if result == "used" else "refused"] += 1
                name = f"{kind} {result}"
            case "reload":
                tab.page.reload()
                until_ready(tab)
            case "meanwhile":
                self.deployments.meanwhile = self.draw.choice("123")
                name += self.deployments.meanwhile
                self.open(tab, "one")
                self.results["opened"] += tab.js("() => globalThis.use !== undefined")
            case "stop":
                stop_workers(tab)
            case "update":
                tab.page.reload()
                if tab.js("() => globalThis.use !== undefined"):
                    settle(tab)
                if tab.page.get_by_role("button", name="Update and reload").is_visible():
                    with tab.page.expect_navigation():
                        tab.click(".update-notice button")
                    self.results["updated"] += 1
        return f"{at}: {name}"


FIRST = (*["use"] * 5, *["deploy"] * 3, *["meanwhile"] * 2, "open", "half", "close", "reload")
"""What happens as long as there is no service worker."""
NAMES = (
    *["use"] * 8, *["open"] * 3, *["deploy"] * 2, *["update"] * 3, "half", "close", "reload", "stop",
)  # fmt: skip


@pytest.mark.parametrize("visitors", variants([1], [5]))
def test_no_page_gets_parts_of_two_versions(browser: Browser, tmp_path: Path, visitors: int) -> None:
    draw = random.Random(51)
    deployments = Deployments(tmp_path, ["1", "2", "3"])
    results: Counter[str] = Counter()
    for _ in range(visitors):
        deployments.deploy(draw.choice("123"))
        with serving(deployments) as url, browser.new_context() as context:
            walk = Walk(url, deployments, context, draw)
            deployments.deploy(draw.choice("123"))
            settle(walk.tabs[0])
            until_controlled(walk.tabs[0])
            walk.walk(STEPS, NAMES)
            results += walk.results
    assert results["used"] > results["refused"]
    assert results["updated"] > 0


@pytest.mark.parametrize("visitors", variants([1], [5]))
@pytest.mark.parametrize("workers", ["allow", "block"])
def test_no_page_gets_parts_of_two_versions_without_a_service_worker(
    browser: Browser, tmp_path: Path, workers: Literal["allow", "block"], visitors: int
) -> None:
    """In the first seconds of a first visit, on plain http, or in a private window."""
    draw = random.Random(workers)
    deployments = Deployments(tmp_path, ["1", "2", "3"])
    results: Counter[str] = Counter()
    for _ in range(visitors):
        deployments.deploy(draw.choice("123"))
        with serving(deployments) as url, browser.new_context(service_workers=workers) as context:
            walk = Walk(url, deployments, context, draw)
            walk.walk(FIRST_STEPS, FIRST)
            results += walk.results
            if workers == "allow":
                deployments.deploy(draw.choice("123"))
                walk.open(walk.tabs[0], "one")
                settle(walk.tabs[0])
                walk.open(walk.tabs[0], "two")
                until_controlled(walk.tabs[0])
                walk.walk(FIRST_STEPS, NAMES)
    assert min(results["used"], results["opened"]) > 0
    assert results["refused"] > 0 or visitors == 1


@pytest.fixture
def bare(browser: Browser) -> Iterator[Page]:
    """A page in a browser without service workers."""
    with browser.new_context(service_workers="block") as context:
        yield context.new_page()


def test_a_page_whose_files_are_gone_reloads_once_and_then_says_so(bare: Page, tmp_path: Path) -> None:
    deployments = Deployments(tmp_path, ["1", "2"])
    deployments.deploy("1")
    opened = []
    bare.on("request", lambda request: opened.append(request.url) if request.url.endswith("/one/") else None)
    with serving(deployments) as url:
        deployments.meanwhile = "2"
        bare.goto(f"{url}one/")
        until_ready(tab := PlaywrightTab(bare))
        assert [len(opened), seen(tab)] == [2, {"2"}], "the new version is opened"
        deployments.deploy("1")
        old = (deployments.served / "one" / "index.html").read_bytes()
        deployments.deploy("2")
        (deployments.served / "one" / "index.html").write_bytes(old)  # as a cache may keep it
        opened.clear()
        bare.evaluate("() => sessionStorage.clear()")
        bare.goto(f"{url}one/")
        expect(bare.locator("body")).to_contain_text("The site has been updated: reload this page.")
        assert len(opened) == 2


@pytest.mark.parametrize("kind", ["script", "shell", "worker"])
def test_a_page_that_has_worked_says_so_and_keeps_what_was_typed(
    bare: Page, tmp_path: Path, kind: str
) -> None:
    deployments = Deployments(tmp_path, ["1", "2"])
    deployments.deploy("1")
    with serving(deployments) as url:
        bare.goto(f"{url}one/")
        until_ready(tab := PlaywrightTab(bare))
        bare.get_by_role("textbox").fill("A quill")
        deployments.deploy("2")
        assert use(tab, kind) != "used"
        expect(bare.locator(".update-notice")).to_contain_text(OLDER)
        expect(bare.get_by_role("textbox")).to_have_value("A quill")
        assert seen(tab) == {"1"}


def test_the_playground_keeps_its_prompt_when_the_site_is_updated(bare: Page, site_url: str) -> None:
    bare.goto(f"{site_url}playground/")
    prompt = bare.get_by_test_id("prompt")
    prompt.fill("A quill")
    bare.route(re.compile("/v-"), lambda route: route.fulfill(status=404, body=""))
    bare.get_by_test_id("generate").click()
    expect(bare.locator(".update-notice")).to_contain_text(OLDER)
    expect(prompt).to_have_value("A quill")
    bare.unroute_all()
    bare.locator(".update-notice").get_by_role("button", name="Reload").click()
    expect(bare.locator(".update-notice")).to_have_count(0)
    expect(prompt).to_have_value("A quill")


def test_a_page_whose_worker_failed_learns_of_the_next_one(browser: Browser, tmp_path: Path) -> None:
    deployments = Deployments(tmp_path, ["1", "2"])
    deployments.deploy("1")
    with serving(deployments) as url, browser.new_context() as context:
        first, second = (PlaywrightTab(context.new_page()) for _ in range(2))
        first.goto(f"{url}one/")
        deployments.deploy("2", half=True)
        settle(first)
        deployments.deploy("2")
        second.goto(f"{url}one/")
        settle(second)
        for tab in (first, second):
            until_controlled(tab)
        first.wait_for(".update-notice", "This page is from an older version")
        assert "used" not in use_all(first)
        assert use_all(second) == ALL
        assert [seen(first), seen(second)] == [{"1"}, {"2"}]
