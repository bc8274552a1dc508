"""The page of components: each example works, and the line beside it is one that a page can have."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .accessibility import violations
from .conftest import ROOT


@pytest.fixture
def components(clean_page: Page, site_url: str) -> Page:
    clean_page.goto(f"{site_url}components/")
    expect(clean_page.locator(".example .chart svg").first).to_be_visible()
    return clean_page


def test_every_example_shows_something_and_its_code(components: Page) -> None:
    for example in components.locator(".example").all():
        expect(example.locator("pre")).not_to_be_empty()
        expect(example.locator(".example-box > *").first).to_be_visible()


def test_each_line_uses_what_its_module_exports(components: Page) -> None:
    for example in components.locator("[data-module]").all():
        module = ROOT / "site" / (example.get_attribute("data-module") or "")
        exported = re.findall(r"export (?:async )?(?:function|class|const) (\w+)", module.read_text("utf-8"))
        names = set(re.findall(r"\w+", example.locator("pre").inner_text()))
        owners = {"ui/controls.js": {"controls"}, "ui/status.js": {"status"}, "ui/progress.js": {"progress"}}
        known = owners.get(example.get_attribute("data-module") or "", set())
        assert names & (set(exported) | known), example.locator("pre").inner_text()


def test_popover_and_menu_open_close_and_give_back_the_focus(components: Page) -> None:
    for name, inside in (("What is a token?", "A piece of text"), ("Length", "A paragraph")):
        button = components.get_by_role("button", name=name, exact=True)
        content = components.locator("[popover]").get_by_text(inside)
        expect(content).to_be_hidden()
        button.press("Enter")
        expect(content).to_be_visible()
        assert violations(components) == []
        components.keyboard.press("Escape")
        expect(content).to_be_hidden()
        expect(button).to_be_focused()


def test_the_error_of_a_field_goes_when_the_field_is_edited(components: Page) -> None:
    field = components.get_by_label("Address of a model")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(components.get_by_text("Enter an address that begins with https://", exact=True)).to_be_visible()
    field.fill("https://example.org/")
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_arrow_keys_choose_in_a_segmented_control(components: Page) -> None:
    modes = components.get_by_role("group", name="Mode", exact=True)
    modes.get_by_role("radio", name="Write").press("ArrowRight")
    expect(modes.get_by_role("radio", name="Chat")).to_be_checked()
