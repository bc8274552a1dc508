"""Chat in the playground: one page and one engine, since Python takes seconds to start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.accessibility import violations_in_both_themes
from tests.browser.workers import only_worker

START = 60_000  # milliseconds that a start may take on a busy machine


class Chat:
    """The playground, set to chat."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)
        self.mode_chat.check()
        self.page.locator("#decoder-max_new_tokens").fill("12")
        self.page.locator("#decoder-max_new_tokens").blur()
        self.page.get_by_text("System prompt, format, saved state").click()

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))

    def seed(self, value: int) -> None:
        field = self.page.locator("#decoder-seed")
        field.fill(str(value))
        field.blur()

    def say(self, text: str) -> None:
        self.message.fill(text)
        expect(self.page.get_by_test_id("send")).to_be_enabled()  # before that Enter sends nothing
        self.message.press("Enter")
        self.answered(text)

    def answered(self, text: str) -> None:
        turns = self.page.locator(".message.user")
        expect(turns.last).to_contain_text(text)
        expect(self.send).to_be_enabled(timeout=START)
        expect(self.status).to_have_text(re.compile(r"(Answered|Length limit reached) after \d+ tokens?\."))
        expect(self.page.locator(".message .said:visible")).to_have_count(2 * turns.count())

    def texts(self) -> list[str]:
        return self.page.locator(".message .said:visible").all_text_contents()

    def read(self) -> int:
        """Tokens read for the last reply."""
        found = re.search(r"([\d,]+) tokens read", self.page.locator("#chat-measures").text_content() or "")
        assert found
        return int(found[1].replace(",", ""))


@pytest.fixture(scope="module")
def chat(browser: Browser, site_url: str) -> Iterator[Chat]:
    context = browser.new_context()
    chat = Chat(context.new_page(), site_url + "playground/")
    yield chat
    context.close()
    assert not chat.complaints


@pytest.fixture(autouse=True)
def fresh(chat: Chat) -> None:
    if chat.chat_clear.is_enabled():
        chat.chat_clear.click()
    chat.seed(3)


def test_earlier_turns_are_not_read_again(chat: Chat) -> None:
    chat.system.fill("You live on a pond, and describe it to everyone. " * 8)
    chat.say("Good morning.")
    first = chat.read()
    chat.say("And how are you?")
    assert chat.read() < first / 4
    assert [text for text in chat.texts() if text in ("Good morning.", "And how are you?")] == chat.texts()[
        ::2
    ]
    assert all(chat.texts())
    expect(chat.messages).to_have_attribute("aria-busy", "false")
    chat.page.emulate_media(reduced_motion="reduce")
    assert violations_in_both_themes(chat.page) == []
    chat.page.set_viewport_size({"width": 360, "height": 740})
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 360
    chat.page.set_viewport_size({"width": 1280, "height": 800})
    chat.system.fill("")


def test_a_turn_is_retried_undone_cleared_and_restored(chat: Chat) -> None:
    chat.say("Good morning.")
    chat.say("And how are you?")
    said = chat.texts()
    chat.again.click()
    chat.answered("And how are you?")
    assert chat.texts() == said, "the same seed gave another reply"
    chat.undo.click()
    expect(chat.message).to_have_value("And how are you?")
    assert chat.texts() == said[:2]
    chat.message.press("Enter")
    chat.answered("And how are you?")
    assert chat.texts() == said
    chat.chat_clear.click()
    expect(chat.messages).to_be_empty()
    chat.undo.click()
    assert chat.texts() == said


def test_a_saved_state_continues_where_it_was(chat: Chat, tmp_path: Path) -> None:
    chat.say("Good morning.")
    with chat.page.expect_download() as download:
        chat.save_state.click()
    path = tmp_path / "goose.safetensors"
    download.value.save_as(path)
    chat.say("And how are you?")
    said = chat.texts()
    chat.chat_clear.click()
    chat.state_file.set_input_files(path)
    expect(chat.state_name).to_have_text("Started from goose.safetensors.")
    assert chat.texts() == said[:2]
    chat.say("And how are you?")
    assert chat.texts() == said
    (tmp_path / "no.pth").write_bytes(b"no state")
    chat.state_file.set_input_files(tmp_path / "no.pth")
    expect(chat.status).to_have_class(re.compile("error-box"))
    assert chat.texts() == said, "the conversation was lost"
    chat.page.get_by_role("button", name="Start without a state").click()


def test_a_dead_engine_restarts_and_the_conversation_continues(chat: Chat) -> None:
    chat.say("Good morning.")
    said = chat.texts()
    only_worker(chat.page).evaluate("self.close()")
    expect(chat.send).to_be_enabled()
    chat.message.fill("And how are you?")
    chat.send.click()
    expect(chat.send).to_be_enabled(timeout=START)
    if "stopped" in (chat.status.text_content() or ""):  # it died only now
        expect(chat.message).to_have_value("And how are you?")
        chat.send.click()
    chat.answered("And how are you?")
    assert chat.texts()[:2] == said


def test_stop_keeps_the_messages_and_the_address_keeps_the_mode(chat: Chat) -> None:
    field = chat.page.locator("#decoder-ignore_end")
    chat.page.get_by_label("Filter settings").fill("ignore_end")
    field.check()
    chat.page.get_by_label("Filter settings").fill("")
    chat.page.locator("#decoder-max_new_tokens").fill("100000")
    chat.page.locator("#decoder-max_new_tokens").blur()
    chat.message.fill("Good morning.\n")
    chat.message.press("Enter")
    expect(chat.page.locator(".message.assistant .said").last).not_to_be_empty(timeout=START)
    chat.page.keyboard.press("Escape")
    expect(chat.status).to_have_text(re.compile(r"(Stopped|Answered) after"))
    assert len(chat.texts()) == 2
    expect(chat.page).to_have_url(re.compile("mode=chat"))
    chat.page.locator("#reset").click()
    chat.send.click()
    expect(chat.status).to_contain_text("The message is empty.")


def test_chat_and_write_share_neither_links_nor_panels_about_tokens(chat: Chat) -> None:
    """The Token tab showed a token of Write, and Copy link carried its prompt instead of the conversation."""
    page, tab = chat.page, chat.page.get_by_role("tab")
    chat.say("Good morning.")
    said = chat.texts()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copied_link() -> dict[str, list[str]]:
        chat.copy_link.click()
        expect(chat.status).to_have_text("The link is copied.")
        return parse_qs(urlsplit(page.evaluate("navigator.clipboard.readText()")).fragment)

    expect(tab).to_have_text(["Decoder", "Model"])
    link = copied_link()
    address = page.url
    assert link["mode"] == ["chat"] and "prompt" not in link
    assert [one["content"] for one in json.loads(link["messages"][0])] == said
    page.get_by_role("radio", name="Write").check()
    expect(tab).to_have_text(["Decoder", "Token", "Model", "Attribution", "Inside"])
    link = copied_link()
    assert "prompt" in link and not {"mode", "messages", "system"} & link.keys()
    tab.filter(has_text="Token").click()
    chat.mode_chat.check()
    expect(tab.filter(has_text="Decoder")).to_have_attribute("aria-selected", "true")

    visitor = page.context.new_page()
    visitor.goto(address)
    expect(visitor.locator(".message .said:visible")).to_have_text(said)
    visitor.goto(
        address.partition("#")[0] + "#mode=chat&messages=" + quote('[{"role":"user","content":"<b>"}]')
    )
    expect(visitor.locator(".message .said:visible")).to_have_text(["<b>"])
    visitor.get_by_role("button", name="Restore").click()
    expect(visitor.locator(".message .said:visible")).to_have_text(said)
    visitor.goto(address.partition("#")[0] + "#mode=chat&messages=[3]")
    expect(visitor.get_by_test_id("status")).to_contain_text("The conversation in the link is damaged.")
    expect(visitor.locator(".message .said:visible")).to_have_text(said)
    visitor.close()


def test_how_long_the_model_thinks_is_chosen_for_each_reply(chat: Chat) -> None:
    effort = chat.page.get_by_label("Thinking", exact=True)
    expect(effort).to_be_hidden()  # the default model does not think
    chat.page.get_by_label("Chat format").select_option("g1")
    counts = []
    for level in ("Up to the model", "A lot", "Not at all"):
        effort.select_option(level)
        chat.message.fill("Good morning.")
        chat.message.press("Enter")
        expect(chat.send).to_be_enabled(timeout=START)
        expect(chat.status).to_have_text(re.compile("(Answered|Length limit)"))
        assert chat.page.locator(".user .said:visible").all_text_contents() == ["Good morning."]
        thought = chat.page.locator("details.thought:visible summary")
        if level == "Not at all":
            expect(thought).to_have_count(0)
        else:
            expect(thought).to_have_text("Thought")
            fold = chat.page.locator("details.thought:visible")
            was_open = fold.get_attribute("open") is not None
            thought.press("Enter")
            expect(fold).to_have_js_property("open", not was_open)
        counts.append(chat.read())
        chat.chat_clear.click()
    assert counts[1] > counts[0], "the model did not read the request"
    expect(chat.format_reason).to_contain_text("config.json")
    assert "reasoning_effort=none" in chat.page.url
    chat.page.get_by_label("Chat format").select_option("")
    expect(effort).to_be_hidden()
