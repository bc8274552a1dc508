"""Collections that another model reads, and the article's embeddings.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.browser.accessibility import violations
from tests.browser.search.test_collections import FILES, SearchPage

ADDRESS = "https://vectors.example/v1"
SUBJECTS = (("dough", "oven"), ("geese", "birds"), ("river", "flood"))


class Server:
    """An /embeddings endpoint whose vectors say which subjects a text has."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def answer(self, route: Route) -> None:
        if route.request.headers.get("authorization") != "Bearer sk-open-sesame":
            return route.fulfill(status=401, json={"error": {"message": "Incorrect key"}})
        texts = json.loads(route.request.post_data or "{}")["input"]
        self.texts += texts
        vectors = [
            [0.1, *(float(any(word in text.lower() for word in words)) for words in SUBJECTS)]
            for text in texts
        ]
        data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        return route.fulfill(json={"data": data})


@pytest.fixture
def search(browser: Browser, site_url: str) -> Iterator[SearchPage]:
    context = browser.new_context(accept_downloads=True, service_workers="block")
    yield SearchPage(context.new_page(), site_url)
    context.close()


def fill_server(search: SearchPage, key: str) -> None:
    search.embedder_server_address.fill(ADDRESS)
    search.embedder_server_model.fill("m1")
    search.embedder_server_key.fill(key)


def test_a_server_reads_a_collection_and_its_vectors_are_exported_and_imported(
    search: SearchPage, tmp_path: Path
) -> None:
    server = Server()
    search.page.route(f"{ADDRESS}/embeddings", server.answer)
    search.new_collection.click()
    search.page.get_by_label("Name").fill("Served")
    search.embedder_endpoint.check()
    fill_server(search, "wrong")
    expect(search.embedder_host).to_contain_text("vectors.example receives the text of every passage")
    expect(search.embedder_confirm).to_have_text("Create and send texts to vectors.example")
    assert not violations(search.page)
    search.embedder_confirm.click()
    search.says("“Served” is ready for documents.")
    search.add(FILES)
    expect(search.waiting).to_contain_text("3 files wait")
    search.consents()
    search.says("The server refused: 401, Incorrect key.")
    search.supply_embedder.click()
    search.embedder_server_key.fill("sk-open-sesame")
    search.embedder_confirm.click()
    search.says("Ready to search.")
    assert any("Knead the dough" in text for text in server.texts)

    sent = len(server.texts)
    search.question.fill("birds")
    expect(search.asked).to_contain_text("Press Search to send your question to vectors.example")
    assert len(server.texts) == sent, "a question that is being typed was sent"
    search.page.keyboard.press("Enter")
    expect(search.result.first).to_have_attribute("data-document", "geese.md")
    assert server.texts[sent:] == ["birds"]
    assert "sesame" not in search.page.content()

    with search.page.expect_download() as started:
        search.export_vectors.click()
    path = tmp_path / "embeddings.json"
    started.value.save_as(path)
    entries = {entry["filename"]: entry["embedding"] for entry in json.loads(path.read_text())}
    assert sorted(entries) == ["bread.md", "geese.md", "river.md"]
    assert entries["geese.md"][2] > 0.9 > entries["geese.md"][1]

    search.page.reload()
    expect(search.supply_embedder).to_have_text("Enter the key for vectors.example…")
    search.says("Ready to search.")
    search.import_collection.set_input_files(path)
    expect(search.embedder_endpoint).to_be_checked()
    assert not violations(search.page)
    fill_server(search, "sk-open-sesame")
    search.embedder_confirm.click()
    search.says("Imported embeddings.json.")
    expect(search.ask("a flood")).to_have_attribute("data-document", "river.md")
    search.add(FILES[2:])  # its text takes the place of its name
    search.says("1 document replaced. Ready to search.")
    expect(search.ask("a flood")).to_contain_text("lower road is flooded")


@pytest.mark.rest
def test_a_language_model_reads_a_collection_and_says_how_well_it_finds(
    search: SearchPage, site_url: str
) -> None:
    search.new_collection.click()
    search.page.get_by_label("Name").fill("Quill")
    search.embedder_model.check()
    row = search.page.locator("#quality tbody tr", has_text="RWKV").first
    first = round(100 * float((row.locator("td").nth(1).text_content() or "").split(" ")[0]))
    expect(search.page.get_by_role("dialog")).to_contain_text(f"answer first for {first}% of the questions")
    assert not violations(search.page)
    search.embedder_confirm.click()
    search.consents()
    search.says("“Quill” is ready for documents.")
    search.add(FILES)
    search.says("3 documents added. Ready to search.")
    search.question.fill("geese in spring")
    expect(search.asked).to_contain_text("by the meaning of whole passages")
    expect(search.result.first).to_have_attribute("data-document", "geese.md")
    expect(search.embedder).to_contain_text("This site’s default model, an experiment")


def test_files_of_the_first_visit_wait_before_anything_is_downloaded(search: SearchPage) -> None:
    search.add([*FILES, {"name": "t.csv", "mimeType": "text/csv", "buffer": b"a,b\nx,long text\ny,more\n"}])
    expect(search.waiting).to_contain_text("4 files waiting")
    search.page.get_by_role("button", name="Not now").click()
    search.says("Nothing was downloaded. Your files wait here until you continue.")
    search.page.reload()
    expect(search.waiting).to_contain_text("t.csv")
    assert not [url for url in search.record.requests if url.endswith(".safetensors") or "pyodide.asm" in url]
    assert not violations(search.page)
    search.page.get_by_test_id("continue").click()
    search.consents()
    expect(search.column).to_be_visible(timeout=120_000)
    search.column.select_option("b")
    search.page.get_by_role("button", name="Add it").click()
    search.says("5 documents added. Ready to search.")

    search.documents.locator("summary").click()
    search.page.get_by_role("button", name="Remove Bread").click()
    search.has(4)
    expect(search.undo_delete).to_be_focused()
    search.undo_delete.click()
    search.has(5)
    expect(search.ask("dough")).to_have_attribute("data-document", "bread.md")


def test_the_question_stands_above_the_collections_on_a_phone(search: SearchPage) -> None:
    search.page.set_viewport_size({"width": 360, "height": 700})
    question, panel = search.question.bounding_box(), search.page.locator("#collections").bounding_box()
    assert question and panel and question["y"] < panel["y"]
    search.quality.locator("summary").click()
    expect(search.quality).to_contain_text("Second stage: MiniLM and words")
    assert search.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not violations(search.page)
