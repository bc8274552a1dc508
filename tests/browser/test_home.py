"""The home page and the documentation: search, exact policies, and no broken links."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.browser.accessibility import violations

ROOT = Path(__file__).resolve().parent.parent.parent


def test_home_page_leads_to_the_playground_in_one_click(clean_page: Page, site_url: str) -> None:
    clean_page.goto(site_url)
    expect(clean_page).to_have_title("Goosequill: language models that write in your browser")
    clean_page.get_by_role("link", name="Open the playground").click()
    expect(clean_page).to_have_url(f"{site_url}playground/")
    expect(clean_page.get_by_test_id("prompt")).to_be_visible()


def test_the_theme_chosen_in_the_documentation_applies_to_the_playground(page: Page, site_url: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(site_url)
    page.get_by_role("button", name="Switch to dark colours").click()
    page.goto(f"{site_url}playground/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(21, 24, 27)"


def test_search_loads_its_index_at_the_first_word(clean_page: Page, site_url: str) -> None:
    asked: list[str] = []
    clean_page.on("request", lambda request: asked.append(request.url))
    clean_page.goto(site_url)
    box = clean_page.get_by_role("textbox", name="Search the documentation")
    box.click()
    expect(clean_page.get_by_text("Type to start searching")).to_be_visible()
    assert [url for url in asked if "search_index" in url or "search-index/web" in url] == []
    clean_page.keyboard.type("repetition penalty")
    expect(clean_page.locator(".md-search-result__item mark").first).to_be_visible()
    assert [url for url in asked if "search_index.json" in url] == []


def test_search_finds_by_meaning(clean_page: Page, site_url: str) -> None:
    clean_page.goto(site_url)
    box = clean_page.get_by_role("textbox", name="Search the documentation")
    box.press_sequentially("how do I make the text less random")
    results = clean_page.locator(".md-search-result__item")
    expect(results.first).to_contain_text("Temperature")
    asking = clean_page.locator(".md-search-result__item a[href*='#q=how%20do%20I']")
    expect(asking).to_contain_text("Ask")
    assert violations(clean_page) == []
    results.first.locator("a", has_text="Temperature").click()
    expect(clean_page).to_have_url(re.compile(r"reference/decoding/.*#temperature"))


def test_search_with_the_keyboard_on_a_narrow_screen(clean_page: Page, site_url: str) -> None:
    clean_page.set_viewport_size({"width": 360, "height": 700})
    clean_page.goto(site_url)
    clean_page.get_by_role("button", name="Search").press("Enter")
    box = clean_page.get_by_role("textbox", name="Search the documentation")
    expect(box).to_be_focused()
    clean_page.keyboard.type("penalty")
    expect(clean_page.locator(".md-search-result__item mark").first).to_be_visible()
    assert violations(clean_page) == []
    clean_page.keyboard.press("ArrowDown")
    clean_page.keyboard.press("Enter")
    expect(clean_page.locator(".md-content mark").first).to_have_text(re.compile("penalty", re.IGNORECASE))


def test_search_says_when_nothing_fits(clean_page: Page, site_url: str) -> None:
    clean_page.goto(site_url)
    box = clean_page.get_by_role("textbox", name="Search the documentation")
    box.press_sequentially("who won the football match yesterday")
    first = clean_page.locator(".md-search-result__item").first
    expect(first).to_contain_text("Nothing here seems to answer this")


def test_search_shows_markup_as_text(clean_page: Page, site_url: str) -> None:
    """Material puts what its worker sends into the page as HTML."""
    clean_page.goto(site_url)
    box = clean_page.get_by_role("textbox", name="Search the documentation")
    box.press_sequentially("<img src=x onerror=alert(1)> script element iframe")
    expect(clean_page.locator(".md-search-result__item mark").first).to_be_visible()
    assert clean_page.locator(".md-search-result__list :is(img, script, iframe)").count() == 0


def test_search_answers_what_was_typed_while_it_loaded(clean_page: Page, site_url: str) -> None:
    """Letters typed meanwhile were once answered first, and those typed before them last."""
    held: list[Route] = []
    clean_page.route("**/web/search.json", lambda route: held.append(route))
    clean_page.goto(site_url)
    with clean_page.expect_request("**/web/search.json"):
        clean_page.get_by_role("textbox", name="Search the documentation").press_sequentially("pen")
    clean_page.keyboard.type("alty")
    held[0].continue_()
    clean_page.keyboard.type(" repetition")
    results = clean_page.locator(".md-search-result__item a[href*='penalt'][href*='repetition']")
    expect(results.locator("visible=true").first).to_be_visible()


def test_page_found_by_search_marks_the_words(clean_page: Page, site_url: str) -> None:
    clean_page.goto(site_url)
    clean_page.get_by_role("textbox", name="Search the documentation").click()
    clean_page.keyboard.type("penalty")
    results = clean_page.locator(".md-search-result__item a[href*='h=penalty']")
    results.locator("visible=true").first.click()
    expect(clean_page.locator(".md-content mark").first).to_have_text(re.compile("penalty", re.IGNORECASE))


def documentation_pages() -> list[Path]:
    """The pages that MkDocs made; applications state their own policy."""
    pages = (ROOT / "dist").rglob("*.html")
    return [page for page in pages if 'name="generator" content="mkdocs' in page.read_text(encoding="utf-8")]


def test_policies_allow_exactly_the_inline_scripts_of_each_page() -> None:
    pages = documentation_pages()
    assert len(pages) > 1
    for page in pages:
        html = page.read_text(encoding="utf-8")
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
        assert policy, f"{page} has no policy"
        inline = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        wanted = {base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline}
        assert set(re.findall(r"'sha256-([^']*)'", policy.group(1))) == wanted
        directives = dict(part.strip().split(" ", 1) for part in policy.group(1).split(";"))
        assert directives["default-src"] == "'self'"
        sources = set(directives["script-src"].split())
        if "data-experiment" in html:
            assert "'wasm-unsafe-eval'" in sources, "Python runs on pages with experiments, and only there"
            sources.remove("'wasm-unsafe-eval'")
        assert not any("unsafe" in source for source in sources)
        assert not re.search(r"<[^>]+\son\w+=", html), "the policy forbids inline handlers"


class Links(HTMLParser):
    """A page's link targets and element ids."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.update(value for key in ("id", "name") if (value := values.get(key)))
        self.targets += [value for key in ("href", "src") if (value := values.get(key))]


def test_no_link_within_the_built_site_is_broken() -> None:
    site = ROOT / "dist"
    broken = []
    for page in [path for path in site.rglob("*.html") if path.name != "404.html"]:
        for target in Links(page).targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            file = (page.parent / unquote(parts.path)).resolve()
            if parts.path.endswith("/") or file.is_dir():
                file = file / "index.html"
            if parts.path.startswith("/") or site not in file.parents or not file.is_file():
                broken.append(f"{page.relative_to(site)}: {target}")
            elif "=" in parts.fragment:  # settings of a page, not a section
                continue
            elif parts.fragment and file.suffix == ".html" and parts.fragment not in Links(file).ids:
                broken.append(f"{page.relative_to(site)}: {target} (no such section)")
    assert broken == []
