"""Pages of other origins: they cannot have anything deleted in a frame, or keep a hold on our windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from .engines.site import serve_site
from .hosts import Host, serve_host
from .test_compare import sampling
from .variants import variants

START = 60_000  # milliseconds that a start may take on a busy machine
REFUSAL = "Nothing can be deleted inside a frame. Open this page in its own tab and delete it there."
LINE = [[0.2, 0.2], [0.2, 0.8]]
ALONE = "() => { globalThis.messages = []; addEventListener('message', ({ data }) => messages.push(data)); }"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with serve_host() as found:
        yield found


def framed(page: Page, host: Host, address: str) -> FrameLocator:
    """The page of ours at an address, inside a page of another origin."""
    size = 'width="1200" height="680"'
    page.goto(host.add("frame", f'<iframe src="{address}" title="Goosequill" {size}></iframe>'))
    return page.frame_locator("iframe")


def test_no_conversation_is_deleted_in_a_frame(page: Page, host: Host, site_url: str) -> None:
    messages = quote('[{"role":"user","content":"Good morning."}]')
    chat = framed(page, host, f"{site_url}chat/#messages={messages}")
    item = chat.get_by_test_id("chat-item")
    expect(item).to_contain_text("Good morning.")
    item.get_by_role("button", name="Delete").click()
    expect(chat.get_by_test_id("status")).to_have_text(REFUSAL)
    expect(item).to_contain_text("Good morning.")
    expect(chat.get_by_test_id("chat-undo")).to_be_hidden()
    expect(chat.get_by_test_id("message")).to_contain_text("Good morning.")


def test_no_vote_is_deleted_in_a_frame(page: Page, host: Host, site_url: str) -> None:
    comparer = framed(page, host, f"{site_url}compare/")
    texts: Any = {"one": {"c": ["a", "b"], "d": ["e"]}, "two": {"c": ["f"], "d": ["g"]}}
    report = {
        "name": "r.json",
        "mimeType": "application/json",
        "buffer": json.dumps(sampling(texts)).encode(),
    }
    comparer.get_by_test_id("file-input").set_input_files([report])  # type: ignore[list-item]
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_role("button", name="Begin").click()
    count = comparer.locator("#vote-count")
    expect(count).to_contain_text("0 votes")
    comparer.get_by_role("button", name="First is better").click()
    expect(count).to_contain_text("1 vote ")
    comparer.get_by_role("button", name="Undo").click()
    expect(comparer.locator("#said")).to_have_text(REFUSAL)
    expect(count).to_contain_text("1 vote ")
    comparer.get_by_role("button", name="Reveal names").click()
    comparer.get_by_role("button", name="Show the names").click()
    expect(comparer.locator("#unblinded")).to_be_visible()
    comparer.get_by_role("button", name="New round").click()
    expect(comparer.locator("#said")).to_have_text(REFUSAL)
    expect(comparer.locator("#unblinded")).to_be_visible()


def test_no_sample_of_handwriting_is_deleted_in_a_frame(page: Page, host: Host, site_url: str) -> None:
    address = f"{site_url}lab/handwriting/"
    lab = framed(page, host, address)
    lab.get_by_test_id("own-samples").locator("summary").click()
    samples = json.dumps([{"label": "L", "strokes": [LINE]}])
    file: Any = {"name": "letters.json", "mimeType": "application/json", "buffer": samples.encode()}
    chooser = lab.get_by_label("A file of samples")
    expect(chooser).to_be_enabled()  # the page's script has come
    chooser.set_input_files([file])
    for name in ("Delete sample 1, L", "Delete all"):
        lab.get_by_role("button", name=name).click()
        expect(lab.get_by_test_id("experiment-handwriting")).to_contain_text(REFUSAL)
        expect(lab.get_by_test_id("samples").locator("li")).to_have_count(1)


def test_what_is_remembered_is_not_forgotten_in_a_frame(page: Page, host: Host, site_url: str) -> None:
    storage = framed(page, host, f"{site_url}compare/")
    box = storage.locator("#remember-typed")
    expect(box).to_be_checked()
    box.click()
    expect(storage.locator("#remember-said")).to_have_text(REFUSAL)
    expect(box).to_be_checked()


def opened_by(page: Page, host: Host, address: str) -> Page:
    """The page of ours that a page of another origin has opened and would like to keep a hold on."""
    page.goto(host.add("opener", "<button>Open</button>"))
    page.evaluate(ALONE)
    page.evaluate(
        "address => { document.querySelector('button').onclick = () => "
        "{ globalThis.held = open(address, 'held'); }; }",
        address,
    )
    with page.context.expect_page() as found:
        page.get_by_role("button", name="Open").click()
    found.value.wait_for_load_state("load")
    return found.value


@pytest.mark.parametrize(
    "address",
    variants(["compare/"], ["", "playground/", "chat/", "teach/", "search/", "lab/sta/", "storage/"]),
)
def test_a_page_cannot_reach_the_one_that_opened_it(
    page: Page, host: Host, site_url: str, address: str
) -> None:
    ours = opened_by(page, host, site_url + address)
    assert ours.evaluate("() => window.opener") is None


def test_an_opener_loses_the_page_where_the_server_sends_the_header(page: Page, host: Host) -> None:
    with serve_site(isolate=True) as site:
        ours = opened_by(page, host, site.url + "compare/")
        assert page.evaluate("() => held.closed"), "the opener still holds the page"
        assert ours.evaluate("() => window.opener") is None


def test_an_opener_loses_the_page_from_the_second_visit_on(
    browser: Browser, host: Host, site_url: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site_url}compare/")
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    opened_by(page, host, f"{site_url}compare/")
    assert page.evaluate("() => held.closed"), "the opener still holds the page"
    context.close()
