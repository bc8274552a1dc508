"""What each flow gets: its class's browser, a tab of it, and a site of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from ..versions import Deployments
from .site import Site, serve_site
from .tab import Browser, Tab


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with serve_site(missing=getattr(request.cls, "missing", ())) as served:
        yield served


@pytest.fixture
def site_with_worker() -> Iterator[Site]:
    with serve_site() as served:
        yield served


@pytest.fixture(scope="class")
def browser(
    request: pytest.FixtureRequest, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Started once for all tests of a class, by its `start`."""
    started: Browser = request.cls.start(playwright, tmp_path_factory.mktemp("browser"))
    yield started
    started.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    opened = browser.tab()
    yield opened
    opened.close()


@pytest.fixture
def deployments(tmp_path: Path) -> Deployments:
    """A small site of which version 1 is deployed."""
    made = Deployments(tmp_path, ["1", "2"])
    made.deploy("1")
    return made
