"""What the storage page lists and deletes; model files and collections are tested where they are made."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .accessibility import violations, violations_in_both_themes


def test_texts_of_tabs_are_listed_and_deleted_after_a_question(clean_page: Page, site_url: str) -> None:
    page = clean_page
    page.goto(f"{site_url}storage/")
    tabs = page.get_by_test_id("tabs")
    expect(tabs).to_contain_text("There are none.")
    page.goto(f"{site_url}playground/")
    expect(page.get_by_test_id("generate")).to_be_enabled()
    page.get_by_test_id("prompt").fill("The goose wrote a long line. " * 3000)
    page.goto(f"{site_url}storage/")
    expect(tabs).to_contain_text("1 visit")
    expect(tabs).to_contain_text("0.1 MB")
    delete = tabs.get_by_role("button", name="Delete the texts and chats of all tabs")
    delete.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep them")).to_be_focused()
    assert violations(page) == []
    dialog.get_by_role("button", name="Keep them").click()
    expect(tabs).to_contain_text("1 visit")
    delete.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_test_id("status")).to_have_text("The texts and chats of tabs are deleted.")
    expect(tabs).to_contain_text("There are none.")
    page.reload()
    expect(tabs).to_contain_text("There are none.")


def test_what_cannot_be_deleted_is_reported_and_stays(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}playground/")
    expect(page.get_by_test_id("generate")).to_be_enabled()
    page.get_by_test_id("prompt").fill("The goose wrote a long line. " * 3000)
    page.goto(f"{site_url}storage/")
    tabs = page.get_by_test_id("tabs")
    expect(tabs).to_contain_text("1 visit")
    page.evaluate(
        "() => { IDBObjectStore.prototype.clear = () => { throw new DOMException('No.', 'UnknownError') } }"
    )
    tabs.get_by_role("button", name="Delete the texts and chats of all tabs").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    status = page.get_by_test_id("status")
    expect(status).to_contain_text("could not be deleted")
    expect(tabs).to_contain_text("1 visit")
    assert violations_in_both_themes(page) == []


KEPT = """async () => {
  const root = await navigator.storage.getDirectory();
  const own = await root.getDirectoryHandle("goosequill", { create: true });
  const folder = await own.getDirectoryHandle("snapshots", { create: true });
  const names = [];
  for await (const name of folder.keys()) names.push(name);
  return names;
}"""
INTACT = """async (name) => {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle("goosequill")).getDirectoryHandle("snapshots");
    const file = await (await folder.getFileHandle(name)).getFile();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.slice(64).arrayBuffer()));
    const expected = await file.slice(0, 64).text();
    return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("") === expected;
  } catch {
    return false; // it is being replaced
  }
}"""
SPOIL = """async ([name]) => {
  const root = await navigator.storage.getDirectory();
  const folder = await (await root.getDirectoryHandle("goosequill")).getDirectoryHandle("snapshots");
  const file = await folder.getFileHandle(name);
  const bytes = new Uint8Array(await (await file.getFile()).arrayBuffer());
  bytes[bytes.length >> 1] ^= 64;
  const stream = await file.createWritable();
  await stream.write(bytes);
  await stream.close();
}"""


def write_text(page: Page, site_url: str) -> str:
    page.goto(f"{site_url}playground/#max_new_tokens=8&seed=3")
    expect(page.get_by_test_id("generate")).to_be_enabled()
    page.get_by_test_id("prompt").fill("The goose")
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("status")).to_contain_text("after 8 tokens")
    return str(page.get_by_test_id("output").text_content())


def wait_until_kept(page: Page) -> list[str]:
    """Wait for a complete file that is intact; while it is written it has another name."""
    found: list[str] = page.evaluate(f"""async () => {{
      for (let tries = 0; tries < 600; tries++) {{
        const names = (await ({KEPT})()).filter((name) => /^[0-9a-f]+$/.test(name));
        for (const name of names) if (await ({INTACT})(name)) return [name];
        await new Promise((resolve) => setTimeout(resolve, 100));
      }}
      throw new Error("nothing was kept");
    }}""")
    return found


def test_a_copy_of_pythons_memory_is_listed_and_deleted(clean_page: Page, site_url: str) -> None:
    page = clean_page
    page.goto(f"{site_url}storage/")
    start, delete = page.get_by_test_id("start"), page.get_by_test_id("delete-start")
    expect(start).to_contain_text("There is no copy of Python's memory.")
    expect(delete).to_be_disabled()
    write_text(page, site_url)
    wait_until_kept(page)
    page.goto(f"{site_url}storage/")
    expect(start).to_have_text(re.compile(r"A copy of Python's memory, .*: \d\d MB\."))
    assert violations_in_both_themes(page) == []
    delete.click()
    expect(page.get_by_test_id("status")).to_have_text("The copy of Python's memory is deleted.")
    expect(start).to_contain_text("There is no copy of Python's memory.")
    assert page.evaluate(KEPT) == []


def test_a_copy_of_pythons_memory_that_has_changed_is_made_again(clean_page: Page, site_url: str) -> None:
    page = clean_page
    text = write_text(page, site_url)
    page.evaluate(SPOIL, wait_until_kept(page))
    page.reload()
    assert write_text(page, site_url) == text
    wait_until_kept(page)
    page.reload()
    assert write_text(page, site_url) == text
