"""The flows in Chromium."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Playwright

from .by_playwright import Chromium
from .flows import Flows
from .installed import executable


class TestChromium(Flows):
    """What the rest of tests/browser tries in Chromium's headless shell is not tried here again."""

    test_the_storage_page_lists_the_model_and_deletes_it = None  # type: ignore[assignment]
    test_threads_share_memory_and_write_the_same = None  # type: ignore[assignment]
    test_the_element_writes_on_a_page_of_another_origin = None  # type: ignore[assignment]
    test_the_comparer_opens_a_report = None  # type: ignore[assignment]
    test_a_laboratory_page_computes_and_draws = None  # type: ignore[assignment]

    @staticmethod
    def start(playwright: Playwright, folder: Path) -> Chromium:
        return Chromium(playwright, executable("chromium"), folder)
