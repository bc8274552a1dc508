"""The first text in Chromium without parts that other browsers, old ones and locked ones lack."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from .by_playwright import Chromium
from .flows import write_golden
from .installed import executable
from .site import Site

NO_FILES = "FileSystemAccess,FileSystemAccessOriginPrivate,FileSystemAccessLocal"
TAKES = "(pages) => { try { return !!new WebAssembly.Memory({ initial: pages }); } catch { return false; } }"
VARIANTS = {
    "no private file system": f"--disable-blink-features={NO_FILES}",
    "only the baseline compiler": "--js-flags=--liftoff-only",
    "512 MB of memory": "--js-flags=--wasm-max-mem-pages=8192",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_golden_text_is_written_with(
    variant: str, playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    started = Chromium(playwright, executable("chromium"), tmp_path, [VARIANTS[variant]])
    try:
        tab = started.tab()
        write_golden(tab, site)
        assert tab.js(TAKES, 8193) == ("memory" not in variant)
        assert ("is kept in its cache" in tab.text("[data-testid=model-notices]")) == ("file" in variant)
    finally:
        started.close()
