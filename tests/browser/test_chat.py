"""The chat page: one page and one engine, since Python takes seconds to start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from goosequill.conversations.reading import read
from goosequill.conversations.tree import Tree
from goosequill.conversations.writing import write
from tests.browser.accessibility import violations_in_both_themes
from tests.browser.workers import only_worker

START = 60_000  # milliseconds that a start may take on a busy machine
ENDED = re.compile(r"(Answered|Length limit reached) after \d+ tokens?\.")

BRANCHED = """async (base) => {
  const { loadModel, writeConversations } = await import(base + "engine/client.js");
  const model = await loadModel({ model: base + "models/default/" });
  const talk = await model.converse({ system: "Be brief." });
  const other = await talk.branch();
  for (const [seed, branch] of [talk, other].entries())
    for await (const _ of branch.say("Good morning.", { seed, max_new_tokens: 6, temperature: 1 }));
  await talk.rate(-1, { reason: "dull" });
  await talk.rank([other, talk]);
  const file = await writeConversations(model, [await talk.tree()], "oasst-messages");
  model.dispose();
  return [...file];
}"""

SLOW_STORE = """
const { open } = IDBFactory.prototype;
const waiting = new Promise((resolve) => (globalThis.release = resolve));
IDBFactory.prototype.open = function (name, version) {
  if (name !== "goosequill-chats") return open.call(this, name, version);
  const late = {};
  waiting.then(() => {
    const request = open.call(this, name, version);
    for (const event of ["onupgradeneeded", "onsuccess", "onerror", "onblocked"])
      request[event] = (happened) => {
        late.result = request.result;
        late[event](happened);
      };
  });
  return late;
};
"""
"""Lets conversations be read when the test calls release()."""


class Chat:
    """The chat page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{address}#max_new_tokens=12&seed=3")
        expect(self.send).to_be_enabled()

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))

    def open_setup(self) -> None:
        if not self.system.is_visible():
            self.setup.click()

    def say(self, text: str, drafts: int = 1) -> None:
        self.drafts.fill(str(drafts))
        self.prompt.fill(text)
        expect(self.send).to_be_enabled()  # before that Enter sends nothing
        self.prompt.press("Enter")
        self.answered(text)

    def answered(self, text: str) -> None:
        expect(self.page.locator(".message.user").last).to_contain_text(text)
        expect(self.send).to_be_enabled(timeout=START)
        expect(self.status).to_have_text(ENDED)
        expect(self.page.locator(".message > .said")).to_have_count(2 * self.of("user").count())

    def of(self, role: str) -> Locator:
        return self.page.locator(f'[data-testid=message][data-role="{role}"]')

    def texts(self) -> list[str]:
        return self.page.locator(".message > .said").all_text_contents()

    def read(self) -> int:
        """Tokens read for the last reply."""
        found = re.search(r"([\d,]+) tokens? read", self.measures.text_content() or "")
        assert found
        return int(found[1].replace(",", ""))

    def exported(self, name: str, what: str = "this") -> bytes:
        if not self.export.is_visible():
            self.page.get_by_text("Import and export").click()
        self.export_what.select_option(what)
        self.export_format.select_option(name)
        with self.page.expect_download(timeout=START) as download:
            self.export.click()
        return Path(download.value.path()).read_bytes()

    def tree(self) -> Tree:
        [tree] = read(self.exported("oasst-messages"))
        return tree


@pytest.fixture(scope="module")
def chat(browser: Browser, site_url: str) -> Iterator[Chat]:
    context = browser.new_context(service_workers="block")
    chat = Chat(context.new_page(), site_url + "chat/")
    yield chat
    context.close()
    assert not chat.complaints


@pytest.fixture(autouse=True)
def fresh(chat: Chat) -> None:
    chat.chat_new.click()
    expect(chat.message).to_have_count(0)
    chat.open_setup()
    if chat.system.input_value():
        chat.system.fill("")
        chat.system.blur()


def test_earlier_turns_are_not_read_again(chat: Chat) -> None:
    long = "You live on a pond, and describe it to everyone. " * 8
    chat.system.fill("Be brief.")
    chat.system.blur()
    chat.say(long)
    first = chat.read()
    chat.say("And how are you?")
    assert chat.read() < first / 4
    assert chat.texts()[::2] == [long, "And how are you?"]
    assert all(chat.texts())
    expect(chat.thread).to_have_attribute("aria-busy", "false")
    chat.page.emulate_media(reduced_motion="reduce")
    assert violations_in_both_themes(chat.page) == []
    chat.page.set_viewport_size({"width": 360, "height": 740})
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 360
    chat.page.set_viewport_size({"width": 1280, "height": 800})


def test_drafts_and_edits_are_branches_that_can_be_walked(chat: Chat) -> None:
    chat.say("Good morning.", drafts=2)
    expect(chat.branch_place).to_have_text(["2/2"])
    chat.branch_previous.click()
    expect(chat.branch_place).to_have_text(["1/2"])
    expect(chat.status).to_have_text("Version 1 of 2.")
    first = chat.texts()
    chat.say("And how are you?")
    read = chat.read()
    assert chat.texts()[:2] == first
    chat.edit.first.click()
    expect(chat.prompt).to_have_value("Good morning.")
    chat.prompt.fill("Good night.")
    chat.prompt.press("Enter")
    chat.answered("Good night.")
    assert read < 20, "the first turn was read again"
    expect(chat.branch_place).to_have_text(["2/2"])
    chat.branch_previous.click()
    assert chat.texts()[:2] == first
    expect(chat.message).to_have_count(4)  # the branch that was left, not the newest
    chat.regenerate.last.click()
    chat.answered("And how are you?")
    expect(chat.branch_place).to_have_text(["1/2", "1/2", "2/2"])
    chat.page.get_by_text("All branches").click()
    expect(chat.map.get_by_role("button")).to_have_count(6)
    chat.map.get_by_role("button").filter(has_text="Good night.").click()
    expect(chat.message).to_have_count(2)
    assert len(chat.tree()) == 8


def test_replies_are_rated_ranked_and_exported_for_training(chat: Chat) -> None:
    chat.say("Good morning.", drafts=3)
    texts = []
    for _ in range(3):
        texts.append(chat.texts()[1])
        if chat.branch_previous.is_enabled():
            chat.branch_previous.click()
    texts.reverse()
    assert len(set(texts)) > 1, "the drafts have one seed"
    chat.rank.click()
    cards = chat.rank_card
    expect(cards).to_have_count(3)
    expect(chat.rank_save).to_be_disabled()
    cards.nth(0).focus()
    for key in ("2", "ArrowRight", "1", "ArrowRight", "2"):
        chat.page.keyboard.press(key)
    assert violations_in_both_themes(chat.page) == []
    chat.rank_save.click()
    expect(chat.status).to_have_text("The ranking is saved.")
    chat.rate_up.click()
    chat.page.get_by_role("button", name="helpful").click()
    chat.page.get_by_text("Labels").click()
    chat.page.get_by_label("spam").check()
    chat.rate_save.click()
    expect(chat.rate_up).to_have_attribute("aria-pressed", "true")
    replies = chat.tree().leaves()
    assert [reply.text.strip() for reply in replies] == texts
    assert [reply.rank for reply in replies] == [1, 0, 1]
    assert replies[0].rating == 1 and replies[0].fields["reason"] == "helpful"
    assert replies[0].fields["labels"] == {"spam": {"value": 1, "count": 1}}
    pairs = [json.loads(line) for line in chat.exported("preferences").splitlines()]
    assert [pair["chosen"][0]["content"].strip() for pair in pairs] == [texts[1]] * 2
    assert {pair["rejected"][0]["content"].strip() for pair in pairs} == {texts[0], texts[2]}
    [rated] = [json.loads(line) for line in chat.exported("kto").splitlines()]
    assert rated["label"] is True
    chat.rate_up.click()
    expect(chat.rate_up).to_have_attribute("aria-pressed", "false")
    expect(chat.status).to_have_text("Rating removed.")
    chat.export_format.select_option("kto")
    chat.export.click()
    expect(chat.status).to_contain_text("Rate replies up or down.")


def test_what_the_model_offered_for_each_word_is_shown(chat: Chat) -> None:
    chat.say("Good morning.")
    said = chat.texts()[1].strip()
    chat.message_tokens.click()
    expect(chat.token_text).to_be_focused(timeout=START)
    written = chat.token_text.locator("[data-token]")
    assert (chat.token_text.text_content() or "").strip().startswith(said)
    expect(chat.token_explanation).to_contain_text("rank")
    chat.page.keyboard.press("ArrowRight")
    expect(written.nth(1)).to_have_attribute("aria-current", "true")
    expect(chat.token_explanation.locator(".candidate.taken")).to_have_count(1)
    assert chat.token_explanation.locator(".candidate").count() >= 10
    chat.page.emulate_media(reduced_motion="reduce")
    assert violations_in_both_themes(chat.page) == []
    chat.page.set_viewport_size({"width": 360, "height": 740})
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 360
    chat.page.set_viewport_size({"width": 1280, "height": 800})
    first = written.first.text_content()
    chat.page.keyboard.press("Escape")
    expect(chat.message_tokens).to_be_focused()
    chat.page.reload()  # now nothing is known of its tokens
    chat.message_tokens.click()
    expect(chat.token_text).to_be_focused(timeout=START)
    expect(written.first).to_have_text(first or "")
    chat.page.keyboard.press("Escape")


def test_drafts_of_several_presets_are_ranked_blind_and_count_in_the_comparer(chat: Chat) -> None:
    chat.draft_presets.click()
    greedy, flat = chat.page.get_by_label("Greedy: always"), chat.page.get_by_label("Hugging Face defaults")
    greedy.check()
    flat.check()
    expect(chat.drafts_note).to_have_text("by each of 2 presets")
    chat.prompt.fill("Tell me of the sea.")
    chat.prompt.press("Enter")
    chat.answered("Tell me of the sea.")
    chat.rank.click()
    expect(chat.rank_card).to_have_count(2)
    expect(chat.rank_dialog).not_to_contain_text(re.compile("greedy|hugging", re.IGNORECASE))
    chat.rank_card.nth(0).press("1")
    chat.rank_card.nth(1).press("2")
    chat.rank_save.click()
    expect(chat.rank_close).to_be_focused()
    expect(chat.rank_name).to_have_count(2)
    assert {name.strip(" ·") for name in chat.rank_name.all_text_contents()} == {"greedy", "hugging-face"}
    expect(chat.rank_dialog).to_contain_text("1 vote was added")
    address = chat.page.get_by_role("link", name="See them under Judge").evaluate("link => link.href")
    winner = (chat.rank_name.first.text_content() or "").strip(" ·")
    chat.page.emulate_media(reduced_motion="reduce")
    assert violations_in_both_themes(chat.page) == []
    chat.page.keyboard.press("Escape")  # the decision stays
    expect(chat.status).to_have_text("The ranking is saved.")
    assert sorted(reply.rank for reply in chat.tree().leaves() if reply.rank is not None) == [0, 1]
    chat.rank.click()
    expect(chat.rank_dialog).not_to_contain_text("The names appear")
    chat.page.keyboard.press("Escape")
    greedy.uncheck()
    flat.uncheck()
    comparer = chat.page.context.new_page()
    comparer.goto(address)
    expect(comparer.get_by_test_id("output").first).to_be_visible()  # what decoders wrote
    comparer.get_by_role("button", name="Judge", exact=True).click()
    comparer.get_by_text("All votes").click()
    expect(comparer.locator("#vote-page tr").filter(has_text="Chat")).to_contain_text(winner)
    comparer.close()


def test_passages_of_attached_files_stand_under_the_reply(chat: Chat, tmp_path: Path) -> None:
    files = {
        "geese.md": "# Geese\n\nA goose sheds its flight feathers in summer and cannot fly for a month.\n",
        "boats.txt": "A boat is moored at the quay with two ropes.",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    chat.attach.click()
    chat.attach_files.set_input_files([tmp_path / name for name in files])
    items = chat.attached.get_by_role("listitem")
    expect(items).to_have_count(2)
    expect(chat.status).to_have_text("2 documents are attached.")
    question = "When can a goose not fly?"
    chat.prompt.fill(question)
    chat.prompt.press("Enter")
    chat.answered(question)
    assert chat.texts()[0] == question, "the message is shown as it was typed"
    expect(chat.passages).to_contain_text("1 passage was used")
    chat.passages.get_by_text("1 passage").click()
    expect(chat.passages.locator("blockquote")).to_contain_text("cannot fly for a month")
    expect(chat.passages).to_contain_text("geese.md")
    read = chat.read()
    assert read > 60, "the passage was not read"
    chat.page.emulate_media(reduced_motion="reduce")
    assert violations_in_both_themes(chat.page) == []
    chat.page.set_viewport_size({"width": 360, "height": 740})
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 360
    chat.page.set_viewport_size({"width": 1280, "height": 800})
    tree = chat.tree()
    assert [one["name"] for one in tree.fields["documents"]] == list(files)
    [message] = [one for one in tree if one.role == "user"]
    assert [one["name"] for one in message.fields["passages"]] == ["geese.md"]
    assert "moored" not in str(tree.fields) + str(message.fields)
    chat.page.reload()
    expect(items.first).to_contain_text("no longer here")
    expect(chat.passages).to_have_count(1)
    chat.page.evaluate(
        """text => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([text], "geese.md"));
            const event = { dataTransfer: transfer, bubbles: true, cancelable: true };
            document.body.dispatchEvent(new DragEvent("drop", event));
        }""",
        files["geese.md"],
    )
    expect(items.first).not_to_contain_text("no longer here")
    items.nth(1).get_by_role("button", name="Remove boats.txt").press("Enter")
    expect(items).to_have_count(1)


def test_conversations_are_listed_renamed_pinned_found_deleted_and_restored(chat: Chat) -> None:
    items = chat.chat_item
    before = items.count()
    for text in ("A first goose", "A second goose"):
        chat.chat_new.click()
        chat.say(text)
    expect(items).to_have_count(before + 2)
    expect(items.first).to_contain_text("A second goose")
    items.nth(1).hover()
    items.nth(1).get_by_role("button", name="Pin").click()
    expect(items.first).to_contain_text("A first goose")
    items.first.hover()
    items.first.get_by_role("button", name="Rename").click()
    chat.chat_title.fill("The pond")
    chat.chat_title.press("Enter")
    expect(items.first).to_contain_text("The pond")
    chat.chat_filter.fill("pond goose")
    expect(items).to_have_count(1)
    chat.chat_filter.fill("")
    items.nth(1).hover()
    items.nth(1).get_by_role("button", name="Delete").click()
    expect(items).to_have_count(before + 1)
    expect(chat.message).to_have_count(0)
    chat.chat_undo.click()
    expect(items).to_have_count(before + 2)
    expect(chat.message).to_have_count(2)
    items.first.get_by_role("button").first.click()
    expect(chat.of("user")).to_contain_text("A first goose")
    items.first.get_by_role("button", name="Delete").click()
    chat.chat_undo.click()
    expect(items.first).to_contain_text("Pinned: The pond")  # all that was known of it
    chat.page.reload()
    expect(chat.of("user")).to_contain_text("A first goose")
    expect(items.first).to_contain_text("The pond")
    assert len(read(chat.exported("oasst-trees", "all"))) == before + 2


def test_files_of_others_are_imported_and_a_damaged_one_loses_nothing(chat: Chat, tmp_path: Path) -> None:
    tree = Tree(id="imported", title="From elsewhere", system="Be brief.")
    asked = tree.add("user", "<b>Well?</b>")
    tree.rank([tree.add("assistant", text, asked) for text in ("One.", "Two.")])
    path = tmp_path / "trees.jsonl.gz"
    path.write_bytes(write([tree], "oasst-trees", packed=True))
    chat.page.get_by_text("Import and export").click()
    before = chat.chat_item.count()
    for _ in range(2):  # the second time nothing is added
        getattr(chat, "import").set_input_files(path)
        expect(chat.status).to_have_text("1 conversation imported.", timeout=START)
    expect(chat.chat_item).to_have_count(before + 1)
    assert chat.texts() == ["<b>Well?</b>", "Two."]
    expect(chat.system).to_have_value("Be brief.")
    (tmp_path / "bad.jsonl").write_text('{"messages": []}\n{"messages": 3}\n')
    getattr(chat, "import").set_input_files(tmp_path / "bad.jsonl")
    expect(chat.status).to_contain_text("Line 2 of the conversations")
    assert chat.texts() == ["<b>Well?</b>", "Two."]
    assert read(chat.exported("oasst-messages")) == [tree]


@pytest.mark.rest
def test_files_are_read_without_a_model(chat: Chat, site_url: str, tmp_path: Path) -> None:
    other = Chat(chat.page.context.new_page(), site_url + "chat/")
    asked: list[str] = []
    other.page.on("request", lambda request: asked.append(request.url))
    (tmp_path / "one.jsonl").write_text('{"messages": [{"role": "user", "content": "Well?"}]}\n')
    getattr(other, "import").set_input_files(tmp_path / "one.jsonl")
    expect(other.status).to_have_text("1 conversation imported.", timeout=START)
    assert not [url for url in asked if ".safetensors" in url]
    other.page.close()


def test_a_tree_that_javascript_wrote_is_read_by_python_and_by_this_page(
    chat: Chat, site_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "javascript.jsonl"
    path.write_bytes(bytes(chat.page.evaluate(BRANCHED, site_url)))
    [tree] = read(path.read_bytes())
    first, second = tree.leaves()
    assert (tree.system, first.rank, second.rank) == ("Be brief.", 1, 0)
    assert (first.rating, first.fields["reason"], first.model) == (-1, "dull", "default")
    chat.page.get_by_text("Import and export").click()
    getattr(chat, "import").set_input_files(path)
    expect(chat.status).to_have_text("1 conversation imported.", timeout=START)
    expect(chat.branch_place).to_have_text(["2/2"])
    expect(chat.message.last).to_contain_text("Rank 1")
    chat.branch_previous.click()
    expect(chat.message.last).to_contain_text("dull")
    assert read(chat.exported("oasst-messages")) == [tree]


def test_a_prompt_that_was_not_sent_is_there_after_a_reload(chat: Chat) -> None:
    chat.say("Good morning.")
    said = chat.texts()
    chat.prompt.fill("Not sent\nyet")
    chat.page.reload()
    expect(chat.prompt).to_have_value("Not sent\nyet")
    expect(chat.message).to_have_count(2)
    assert chat.texts() == said
    chat.prompt.fill("")


def test_nothing_is_sent_before_the_conversation_is_open(chat: Chat, site_url: str) -> None:
    page = chat.page.context.new_page()
    page.add_init_script(SLOW_STORE)
    page.goto(f"{site_url}chat/")
    prompt, send = page.get_by_test_id("prompt"), page.get_by_test_id("send")
    expect(page.locator("#manner option")).to_be_attached()  # this and the chat are read apart
    prompt.fill("Good morning.")
    prompt.press("Enter")
    expect(prompt).to_have_value("Good morning.")
    expect(send).to_be_disabled()
    page.evaluate("release()")
    expect(send).to_be_enabled()
    expect(prompt).to_have_value("Good morning.")
    page.close()


def test_two_tabs_lose_nothing_of_each_other(chat: Chat, site_url: str) -> None:
    chat.say("Good morning.")
    other = Chat(chat.page.context.new_page(), site_url + "chat/")
    other.page.locator(".chat-open").filter(has_text="Good morning.").first.click()
    expect(other.message).to_have_count(2)
    chat.say("From the first tab")
    expect(other.message).to_have_count(2)  # where it was
    other.edit.first.click()
    other.prompt.fill("From the second tab")
    other.prompt.press("Enter")
    other.answered("From the second tab")
    other.page.close()
    expect(chat.branch_place.first).to_have_text("1/2")
    assert {message.text for message in chat.tree() if message.role == "user"} == {
        "Good morning.",
        "From the first tab",
        "From the second tab",
    }


def test_a_saved_state_continues_where_it_was(chat: Chat, tmp_path: Path) -> None:
    chat.say("Good morning.")
    with chat.page.expect_download() as download:
        chat.save_state.click()
    path = tmp_path / "goose.safetensors"
    download.value.save_as(path)
    chat.say("And how are you?")
    said = chat.texts()
    chat.chat_new.click()
    chat.state_file.set_input_files(path)
    expect(chat.state_name).to_have_text("Started from goose.safetensors.")
    expect(chat.message).to_have_count(2)
    assert chat.texts() == said[:2]
    expect(chat.edit.first).to_be_disabled()
    chat.say("And how are you?")
    assert chat.texts() == said
    (tmp_path / "no.pth").write_bytes(b"no state")
    chat.state_file.set_input_files(tmp_path / "no.pth")
    expect(chat.status).to_have_class(re.compile("error-box"))
    assert chat.texts() == said, "the conversation was lost"
    chat.page.get_by_role("button", name="Start without a state").click()
    expect(chat.message).to_have_count(0)


def test_a_dead_engine_restarts_and_the_conversation_continues(chat: Chat) -> None:
    chat.say("Good morning.")
    said = chat.texts()
    only_worker(chat.page).evaluate("self.close()")
    expect(chat.send).to_be_enabled()
    chat.prompt.fill("And how are you?")
    chat.send.click()
    expect(chat.send).to_be_enabled(timeout=START)
    if "stopped" in (chat.status.text_content() or ""):  # it died only now
        chat.prompt.fill("And how are you?")
        chat.send.click()
    chat.answered("And how are you?")
    assert chat.texts()[:2] == said


def test_stop_keeps_what_was_written_and_continue_goes_on(chat: Chat) -> None:
    address = chat.page.url.partition("#")[0]
    chat.page.goto(f"{address}#max_new_tokens=100000&regex=((la ){{50}}){{100}}&seed=3")
    chat.page.reload()
    expect(chat.send).to_be_enabled()
    chat.chat_new.click()
    chat.prompt.fill("Sing.")
    chat.prompt.press("Enter")
    said = chat.page.locator(".message.assistant > .said")
    expect(said).not_to_be_empty(timeout=START)
    chat.page.keyboard.press("Escape")
    expect(chat.status).to_have_text(re.compile("Stopped after"))
    before = said.text_content() or ""
    assert before
    getattr(chat, "continue").click()
    expect(said).to_have_text(re.compile(re.escape(before.strip()) + "[la ]{6}"))  # it may end in a word
    chat.page.reload()  # in the middle of it
    expect(said).to_contain_text(before.strip())
    chat.send.click()
    expect(chat.status).to_contain_text("The message is empty.")
    chat.page.goto(f"{address}#max_new_tokens=12&seed=3")
    chat.page.reload()
    expect(chat.send).to_be_enabled()


def test_links_of_the_former_chat_lead_here_and_a_damaged_one_loses_nothing(
    chat: Chat, site_url: str
) -> None:
    chat.say("Good morning.")
    said = chat.texts()
    page = chat.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_text("Import and export").click()
    chat.copy_link.click()
    expect(chat.status).to_have_text("The link is copied.")
    link = parse_qs(urlsplit(page.evaluate("navigator.clipboard.readText()")).fragment)
    assert [one["content"] for one in json.loads(link["messages"][0])] == said
    visitor = page.context.new_page()
    messages = quote('[{"role":"user","content":"<b>"}]')
    visitor.goto(f"{site_url}playground/#mode=chat&messages={messages}")
    expect(visitor.locator(".message > .said")).to_have_text(["<b>"])
    assert urlsplit(visitor.url).path.endswith("/chat/")
    listed = visitor.locator(".chat-open").filter(has_text="<b>")
    expect(listed).to_have_count(1)
    visitor.goto(f"{site_url}storage/")
    visitor.goto(f"{site_url}chat/#system=Another&messages={messages}")  # in a tab that has a conversation
    expect(visitor.locator(".message > .said")).to_have_text(["<b>"])
    expect(visitor.get_by_test_id("system")).to_have_value("Another")
    expect(listed).to_have_count(2)
    listed.nth(1).click()  # the one before
    expect(visitor.get_by_test_id("system")).to_have_value("")
    visitor.goto(f"{site_url}storage/")
    visitor.goto(f"{site_url}chat/#messages=[3]")
    expect(visitor.get_by_test_id("status")).to_contain_text("The conversation in the link is damaged.")
    visitor.close()


def test_how_long_the_model_thinks_is_chosen_for_each_reply(chat: Chat) -> None:
    effort = chat.page.get_by_label("Thinking", exact=True)
    expect(effort).to_be_hidden()  # the default model does not think
    counts = []
    for level in ("Up to the model", "A lot", "Not at all"):
        chat.chat_new.click()
        chat.page.get_by_label("Chat format").select_option("g1")
        effort.select_option(level)
        chat.prompt.fill("Good morning.")
        chat.prompt.press("Enter")
        expect(chat.send).to_be_enabled(timeout=START)
        thought = chat.page.locator("details.thought:visible summary")
        if level == "Not at all":
            expect(thought).to_have_count(0)
        else:
            expect(thought).to_have_text("Thought")
        counts.append(chat.message.count())
    chat.page.get_by_label("Chat format").select_option("")
    expect(effort).to_be_hidden()
