"""The header, which is the same on every page: its place, its menus, the search behind it, the theme."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from .accessibility import violations
from .variants import variants

KINDS = ("", "playground/", "compare/", "explanation/rwkv/", "lab/dilation/", "no/page")
"""The home page, two applications, an article, an experiment, an address without a page."""

each_kind = pytest.mark.parametrize("address", variants(["explanation/rwkv/"], ["storage/"]))
PAPER = {"light": "rgb(250, 248, 243)", "dark": "rgb(21, 24, 27)"}


def paper(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    clear = colour == "rgba(0, 0, 0, 0)"  # Material colours the body
    return page.evaluate("getComputedStyle(document.body).backgroundColor") if clear else colour


@pytest.mark.parametrize("width", variants([360, 1280], [1000]))
def test_everything_in_it_has_one_place_on_every_page(page: Page, site_url: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    places = {}
    for address in ("", *KINDS):  # the first visit may be without the fonts
        page.goto(site_url + address)
        header = page.get_by_role("banner")
        brand = page.get_by_role("link", name="Goosequill", exact=True).first
        expect(header.get_by_role("button", name="Theme")).to_be_visible()
        page.evaluate("document.fonts.ready")
        buttons = [header.get_by_role("button", name=name) for name in ("Language", "Theme")]
        last = header.get_by_role("link", name="Laboratory", include_hidden=True)
        boxes = [each.bounding_box() for each in (header, brand, *buttons, last)]
        places[address] = boxes
    assert [each for each in KINDS if places[each] != places[""]] == []
    assert places[""][0] == {"x": 0, "y": 0, "width": width, "height": 56}


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_the_menu_ends_before_the_search_where_it_is_unfolded(
    browser: Browser, site_url: str, locale: str
) -> None:
    context = browser.new_context(locale=locale, viewport={"width": 1220, "height": 740})
    page = context.new_page()
    page.goto(site_url + "storage/")
    last = page.locator(".site-menu a").last
    expect(last).to_have_text({"en-US": "Laboratory", "de-DE": "Labor"}[locale])
    menu, search = last.bounding_box(), page.get_by_role("search").first.bounding_box()
    assert menu and search and menu["x"] + menu["width"] < search["x"]
    page.set_viewport_size({"width": 1219, "height": 740})
    expect(last).to_be_hidden()
    context.close()


@pytest.mark.parametrize("address", ["storage/", "explanation/rwkv/"])
def test_the_menu_is_folded_where_it_has_no_room(page: Page, site_url: str, address: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(site_url + address)
    entry = page.get_by_role("navigation", name="Main").get_by_role("link", name="Embed")
    button = page.get_by_role("button", name="Menu", exact=True)
    expect(entry).to_be_hidden()
    button.press("Enter")
    expect(entry).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Tab")
    expect(page.get_by_role("navigation", name="Main").get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    entry.click()
    expect(page).to_have_url(re.compile("/embed/$"))
    page.set_viewport_size({"width": 1280, "height": 740})
    expect(button).to_be_hidden()
    expect(entry).to_be_visible()


@pytest.mark.parametrize(
    ("first", "second"),
    variants([("storage/", "explanation/rwkv/")], [("", "playground/")], several=True),
)
def test_a_theme_chosen_on_one_page_applies_to_all(
    page: Page, site_url: str, first: str, second: str
) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(site_url + first)
    button = page.get_by_role("button", name="Theme")
    button.press("Enter")
    expect(page.get_by_role("radio", name="System")).to_be_checked()
    page.get_by_role("radio", name="System").press("ArrowUp")  # from the first to the last
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    assert paper(page) == PAPER["dark"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="Dark")).to_be_hidden()
    expect(button).to_be_focused()
    page.goto(site_url + second)
    assert paper(page) == PAPER["dark"]
    page.get_by_role("button", name="Theme").click()
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.get_by_text("Light", exact=True).click()
    expect(page.get_by_role("radio", name="Light")).to_be_hidden()
    assert paper(page) == PAPER["light"]


@each_kind
def test_without_a_choice_the_theme_follows_the_system(page: Page, site_url: str, address: str) -> None:
    def system(scheme: Any) -> str:
        page.emulate_media(color_scheme=scheme)
        return paper(page)

    page.add_init_script("if (!sessionStorage.seen) localStorage['goosequill.theme'] = 'dark'")
    page.goto(site_url + address)
    assert system("light") == PAPER["dark"]
    page.get_by_role("button", name="Theme").click()
    page.get_by_text("System", exact=True).click()
    assert [system(scheme) for scheme in ("light", "dark", "light")] == [
        PAPER[scheme] for scheme in ("light", "dark", "light")
    ]
    page.evaluate("sessionStorage.seen = 'yes'")
    page.reload()
    assert [system(scheme) for scheme in ("dark", "light")] == [PAPER["dark"], PAPER["light"]]


def test_a_theme_chosen_in_another_tab_applies_here(page: Page, site_url: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{site_url}storage/")
    other = page.context.new_page()
    other.goto(f"{site_url}embed/")
    other.get_by_role("button", name="Theme").click()
    other.get_by_role("group", name="Theme").get_by_text("Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_an_application_searches_the_documentation(clean_page: Page, site_url: str) -> None:
    clean_page.goto(f"{site_url}playground/")
    box = clean_page.get_by_role("banner").get_by_role("searchbox", name="Search the documentation")
    box.fill("repetition penalty")
    box.press("Enter")
    expect(clean_page).to_have_url(re.compile("/documentation/"))
    expect(clean_page.get_by_role("textbox", name="Search the documentation")).to_have_value(
        "repetition penalty"
    )
    expect(clean_page.locator(".md-search-result__item mark").first).to_be_visible()


def test_on_a_narrow_screen_an_application_opens_the_search(clean_page: Page, site_url: str) -> None:
    clean_page.set_viewport_size({"width": 360, "height": 740})
    clean_page.goto(f"{site_url}storage/")
    clean_page.get_by_role("link", name="Search the documentation").click()
    expect(clean_page).to_have_url(re.compile("/documentation/"))
    expect(clean_page.get_by_role("textbox", name="Search the documentation")).to_be_focused()
    clean_page.keyboard.type("penalty")
    expect(clean_page.locator(".md-search-result__item mark").first).to_be_visible()


def test_the_side_menu_of_the_laboratory_lists_the_laboratory(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}lab/dilation/")
    addresses = page.locator(".md-sidebar--primary .md-nav__list a.md-nav__link").evaluate_all(
        "(links) => links.map((link) => link.pathname)"
    )
    assert len(addresses) > 5 and all("/lab/" in each for each in addresses)


def test_the_contents_of_the_documentation_open_on_a_narrow_screen(page: Page, site_url: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site_url}explanation/rwkv/")
    page.get_by_role("button", name="Contents").press("Enter")
    expect(page.get_by_role("link", name="Choosing the next token").first).to_be_in_viewport()
