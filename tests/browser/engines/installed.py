"""Where the systems' browsers are, and what to install where one is missing."""

from __future__ import annotations

import os
import shutil

import pytest

PACKAGES = {
    "chromium": "chromium",
    "firefox": "firefox-esr",
    "webkit": "webkit2gtk-driver gir1.2-webkit2-4.1 python3-gi xvfb",
}


def executable(engine: str) -> str:
    """The path of an engine's program. Without it tests are skipped with what to install, or fail in CI."""
    names = {
        "chromium": ("chromium", "chromium-browser"),
        "firefox": ("firefox-esr", "firefox"),
        "webkit": ("WebKitWebDriver",),
    }[engine]
    found = next(filter(None, map(shutil.which, names)), None)
    if found and (engine != "webkit" or shutil.which("Xvfb")):
        return found
    missing = (
        f"{engine} is missing: run sh scripts/browsers.sh, or on Debian apt-get install {PACKAGES[engine]}"
    )
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
