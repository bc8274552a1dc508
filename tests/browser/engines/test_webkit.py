"""The flows in WebKit."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from .flows import Flows
from .installed import executable
from .site import SERVICE_WORKER
from .webkit import WebKit


@pytest.mark.rest
class TestWebKit(Flows):
    missing = (SERVICE_WORKER,)
    """It would store the whole site at each flow's origin. Chromium logs an error without it."""

    @staticmethod
    def start(playwright: Playwright, folder: Path) -> WebKit:
        return WebKit(executable("webkit"), folder)
