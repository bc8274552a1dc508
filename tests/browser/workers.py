"""The workers of a page."""

from __future__ import annotations

from playwright.sync_api import Page, Worker


def only_worker(page: Page) -> Worker:
    """Return the engine's worker, as soon as the one that prepared its parts has ended."""
    while len(page.workers) != 1:
        page.wait_for_timeout(20)
    return page.workers[0]
