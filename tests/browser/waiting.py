"""Wait for a state that only a promise tells: Playwright's wait_for_function takes every promise for true."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

LIMIT = 90  # seconds until a wait fails: a slow machine gets the same verdict as a fast one


def until(page: Page, function: str, argument: Any = None) -> Any:
    """Wait until what a JavaScript function returns, or promises, is true; return it."""
    deadline = time.monotonic() + LIMIT
    while not (found := page.evaluate(function, argument)):
        assert time.monotonic() < deadline, f"waited for {function}"
        page.wait_for_timeout(50)
    return found
