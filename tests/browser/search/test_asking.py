"""Asking on the search page: results as one types, the reader, links, and the results reworded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import watch

LONG = 120_000

REFLUX = """# Gastro-oesophageal reflux

## What it is

Reflux means that acid from the stomach rises into the gullet. Many people feel heartburn, a burning
pain behind the breastbone, often after a large meal. A bitter taste in the mouth on waking is another sign.

## What helps

Eat smaller meals, and wait three hours before lying down. Raising the head of the bed by 15 cm helps
at night.
"""
MIGRAINE = "# Migraine\n\nA migraine is a strong headache, often on one side. Rest in a dark room.\n"
ASTHMA = "# Asthma\n\nAsthma narrows the airways. Cold air, pollen and smoke are common triggers.\n"
HOSTILE = (
    "# <img src=x onerror=alert(1)>\n\nThe violin <script>alert(2)</script> has four strings. It is bowed.\n"
)


def file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


class Search:
    """The search page with a collection, without MiniLM."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        page.goto(url)
        files = {"reflux.md": REFLUX, "migraine.md": MIGRAINE, "asthma.md": ASTHMA, "violin.txt": HOSTILE}
        self.get("add-files").set_input_files([file(*pair) for pair in files.items()])
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("checkbox").uncheck()
        dialog.get_by_role("button", name="Download").click()
        expect(self.get("status")).to_contain_text("4 documents added. Ready to search.", timeout=LONG)

    def get(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def ask(self, question: str) -> Locator:
        """The first result."""
        self.get("question").fill(question)
        expect(self.get("asked")).to_contain_text("document")
        return self.get("result").first

    def focused(self) -> str:
        return str(self.page.evaluate("document.activeElement.textContent.trim()"))


@pytest.fixture(scope="module")
def opened(browser: Browser, site_url: str) -> Iterator[Search]:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    record = watch(page)
    yield Search(page, site_url + "search/")
    assert not [error for error in record.console_errors if "Failed to load resource" not in error]
    context.close()


@pytest.fixture
def search(opened: Search) -> Search:
    """The page as it opens, with an empty question."""
    for name in ("reader", "rewording"):
        if opened.get(name).is_visible():
            opened.get(name).get_by_role("button", name="Close").click()
    opened.get("question").fill("")
    expect(opened.get("result")).to_have_count(0)
    return opened


def test_enter_before_the_script_runs_loses_no_question(page: Page, site_url: str) -> None:
    held: list[Route] = []
    page.route("**/search/main.js", lambda route: held.append(route))
    page.goto(f"{site_url}search/", wait_until="commit")
    question = page.get_by_test_id("question")
    question.fill("What triggers asthma?")
    question.press("Enter")
    page.wait_for_function("document.readyState !== 'loading'")  # the form is there; modules wait
    assert page.url == f"{site_url}search/"
    while not held:
        page.wait_for_timeout(20)
    for route in held:
        route.continue_()
    page.wait_for_load_state("load")
    expect(question).to_have_value("What triggers asthma?")


def test_a_passage_is_marked_opened_where_it_stands_and_returned_to(search: Search) -> None:
    """The way by keyboard is that of tests/js/search/asking.test.js and of test_keyboard.py."""
    page = search.page
    first = search.ask("what helps against heartburn at night")
    expect(first).to_have_attribute("data-document", "reflux.md")
    assert float(first.get_attribute("data-score") or "") > 0
    expect(first.locator("mark").first).to_be_visible()
    assert not violations(page)
    first.get_by_role("link", name="Gastro-oesophageal reflux").press("Enter")
    expect(search.get("reader")).to_be_visible()
    current = search.get("reader-text").locator(".current")
    expect(current.first).to_be_in_viewport()
    assert not violations(page)
    page.keyboard.press("Escape")
    expect(search.get("reader")).to_be_hidden()
    assert search.focused() == "Gastro-oesophageal reflux"


def test_nothing_fits_a_question_from_elsewhere(search: Search) -> None:
    search.get("question").fill("who won the election in France")
    expect(search.get("nothing-fits")).to_be_visible()
    expect(search.get("result")).to_have_count(0)
    assert not violations(search.page)
    search.get("nearest").click()
    expect(search.get("result").first).to_be_visible()


def test_a_hostile_document_is_text(search: Search) -> None:
    first = search.ask("how many strings does a violin have")
    expect(first).to_have_attribute("data-document", "violin.txt")
    expect(first).to_contain_text("<script>alert(2)</script>")
    first.get_by_role("link").click()
    expect(search.get("reader")).to_contain_text("<script>alert(2)</script>")
    assert search.page.locator("#asking :is(img, script)").count() == 0


@pytest.mark.rest
def test_a_link_brings_back_the_question_and_the_document(search: Search) -> None:
    search.ask("heartburn")
    collection = search.get("collection").get_attribute("data-name") or ""
    assert "#" not in search.page.url
    search.page.locator("#copy-link").click()
    assert search.page.url == f"{search.url}#q=heartburn&collection={quote(collection).replace('%20', '+')}"
    search.page.goto("about:blank")
    search.page.goto(f"{search.url}#q=heartburn&collection={quote(collection)}&document=reflux.md")
    expect(search.get("reader")).to_be_visible(timeout=LONG)
    expect(search.get("reader-text").locator(".current").first).to_contain_text("acid from")
    expect(search.get("question")).to_have_value("heartburn")


def test_with_the_default_model_the_best_sentences_are_quoted(search: Search) -> None:
    search.ask("what helps against heartburn at night")
    search.get("reword").click()
    quoted = search.get("quoted")
    expect(quoted.locator("blockquote")).to_contain_text("Many people feel heartburn")
    expect(quoted).to_contain_text("this model is too small")
    expect(search.get("write")).to_be_hidden()
    assert not violations(search.page)
    quoted.locator("button.reference").first.click()
    expect(search.get("reader-text").locator(".current").first).to_be_in_viewport()


@pytest.mark.rest
def test_a_server_answers_and_each_sentence_says_what_it_rests_on(search: Search) -> None:
    bodies: list[dict[str, object]] = []

    def answer(route: Route) -> None:
        bodies.append(json.loads(route.request.post_data or "{}"))
        pieces = ["Heartburn is a burning pain ", "behind the breastbone. ", "Take omeprazole daily."]
        events = [f"data: {json.dumps({'choices': [{'delta': {'content': each}}]})}\n\n" for each in pieces]
        route.fulfill(content_type="text/event-stream", body="".join([*events, "data: [DONE]\n\n"]))

    search.page.route("**/chat/completions", answer)
    search.ask("what helps against heartburn at night")
    search.get("reword").click()
    search.get("with-server").check()
    search.get("server-address").fill(search.url + "v1")
    search.get("server-model").fill("some-model")
    search.get("write").click()
    expect(search.get("answer").locator(".unsupported")).to_have_text(["omeprazole", "daily"])
    expect(search.get("answer").locator("button.reference")).to_have_count(1)
    assert bodies[0]["model"] == "some-model"
    assert "acid from the stomach" in json.dumps(bodies[0])
    assert not violations(search.page)
    search.get("answer").locator("button.reference").click()
    expect(search.get("reader-text").locator(".current").first).to_contain_text("acid from")
    search.page.unroute("**/chat/completions")
