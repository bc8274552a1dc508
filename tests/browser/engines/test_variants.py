"""The site in browsers without parts that others, old ones and locked ones, lack."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from ..variants import variants
from .by_playwright import Chromium, Firefox
from .file_flows import BREAD, GEESE, STATUS, consent
from .flows import write_golden
from .installed import executable
from .site import Site
from .tab import Browser
from .webkit import WebKit

NO_FILES = "FileSystemAccess,FileSystemAccessOriginPrivate,FileSystemAccessLocal"
TAKES = "(pages) => { try { return !!new WebAssembly.Memory({ initial: pages }); } catch { return false; } }"
WITHOUT_FILES = "no private file system"
VARIANTS = {
    WITHOUT_FILES: f"--disable-blink-features={NO_FILES}",
    "only the baseline compiler": "--js-flags=--liftoff-only",
    "512 MB of memory": "--js-flags=--wasm-max-mem-pages=8192",
}
FIREFOX = pytest.param("firefox", marks=pytest.mark.rest)
WEBKIT = pytest.param("webkit", marks=pytest.mark.rest)


@pytest.mark.parametrize(
    "variant", variants([WITHOUT_FILES], [each for each in VARIANTS if each != WITHOUT_FILES])
)
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


@pytest.mark.rest
def test_without_relaxed_simd_the_plain_kernel_writes_the_golden_text(
    playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    preferences = {"javascript.options.wasm_relaxed_simd": False}
    started = Firefox(playwright, executable("firefox"), tmp_path, preferences)
    try:
        tab = started.tab()
        write_golden(tab, site)
        assert "plain kernel" in tab.text("[data-testid=model-facts]")
    finally:
        started.close()


@pytest.mark.rest
def test_webkit_with_all_its_compilers_writes_the_golden_text(
    playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    started = WebKit(executable("webkit"), tmp_path, optimized=True)
    try:
        write_golden(started.tab(), site)
    finally:
        started.close()


@pytest.mark.parametrize("engine", ["chromium", FIREFOX])
def test_a_browser_without_webassembly_is_told_what_to_do(
    engine: str, playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    """Chromium has none without its compilers; its builds contain no interpreter of WebAssembly."""
    started: Browser
    if engine == "chromium":
        started = Chromium(playwright, executable(engine), tmp_path, ["--js-flags=--jitless"])
    else:
        started = Firefox(playwright, executable(engine), tmp_path, {"javascript.options.wasm": False})
    try:
        tab = started.tab()
        tab.goto(f"{site.url}playground/")
        assert tab.js("() => typeof WebAssembly") == "undefined"
        tab.type("#prompt", "The goose")
        tab.click("#generate")
        said = tab.wait_for(STATUS, "WebAssembly is switched off in this browser")
        assert "Allow it for this site" in said and "use another browser" in said
        assert tab.js("() => document.querySelector('#prompt').value") == "The goose"
        assert tab.errors() == []
    finally:
        started.close()


@pytest.mark.parametrize("engine", ["chromium", WEBKIT])
def test_where_files_cannot_be_written_a_collection_is_kept_in_the_cache(
    engine: str, playwright: Playwright, tmp_path: Path, site: Site
) -> None:
    """In WebKit there is a private file system then, and adding a document once failed with a TypeError."""
    geese, bread = tmp_path / "geese.md", tmp_path / "bread.md"
    geese.write_text(GEESE, encoding="utf-8")
    bread.write_text(BREAD, encoding="utf-8")
    started: Browser
    if engine == "chromium":
        arguments = [f"--disable-blink-features={NO_FILES}"]
        started = Chromium(playwright, executable(engine), tmp_path, arguments)
    else:
        started = WebKit(executable(engine), tmp_path, without=["FileSystemWritableStream"])
    try:
        tab = started.tab()
        tab.goto(f"{site.url}search/")
        tab.files("[data-testid=add-files]", geese, bread)
        consent(tab)
        tab.wait_for(STATUS, "2 documents added. Ready to search.")
        tab.wait_for("[data-testid=notice]", "collections are kept in its cache")
        tab.goto(f"{site.url}search/?again")
        tab.wait_for(STATUS, "Ready to search.")
        tab.type("[data-testid=question]", "when do geese fly south")
        tab.wait_for("[data-testid=result][data-document='geese.md']")
        tab.goto(f"{site.url}storage/")
        tab.wait_for("[data-collection]", "2 documents")
        tab.click("[data-collection] button")
        tab.wait_for("#collections", "There are none.")
        assert tab.errors() == []
    finally:
        started.close()
