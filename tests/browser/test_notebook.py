"""The widget for notebooks in a page: the real widget in Python, and its module as a notebook loads it.

The page has what a notebook gives to a module (https://anywidget.dev/en/afm/), joined to the widget by the
messages of Jupyter's protocol.
"""

from __future__ import annotations

import json
from typing import Any

import comm
import pytest
from playwright.sync_api import Page, expect

from goosequill.notebook import GooseQuill

from .conftest import ROOT, Record
from .hosts import serve_host

LONG = 120_000  # milliseconds
NOTEBOOK = """
class Model {
  #changed = {};
  #listeners = new Map();
  constructor(state) { this.state = state; }
  get(name) { return this.state[name]; }
  set(name, value) {
    if (arguments.length !== 2 || typeof name !== "string") throw new TypeError("set(name, value)");
    if (this.state[name] === value) return;
    this.state[name] = this.#changed[name] = value;
    this.trigger(`change:${name}`);
  }
  save_changes() {
    window.toPython(JSON.stringify(this.#changed));
    this.#changed = {};
  }
  on(name, listener) { this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]); }
  off(name, listener) {
    this.#listeners.set(name, this.#listeners.get(name).filter((each) => each !== listener));
  }
  trigger(name, value) { for (const each of this.#listeners.get(name) ?? []) each(value); }
  get listening() { return [...this.#listeners.values()].flat().length; }
  receive({ method, state, content }) {
    if (method === "custom") return this.trigger("msg:custom", content);
    Object.assign(this.state, state);
    for (const name of Object.keys(state)) this.trigger(`change:${name}`);
  }
}
window.open = async (state) => {
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const made = (await import(url)).default;
  window.model = new Model(state);
  window.widget = typeof made === "function" ? await made() : made;
  await widget.initialize({ model });
};
window.display = async () => {
  const el = document.body.appendChild(document.createElement("div"));
  const remove = await widget.render({ model, el });
  return { el, remove };
};
0;
"""


class Notebook:
    """A widget and its page; what either sends is handed over by `exchange`."""

    def __init__(self, page: Page, address: str, sent: list[dict[str, Any]], traits: dict[str, Any]):
        self.page, self.sent = page, sent
        self.quill = GooseQuill(**traits)
        opened = next(message for message in sent if "_esm" in message.get("state", {}))
        sent.clear()
        page.expose_function("toPython", self.receive)
        page.goto(address)
        page.evaluate(NOTEBOOK)
        page.evaluate("(state) => window.open(state)", opened["state"])
        page.evaluate("async () => void (window.first = await display())")

    def receive(self, text: str) -> None:
        data = {"method": "update", "state": json.loads(text), "buffer_paths": []}
        self.quill._handle_msg({"content": {"data": data}, "buffers": []})

    def exchange(self) -> None:
        while self.sent:
            self.page.evaluate("(message) => model.receive(message)", self.sent.pop(0))

    def wait(self, name: str, value: str) -> None:
        """Wait until Python knows a trait's value."""
        self.page.wait_for_function(
            "([name, value]) => String(model.get(name)) === value", arg=[name, value], timeout=LONG
        )
        self.page.evaluate("0")  # what was sent before has arrived
        assert str(getattr(self.quill, name)) == value


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the widget sends."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(
        comm.DummyComm,
        "publish_msg",
        lambda self, kind, data=None, **_: found.append(data) if kind != "comm_close" else None,
    )
    return found


def test_a_notebook_and_its_page_have_the_same_prompt_settings_text_and_events(
    page: Page, record: Record, sent: list[dict[str, Any]]
) -> None:
    settings = {"temperature": 0, "max_new_tokens": 4}
    with serve_host() as host:
        address = host.add("notebook", "")
        traits = {"site": ROOT / "dist", "prompt": "Once upon a time", "settings": settings}
        book = Notebook(page, address, sent, traits)
        entry = page.locator("goose-quill [part=input]")
        expect(entry).to_have_value("Once upon a time")
        assert {url for url in record.outside(host.url) if not url.startswith(book.quill.site)} == set()

        entry.fill("It was a fine")
        book.wait("prompt", "It was a fine")
        book.quill.prompt = "It was a fine morning, and"
        book.exchange()
        expect(entry).to_have_value("It was a fine morning, and")

        lengths: list[int] = []
        book.quill.observe(lambda change: lengths.append(len(change["new"])), "text")
        book.quill.generate()
        book.exchange()
        page.wait_for_function("model.get('event').name === 'done'", timeout=LONG)
        book.wait("state", "ready")
        text, event = book.quill.text, book.quill.event
        assert event["detail"]["usage"]["completion_tokens"] == 4 and text and lengths[-1] == len(text)
        expect(page.locator("goose-quill [part=text]")).to_have_text(text.strip())

        book.quill.settings = {"temperature": 0, "max_new_tokens": 2}
        book.exchange()
        page.locator("goose-quill [part=send]").click()
        page.wait_for_function("model.get('event').index === 3", timeout=LONG)  # load, done, done
        book.wait("state", "ready")
        assert book.quill.event["detail"]["usage"]["completion_tokens"] == 2
        assert text.startswith(book.quill.text)

        book.quill.mode = "chat"
        book.quill.messages = [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hi."}]
        book.exchange()
        expect(page.locator("goose-quill [part~=message]")).to_have_count(2)
        book.quill.generate("Who are you?")
        book.exchange()
        page.wait_for_function("model.get('event').index === 4", timeout=LONG)
        book.wait("state", "ready")
        assert [each["role"] for each in book.quill.messages] == ["user", "assistant"] * 2

        page.evaluate("first.remove()")
        expect(page.locator("goose-quill")).to_have_count(0)
        assert page.evaluate("model.listening") == 1  # for commands
        assert record.console_errors == []


def test_a_site_that_does_not_answer_is_a_message_and_an_event(
    page: Page, sent: list[dict[str, Any]]
) -> None:
    with serve_host() as host:
        site = f"{host.url}none/"
        book = Notebook(page, host.add("notebook", ""), sent, {"site": site})
        expect(page.locator("div")).to_have_text(
            f"Goosequill could not be loaded from {site}. Check the address and the connection."
        )
        book.wait("prompt", "")
        assert book.quill.event["detail"]["code"] == "network"
