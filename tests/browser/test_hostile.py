"""Texts that would run as a script if a page took them for HTML, CSS or an address, all in each place.

The list (tests/data/xss.json) has the kinds of OWASP's cheat sheet and of the tests of DOMPurify and
markdown-it. Each would set `globalThis.pwned`.
"""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from struct import pack
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.py.search.documents.pdfs import pdf

from .conftest import PREFIX, ROOT, Record
from .hosts import serve_host
from .test_compare import sampling
from .variants import variants

LONG = 180_000  # milliseconds that an engine may take on a busy machine
STRINGS: list[str] = json.loads((ROOT / "tests" / "data" / "xss.json").read_text("utf-8"))
ALL = "\n".join(STRINGS)
ASCII = "\n".join(text for text in STRINGS if text.isascii())  # a token can be a part of another character
WATCH = """
  globalThis.violations = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    globalThis.violations.push(`${violatedDirective} ${blockedURI} ${sample}`));
"""
ACTIVE = """(roots) => {
  const found = [];
  // A form can hide an element's own property.
  const attributes = Object.getOwnPropertyDescriptor(Element.prototype, "attributes").get;
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      for (const { name, value } of attributes.call(element)) {
        const runs = /^on/i.test(name) || name === "srcdoc";
        const leads = /^(xlink:)?href$|^src$|^action$|^formaction$|^data$/i.test(name);
        if (runs || (leads && /^[\\s\\0-\\x1f]*(javascript|vbscript|data:text)/i.test(value)))
          found.push(element.outerHTML.slice(0, 200));
      }
      const isOurs = element.localName === "script" && !/pwned/.test(element.outerHTML);
      if (!isOurs && /^(iframe|object|embed|base|marquee|script|frame|applet)$/i.test(element.localName))
        found.push(element.outerHTML.slice(0, 200));
    }
  };
  for (const root of roots) look(root);
  return found;
}"""
"""Elements and attributes that could run something."""


@contextmanager
def harmless(page: Page, record: Record, site_url: str, *, places: str = "main") -> Iterator[None]:
    """What happens inside must run nothing, ask nobody, and violate no policy."""
    page.add_init_script(WATCH)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield
    assert page.evaluate("() => globalThis.pwned") is None
    assert page.evaluate("() => Object.prototype.pwned") is None
    assert page.evaluate("() => globalThis.violations") == []
    assert page.locator(places).count() > 0
    assert page.locator(places).evaluate_all(ACTIVE) == []
    assert not dialogs and not record.console_errors
    assert not record.outside(site_url.removesuffix(PREFIX) + "/")


def file(name: str, data: str | bytes) -> Any:
    text = data.encode() if isinstance(data, str) else data
    return {"name": name, "mimeType": "application/octet-stream", "buffer": text}


def test_the_list_is_what_it_says() -> None:
    assert len(STRINGS) == len(set(STRINGS)) >= 60
    assert sum("pwned" in text for text in STRINGS) == len(STRINGS)


def test_the_watch_sees_what_runs(page: Page, site_url: str) -> None:
    """A page without our policy, into which the list is put as HTML: the canary must not survive that."""
    with serve_host() as host:
        page.goto(host.add("unsafe", ALL))
        page.wait_for_function("globalThis.pwned === 1")
        assert page.locator("body").evaluate_all(ACTIVE) != []


def test_in_what_a_model_writes(page: Page, site_url: str, record: Record) -> None:
    """A constraint makes the model write the texts."""
    with harmless(page, record, site_url):
        some = "\n".join(STRINGS[::6])[:600]
        line = some.replace("\\", "\\\\").replace("\n", "\\n")
        settings = {"prompt": "The", "choices": line, "max_new_tokens": "2000"}
        page.goto(f"{site_url}playground/#{urlencode(settings, quote_via=quote)}")
        page.locator("#generate").click()
        output = page.locator("#output")
        expect(page.get_by_test_id("status")).to_contain_text("after", timeout=LONG)
        assert output.evaluate("(output) => output.textContent") == some


@pytest.mark.rest
def test_in_the_list_the_ranking_and_the_ids_of_conversations(
    page: Page, site_url: str, record: Record
) -> None:
    """Each text as a conversation of its own, with control characters as one more."""
    nasty = [*STRINGS, "\0\x1b[31m\u202e\u2066\x85"]
    with harmless(page, record, site_url):
        lines = []
        for at, text in enumerate(nasty):
            about = {"title": text, "system": text, "id": f"{at}{text}", "fields": {text: text}}
            replies = [f"{at} {place} {text}" for place in range(2)]
            fields = {"model_name": text, "reason": text, "thought": text, "labels": {text: {"value": 1}}}
            known = {**fields, "settings": {text: text}, "created_date": text, "lang": text, text: text}
            asked = {"message_id": f"{at}{text}", "role": "prompter", "text": text, **known}
            lines.append({**asked, "conversation": about})
            for rank, reply in enumerate(replies):
                said = {"message_id": reply, "parent_id": f"{at}{text}", "role": "assistant", "text": ALL}
                lines.append({**known, **said, "rank": rank, "emojis": {"+1": 1, text: 1}})
        data = "\n".join(map(json.dumps, lines))
        page.goto(f"{site_url}chat/")
        expect(page.get_by_test_id("send")).to_be_enabled(timeout=LONG)
        page.get_by_test_id("import").set_input_files([file("nasty.jsonl", data)])
        status = page.get_by_test_id("status")
        expect(status).to_have_text(f"{len(nasty)} conversations imported.", timeout=LONG)
        items = page.locator(".chat-open")
        expect(items).to_have_count(len(nasty))
        page.locator("#map-box summary").click()
        for at in (0, len(nasty) // 2, len(nasty) - 1):
            items.nth(at).click()
            expect(page.get_by_test_id("message")).to_have_count(2)
            page.get_by_test_id("message-details").last.click()
            page.get_by_test_id("details-dialog").get_by_role("button").click()
            page.get_by_test_id("rank").click()
            page.get_by_test_id("rank-save").click()
            expect(status).to_have_text("The ranking is saved.")


def test_in_a_prompt(page: Page, site_url: str, record: Record) -> None:
    with harmless(page, record, site_url):
        page.goto(f"{site_url}playground/")
        page.locator("#decoder-max_new_tokens").fill("2")
        expect(page.locator("#examples button").first).to_be_visible()
        page.get_by_test_id("style").select_option(label="No style")
        page.get_by_test_id("prompt").fill(ASCII)
        page.locator("#generate").click()
        expect(page.get_by_test_id("status")).to_contain_text("after", timeout=LONG)
        page.get_by_test_id("coloured").check()  # shows the prompt token by token
        tokens = page.locator("#prompt-tokens")
        expect(tokens).to_be_visible(timeout=LONG)
        assert tokens.evaluate("(tokens) => tokens.textContent") == ASCII
        page.reload()
        expect(page.get_by_test_id("prompt")).to_have_value(ASCII)


def test_in_a_chat(page: Page, site_url: str, record: Record) -> None:
    with harmless(page, record, site_url):
        page.goto(f"{site_url}chat/#max_new_tokens=2")
        page.get_by_test_id("setup").click()
        page.get_by_test_id("system").fill(ALL)
        page.get_by_test_id("prompt").fill(ALL)
        expect(page.get_by_test_id("send")).to_be_enabled()  # before that Enter sends nothing
        page.get_by_test_id("prompt").press("Enter")
        said = page.locator(".message.user > .said")
        expect(said).to_have_count(1)
        page.keyboard.press("Escape")  # the model need not read all that
        expect(page.get_by_test_id("status")).to_contain_text("Stopped", timeout=LONG)
        item = page.get_by_test_id("chat-item")
        item.get_by_role("button", name="Rename").click()
        page.get_by_test_id("chat-title").fill(STRINGS[0])
        page.get_by_test_id("chat-title").press("Enter")
        for visit in range(2):  # what the browser keeps is shown by the same rule
            expect(item).to_have_count(1)
            expect(page.get_by_test_id("send")).to_be_enabled(timeout=LONG)
            assert said.evaluate("(said) => said.textContent") == ALL, f"at visit {visit + 1}"
            page.reload()


def branches() -> str:
    """A file of branches with the texts as prompts, tokens and ends, the second of two branching."""
    first = {"parent": None, "given": 0, "marked": True}
    second = {"parent": 1, "given": 1, "marked": False}
    tokens = [{"token": at, "text": text, "logprob": -1} for at, text in enumerate(STRINGS)]
    texts = [
        {**one, "id": at, "prompt": ALL, "settings": {text: text for text in STRINGS}, "seed": 1,
         "tokens": tokens, "tail": ALL, "finish": STRINGS[at]}
        for at, one in enumerate((first, second), 1)
    ]  # fmt: skip
    return json.dumps({"format": "goosequill-branches", "version": 1, "current": 2, "texts": texts})


@pytest.mark.rest
def test_in_a_file_of_branches(page: Page, site_url: str, record: Record) -> None:
    name = "<img src=x onerror=globalThis.pwned=1>.json"
    with harmless(page, record, site_url):
        page.goto(f"{site_url}playground/")
        expect(page.get_by_test_id("generate")).to_be_enabled()
        page.get_by_test_id("branches-file").set_input_files([file(name, branches())])
        expect(page.get_by_test_id("status")).to_contain_text(name)
        items = page.get_by_test_id("branches").get_by_role("treeitem")
        expect(items).to_have_count(2)
        output = page.get_by_test_id("output")
        for at in range(2):
            items.nth(at).click()
            expect(items.nth(at)).to_have_attribute("aria-selected", "true")
            assert output.evaluate("(output) => output.textContent") == "".join(STRINGS) + ALL
            expect(page.get_by_test_id("prompt")).to_have_value(ALL)
        page.reload()  # the tab keeps them
        expect(items).to_have_count(2)


@pytest.mark.rest
def test_in_a_saved_state_of_a_chat(page: Page, site_url: str, record: Record) -> None:
    """The texts are names and values in the header of a state that is opened."""
    header = json.dumps({"__metadata__": {text: text for text in STRINGS}}).encode()
    name = "<img src=x onerror=globalThis.pwned=1>.safetensors"
    with harmless(page, record, site_url):
        page.goto(f"{site_url}chat/#max_new_tokens=2")
        page.get_by_test_id("setup").click()
        page.get_by_test_id("state-file").set_input_files([file(name, pack("<Q", len(header)) + header)])
        expect(page.get_by_test_id("status")).to_have_class(re.compile("error"), timeout=LONG)
        expect(page.get_by_test_id("prompt")).to_be_visible()


def conversations() -> str:
    """A conversation as Open Assistant has it, with the texts in every field, all of them at its end."""
    named: dict[str, Any] = {"title": STRINGS[0], "system": ALL, "fields": {text: text for text in STRINGS}}
    rows = []
    for at, text in enumerate(STRINGS):
        said = ALL if at >= len(STRINGS) - 2 else text
        fields = {"model_name": text, "reason": text, "thought": said, "settings": {text: text}}
        labels = {text: {"value": 1, "count": 1}}
        role = "assistant" if at % 2 else "prompter"
        parent = {"parent_id": f"{at - 1}"} if at else {"conversation": named}
        rows.append({"message_id": f"{at}", "text": said, "role": role, "labels": labels, **fields, **parent})
    return "\n".join(map(json.dumps, rows))


@pytest.mark.rest
def test_in_a_file_of_conversations(page: Page, site_url: str, record: Record) -> None:
    name = "<img src=x onerror=globalThis.pwned=1>.jsonl"
    with harmless(page, record, site_url):
        page.goto(f"{site_url}chat/")
        expect(page.get_by_test_id("send")).to_be_enabled()
        page.get_by_text("Import and export").click()
        page.get_by_test_id("import").set_input_files([file(name, conversations())])
        expect(page.get_by_test_id("status")).to_have_text("1 conversation imported.", timeout=LONG)
        said = page.locator(".message.user > .said")
        for visit in range(2):
            expect(page.get_by_test_id("message")).to_have_count(min(len(STRINGS), 100))
            assert said.last.evaluate("(said) => said.textContent") == ALL, f"at visit {visit + 1}"
            page.get_by_test_id("message-details").last.click()
            expect(page.get_by_test_id("details-dialog")).to_be_visible()
            page.reload()


@pytest.mark.rest
def test_in_a_report(page: Page, site_url: str, record: Record) -> None:
    entries: Any = {text: {text: [text, f"{text} again"]} for text in STRINGS}
    names = [f"{text.replace('/', '∕')[:100]}.json" for text in STRINGS[:6]]
    reports = [sampling(entries, STRINGS[at], args={STRINGS[at]: STRINGS[at]}) for at in range(len(names))]
    with harmless(page, record, site_url):
        page.goto(f"{site_url}compare/")
        files = [file(name, json.dumps(report)) for name, report in zip(names, reports, strict=True)]
        page.get_by_test_id("file-input").set_input_files(files)
        expect(page.get_by_test_id("report")).to_have_count(len(names), timeout=LONG)
        for at, name in enumerate(names):
            expect(page.get_by_test_id("report").nth(at)).to_contain_text(name)
        expect(page.get_by_test_id("output").first).to_be_visible()
        page.keyboard.press("End")
        page.keyboard.press("p")
        page.locator("main").evaluate_all("([main]) => main.scrollIntoView({ block: 'end' })")
        page.get_by_test_id("file-input").set_input_files(
            [file("<img src=x onerror=globalThis.pwned=1>", "{")]
        )
        expect(page.locator("#message")).to_contain_text("<img src=x onerror=globalThis.pwned=1>")


@pytest.mark.rest
@pytest.mark.parametrize("mark", ["#", "?"])
def test_in_addresses(page: Page, site_url: str, record: Record, mark: str) -> None:
    names = [
        "prompt",
        "model",
        "preset",
        "q",
        "f",
        "config",
        "base",
        "text",
        "decoders",
        "collection",
        "document",
    ]
    names += [
        "mode",
        "messages",
        "drafts",
        "system",
        "format",
        "choices",
        "regex",
        "schema",
        "stop",
        "seed",
        "theme",
        "page",
    ]
    with harmless(page, record, site_url):
        for address in (
            "playground/",
            "chat/",
            "compare/#page=write",
            "compare/",
            "search/",
            "lab/handwriting/",
        ):
            text = ALL if mark == "#" else "".join(STRINGS[:30])
            values = urlencode(dict.fromkeys(names, text), quote_via=quote)
            page.goto("about:blank")
            page.goto(f"{site_url}{address}{mark}{values}")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("() => globalThis.pwned") is None
            assert page.evaluate("() => globalThis.violations") == []
            assert page.locator("main").evaluate_all(ACTIVE) == []
        record.console_errors[:] = [each for each in record.console_errors if "Failed to load" not in each]


def documents() -> list[Any]:
    """The texts in every format that the search page reads and shows."""
    escaped = [html.escape(text) for text in STRINGS]
    body = "".join(f"<p>{text}</p>" for text in escaped)
    rows = "".join('"{}"\n'.format(text.replace('"', '""')) for text in STRINGS)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        inner = "".join(
            f"<w:p><w:r><w:t>{html.escape(text)}</w:t></w:r></w:p>" for text in STRINGS if text.isprintable()
        )
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{main}"><w:body>{inner}</w:body></w:document>'
        )
    return [
        file("goose a.txt", ALL),
        file("goose b.md", "# " + "\n\n# ".join(STRINGS)),
        file("goose c.html", f"<title>{escaped[0]}</title><main><h1>{escaped[1]}</h1>{body}{ALL}</main>"),
        file("<img src=x onerror=globalThis.pwned=1>.csv", f"text\n{rows}"),
        file("goose d.docx", out.getvalue()),
        file("goose e.pdf", pdf([[text for text in STRINGS if text.isascii() and text.isprintable()]])),
    ]


@pytest.mark.rest
def test_in_documents(page: Page, site_url: str, record: Record) -> None:
    with harmless(page, record, site_url):
        page.goto(f"{site_url}search/")
        page.get_by_test_id("add-files").set_input_files(documents())
        page.get_by_test_id("agree-full").set_checked(False)
        page.get_by_test_id("agree").click()
        expect(page.get_by_test_id("status")).to_contain_text("Ready to search.", timeout=LONG)
        page.get_by_test_id("question").fill("globalThis pwned <script> onerror javascript")
        results = page.get_by_test_id("result")
        expect(results.first).to_be_visible()
        for at in range(results.count()):
            results.nth(at).get_by_role("link").or_(results.nth(at).get_by_role("button")).first.click()
            expect(page.get_by_test_id("reader-text")).to_contain_text("pwned")
            assert page.locator("main").evaluate_all(ACTIVE) == []
            page.get_by_test_id("reader").get_by_role("button", name="Close").click()
        page.get_by_test_id("question").fill(ALL[:900])
        expect(page.get_by_test_id("asked")).to_contain_text("document")


@pytest.mark.rest
def test_in_files_of_the_laboratory(page: Page, site_url: str, record: Record) -> None:
    name = "<img src=x onerror=globalThis.pwned=1>.csv"
    samples = json.dumps([{"label": text, "strokes": [[[0, 0], [1, 1]]]} for text in STRINGS])
    with harmless(page, record, site_url):
        page.goto(f"{site_url}lab/sta/")
        chooser = page.locator("input[type=file]").first
        expect(chooser).to_be_enabled()  # the page's script has come
        chooser.set_input_files([file(name, ALL)])
        expect(page.locator("main")).to_contain_text("<img src=x onerror=globalThis.pwned=1>")
        page.goto(f"{site_url}lab/handwriting/")
        page.get_by_test_id("own-samples").locator("summary").click()
        chooser = page.get_by_label("A file of samples")
        expect(chooser).to_be_enabled()
        chooser.set_input_files([file(name, samples)])
        expect(page.locator("main")).to_contain_text("These are not samples of handwriting.")


@pytest.mark.parametrize("mode", variants(["completion"], ["chat"]))
def test_in_the_attributes_of_a_widget(page: Page, site_url: str, record: Record, mode: str) -> None:
    value = html.escape(ALL, quote=True)
    names = [
        "prompt",
        "system",
        "label",
        "placeholder",
        "theme",
        "max-new-tokens",
        "temperature",
        "stop",
        "seed",
    ]
    attributes = " ".join(f'{name}="{value}"' for name in names)
    head = f'<script type="module" src="{site_url}embed/goosequill.js"></script>'
    with serve_host() as host:
        page.add_init_script(WATCH)
        page.goto(host.add("widget", f'<goose-quill mode="{mode}" {attributes}></goose-quill>', head=head))
        quill = page.locator("goose-quill")
        expect(quill.locator('[part~="input"]')).to_have_value(ALL)
        expect(quill.locator("label").first).to_have_text(ALL.replace("\n", " "))
        quill.evaluate(
            "(element, text) => { element.model = text[0]; element.engine = text[1]; }", STRINGS[-2:]
        )
        quill.locator('[part~="send"]').click()
        expect(quill.locator('[part~="error"]')).to_be_visible(timeout=LONG)
        assert page.evaluate("() => globalThis.pwned") is None
        assert page.locator("body").evaluate_all(ACTIVE) == []
