"""The built site under a path prefix, in the system's Chromium; requests and console errors are recorded.

It is the headless shell where that is installed: the same engine without a window, which starts sooner.
tests/browser/engines has the whole browser.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, Request, expect
from scripts.serve import make_server

ROOT = Path(__file__).resolve().parent.parent.parent
PREFIX = "/goosequill/"
CHROMIUM = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]

SHELL = ["--js-flags=--wasm-tiering-budget=400000000"]
"""Only code that runs for seconds is compiled twice: most tests start Python, and end soon after."""

expect.set_options(timeout=30_000)  # milliseconds: a slow machine gets the same verdict as a fast one


@pytest.fixture(scope="session")
def site_url() -> Iterator[str]:
    """The address of dist/, served under a prefix as GitHub Pages does for a project; it ends in a slash."""
    folder = ROOT / "dist"
    if not (folder / "index.html").is_file():
        pytest.fail("dist/ is not built: run make build first")
    server = make_server(folder, prefix=PREFIX)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """The system's Chromium without background requests; its sandbox does not work for root."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        pytest.fail("Chromium is missing: install the package 'chromium'")
    return {**browser_type_launch_args, "executable_path": executable, "args": [*CHROMIUM, *SHELL]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, object]) -> dict[str, object]:
    """Visitors have no service worker: a second after they come it stores every page, which takes four more.

    Tests of what it does ask for it (`with_service_worker`), or make a visitor of their own.
    """
    return {**browser_context_args, "service_workers": "block"}


with_service_worker = pytest.mark.browser_context_args(service_workers="allow")


@dataclass
class Record:
    """The requests and the errors of one page."""

    requests: list[str] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)

    def outside(self, origin: str) -> list[str]:
        """Requests that left the origin; data: and blob: addresses do not."""
        local = (origin, "data:", f"blob:{origin}")
        return [url for url in self.requests if not url.startswith(local)]


def watch(page: Page) -> Record:
    """Record the page's requests (its workers' too), console errors and uncaught exceptions from now on."""
    record = Record()

    def note_request(request: Request) -> None:
        record.requests.append(request.url)

    def note_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            record.console_errors.append(message.text)

    def note_exception(error: Error) -> None:
        record.console_errors.append(str(error))

    page.context.on("request", note_request)
    page.on("console", note_console)
    page.on("pageerror", note_exception)
    return record


@pytest.fixture
def record(page: Page) -> Record:
    """The requests and errors of the test's page."""
    return watch(page)


@pytest.fixture
def clean_page(page: Page, site_url: str, record: Record) -> Iterator[Page]:
    """A page whose test fails if a request left the origin or the console showed an error."""
    yield page
    origin = site_url.removesuffix(PREFIX) + "/"
    assert not record.outside(origin), "requests left the origin"
    assert not record.console_errors, "the console showed errors"
