"""The flows in Firefox."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from .by_playwright import Firefox
from .flows import Flows
from .installed import executable
from .site import SERVICE_WORKER


@pytest.mark.rest
class TestFirefox(Flows):
    missing = (SERVICE_WORKER,)
    """It would store the whole site at each flow's origin. Chromium logs an error without it."""

    @staticmethod
    def start(playwright: Playwright, folder: Path) -> Firefox:
        return Firefox(playwright, executable("firefox"), folder)
