"""What the soak scripts share: the built site in Chromium, its memory and its workers."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from scripts.serve import make_server

ROOT = Path(__file__).resolve().parents[2]

PREFIX = "/goosequill/"
MINUTE = 60_000


@contextmanager
def serving(folder: Path = ROOT / "dist", *, port: int = 0) -> Iterator[str]:
    """Serve a built site; yield its address, which ends in a slash."""
    if not (folder / "index.html").is_file():
        raise SystemExit(f"{folder} is not built: run make build first")
    server = make_server(folder, prefix=PREFIX, port=port)
    # A connection that is kept open would go on being answered when the server is gone.
    server.RequestHandlerClass.func.protocol_version = "HTTP/1.0"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; its sandbox does not work for root."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        raise SystemExit("Chromium is missing: install the package 'chromium'")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


def heap_bytes(page: Page) -> int:
    """The page's own JavaScript heap after a collection, without its workers'."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    found: dict[str, Any] = session.send("Runtime.getHeapUsage")
    session.detach()
    return int(found["usedSize"])


def workers(browser: Browser) -> int:
    """How many workers of the engine the browser has."""
    session = browser.new_browser_cdp_session()
    targets: list[dict[str, Any]] = session.send("Target.getTargets", {"filter": [{}]})["targetInfos"]
    session.detach()
    return sum("engine/" in target["url"] and target["type"] == "worker" for target in targets)


def workers_left(page: Page, browser: Browser) -> int:
    """How many workers of the engine are left after at most a minute; the browser ends them a bit later."""
    for _ in range(MINUTE // 50):
        if not workers(browser):
            return 0
        page.wait_for_timeout(50)
    return workers(browser)
