"""Download sizes stay within their limits: each page's shell, the widget's script, a first text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from scripts.bench import sizes
from scripts.pages import read_pages

FOLDER = Path(__file__).resolve().parent.parent.parent / "dist"


@pytest.fixture
def uncached_page(browser: Browser) -> Iterator[Page]:
    """A page that requests every file itself: no service worker fetches or caches any."""
    context = browser.new_context(service_workers="block")
    yield context.new_page()
    context.close()


def heaviest(files: dict[str, int]) -> str:
    first = sorted(files, key=lambda file: -files[file])[:8]
    return ", ".join(f"{file} {files[file]:,}" for file in first)


def test_no_page_exceeds_the_limit_when_it_opens(uncached_page: Page, site_url: str) -> None:
    seen = dict(sizes.open_pages(uncached_page, FOLDER, site_url))
    listed = {page.file: page for page in read_pages()}
    assert set(listed) < set(seen)
    for name, files in seen.items():
        assert any(file.endswith(".js") for file in files) and name in files
        if name in listed and listed[name].exempt.get("size"):
            continue
        total = sum(files.values())
        computes = any(file.startswith("lab/") for file in files)  # an article with an experiment
        limit = sizes.LAB_LIMIT if computes else sizes.SHELL_LIMIT
        assert total <= limit, f"{name} requests {total:,} bytes: {heaviest(files)}"


def test_a_first_text_and_the_widget_stay_within_their_limits(uncached_page: Page, site_url: str) -> None:
    asked: set[str] = set()
    uncached_page.context.on("request", lambda request: asked.add(request.url))
    uncached_page.goto(f"{site_url}playground/#max_new_tokens=4&seed=1")
    uncached_page.get_by_test_id("generate").click()
    expect(uncached_page.get_by_test_id("output")).not_to_be_empty(timeout=120_000)
    files = sizes.packed(FOLDER, asked, site_url)
    assert any(file.endswith("pyodide.asm.wasm") for file in files)
    assert sum(files.values()) <= sizes.FIRST_TEXT_LIMIT, heaviest(files)
    assert sizes.transfer_size(FOLDER / sizes.WIDGET) <= sizes.WIDGET_LIMIT
