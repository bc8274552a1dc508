"""Collections on the search page: filled, resumed, changed, exported, in two tabs and on a full disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PREFIX, watch

LONG = 120_000

GEESE = "# Geese\n\nGeese fly south in autumn and return in spring. They fly in a wedge to save strength.\n"
BREAD = (
    "# Bread\n\nKnead the dough for ten minutes and let it rise. Bake it in a hot oven until it is brown.\n"
)
RIVER = "# The river\n\nAfter heavy rain the river rises within hours. Then the lower road is flooded.\n"


def file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


FILES = [file("geese.md", GEESE), file("bread.md", BREAD), file("river.md", RIVER)]


class SearchPage:
    """The search page in one tab."""

    def __init__(self, page: Page, site_url: str) -> None:
        self.page = page
        self.record = watch(page)
        page.goto(site_url + "search/")

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))

    def add(self, files: list[FilePayload]) -> None:
        self.add_files.set_input_files(files)

    def consents(self, *, full: bool = False) -> None:
        """Allow the first download, with MiniLM or without."""
        self.agree_full.set_checked(full)
        self.page.get_by_test_id("agree").click()

    def ask(self, question: str) -> Locator:
        """The first result."""
        self.question.fill(question)
        self.page.keyboard.press("Enter")
        return self.result.first

    def says(self, text: str) -> None:
        expect(self.status).to_contain_text(text, timeout=LONG)

    def has(self, documents: int, *, name: str = "My documents") -> None:
        noun = "document" if documents == 1 else "documents"
        entry = self.page.locator(f'[data-testid="collection"][data-name="{name}"]')
        expect(entry).to_contain_text(f"{documents} {noun}", timeout=LONG)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(accept_downloads=True, service_workers="block")
    yield made
    made.close()


@pytest.fixture
def search(context: BrowserContext, site_url: str) -> Iterator[SearchPage]:
    opened = SearchPage(context.new_page(), site_url)
    yield opened
    origin = site_url.removesuffix(PREFIX) + "/"
    assert not opened.record.outside(origin), "requests left the origin"
    assert not opened.record.console_errors, "the console showed errors"


def test_files_are_found_at_once_on_the_next_visit_and_in_another_tab_which_changes_nothing(
    search: SearchPage, site_url: str
) -> None:
    expect(search.sample).to_be_visible()
    assert not [url for url in search.record.requests if "/models/" in url or "pyodide.asm" in url]
    search.add(FILES)
    search.consents()
    search.says("3 documents added. Ready to search.")
    search.has(3)
    expect(search.ask("when do geese fly south")).to_have_attribute("data-document", "geese.md")
    assert not violations(search.page)

    search.add(
        [
            file("geese.md", GEESE),
            file("river.md", "# The river\n\nIt is dry now.\n"),
            file("x.bin", "\0\1" * 99),
        ]
    )
    search.says("1 document replaced. Ready to search.")
    expect(search.problems).to_contain_text("x.bin")
    search.has(3)
    assert not violations(search.page)

    search.page.goto(search.page.url.partition("#")[0])
    search.page.reload()
    search.says("Ready to search.")
    search.has(3)
    expect(search.ask("is the river dry")).to_have_attribute("data-document", "river.md")
    search.documents.locator("summary").click()
    search.page.get_by_role("button", name="Remove Bread").click()
    search.has(2)

    second = SearchPage(search.page.context.new_page(), site_url)
    expect(second.notice).to_contain_text("Another tab")
    expect(second.add_files).to_have_count(0)
    expect(second.ask("is the river dry")).to_have_attribute("data-document", "river.md", timeout=LONG)
    search.page.goto("about:blank")
    expect(second.add_files).to_have_count(1)
    second.add([file("more.md", "# More\n\nAnother text about a lighthouse.")])
    second.has(3)


@pytest.mark.rest
def test_files_of_one_name_are_kept_or_said_to_be_replaced(search: SearchPage) -> None:
    search.add([file("notes.md", GEESE), file("notes.md", BREAD)])
    search.consents()
    search.says("2 documents added.")
    search.has(2)
    search.documents.locator("summary").click()
    expect(search.documents.locator("li")).to_have_count(2, timeout=LONG)
    expect(search.documents).to_contain_text("notes (2).md")
    search.add([file("notes.md", RIVER)])
    search.says("1 document replaced.")
    search.has(2)
    expect(search.replaced).to_contain_text("1 document replaced another")
    expect(search.ask("the river rises")).to_contain_text("heavy rain", timeout=LONG)
    assert not violations(search.page)
    search.undo_replaced.click()
    search.says("Restored.")
    expect(search.replaced).to_have_count(0)
    search.has(2)
    expect(search.ask("geese in autumn")).to_contain_text("Geese fly south", timeout=LONG)


@pytest.mark.rest
def test_a_page_that_is_reloaded_reads_the_rest(search: SearchPage) -> None:
    count = 150
    search.add([file(f"{number}.md", f"# Note {number}\n\n{GEESE}") for number in range(count)])
    search.consents()
    search.says("Reading documents")
    search.page.reload()
    search.has(count)
    search.says("Ready to search.")
    assert search.page.evaluate("async () => (await navigator.locks.query()).held.length") > 0


def test_collections_are_exported_imported_renamed_and_deleted(search: SearchPage, tmp_path: Path) -> None:
    search.add(FILES)
    search.consents()
    search.says("3 documents added. Ready to search.")
    with search.page.expect_download() as started:
        search.export_collection.click()
    path = tmp_path / "My documents.zip"
    started.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {"index.json", "texts.bin", "passages.bin"} <= set(archive.namelist())

    search.import_collection.set_input_files(path)
    search.says("Imported My documents.zip.")
    search.has(3, name="My documents (2)")
    expect(search.ask("dough")).to_have_attribute("data-document", "bread.md")
    broken = path.read_bytes()[:-200]
    search.import_collection.set_input_files(
        [{"name": "x.zip", "mimeType": "application/zip", "buffer": broken}]
    )
    expect(search.status).to_have_class("error-box", timeout=LONG)
    expect(search.collection).to_have_count(2)

    search.rename_collection.click()
    search.page.get_by_role("textbox", name="Name").fill("<b>Kitchen</b>")
    search.page.get_by_role("button", name="Rename").last.click()
    search.has(3, name="<b>Kitchen</b>")
    search.delete_collection.click()
    expect(search.collection).to_have_count(1)
    search.undo_delete.click()
    expect(search.collection).to_have_count(2)
    search.delete_collection.click()
    expect(search.collection).to_have_count(1)

    search.page.goto(search.page.url.partition("search/")[0] + "storage/")
    row = search.page.get_by_test_id("collections").locator("tr", has_text="My documents")
    expect(row).to_contain_text("3 documents")
    row.get_by_role("button").click()
    expect(search.status).to_contain_text("is deleted")
    search.page.go_back()
    expect(search.sample).to_be_visible()


@pytest.mark.rest
def test_a_full_disk_loses_nothing_and_indexing_continues(search: SearchPage, site_url: str) -> None:
    search.add(FILES)
    search.consents()
    search.says("3 documents added. Ready to search.")
    session = search.page.context.new_cdp_session(search.page)
    origin = site_url.removesuffix(PREFIX)
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1000})
    search.add([file("long.txt", "A goose flies over the river. " * 9000)])
    search.says("The browser has no more space")
    expect(search.ask("dough")).to_have_attribute("data-document", "bread.md")
    search.has(3)
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})
    search.add([file("long.txt", "A goose flies over the river. " * 9000)])
    search.has(4)


ASK_STORED = """async ([base, question]) => {
  const { Engine } = await import(base + "engine/client.js");
  const root = await navigator.storage.getDirectory();
  const all = await (await root.getDirectoryHandle("goosequill")).getDirectoryHandle("collections");
  const [id, folder] = (await all.entries().next()).value;
  const [names, files] = [[], []];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory" || name === "vectors.bin") continue;
    names.push(name);
    files.push(await handle.getFile());
  }
  const kept = { folder: ["collections", id], names: ["vectors.bin"] };
  const engine = new Engine();
  const table = { kind: "folder", url: base + "models/minilm-static/", whole: true };
  const { handle } = await engine.run("open_embedder", { files: table });
  const answers = [];
  for (const memory of [1 << 28, 1]) {
    const opened = { files: { kind: "files", files, names, whole: true, kept }, memory };
    const { handle: collection } = await engine.run("open_collection", opened);
    const asked = { collection, static: handle, question, stage: "static" };
    const read = { kind: "files", files: [], names: [], kept };
    const { hits } = await engine.run("search", { ...asked, files: read });
    answers.push(hits.map(({ name, score }) => [name, score]));
  }
  engine.dispose();
  return answers;
}"""


@pytest.mark.rest
def test_minilm_reads_what_the_static_table_has_found(search: SearchPage, site_url: str) -> None:
    search.sample.click()
    search.consents(full=True)
    search.says("documents added. Ready to search.")
    for question in (
        "I'm getting a lot of heartburn.",
        "I keep waking up with a bitter tasting liquid in my mouth",
    ):
        expect(search.ask(question)).to_contain_text("reflux", ignore_case=True)
    expect(search.better_answers).to_be_checked()
    search.page.reload()
    expect(search.page.get_by_text("MiniLM is ready: it understands whole sentences.")).to_be_visible(
        timeout=LONG
    )
    search.page.goto(site_url)  # nothing writes any more
    in_memory, on_disk = search.page.evaluate(ASK_STORED, [site_url, "bitter liquid"])
    assert in_memory and [name for name, _ in in_memory] == [name for name, _ in on_disk]
    assert [score for _, score in on_disk] == pytest.approx([score for _, score in in_memory], abs=1e-4)
