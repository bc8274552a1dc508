"""The adapters that the browser keeps: in every tab, until they are deleted on the storage page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect
from scripts.bundles import BUNDLE, run_esbuild

from .accessibility import violations
from .conftest import ROOT

FACTS = "{ name: 'Pirate', model: 'rwkv-4-6x320-1', model_name: 'Small', method: 'vectors' }"


def open_storage(context: BrowserContext, site_url: str, tmp_path: Path) -> Page:
    """A storage page, with the module that keeps adapters as a global."""
    code = tmp_path / "adapters.js"
    if not code.exists():
        run_esbuild(str(ROOT / "site/ui/adapters.js"), *BUNDLE, f"--outfile={code}")
        context.route("**/ui/adapters.js", lambda route: route.fulfill(path=code))
    page = context.new_page()
    page.goto(f"{site_url}storage/")
    expect(page.get_by_test_id("adapters")).to_contain_text("There are none.")
    page.evaluate("import('../ui/adapters.js').then((found) => { globalThis.adapters = found; })")
    return page


def test_adapters_are_kept_listed_downloaded_and_deleted_in_every_tab(
    clean_page: Page, site_url: str, tmp_path: Path
) -> None:
    one, other = (open_storage(clean_page.context, site_url, tmp_path) for _ in range(2))
    kept = one.evaluate(f"adapters.keepAdapter(new Uint8Array(45_001), {FACTS})")
    shown = other.get_by_test_id("adapters")
    expect(shown).to_contain_text("Pirate for Small")
    expect(shown).to_contain_text("46 kB")
    listed = "(model) => adapters.listAdapters(model).then((all) => all.map(({ name }) => name))"
    assert one.evaluate(listed, "rwkv-4-6x320-1") == ["Pirate"]
    assert one.evaluate(listed, "another") == []
    one.evaluate("(id) => adapters.renameAdapter(id, 'Captain')", kept["id"])
    expect(shown).to_contain_text("Captain")
    assert violations(other) == []
    with other.expect_download() as downloading:
        shown.get_by_role("button", name="Download Captain").click()
    assert downloading.value.suggested_filename == "Captain.safetensors"
    assert downloading.value.path().stat().st_size == 45_001
    one.reload()
    remove = one.get_by_test_id("adapters").get_by_role("button", name="Delete Captain")
    remove.click()
    expect(one.get_by_test_id("status")).to_have_text("Captain is deleted.")
    expect(shown).to_contain_text("There are none.")
    assert other.evaluate("(id) => adapters.readAdapter(id)", kept["id"]) is None
