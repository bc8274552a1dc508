"""The search box of Material for MkDocs on a site that is not ours: its hits open the right pages."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from scripts.serve import make_server

from tests.browser.conftest import Record
from tests.browser.waiting import until
from tests.mkdocs_site import built, write_project

PREFIX = "/some/prefix/"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A project whose site is served under a prefix, and the site's address."""
    project = write_project(tmp_path / "project")
    (project / "site").mkdir()
    server = make_server(project / "site", prefix=PREFIX)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield project, f"http://127.0.0.1:{server.server_port}{PREFIX}"
    server.shutdown()
    server.server_close()


def follow(page: Page, question: str, wanted: str) -> None:
    """Type a question and click the hit whose heading is `wanted`."""
    box = page.locator("input.md-search__input")
    box.fill("")
    box.press_sequentially(question)
    # After each change of the address Material waits, then closes the search even if it was just opened, and
    # may forget the question. Nothing on the page tells when that is over, so a search that closed is opened
    # again, a question that is gone is asked again, and the hit is clicked as soon as it is there. Playwright
    # would ask a second time for what `wait_for_function` got, in a page that may have been left by then.
    until(
        page,
        """async ([box, question, hit, wanted]) => {
            // Material hears of a focus only if it lasts.
            await new Promise((resolve) => setTimeout(resolve, 100));
            if (!document.querySelector('#__search').checked) {
                document.activeElement === box ? box.blur() : box.focus();
            } else if (box.value !== question) {
                box.value = question;
                box.dispatchEvent(new KeyboardEvent('keyup'));
            }
            const shown = [...document.querySelectorAll(hit)].filter((link) => link.checkVisibility());
            const link = shown.find((link) => link.querySelector('h1, h2')?.textContent.includes(wanted));
            link?.click();
            return link !== undefined;
        }""",
        [box.element_handle(), question, ".md-search-result__item a", wanted],
    )


def test_a_hit_opens_its_page_without_directory_addresses(
    page: Page, server: tuple[Path, str], record: Record
) -> None:
    project, address = server
    built(project, use_directory_urls=False)
    page.goto(f"{address}care.html")
    follow(page, "ablagerungen", "Kalk entfernen")
    expect(page).to_have_url(re.compile(r"/some/prefix/de/pflege\.html(\?.*)?#kalk-entfernen$"))
    expect(page.locator(".md-content h1")).to_have_text(re.compile("Pflege"))
    assert record.outside(address) == [] and record.console_errors == []


@pytest.mark.rest
def test_a_hit_opens_its_page_with_instant_navigation(page: Page, server: tuple[Path, str]) -> None:
    project, address = server
    built(project, "navigation.instant", site_url=address)
    page.goto(f"{address}de/pflege/")
    page.evaluate("window.kept = true")
    follow(page, "vinegar", "Limescale")
    expect(page.locator(".md-content h1")).to_have_text(re.compile("Care"))
    expect(page).to_have_url(re.compile(r"/some/prefix/care/(\?.*)?#limescale$"))
    assert page.evaluate("window.kept"), "the page was loaded anew"
    page.wait_for_function("!document.querySelector('#__search').checked")  # it closes after a hit
    page.locator("input.md-search__input").blur()
    follow(page, "welcome", "Kettle")
    expect(page.locator(".md-content h1")).to_have_text(re.compile("Kettle"))
