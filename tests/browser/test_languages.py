"""The interface in German: chosen by the browser and by hand, complete, and English where it cannot come."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from scripts.pages import read_pages

ROOT = Path(__file__).resolve().parents[2]
WORDS: dict[str, str] = json.loads((ROOT / "site/ui/languages/de.json").read_text(encoding="utf-8"))
PAGES = [page.address for page in read_pages() if not page.article or not page.address]

ENGLISH = """(words) => {
  const found = new Set();
  const skipped =
    "script, style, textarea, pre, code, [translate=no], [data-token], body [lang], .md-sidebar";
  const named = ["aria-label", "placeholder", "title", "alt"];
  const note = (text) => words.includes(text.replace(/\\s+/g, " ").trim()) && found.add(text.trim());
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.nodeType === 1 ? node : node.parentElement;
    if (element.closest(skipped)) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    if (node.nodeType === 3) note(node.data);
    else for (const name of named) note(node.getAttribute(name) ?? "");
  }
  return [...found];
}"""
"""Every visible text of a page that is an English text of the catalogue."""


@pytest.fixture
def speaking(browser: Browser, site_url: str) -> Iterator[Callable[[str], BrowserContext]]:
    """Makes a context whose browser prefers a language; service workers would answer for the routes."""
    made: list[BrowserContext] = []

    def make(locale: str) -> BrowserContext:
        made.append(browser.new_context(locale=locale, base_url=site_url, service_workers="block"))
        return made[-1]

    yield make
    for context in made:
        context.close()


def settled(page: Page, language: str) -> None:
    """Wait until the page is shown, in this language."""
    expect(page.locator("html:not([data-translating])")).to_have_attribute("lang", language)
    expect(page.locator("body")).to_be_visible()


def choose(page: Page, menu: str, language: str) -> None:
    page.get_by_role("button", name=menu, exact=True).click()
    page.get_by_role("radio", name=language).click()


@pytest.mark.parametrize("address", PAGES)
def test_a_german_browser_finds_no_english_on_a_page(
    speaking: Callable[[str], BrowserContext], address: str
) -> None:
    page = speaking("de-DE").new_page()
    page.goto(address)
    settled(page, "de")
    page.wait_for_load_state("networkidle")
    foreign = [text for text, german in WORDS.items() if german and german != text]
    assert page.evaluate(ENGLISH, foreign) == []


def test_an_element_that_is_built_speaks_the_pages_language(
    speaking: Callable[[str], BrowserContext],
) -> None:
    page = speaking("de-DE").new_page()
    page.goto("embed/")
    expect(page.locator("#builder-preview goose-quill [part=send]")).to_have_text("Erzeugen")


def test_articles_stay_english_below_a_header_in_the_visitors_language(
    speaking: Callable[[str], BrowserContext],
) -> None:
    page = speaking("de-DE").new_page()
    for address in ("lab/dilation/", "no/page"):
        page.goto(address)
        settled(page, "en")
        expect(page.get_by_role("banner")).to_have_attribute("lang", "de")
        expect(page.get_by_role("link", name="Labor", exact=True)).to_be_visible()
        english = [page.get_by_role("button", name="Run").first, page.get_by_text("Page not found")]
        expect(english[address == "no/page"]).to_be_visible()
    choose(page, "Sprache", "English")
    expect(page.get_by_role("link", name="Laboratory")).to_be_visible()


def test_a_language_chosen_by_hand_is_kept(speaking: Callable[[str], BrowserContext]) -> None:
    context = speaking("fr-FR")
    page = context.new_page()
    page.goto("storage/")
    settled(page, "en")
    choose(page, "Language", "Deutsch")
    settled(page, "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Speicher")
    expect(page).to_have_title(re.compile("^Speicher"))
    page.reload()
    settled(page, "de")
    other = context.new_page()
    other.goto("playground/")
    settled(other, "de")
    expect(other.get_by_role("button", name="Erzeugen", exact=True)).to_be_visible()
    choose(other, "Sprache", "English")
    settled(other, "en")
    page.reload()
    settled(page, "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Storage")


def test_a_page_is_hidden_until_its_text_is_translated(speaking: Callable[[str], BrowserContext]) -> None:
    page = speaking("de").new_page()
    held: list[Route] = []
    page.route("**/languages/de.json", lambda route: held.append(route))
    page.goto("storage/", wait_until="commit")
    expect(page.locator("#main")).to_have_count(1)
    expect(page.locator("#main")).to_be_hidden()
    while not held:
        page.wait_for_event("request")
    held[0].continue_()
    settled(page, "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Speicher")


def test_without_its_catalogue_a_page_is_english(speaking: Callable[[str], BrowserContext]) -> None:
    page = speaking("de-AT").new_page()
    page.route("**/languages/de.json", lambda route: route.abort())
    page.goto("storage/")
    settled(page, "en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Storage")
    expect(page.get_by_test_id("quota")).to_contain_text("in use")


def test_an_error_of_the_engine_is_german(speaking: Callable[[str], BrowserContext]) -> None:
    page = speaking("de-DE").new_page()
    page.goto("playground/")
    settled(page, "de")
    page.get_by_role("tab", name="Modell").click()
    page.get_by_text("Eigenes Modell verwenden", exact=True).click()
    broken = {"name": "broken.safetensors", "mimeType": "application/octet-stream", "buffer": b"\xff" * 64}
    page.get_by_test_id("model-file").set_input_files(broken)
    problem = page.locator("#status.error-box")
    expect(problem).to_contain_text("ist keine Modelldatei in einem Format", timeout=120_000)


def test_the_element_speaks_the_language_of_its_page(speaking: Callable[[str], BrowserContext]) -> None:
    page = speaking("en").new_page()
    page.goto("embed/frame.html?lang=de")
    expect(page.get_by_role("button", name="Erzeugen")).to_be_visible()
    page.goto("embed/frame.html")
    expect(page.get_by_role("button", name="Generate")).to_be_visible()


def test_catalogues_are_kept_offline() -> None:
    kept = (ROOT / "dist/precache.js").read_text(encoding="utf-8")
    for path in ("ui/languages/de.json", "embed/languages/de.json", "ui/translate.js", "ui/language.js"):
        assert f'/{path}"' in kept
