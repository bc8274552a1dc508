"""No page gets parts of two versions of the site, whatever is deployed while it is open."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext

from .engines.by_playwright import PlaywrightTab
from .versions import ALL, KINDS, Deployments, seen, serving, settle, until_controlled, use, use_all

VISITORS, STEPS = 5, 40


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
        self.tabs = [self.new_tab(), self.new_tab()]
        self.open(self.tabs[0], "one")

    def new_tab(self) -> PlaywrightTab:
        return PlaywrightTab(self.context.new_page())

    def open(self, tab: PlaywrightTab, page: str) -> None:
        tab.goto(f"{self.url}{page}/")

    def step(self) -> str:
        """Do something that is possible, and return what."""
        at = self.draw.randrange(2)
        tab = self.tabs[at]
        usable = tab.js("() => globalThis.use !== undefined && navigator.serviceWorker.controller !== null")
        name = self.draw.choice(NAMES) if usable else "open"
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


NAMES = (
    *["use"] * 8, *["open"] * 3, *["deploy"] * 2, *["update"] * 3, "half", "close", "reload", "stop",
)  # fmt: skip


def test_no_page_gets_parts_of_two_versions(browser: Browser, tmp_path: Path) -> None:
    draw = random.Random(51)
    deployments = Deployments(tmp_path, ["1", "2", "3"])
    results: Counter[str] = Counter()
    for _ in range(VISITORS):
        deployments.deploy(draw.choice("123"))
        with serving(deployments) as url, browser.new_context() as context:
            walk, done = Walk(url, deployments, context, draw), []
            deployments.deploy(draw.choice("123"))
            settle(walk.tabs[0])
            until_controlled(walk.tabs[0])
            for _ in range(STEPS):
                done.append(walk.step())
                for tab in walk.tabs:
                    assert len(seen(tab)) <= 1, f"{seen(tab)} after {done}"
            results += walk.results
    assert results["used"] > results["refused"]
    assert results["updated"] > 0


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
