"""The home page opens cleanly under a path prefix."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_home_page_opens_without_leaving_the_origin(clean_page: Page, site_url: str) -> None:
    clean_page.goto(site_url)
    expect(clean_page).to_have_title("Goosequill")
    expect(clean_page.get_by_role("heading", level=1)).to_have_text("Goosequill")
