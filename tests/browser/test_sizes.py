"""Download sizes of the widget's script and of a first text; those of pages are in test_pages.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from scripts.bench import sizes

FOLDER = Path(__file__).resolve().parent.parent.parent / "dist"


@pytest.fixture
def uncached_page(browser: Browser) -> Iterator[Page]:
    """A page that requests every file itself: no service worker fetches or caches any."""
    context = browser.new_context(service_workers="block")
    yield context.new_page()
    context.close()


def test_a_first_text_and_the_widget_stay_within_their_limits(uncached_page: Page, site_url: str) -> None:
    asked: set[str] = set()
    uncached_page.context.on("request", lambda request: asked.add(request.url))
    uncached_page.goto(f"{site_url}playground/#max_new_tokens=4&seed=1")
    uncached_page.get_by_test_id("generate").click()
    expect(uncached_page.get_by_test_id("output")).not_to_be_empty(timeout=120_000)
    packed = sizes.packed_at_first(FOLDER, asked, site_url)
    assert sum(packed.values()) <= sizes.FIRST_TEXT_LIMIT, sizes.heaviest(packed)
    files = sizes.plain_at_first(FOLDER, asked, site_url)
    engine = {file: size for file, size in files.items() if sizes.is_engine(file)}
    assert any(file.endswith("pyodide.asm.wasm.gz") for file in engine)
    assert sum(engine.values()) <= sizes.ENGINE_LIMIT, sizes.heaviest(engine)
    assert sum(files.values()) <= sizes.VISIT_LIMIT, sizes.heaviest(files)
    assert sizes.transfer_size(FOLDER / sizes.WIDGET) <= sizes.WIDGET_LIMIT
