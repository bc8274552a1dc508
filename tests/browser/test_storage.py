"""What the storage page lists and deletes; model files and collections are tested where they are made."""

from __future__ import annotations

import json
from urllib.parse import quote

from playwright.sync_api import Page, expect

from .accessibility import violations, violations_in_both_themes


def test_texts_of_tabs_are_listed_and_deleted_after_a_question(clean_page: Page, site_url: str) -> None:
    page = clean_page
    page.goto(f"{site_url}storage/")
    tabs = page.get_by_test_id("typed")
    expect(tabs).to_contain_text("There are none.")
    page.goto(f"{site_url}playground/")
    expect(page.get_by_test_id("generate")).to_be_enabled()
    page.get_by_test_id("prompt").fill("The goose wrote a long line. " * 3000)
    page.goto(f"{site_url}storage/")
    expect(tabs).to_contain_text("1 visit")
    expect(tabs).to_contain_text("0.1 MB")
    delete = tabs.get_by_role("button", name="Delete the texts of all tabs")
    delete.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Keep them")).to_be_focused()
    assert violations(page) == []
    dialog.get_by_role("button", name="Keep them").click()
    expect(tabs).to_contain_text("1 visit")
    delete.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_test_id("status")).to_have_text("The texts of tabs are deleted.")
    expect(tabs).to_contain_text("There are none.")
    page.reload()
    expect(tabs).to_contain_text("There are none.")


def test_what_cannot_be_deleted_is_reported_and_stays(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}playground/")
    expect(page.get_by_test_id("generate")).to_be_enabled()
    page.get_by_test_id("prompt").fill("The goose wrote a long line. " * 3000)
    page.goto(f"{site_url}storage/")
    tabs = page.get_by_test_id("typed")
    expect(tabs).to_contain_text("1 visit")
    page.evaluate(
        "() => { IDBObjectStore.prototype.clear = () => { throw new DOMException('No.', 'UnknownError') } }"
    )
    tabs.get_by_role("button", name="Delete the texts of all tabs").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    status = page.get_by_test_id("status")
    expect(status).to_contain_text("could not be deleted")
    expect(tabs).to_contain_text("1 visit")
    assert violations_in_both_themes(page) == []


def talk(page: Page, site_url: str, text: str) -> None:
    """Open a conversation of one message, from a link."""
    messages = quote(json.dumps([{"role": "user", "content": text}]))
    page.goto(f"{site_url}storage/")
    page.goto(f"{site_url}chat/#messages={messages}")
    expect(page.get_by_test_id("chat-item").first).to_contain_text(text)


def test_conversations_are_listed_and_deleted_after_a_question(clean_page: Page, site_url: str) -> None:
    page = clean_page
    for text in ("A first goose", "A second goose"):
        talk(page, site_url, text)
        page.evaluate("sessionStorage.clear()")
    chat = page.context.new_page()
    chat.goto(f"{site_url}chat/")
    expect(chat.get_by_test_id("chat-item")).to_have_count(2)
    page.goto(f"{site_url}storage/")
    typed = page.get_by_test_id("typed")
    expect(typed).to_contain_text("2 conversations")
    typed.get_by_role("button", name="Delete all conversations").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 conversations are deleted for good.")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_test_id("status")).to_have_text("All conversations are deleted.")
    expect(typed).not_to_contain_text("conversation")
    expect(chat.get_by_test_id("chat-item")).to_have_count(0)


def test_conversations_are_deleted_when_nothing_may_be_remembered(clean_page: Page, site_url: str) -> None:
    page = clean_page
    page.goto(f"{site_url}storage/")
    talk(page, site_url, "A first goose")
    page.locator("#remember-typed").click()
    expect(page.get_by_test_id("chat-item")).to_have_count(0)
    expect(page.get_by_test_id("message")).to_have_count(1)  # it is open still
    page.goto(f"{site_url}storage/")
    expect(page.get_by_test_id("typed")).not_to_contain_text("conversation")
