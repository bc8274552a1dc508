"""The home page with its demonstration, and the documentation: search, exact policies, no broken links."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect
from scripts.pages import read_pages

from tests.browser.accessibility import violations
from tests.browser.variants import variants

ROOT = Path(__file__).resolve().parent.parent.parent


def test_home_page_leads_to_the_playground_in_one_click(clean_page: Page, site_url: str) -> None:
    clean_page.goto(site_url)
    expect(clean_page).to_have_title("Goosequill: language models that write in your browser")
    clean_page.get_by_role("link", name="Open the playground").click()
    expect(clean_page).to_have_url(f"{site_url}playground/")
    expect(clean_page.get_by_test_id("prompt")).to_be_visible()


LONG = 180_000


def recorded(style: str, temperature: float) -> str:
    """The text of a recorded run, as the page shows it: what is before the first word is left out."""
    file = json.loads((ROOT / "site" / "home" / "recordings" / f"{style}.json").read_text(encoding="utf-8"))
    (run,) = (run for run in file["runs"] if run["temperature"] == temperature)
    return "".join(step[0] for step in run["steps"]).removeprefix(" ")


def shown_text(page: Page) -> str:
    return page.locator("#demo-output").text_content() or ""


def open_still(page: Page, site_url: str) -> None:
    """Open the home page so that nothing moves by itself, and wait until its controls work."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(site_url)
    expect(page.locator("#demo-generate")).to_be_enabled()


def test_home_replays_a_recording_by_itself_without_the_engine(clean_page: Page, site_url: str) -> None:
    asked: list[str] = []
    clean_page.on("request", lambda request: asked.append(request.url))
    clean_page.clock.install()
    clean_page.goto(site_url)
    tokens = clean_page.locator("#demo-output [data-token]")
    expect(tokens.first).to_be_visible()
    clean_page.clock.fast_forward(5_000)
    expect(tokens.nth(3)).to_be_visible()
    assert recorded("novel", 0.6).startswith(shown_text(clean_page))
    assert not [url for url in asked if "vendor/pyodide" in url or "safetensors" in url or "live" in url]
    expect(clean_page.locator("#demo-candidates .is-chosen")).to_contain_text("%")


def test_a_selected_line_break_is_seen(clean_page: Page, site_url: str) -> None:
    def add_breaks(route: Route) -> None:
        recording = route.fetch().json()
        for run in recording["runs"]:
            run["steps"][-1][0] = ""
            run["steps"][-2][0] = "\n"
        route.fulfill(json=recording)

    clean_page.route("**/home/recordings/*.json", add_breaks)
    open_still(clean_page, site_url)
    selected = clean_page.locator("#demo-output [aria-current]")
    expect(selected).to_be_visible()
    clean_page.get_by_role("group", name="Generated text").press("ArrowLeft")
    expect(selected).to_have_class("is-break")
    expect(selected).to_be_visible()


def test_home_keeps_its_layout_while_it_plays(clean_page: Page, site_url: str) -> None:
    clean_page.clock.install()
    for width in (1280, 360):
        clean_page.set_viewport_size({"width": width, "height": 740})
        clean_page.goto(site_url)
        expect(clean_page.locator("#demo-generate")).to_contain_text("MB")
        before = clean_page.locator("#demo").bounding_box()
        clean_page.clock.run_for(60_000)
        expect(clean_page.get_by_role("button", name="Replay")).to_be_visible()
        assert shown_text(clean_page) == recorded("novel", 0.6)
        assert clean_page.locator("#demo").bounding_box() == before


def test_home_can_be_paused_and_played(clean_page: Page, site_url: str) -> None:
    clean_page.clock.install()
    clean_page.goto(site_url)
    clean_page.get_by_role("button", name="Pause").click()
    text = shown_text(clean_page)
    clean_page.clock.run_for(10_000)
    assert shown_text(clean_page) == text != ""
    clean_page.get_by_role("button", name="Play", exact=True).click()
    clean_page.clock.run_for(10_000)
    assert len(shown_text(clean_page)) > len(text)


def test_home_shows_another_text_for_each_style_and_temperature(clean_page: Page, site_url: str) -> None:
    """With reduced motion each text is there at once and nothing moves by itself."""
    open_still(clean_page, site_url)
    assert shown_text(clean_page) == recorded("novel", 0.6)
    clean_page.get_by_role("radio", name="Scripture").check()
    expect(clean_page.locator("#demo-output")).to_have_text(recorded("scripture", 0.6), use_inner_text=False)
    expect(clean_page.get_by_role("textbox", name="Prompt")).to_have_value(re.compile("And it came to pass"))
    clean_page.get_by_role("slider", name="Temperature").press("End")
    assert shown_text(clean_page) == recorded("scripture", 1.2)
    clean_page.get_by_role("slider", name="Temperature").press("Home")
    assert shown_text(clean_page) == recorded("scripture", 0)
    expect(clean_page.locator("#demo-candidates .is-chosen")).to_contain_text("100%")


def test_home_shows_what_a_token_was_chosen_from(clean_page: Page, site_url: str) -> None:
    open_still(clean_page, site_url)
    output = clean_page.locator("#demo-output")
    output.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        output.press(key)
    file = json.loads((ROOT / "site/home/recordings/novel.json").read_text(encoding="utf-8"))
    text, chosen, candidates = file["runs"][2]["steps"][-2]
    expect(output.locator("[aria-current]")).to_have_text(text.strip())
    expect(clean_page.locator("#demo-candidates li")).to_have_count(len(candidates))
    expect(clean_page.locator("#demo-candidates li").nth(chosen)).to_have_class("is-chosen")
    expect(clean_page.get_by_role("status").filter(has_text="likely at this temperature")).to_be_visible()
    assert violations(clean_page) == []


def test_home_generates_with_the_engine_and_then_follows_the_settings(
    clean_page: Page, site_url: str
) -> None:
    open_still(clean_page, site_url)
    expect(clean_page.locator("#demo-generate")).to_have_text(re.compile(r"Generate \(\d+ MB\)"))
    clean_page.get_by_role("slider", name="Temperature").press("Home")
    clean_page.locator("#demo-generate").click()
    status = clean_page.locator("#demo-status")
    expect(status).to_contain_text("generated in this page", timeout=LONG)
    # The engine in the page chooses the same tokens as the one that made the recording.
    assert shown_text(clean_page).startswith(recorded("novel", 0))
    expect(clean_page.locator("#demo-generate")).to_have_text("Generate")
    clean_page.get_by_role("radio", name="Definition").check()
    expect(clean_page.locator("#demo-output")).to_contain_text(recorded("definition", 0)[:40], timeout=LONG)
    expect(status).to_contain_text("generated in this page", timeout=LONG)
    clean_page.get_by_role("textbox", name="Prompt").fill("ink (noun):")
    clean_page.locator("#demo-generate").click()
    expect(clean_page.locator("#demo-output")).not_to_contain_text(recorded("definition", 0)[:40])
    expect(status).to_contain_text("generated in this page", timeout=LONG)
    expect(clean_page.locator("#demo-output [data-token]")).to_have_count(60)
    assert violations(clean_page) == []

    text = shown_text(clean_page)
    clean_page.get_by_role("link", name="Open the playground").click()
    expect(clean_page.get_by_test_id("prompt")).to_have_value("ink (noun):")
    expect(clean_page.get_by_test_id("style").locator("option:checked")).to_have_text("definition")
    expect(clean_page.get_by_test_id("output")).to_have_text(f" {text}", use_inner_text=False)
    assert clean_page.locator("#decoder-temperature").input_value() == "0"
    clean_page.go_back()
    expect(clean_page.locator("#demo-output")).to_have_text(text, use_inner_text=False)
    expect(clean_page.get_by_role("textbox", name="Prompt")).to_have_value("ink (noun):")


def test_a_sentence_of_ones_own_goes_along_to_the_playground_and_stays(
    clean_page: Page, site_url: str
) -> None:
    """Without the engine; in the playground, the texts of an earlier visit stay among the branches."""
    open_still(clean_page, site_url)
    clean_page.get_by_role("link", name="Open the playground").click()
    expect(clean_page.get_by_test_id("prompt")).to_have_value(re.compile("dark evening"))  # the sample
    clean_page.get_by_test_id("prompt").fill("Another text")
    clean_page.go_back()
    clean_page.get_by_role("radio", name="Scripture").check()
    prompt = clean_page.get_by_role("textbox", name="Prompt")
    expect(prompt).to_have_value(re.compile("And it came to pass"))
    prompt.fill("The captain of the Ghost")
    with clean_page.expect_response("**/recordings/speech.json"):
        clean_page.get_by_role("radio", name="Speech").check()
    clean_page.get_by_role("radio", name="Scripture").check()  # another style keeps the words
    clean_page.get_by_role("link", name="Open the playground").click()
    expect(clean_page.get_by_test_id("prompt")).to_have_value("The captain of the Ghost")
    expect(clean_page.get_by_test_id("style").locator("option:checked")).to_have_text("scripture")
    assert "captain" not in clean_page.url
    clean_page.reload()
    expect(clean_page.get_by_test_id("prompt")).to_have_value("The captain of the Ghost")
    clean_page.go_back()
    expect(prompt).to_have_value("The captain of the Ghost")
    expect(clean_page.get_by_role("radio", name="Scripture")).to_be_checked()
    expect(clean_page.locator("#demo-status")).to_contain_text("Press Generate")


def test_home_continues_the_visitors_own_words_only_with_the_engine(clean_page: Page, site_url: str) -> None:
    open_still(clean_page, site_url)
    prompt = clean_page.get_by_role("textbox", name="Prompt")
    prompt.fill("A goose")
    assert shown_text(clean_page) == ""
    expect(clean_page.locator("#demo-status")).to_contain_text("Press Generate")
    prompt.fill(" ")
    clean_page.locator("#demo-generate").click()
    expect(clean_page.locator("#demo-status")).to_contain_text("The prompt is empty.")
    expect(prompt).to_be_focused()


def test_home_says_what_to_do_when_a_recording_is_missing(page: Page, site_url: str) -> None:
    page.route("**/recordings/speech.json", lambda route: route.abort())
    open_still(page, site_url)
    page.get_by_role("radio", name="Speech").check()
    expect(page.locator("#demo-status")).to_contain_text("Check the network")


def test_home_fetches_pictures_of_the_shown_theme_when_they_come_near(
    clean_page: Page, site_url: str
) -> None:
    asked: list[str] = []
    clean_page.on("request", lambda request: asked.append(request.url))
    clean_page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    clean_page.set_viewport_size({"width": 1280, "height": 720})
    clean_page.goto(site_url, wait_until="networkidle")
    assert not [url for url in asked if url.endswith(".webp")]
    for picture in clean_page.locator(".home-picture .in-dark").all():
        picture.scroll_into_view_if_needed()
        # An image that was not requested counts as complete; its width shows that it was.
        expect(picture).to_have_js_property("naturalWidth", 1120)
        assert (picture.get_attribute("alt") or "").endswith(".")
    assert {url.rpartition("-")[2] for url in asked if url.endswith(".webp")} == {"dark.webp"}


def test_home_offers_a_tag_with_this_sites_address(clean_page: Page, site_url: str) -> None:
    open_still(clean_page, site_url)
    tag = clean_page.locator("#home-tag code")
    expect(tag).to_contain_text(f'src="{site_url}embed/goosequill.js"')
    clean_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    clean_page.get_by_role("button", name="Copy the tag").click()
    expect(clean_page.get_by_role("button", name="Copy the tag")).to_have_text("Copied")
    assert clean_page.evaluate("navigator.clipboard.readText()") == tag.text_content()


def test_home_links_to_every_room(clean_page: Page, site_url: str) -> None:
    open_still(clean_page, site_url)
    links = clean_page.locator(".home a").evaluate_all("(links) => links.map((link) => link.href)")
    for page in read_pages():
        if page.menu:
            assert site_url + page.address in links


DROP = """(selector) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["text"], "notes.txt"));
  const target = document.querySelector(selector);
  const stays = (type) =>
    !target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  return [stays("dragover"), stays("drop")];
}"""


@pytest.mark.parametrize(
    "address",
    variants([""], ["embed/", "embed/frame.html", "playground/", "reference/errors/"]),
)
def test_a_file_dropped_beside_everything_leaves_the_page_open(
    clean_page: Page, site_url: str, address: str
) -> None:
    """On the home page and the gallery, browsers left the page and showed the file."""
    clean_page.goto(site_url + address, wait_until="networkidle")
    assert clean_page.evaluate(DROP, "body") == [True, True]


def test_file_fields_still_take_files(clean_page: Page, site_url: str) -> None:
    clean_page.goto(f"{site_url}how-to/offline/", wait_until="networkidle")
    clean_page.evaluate(
        "document.body.append(Object.assign(document.createElement('input'), { type: 'file' }))"
    )
    assert clean_page.evaluate(DROP, "input[type=file]") == [False, False]


@pytest.mark.parametrize("scheme", variants(["light"], ["dark"]))
def test_an_unknown_address_finds_the_site_and_shows_its_header(
    page: Page, site_url: str, scheme: Literal["light", "dark"]
) -> None:
    """Its links and its style began at the server's root, so below a path they were broken."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(site_url)))
    page.emulate_media(color_scheme=scheme)
    response = page.goto(f"{site_url}a/b/missing")
    assert response and response.status == 404
    home = page.get_by_role("link", name="Home")
    expect(home).to_be_visible()
    expect(page.get_by_role("banner")).to_be_visible()
    page.wait_for_load_state("networkidle")
    missing = {"a/b/missing", "a/b/manifest.webmanifest", "a/manifest.webmanifest"}
    assert {each for each in asked if each.startswith("a/")} == missing
    assert violations(page) == []
    menu = page.get_by_role("navigation", name="Main").get_by_role("link")
    links = menu.evaluate_all("(links) => links.map((link) => link.href)")
    assert links == [site_url + entry.address for entry in read_pages() if entry.menu]
    home.click()
    expect(page).to_have_url(site_url)


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
    results = clean_page.locator(".md-search-result__item a")
    found = results.filter(has_text="Temperature").and_(clean_page.locator("[href*='reference/decoding/']"))
    expect(found.first).to_be_visible()
    asking = clean_page.locator(".md-search-result__item a[href*='#q=how%20do%20I']")
    expect(asking).to_contain_text("Ask")
    assert violations(clean_page) == []
    found.first.click()
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


def test_search_says_when_something_fits_perhaps_or_nothing_does(clean_page: Page, site_url: str) -> None:
    def demand(route: Route) -> None:
        facts = route.fetch()
        body = re.sub(r'"threshold":[-.\d]+', '"threshold":2', facts.text())
        route.fulfill(response=facts, body=body)

    for title in ("Perhaps one of these answers this", "Nothing here seems to answer this"):
        clean_page.goto(site_url)
        box = clean_page.get_by_role("textbox", name="Search the documentation")
        box.press_sequentially("my dog refuses to eat its dinner")
        first = clean_page.locator(".md-search-result__item").first
        expect(first).to_contain_text(title)
        expect(first).to_contain_text("with a likelihood of about")
        clean_page.route("**/web/search.json", demand)


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


@pytest.mark.rest
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
        if "data-experiment" in html or "data-engine" in html:
            assert "'wasm-unsafe-eval'" in sources, "Python runs on pages with experiments, and the home page"
            sources.remove("'wasm-unsafe-eval'")
        assert not any("unsafe" in source for source in sources)
        assert not re.search(r"<[^>]+\son\w+=", html), "the policy forbids inline handlers"


@cache
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
