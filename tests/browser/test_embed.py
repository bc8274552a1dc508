"""<goose-quill> on a page of another origin, in an iframe, several at once, and where a policy forbids it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import BrowserType, Locator, Page, Route, Worker, expect
from scripts.npm import PARTS

from goosequill.tuning.adapter import Adapter

from .accessibility import violations
from .conftest import Record
from .hosts import Host, serve_host
from .variants import variants
from .workers import only_worker

LONG = 90_000  # milliseconds: the engine starts slowly on a busy machine


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with serve_host() as found:
        yield found


def script(site_url: str) -> str:
    return f'<script type="module" src="{site_url}embed/goosequill.js"></script>'


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def part(element: Locator, name: str) -> Locator:
    return element.locator(f'[part~="{name}"]')


def write(element: Locator, tokens: str) -> None:
    """Press the button and wait for the end."""
    part(element, "send").click()
    expect(part(element, "status")).to_have_text(f"Finished after {tokens} tokens.", timeout=LONG)


SHORT = 'prompt="It was a fine" max-new-tokens="6" temperature="0"'


def test_one_script_tag_works_from_another_origin_under_the_documented_policy(
    page: Page, site_url: str, host: Host, record: Record
) -> None:
    site = origin_of(site_url)
    policy = (
        f"default-src 'none'; script-src {site} 'wasm-unsafe-eval'; worker-src blob:; connect-src {site}; "
        "img-src data:; require-trusted-types-for 'script'; trusted-types goosequill"
    )
    body = f"<goose-quill {SHORT}></goose-quill>"
    page.goto(host.add("foreign", body, head=script(site_url), policy=policy))
    quill = page.locator("goose-quill")
    expect(part(quill, "send")).to_be_visible()
    before = [url for url in record.requests if url.startswith(site_url)]
    assert before == [f"{site_url}embed/goosequill.js"], "something was downloaded before the visitor asked"
    page.evaluate(
        """() => {
        window.received = [];
        for (const name of ["progress", "load", "token", "done"])
          document.addEventListener(name, (event) => event.detail && received.push([name, event.composed]));
      }"""
    )
    write(quill, "6")
    text = quill.evaluate("(element) => element.text")
    assert text and part(quill, "text").inner_text() == text
    received = page.evaluate("received")
    assert {name for name, _ in received} == {"progress", "load", "token", "done"}
    assert all(composed for _, composed in received)
    assert received[-1][0] == "done"
    allowed = (origin_of(site_url), origin_of(host.url), "blob:", "data:")
    assert [url for url in record.requests if not url.startswith(allowed)] == []
    assert record.console_errors == []


def test_several_elements_share_one_engine_and_removing_the_last_ends_it(
    page: Page, site_url: str, host: Host
) -> None:
    body = f'<goose-quill id="a" {SHORT}></goose-quill><goose-quill id="b" {SHORT}></goose-quill>'
    workers: list[Worker] = []
    page.on("worker", lambda worker: workers.append(worker))
    page.goto(host.add("two", body, head=script(site_url)))
    write(page.locator("#a"), "6")
    write(page.locator("#b"), "6")
    assert len(workers) == 2  # the engine, and what prepared its parts
    texts = page.evaluate("[document.querySelector('#a').text, document.querySelector('#b').text]")
    assert texts[0] == texts[1] != ""
    page.evaluate("document.querySelector('#a').remove()")
    part(page.locator("#b"), "retry").click()
    expect(part(page.locator("#b"), "status")).to_have_text("Finished after 6 tokens.")
    page.evaluate("document.body.append(document.querySelector('#b'))")  # moved, not removed
    page.evaluate("new Promise((resolve) => setTimeout(resolve))")  # let callbacks for the next turn run
    worker = only_worker(page)
    with worker.expect_event("close"):
        page.evaluate("document.querySelector('#b').remove()")
    assert page.workers == []


def test_an_element_writes_with_its_own_adapter_and_without_it_again(
    page: Page, site_url: str, host: Host, record: Record
) -> None:
    change = Adapter({"ln_out.weight": 3 * np.sin(np.arange(320, dtype=np.float32))}).encode()
    page.route(f"{host.url}pirate.safetensors", lambda route: route.fulfill(body=change))
    adapter = 'adapter="pirate.safetensors"'
    body = f'<goose-quill id="a" {SHORT}></goose-quill><goose-quill id="b" {adapter} {SHORT}></goose-quill>'
    page.goto(host.add("adapted", body, head=script(site_url)))
    plain, tuned = page.locator("#a"), page.locator("#b")
    text = "(element) => element.text"

    def again(element: Locator) -> str:
        part(element, "status").evaluate("(element) => { element.textContent = ''; }")
        write(element, "6")
        found: str = element.evaluate(text)
        return found

    write(plain, "6")
    write(tuned, "6")
    before, written = plain.evaluate(text), tuned.evaluate(text)
    assert written != before != ""
    assert tuned.evaluate("(element) => element.info.adapter.name") == "pirate"
    assert again(plain) == before, "the elements share the model"
    tuned.evaluate("(element) => { element.strength = 0; }")
    assert again(tuned) == before
    tuned.evaluate("(element) => { element.strength = 1; }")
    assert again(tuned) == written
    tuned.evaluate("(element) => { element.adapter = ''; }")
    assert again(tuned) == before
    tuned.evaluate("(element) => { element.strength = 2; element.adapter = 'pirate.safetensors'; }")
    part(tuned, "send").click()
    expect(part(tuned, "error")).to_contain_text("strength", timeout=LONG)
    assert record.console_errors == []


def test_stop_retry_copy_clear_and_the_keyboard(page: Page, site_url: str, host: Host) -> None:
    body = '<goose-quill prompt="The sea" max-new-tokens="100000" seed="5"></goose-quill>'
    page.goto(host.add("keys", body, head=script(site_url)))
    quill = page.locator("goose-quill")
    quill.evaluate("(element) => { element.options = { ignore_end: true }; }")
    part(quill, "input").focus()
    page.keyboard.press("Control+Enter")
    expect(part(quill, "text")).not_to_be_empty(timeout=LONG)
    expect(part(quill, "send")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    expect(part(quill, "status")).to_contain_text("Stopped after")
    assert quill.evaluate("(element) => element.state") == "ready"
    quill.evaluate("(element) => { element.maxNewTokens = 4; }")
    assert quill.get_attribute("max-new-tokens") == "4"
    part(quill, "retry").click()
    expect(part(quill, "status")).to_have_text("Finished after 4 tokens.")
    part(quill, "copy").click()
    expect(part(quill, "status")).to_contain_text("cop", ignore_case=True)
    part(quill, "clear").click()
    expect(part(quill, "output")).to_be_hidden()
    expect(part(quill, "input")).to_be_focused()


def test_a_conversation_keeps_its_turns_and_a_second_request_changes_nothing(
    page: Page, site_url: str, host: Host
) -> None:
    body = '<goose-quill mode="chat" max-new-tokens="8" seed="3"></goose-quill>'
    page.goto(host.add("chat", body, head=script(site_url)))
    quill = page.locator("goose-quill")
    for text in ("Good morning.", "And how are you?"):
        part(quill, "input").fill(text)
        part(quill, "input").press("Enter")
        expect(part(quill, "status")).to_contain_text("Finished after", timeout=LONG)
        expect(part(quill, "input")).to_have_value("")
        part(quill, "status").evaluate("(element) => { element.textContent = ''; }")
    said = quill.evaluate("(element) => element.messages")
    assert [message["content"] for message in said if message["role"] == "user"] == [
        "Good morning.",
        "And how are you?",
    ]
    part(quill, "retry").click()
    expect(part(quill, "status")).to_contain_text("Finished after", timeout=LONG)
    assert quill.evaluate("(element) => element.messages") == said, "the same seed gave another reply"
    part(quill, "clear").click()
    assert quill.evaluate("(element) => element.messages") == []
    found = quill.evaluate(
        """async (element) => {
        const writing = element.generate("Good morning.");
        const name = (error) => error.name;
        const refused = [await element.generate("Again.").catch(name), await element.retry().catch(name)];
        await writing;
        return { refused, messages: element.messages.map(({ role }) => role) };
      }"""
    )
    assert found == {"refused": ["InvalidStateError"] * 2, "messages": ["user", "assistant"]}


POLICIES = {
    "worker-src": "default-src 'none'; script-src {site}; connect-src {site}",
    "connect-src": "default-src 'none'; script-src {site} 'wasm-unsafe-eval'; worker-src blob:",
    "script-src": "default-src 'none'; script-src {site}; worker-src blob:; connect-src {site}",
}


@pytest.mark.parametrize("directive", variants(["worker-src", "script-src"], ["connect-src"]))
def test_a_strict_policy_is_named(page: Page, site_url: str, host: Host, directive: str) -> None:
    policy = POLICIES[directive].format(site=origin_of(site_url)) + "; img-src data:"
    address = host.add(
        f"csp-{directive}", f"<goose-quill {SHORT}></goose-quill>", head=script(site_url), policy=policy
    )
    page.goto(address)
    quill = page.locator("goose-quill")
    part(quill, "send").click()
    expect(part(quill, "error")).to_contain_text(f"the directive {directive}", timeout=LONG)
    assert quill.evaluate("(element) => element.state") == "error"


def test_two_versions_on_one_page_do_no_harm(page: Page, site_url: str, host: Host, record: Record) -> None:
    def make_newer(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"0.1.0"', '"9.9.9"'))

    page.route("**/goosequill.js?newer", make_newer)
    warnings: list[str] = []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    newer = script(site_url).replace("goosequill.js", "goosequill.js?newer")
    body = f"<goose-quill {SHORT}></goose-quill>"
    page.goto(host.add("twice", body, head=script(site_url) + script(site_url) + newer))
    write(page.locator("goose-quill"), "6")
    (warning,) = warnings
    assert "already defined on this page by version 0.1.0" in warning
    assert "version 9.9.9" in warning and "is ignored" in warning
    assert record.console_errors == []


WORKERS = {
    "missing": ("delete window.Worker", "Worker is not defined"),
    "refused": ("window.Worker = class { constructor() { throw new Error('not here'); } }", "not here"),
    "silent": (
        "window.Worker = class extends EventTarget { postMessage() {} terminate() {} }",
        "it does not respond",
    ),
}


@pytest.mark.parametrize("how", WORKERS)
def test_a_worker_that_cannot_run_is_reported(page: Page, site_url: str, host: Host, how: str) -> None:
    code, reason = WORKERS[how]
    page.clock.install()
    page.add_init_script(code)
    page.goto(host.add(f"worker-{how}", f"<goose-quill {SHORT}></goose-quill>", head=script(site_url)))
    quill = page.locator("goose-quill")
    part(quill, "send").click()
    page.clock.fast_forward("01:01")
    expect(part(quill, "error")).to_contain_text(f"engine/worker.js: {reason}")
    expect(part(quill, "error")).to_contain_text("try another browser")
    expect(part(quill, "progress")).to_be_hidden()
    assert quill.evaluate("(element) => element.state") == "error"


@pytest.mark.rest
def test_without_simd_it_generates_and_says_so(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], site_url: str, host: Host
) -> None:
    """The processor's extension that Chromium's SIMD needs is switched off."""
    flags = "--js-flags=--no-enable-sse4-1 --no-enable-ssse3"
    options = {**browser_type_launch_args, "args": [*browser_type_launch_args["args"], flags]}
    with browser_type.launch(**options) as browser:
        page = browser.new_page()
        page.goto(host.add("no-simd", f"<goose-quill {SHORT}></goose-quill>", head=script(site_url)))
        quill = page.locator("goose-quill")
        quill.evaluate("(element) => element.load()")
        expect(part(quill, "status")).to_contain_text("no WebAssembly SIMD")
        assert quill.evaluate("(element) => element.info.kernel") == "numpy"
        write(quill, "6")


def test_the_outer_page_does_not_change_its_style(page: Page, site_url: str, host: Host) -> None:
    loud = (
        "<style>* { color: rgb(255, 0, 0) !important; letter-spacing: 9px; text-transform: uppercase;"
        " font: 40px monospace; text-align: right; line-height: 4; }</style>"
    )
    body = f"<div><goose-quill {SHORT}></goose-quill></div>"
    looks = []
    for name, style in {"plain": "", "loud": loud}.items():
        page.goto(host.add(f"look-{name}", body, head=style + script(site_url)))
        label = part(page.locator("goose-quill"), "label")
        looks.append(
            label.evaluate(
                "(element) => ['color', 'letterSpacing', 'textTransform', 'fontSize', 'fontFamily',"
                " 'textAlign', 'lineHeight'].map((name) => getComputedStyle(element)[name])"
            )
        )
    assert looks[0] == looks[1]
    page.add_style_tag(content="goose-quill { --goose-accent: rgb(1, 2, 3); }")
    send = part(page.locator("goose-quill"), "send")
    assert send.evaluate("(element) => getComputedStyle(element).backgroundColor") == "rgb(1, 2, 3)"


OFFER_A_PORT = """() => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => resolve("answered");
  const frame = document.querySelector("iframe");
  frame.contentWindow.postMessage({ type: "goosequill-connect" }, "*", [port2]);
  setTimeout(() => resolve("silent"), 700);
})"""


def test_the_iframe_obeys_only_its_parent(page: Page, site_url: str, host: Host) -> None:
    mine = origin_of(host.url)
    frame = f"{site_url}embed/frame.html?parent={mine}&max-new-tokens=5&prompt=A%20quill"
    body = f'<iframe src="{frame}" title="Goosequill" width="600" height="400"></iframe>'
    page.goto(host.add("frame", body))
    expect(page.frame_locator("iframe").locator('[part~="input"]')).to_have_value("A quill")
    done = page.evaluate(
        """async (address) => {
        const { connect } = await import(address);
        const quill = await connect(document.querySelector("iframe"));
        window.quill = quill;
        const text = await quill.generate("Once upon a time");
        const refused = await quill.set({ model: "https://evil.example/" }).catch((error) => error.message);
        return { text, refused };
      }""",
        f"{site_url}embed/connect.js",
    )
    assert done["text"]
    assert "cannot be set" in done["refused"]
    second = page.evaluate(OFFER_A_PORT)
    assert second == "silent", "a second port was taken"


def test_the_iframe_ignores_another_origin(page: Page, site_url: str, host: Host) -> None:
    frame = f"{site_url}embed/frame.html?parent=https://somebody.example"
    page.goto(host.add("wrong", f'<iframe src="{frame}" title="Goosequill"></iframe>'))
    expect(page.frame_locator("iframe").locator('[part~="send"]')).to_be_visible()
    answer = page.evaluate(OFFER_A_PORT)
    assert answer == "silent"


def test_the_gallery_writes_under_its_own_policy(clean_page: Page, site_url: str) -> None:
    clean_page.goto(f"{site_url}embed/")
    quill = clean_page.locator("#slots-example")
    quill.evaluate("(element) => { element.maxNewTokens = 5; element.options = { ignore_end: true }; }")
    write(quill, "5")
    assert violations(clean_page) == []
    quill.evaluate("(element) => { element.temperature = -1; }")
    part(quill, "retry").click()
    expect(part(quill, "error")).to_contain_text("temperature")
    assert violations(clean_page) == []


def test_the_gallery_applies_the_style_sheet_that_it_shows(clean_page: Page, site_url: str) -> None:
    clean_page.goto(f"{site_url}embed/")
    lines = (clean_page.locator("pre[data-css]").text_content() or "").splitlines()
    assert lines[:2] == [".evening {", "  --goose-paper: #1d1a2b;"] and lines[-1] == "}"
    paper = clean_page.locator("goose-quill.evening").evaluate(
        "(element) => getComputedStyle(element).getPropertyValue('--goose-paper')"
    )
    assert paper == "#1d1a2b"


def test_what_is_built_is_shown_beside_its_html_and_survives_a_reload(
    clean_page: Page, site_url: str, record: Record
) -> None:
    clean_page.goto(f"{site_url}embed/")
    form = clean_page.locator("#builder")
    code, quill = clean_page.locator("#builder-code"), clean_page.locator("#builder-preview goose-quill")
    expect(part(quill, "input")).to_have_value("It was a fine morning, and")
    form.get_by_label("Mode", exact=True).select_option("Chat")
    expect(part(quill, "send")).to_have_text("Send")
    form.get_by_label("Prompt").fill('A "quill"')
    expect(part(quill, "input")).to_have_value('A "quill"')
    form.get_by_label("Colours").select_option("Your own")
    form.get_by_label("Background").fill("#1d1a2b")
    expect(form.get_by_label("Text", exact=True)).to_have_accessible_description(re.compile("text needs 4.5"))
    form.get_by_label("Text", exact=True).fill("#f3eefc")
    expect(quill).to_have_css("--goose-paper", "#1d1a2b")
    form.get_by_label("Model: an address").fill("nowhere")
    form.get_by_label("Width").fill("a lot")
    clean_page.keyboard.press("Tab")
    for label in ("Width", "Model: an address"):
        expect(form.get_by_label(label)).to_have_attribute("aria-invalid", "true")
    assert violations(clean_page) == []
    form.get_by_label("Model: an address").fill("owner/repo:model.pth")
    clean_page.keyboard.press("Tab")
    clean_page.reload()
    expect(code).to_contain_text('mode="chat" model="owner/repo:model.pth" prompt="A &quot;quill&quot;"')
    expect(code).to_contain_text("--goose-ink: #f3eefc;")
    expect(form.get_by_label("Width")).to_have_attribute("aria-invalid", "true")
    expect(quill).to_have_css("--goose-paper", "#1d1a2b")
    expect(quill).not_to_have_attribute("model", "owner/repo:model.pth")
    assert "prompt" not in clean_page.url
    clean_page.get_by_role("button", name="Reset").click()
    expect(code).to_contain_text('<goose-quill prompt="It was a fine morning, and"></goose-quill>')
    assert not [url for url in record.requests if "models/default" in url or "pyodide" in url]


@pytest.mark.rest
def test_the_npm_package_describes_every_part_of_the_element(page: Page, site_url: str, host: Host) -> None:
    """A text and a conversation show all parts between them."""
    found: set[str] = set()
    for mode in ("text", "chat"):
        attributes = f'mode="{mode}" {SHORT}'
        page.goto(
            host.add(f"parts-{mode}", f"<goose-quill {attributes}></goose-quill>", head=script(site_url))
        )
        quill = page.locator("goose-quill")
        if mode == "chat":
            part(quill, "input").fill("Hi")
        write(quill, "6")
        found |= set(
            page.evaluate(
                """[...document.querySelector("goose-quill").shadowRoot.querySelectorAll("[part]")]
                  .flatMap((element) => [...element.part])"""
            )
        )
    assert found == set(PARTS)
