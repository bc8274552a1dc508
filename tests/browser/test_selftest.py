"""The self-test: it passes here, downloads nothing unasked, can be cancelled, and fails on what is broken."""

from __future__ import annotations

import re
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from scripts.runtime import write_tar
from scripts.serve import make_server
from scripts.versions import versioned

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.conftest import PREFIX, ROOT, Record, watch
from tests.browser.waiting import until

RUN = 240_000  # milliseconds that a whole run may take on a busy machine
DOWNLOADS = re.compile(r"\.(wasm|safetensors|whl|gz|zip)$")
ADD, SUBTRACT = b"\xfd\xe4\x01", b"\xfd\xe5\x01"
"""f32x4.add and f32x4.sub, two instructions of the same type."""


def rows(page: Page, outcome: str) -> Locator:
    return page.get_by_test_id("table").locator(f"tr[data-outcome={outcome}]")


def finish(page: Page, words: str) -> None:
    expect(page.get_by_test_id("status")).to_contain_text(words, timeout=RUN)


@pytest.fixture(scope="module")
def finished(browser: Browser, site_url: str) -> Iterator[tuple[Page, Record, list[str], str]]:
    """A run that has ended, with its requests, those before its start, and the size that it announced."""
    page = browser.new_page()
    record = watch(page)
    page.goto(f"{site_url}selftest/")
    start = page.get_by_test_id("start")
    expect(start).to_be_enabled()
    before, announced = list(record.requests), page.locator("#size").inner_text()
    start.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cancel")).to_be_focused()
    finish(page, "works: ")
    expect(start).to_be_focused()
    yield page, record, before, announced
    page.close()


def test_everything_works_here(finished: tuple[Page, Record, list[str], str]) -> None:
    page, record, _, _ = finished
    assert rows(page, "failed").count() == 0
    titles = rows(page, "passed").locator("th").all_text_contents()
    for title in (
        "private files",
        "plain: RWKV-7's delta rule",
        "relaxed: softmax",
        "default model",
        "text 1",
    ):
        assert title in titles
    for title in ("by meaning", "service worker", "pages", "engine"):
        assert title in titles
    expect(rows(page, "unavailable").filter(has_text="The page is not isolated")).to_have_count(1)
    assert record.console_errors == []
    assert page.locator("tr[data-outcome]").locator("visible=true").count() == 0, "what passed is folded"


def test_nothing_is_downloaded_before_the_start_and_then_what_was_announced(
    finished: tuple[Page, Record, list[str], str],
) -> None:
    _, record, before, announced = finished
    assert [url for url in before if DOWNLOADS.search(url)] == []
    paths = {url.split(PREFIX)[1] for url in record.requests if DOWNLOADS.search(url)}
    fetched = sum((ROOT / "dist" / path).stat().st_size for path in paths if "search-index" not in path)
    said = re.search(r"up to (\d+) MB", announced)
    assert said and abs(int(said[1]) - fetched / 1e6) < 0.1 * int(said[1])


def test_the_report_has_browser_features_and_results_but_no_address(
    finished: tuple[Page, Record, list[str], str],
) -> None:
    page = finished[0]
    report = page.get_by_test_id("report").inner_text()
    version = page.evaluate("fetch('../precache.js').then((found) => found.text())").split('"version": "')[1]
    assert f"Version: {version[:16]}" in report
    assert "Chrome/" in report and "Ended: all checks have run" in report
    assert re.search(r"^Has: .*SIMD, relaxed SIMD.*private files", report, re.MULTILINE)
    assert re.search(r"passed +plain: layer norm \(\d+\.\d ms\)", report)
    assert "127.0.0.1" not in report and "http" not in report
    with page.expect_download() as saved:
        page.get_by_test_id("save").click()
    assert Path(saved.value.path()).read_text(encoding="utf-8").strip() == report.strip()


def test_the_results_are_accessible_and_narrow(finished: tuple[Page, Record, list[str], str]) -> None:
    page = finished[0]
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 2400})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert "\n".join(violations_in_both_themes(page)) == ""


def test_groups_are_opened_with_the_keyboard(finished: tuple[Page, Record, list[str], str]) -> None:
    page = finished[0]
    group = page.get_by_role("button", name="Tokenizers")
    group.press("Enter")
    expect(rows(page, "passed").filter(has_text="neox-20b")).to_be_visible()
    group.press("Enter")
    expect(rows(page, "passed").filter(has_text="neox-20b")).to_be_hidden()


ENGINE_IS_GONE = """() => navigator.locks.query()
  .then(({ held }) => !held.some(({ name }) => name.startsWith("goosequill-engine")))"""


def test_a_cancelled_run_ends_its_worker_and_can_be_started_again(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}selftest/")
    page.context.route("**/pyodide.asm.wasm.gz", lambda route: None)  # never answered
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("status")).to_contain_text("Kernels")
    page.get_by_test_id("cancel").click()
    finish(page, "Test cancelled")
    expect(page.get_by_test_id("report")).to_contain_text("Kernels: not run")
    until(page, ENGINE_IS_GONE)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("status")).to_contain_text("Kernels")
    page.get_by_test_id("cancel").click()
    finish(page, "Test cancelled")


def break_kernel(site: Path) -> None:
    """Let the relaxed kernel subtract where it should add."""
    path = versioned(site) / "python" / "first.tar.gz"
    with tarfile.open(path) as archive:
        opened = {member.name: archive.extractfile(member) for member in archive}
        files = {name: file.read() for name, file in opened.items() if file}
    (kernel,) = (name for name in files if name.endswith("simd-relaxed.wasm"))
    assert ADD in files[kernel]
    files[kernel] = files[kernel].replace(ADD, SUBTRACT)
    write_tar(files, path)


@pytest.mark.rest
def test_what_is_broken_fails_with_what_it_means_and_what_to_do(browser: Browser, tmp_path: Path) -> None:
    site = Path(shutil.copytree(ROOT / "dist", tmp_path / "site"))
    break_kernel(site)
    (worker,) = (versioned(site) / "selftest").glob("storage-worker.js")
    full = "FileSystemSyncAccessHandle.prototype.write = () => 0;"
    worker.write_text(full + worker.read_text(encoding="utf-8"), encoding="utf-8")
    server = make_server(site, prefix=PREFIX)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}{PREFIX}selftest/")
    page.get_by_test_id("start").click()
    finish(page, "Something failed")
    failed = rows(page, "failed")
    files = failed.filter(has_text="private files")
    expect(files).to_contain_text("did not take all bytes")
    expect(files).to_contain_text("free some space")
    expect(failed.filter(has_text="relaxed: sum")).to_be_visible()
    expect(failed.filter(has_text="text 1")).to_contain_text("send us the report")
    expect(failed.filter(has_text="service worker")).to_contain_text("reload", ignore_case=True)
    assert rows(page, "failed").filter(has_text="plain: ").count() == 0
    expect(rows(page, "passed").filter(has_text="plain: sum")).to_have_count(1)
    expect(page.get_by_test_id("report")).to_contain_text("failed      private files")
    context.close()
    server.shutdown()
    server.server_close()
