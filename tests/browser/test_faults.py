"""Something that the browser keeps is damaged, or the engine fails: nothing is lost and the next try works.

The faults of the soak (scripts/soak/faults.py) that take seconds run here too, with its checks of what must
still be there afterwards. Those that damage what the soak checks have tests of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from scripts.soak import faults
from scripts.soak.faults import Playground

from goosequill.weights.formats.safetensors import encode
from tests.browser.conftest import watch
from tests.browser.search.test_collections import FILES, SearchPage
from tests.browser.variants import variants
from tests.browser.waiting import until
from tests.browser.workers import only_worker
from tests.py import checkpoints

LONG = 120_000

DAMAGE = """async ([folder, pattern, how]) => {
  const root = await navigator.storage.getDirectory();
  const own = await (await root.getDirectoryHandle("goosequill")).getDirectoryHandle(folder);
  let changed = 0;
  const walk = async (within) => {
    for await (const [name, handle] of within.entries()) {
      if (handle.kind === "directory") { await walk(handle); continue; }
      if (!new RegExp(pattern).test(name)) continue;
      const { size } = await handle.getFile();
      const stream = await handle.createWritable({ keepExistingData: true });
      if (how === "truncate") await stream.truncate(size >> 1);
      else await stream.write({ type: "write", position: 0, data: new Uint8Array(size).fill(0xff) });
      await stream.close();
      changed++;
    }
  };
  await walk(own);
  return changed;
}"""
"""Truncates files of the private file system, or overwrites them."""

STORED_MODEL = "^[0-9a-f]{64}$"
NO_MORE_MEMORY = """() => {
  WebAssembly.Memory.prototype.grow = () => { throw new RangeError("no memory"); };
}"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(service_workers="block")
    yield made
    made.close()


@pytest.fixture(scope="module")
def visitor(browser: Browser, site_url: str) -> Iterator[BrowserContext]:
    """One who has kept documents; what one fault damages is whole again before the next."""
    made = browser.new_context(service_workers="block")
    faults.keep_documents(made, site_url)
    yield made
    made.close()


def truncated(play: Playground) -> None:
    """The stored model is cut off between two visits: it is fetched again."""
    first = play.write()
    play.page.goto(f"{play.url}storage/")
    assert play.page.evaluate(DAMAGE, ["models", STORED_MODEL, "truncate"])
    play.open()
    assert play.write() == first


def unnamed(play: Playground) -> None:
    """What is stored about each model file is overwritten."""
    first = play.write()
    play.page.goto(f"{play.url}storage/")
    assert play.page.evaluate(DAMAGE, ["models", r"\.json$", "overwrite"])
    play.page.reload()
    expect(play.part("files")).to_contain_text("a model file")
    play.open()
    assert play.write() == first


def loading(play: Playground) -> None:
    """Memory runs out while another model is loaded: the one that was there writes on."""
    first = play.write()
    only_worker(play.page).evaluate(NO_MORE_MEMORY)
    tensors = checkpoints.rwkv4(layers=2, width=512, ffn=512, vocab=65536)
    folder = play.site / "large"
    folder.mkdir()
    file = folder / "large.safetensors"
    file.write_bytes(b"".join(encode(tensors.items())))
    play.page.get_by_role("tab", name="Model").click()
    play.page.get_by_text("Use your own model").click()
    play.part("model-file").set_input_files(file)
    play.complains("memory")
    play.complains("Close other tabs")
    assert play.write() == first


def frozen(play: Playground) -> None:
    """The tab is frozen in mid-stream, and writes on when it is resumed.

    The next time its worker is gone when it is resumed, and the page says how to continue.
    """
    tab = play.context.new_cdp_session(play.page)
    output = play.part("output")

    def freeze_and_resume() -> None:
        tab.send("Page.setWebLifecycleState", {"state": "frozen"})
        tab.send("Page.setWebLifecycleState", {"state": "active"})

    play.write_endlessly()
    freeze_and_resume()
    text = str(output.text_content())
    expect(output).not_to_have_text(text, use_inner_text=False)
    play.page.workers[0].evaluate("self.close()")
    freeze_and_resume()
    play.complains("The engine stopped")
    play.complains("Try again")
    expect(output).not_to_be_empty()


FAULTS = (faults.corrupted, loading, frozen)
OTHERS = (faults.killed, faults.clock, truncated, unnamed)
"""What "frozen" or a soak does, too, and damage that is found out as that of "corrupted" is."""


@pytest.mark.parametrize("fault", variants(FAULTS, OTHERS), ids=lambda fault: fault.__name__)
def test_nothing_is_lost_and_the_next_text_is_written(
    fault: Callable[[Playground], None], visitor: BrowserContext, site_url: str, tmp_path: Path
) -> None:
    faults.check(fault, visitor, site_url, tmp_path)


DAMAGED = [
    '{"broken',
    "[[1]]",
    '"text"',
    "null",
    "7",
    '[["temperature","-1e999"],["__proto__","x"],[null,null]]',
]


@pytest.mark.parametrize("value", variants(DAMAGED[-1:], DAMAGED[:-1]))
def test_settings_that_cannot_be_read_are_replaced_by_the_defaults(
    value: str, visitor: BrowserContext, site_url: str
) -> None:
    page = visitor.new_page()
    record = watch(page)
    page.goto(f"{site_url}playground/")
    names = ["playground", "side", "search.consent", "search.collection", "compare.settings", "remember"]
    page.evaluate(
        "([names, value]) => { for (const n of names) localStorage.setItem(`goosequill.${n}`, value); }",
        [names, value],
    )
    for address in ("playground/", "compare/#page=write", "search/", "compare/"):
        page.goto(site_url + address)
        expect(page.locator("h1")).to_be_visible()
    page.goto(f"{site_url}playground/?max_new_tokens=3&seed=1")
    page.get_by_test_id("prompt").fill("The goose")
    page.get_by_test_id("generate").click()
    expect(page.get_by_test_id("status")).to_have_text(re.compile("after 3 tokens"), timeout=LONG)
    page.close()
    assert not record.console_errors


@pytest.fixture
def search(context: BrowserContext, site_url: str) -> SearchPage:
    """The search page with two collections, of which the first is about to be damaged."""
    opened = SearchPage(context.new_page(), site_url)
    opened.add(FILES)
    opened.consents()
    opened.says("3 documents added. Ready to search.")
    opened.has(3)
    return opened


@pytest.mark.parametrize(
    ("file", "how"),
    variants(
        [("^index.json$", "truncate")],
        [("^index.json$", "overwrite"), ("^texts.bin$", "overwrite"), ("^passages.bin$", "truncate"),
         ("^page.json$", "overwrite")],
        several=True,
    ),
)  # fmt: skip
def test_a_damaged_collection_is_reported_and_another_can_be_made(
    file: str, how: str, search: SearchPage, site_url: str
) -> None:
    page = search.page
    page.goto(f"{site_url}storage/")
    assert page.evaluate(DAMAGE, ["collections", file, how]) == 1
    page.goto(f"{site_url}search/")
    if file == "^page.json$":  # what the page itself keeps: the index says the rest
        search.says("Ready to search.")
        expect(search.ask("when do geese fly south")).to_have_attribute("data-document", "geese.md")
        return
    search.says("The index is damaged")
    search.says("Build the index again from its documents.")
    expect(search.collection).to_have_count(1)  # nothing is deleted unasked
    make_collection(page, "Again")
    search.add(FILES)
    search.has(3, name="Again")
    search.says("Ready to search.")
    expect(search.ask("when do geese fly south")).to_have_attribute("data-document", "geese.md")


def make_collection(page: Page, name: str) -> None:
    page.get_by_test_id("new-collection").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Create").click()
    made = page.locator(f'[data-testid="collection"][data-name="{name}"]')
    expect(made).to_have_attribute("aria-current", "true")


def test_a_kept_report_that_is_damaged_is_named_and_the_others_are_opened(
    context: BrowserContext, site_url: str, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto(f"{site_url}compare/")
    for name in ("one", "two"):
        result = {"sampling_config": "greedy", "sampling_params": {}, "outputs": [f"the text {name}"]}
        prompts = [{"prompt": "p", "results": [result]}]
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"model_name": name, "date": "", "args": {}, "prompts": prompts}), encoding="utf-8"
        )
    page.get_by_test_id("file-input").set_input_files([tmp_path / "one.json", tmp_path / "two.json"])
    expect(page.get_by_test_id("report")).to_have_count(2)
    page.get_by_label("Keep these files in this browser").check()
    until(page, KEPT)
    page.evaluate(SPOIL)
    page.reload()
    expect(page.get_by_test_id("report")).to_have_count(1)
    expect(page.get_by_text("one.json").first).to_be_visible()
    expect(page.locator("body")).to_contain_text("one.json: The file is cut off")


KEPT = """async () => {
  const databases = await indexedDB.databases();
  if (!databases.some(({ name }) => name === "goosequill-compare")) return false;
  const database = await new Promise((resolve) => {
    indexedDB.open("goosequill-compare").onsuccess = ({ target }) => resolve(target.result);
  });
  const count = await new Promise((resolve) => {
    database.transaction("files").objectStore("files").count().onsuccess = ({ target }) =>
      resolve(target.result);
  });
  database.close();
  return count === 2;
}"""
SPOIL = """async () => {
  const database = await new Promise((resolve) => {
    indexedDB.open("goosequill-compare").onsuccess = ({ target }) => resolve(target.result);
  });
  await new Promise((resolve) => {
    const transaction = database.transaction("files", "readwrite");
    const store = transaction.objectStore("files");
    store.getAll().onsuccess = ({ target }) => {
      const [first] = target.result.filter(({ name }) => name === "one.json");
      store.put({ ...first, blob: new Blob(['{"model']) });
    };
    transaction.oncomplete = resolve;
  });
  database.close();
}"""


FULL = """() => {
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (names, mode) {
    const transaction = begin.call(this, names, mode);
    if (mode !== "readwrite") return transaction;
    Object.defineProperty(transaction, "error", { value: new DOMException("full", "QuotaExceededError") });
    queueMicrotask(() => transaction.abort());
    return transaction;
  };
}"""
"""Chromium notices an overridden quota of databases only after a while."""


class EndlessChat:
    """The chat page, whose replies have no end."""

    def __init__(self, context: BrowserContext, site_url: str) -> None:
        self.page = context.new_page()
        self.page.goto(f"{site_url}chat/#max_new_tokens=100000&regex=((la ){{50}}){{100}}&seed=3")
        expect(self.part("send")).to_be_enabled(timeout=LONG)
        self.said = self.page.locator(".message.assistant > .said")

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def sing(self) -> str:
        """Begin a reply; return how it begins."""
        self.part("prompt").fill("Sing.")
        self.part("prompt").press("Enter")
        expect(self.said).to_contain_text("la la la", timeout=LONG)
        return self.said.inner_text().strip()


def test_a_worker_that_is_killed_in_mid_reply_leaves_what_was_written(
    context: BrowserContext, site_url: str
) -> None:
    chat = EndlessChat(context, site_url)
    text = chat.sing()
    only_worker(chat.page).evaluate("self.close()")
    expect(chat.part("status")).to_contain_text("The engine stopped", timeout=LONG)
    expect(chat.part("status")).to_contain_text("Try again")
    expect(chat.said).to_contain_text(text)
    chat.page.reload()
    expect(chat.said).to_contain_text(text)
    chat.part("regenerate").click()
    expect(chat.part("branch-place")).to_have_text("2/2", timeout=LONG)
    expect(chat.said).to_contain_text("la la la", timeout=LONG)
    chat.page.keyboard.press("Escape")
    expect(chat.part("status")).to_contain_text("Stopped after", timeout=LONG)


PIRATE = "\n%\n".join(f"Arr, matey! {n} ships and {n} barrels o' rum be mine, arr!" for n in range(10))


class EndlessLesson:
    """The page that teaches, while the model learns from a text for longer than a test takes."""

    def __init__(self, context: BrowserContext, site_url: str) -> None:
        self.page = context.new_page()
        self.page.goto(f"{site_url}teach/")
        expect(self.part("teach-start")).to_be_enabled()
        self.part("teach-text").fill(PIRATE)

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def begin(self) -> None:
        self.part("teach-start").click()
        expect(self.page.get_by_text(re.compile(r"Step \d+ of at most"))).to_be_visible(timeout=LONG)

    def learn(self) -> None:
        """Begin, and stop with the best so far."""
        self.begin()
        self.part("teach-stop").click()
        expect(self.part("teach-start")).to_be_enabled(timeout=LONG)


def test_a_lesson_without_a_connection_is_explained_and_the_next_one_has_its_curve(
    context: BrowserContext, site_url: str
) -> None:
    lesson = EndlessLesson(context, site_url)
    errors: list[str] = []
    lesson.page.on("pageerror", lambda error: errors.append(str(error)))
    context.set_offline(True)
    lesson.page.get_by_role("radio", name="Prompts and answers").check()
    expect(lesson.part("status")).to_contain_text("could not be loaded. Check the connection and try again")
    lesson.page.get_by_role("radio", name="A text").check()
    lesson.part("teach-start").click()
    expect(lesson.part("status")).to_contain_text("could not be started", timeout=LONG)
    expect(lesson.part("teach-start")).to_be_enabled()
    expect(lesson.part("teach-text")).to_have_value(PIRATE)
    context.set_offline(False)
    lesson.begin()
    expect(lesson.page.locator("#curve svg").first).to_be_visible(timeout=LONG)
    assert errors == []


@pytest.mark.rest
def test_a_worker_that_is_killed_while_the_model_learns_costs_that_lesson_only(
    context: BrowserContext, site_url: str
) -> None:
    lesson = EndlessLesson(context, site_url)
    lesson.begin()
    only_worker(lesson.page).evaluate("self.close()")
    expect(lesson.part("status")).to_contain_text("The engine stopped", timeout=LONG)
    expect(lesson.part("status")).to_contain_text("Try again")
    expect(lesson.part("teach-text")).to_have_value(PIRATE)
    expect(lesson.part("adapter")).to_have_count(0)
    lesson.learn()
    expect(lesson.part("teach-done")).to_be_visible(timeout=LONG)
    expect(lesson.part("adapter")).to_have_count(1)


@pytest.mark.rest
def test_what_was_learned_is_saved_as_a_file_where_no_space_is_left(
    context: BrowserContext, site_url: str
) -> None:
    lesson = EndlessLesson(context, site_url)
    lesson.page.evaluate(FULL)
    with lesson.page.expect_download(timeout=LONG) as saved:
        lesson.learn()
    assert saved.value.suggested_filename.endswith(".safetensors")
    expect(lesson.part("status")).to_contain_text("The browser could not keep what was learned", timeout=LONG)
    lesson.page.reload()
    lesson.part("adapter-file").set_input_files(saved.value.path())
    expect(lesson.part("adapter")).to_have_count(1, timeout=LONG)


@pytest.mark.rest
def test_an_adapter_that_another_tab_deletes_is_named_and_the_page_goes_on(
    context: BrowserContext, site_url: str
) -> None:
    lesson = EndlessLesson(context, site_url)
    lesson.learn()
    other = context.new_page()
    other.goto(f"{site_url}teach/")
    other.get_by_test_id("adapter-delete").click()
    expect(lesson.part("adapter")).to_have_count(0)
    lesson.part("write").click()  # what is shown is still in the tab
    expect(lesson.part("teach-after")).not_to_be_empty(timeout=LONG)
    other.get_by_test_id("adapter-undo").click()
    expect(lesson.part("adapter")).to_have_count(1)


def test_a_chat_for_which_no_space_is_left_is_in_the_tab_and_what_was_kept_stays(
    context: BrowserContext, site_url: str
) -> None:
    chat = EndlessChat(context, site_url)
    chat.sing()
    chat.page.keyboard.press("Escape")
    expect(chat.part("status")).to_contain_text("Stopped after", timeout=LONG)
    kept = chat.said.inner_text()
    chat.page.evaluate(FULL)
    chat.part("edit").last.click()
    chat.part("prompt").fill("My own words " * 1000)
    chat.part("send").click()
    expect(chat.part("status")).to_contain_text(
        "There is no space left to keep this conversation", timeout=LONG
    )
    expect(chat.said).to_contain_text("My own words")
    chat.page.reload()
    expect(chat.said).to_have_text(kept.strip(), use_inner_text=True)


def test_a_chat_that_another_tab_deletes_while_it_is_written_is_kept_whole(
    context: BrowserContext, site_url: str
) -> None:
    chat = EndlessChat(context, site_url)
    text = chat.sing()
    other = context.new_page()
    other.goto(f"{site_url}chat/")
    item = other.get_by_test_id("chat-item").filter(has_text="Sing.")
    item.hover()
    item.get_by_role("button", name="Delete").click()
    expect(other.get_by_test_id("status")).to_contain_text("is deleted")  # until a part of the reply is kept
    chat.page.bring_to_front()
    chat.page.keyboard.press("Escape")
    expect(chat.part("status")).to_contain_text("Stopped after", timeout=LONG)
    expect(item).to_have_count(1)
    item.get_by_role("button").first.click()
    expect(other.get_by_test_id("message")).to_have_count(2)
    expect(other.locator(".message.assistant > .said")).to_contain_text(text)
