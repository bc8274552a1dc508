"""The flows in Chromium."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Playwright

from .by_playwright import Chromium
from .flows import Flows
from .installed import executable


class TestChromium(Flows):
    @staticmethod
    def start(playwright: Playwright, folder: Path) -> Chromium:
        return Chromium(playwright, executable("chromium"), folder)
