"""Tasks on the chat page: what people write and judge, from a first prompt to the exported file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from goosequill.conversations.reading import read
from goosequill.conversations.tree import Tree
from goosequill.conversations.writing import write
from tests.browser.accessibility import violations_in_both_themes

START = 60_000  # milliseconds that a start may take on a busy machine
SEED = 3  # with it, the tenth task is one that was done before


class Tasks:
    """The view "Tasks"."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.add_init_script(f"localStorage.setItem('goosequill.tasks-seed', '{SEED}')")
        page.goto(address)
        expect(self.task_text).to_be_visible()

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))

    @property
    def said(self) -> Locator:
        return self.task_view.locator(".message > .said")

    def choose(self, kind: str) -> None:
        self.task_kind.select_option(label=kind)
        expect(self.task_view.get_by_role("heading", level=2).first).to_have_text(kind)

    def import_set(self, *trees: Tree) -> None:
        data = write(trees, "oasst-messages")
        with self.page.expect_file_chooser() as chooser:
            self.task_import.click()
        chooser.value.set_files({"name": "set.jsonl", "mimeType": "text/plain", "buffer": data})
        expect(self.status).to_have_text(re.compile(r"\d conversations? imported\."), timeout=START)

    def exported(self) -> list[Tree]:
        self.page.get_by_text("Import and export").click()
        self.export_what.select_option("all")
        with self.page.expect_download(timeout=START) as download:
            self.export.click()
        return read(Path(download.value.path()).read_bytes())


@pytest.fixture
def tasks(page: Page, site_url: str) -> Tasks:
    page.emulate_media(reduced_motion="reduce")
    return Tasks(page, f"{site_url}chat/#view=tasks")


def drafts() -> Tree:
    tree = Tree(id="set")
    asked = tree.add("user", "Which way is south?")
    for text in ("That way.", "<b>Ask a goose.</b>", "North."):
        tree.add("assistant", text, asked, model_name="Goose", synthetic=True)
    return tree


def test_tasks_of_all_kinds_go_into_the_conversations(tasks: Tasks) -> None:
    page = tasks.page
    expect(tasks.task_start).to_be_visible()  # there is nothing yet but a first prompt to write
    tasks.task_submit.click()
    expect(tasks.status).to_have_text("Write something, or skip this task.")
    assert violations_in_both_themes(page) == []
    tasks.task_text.fill("Why do geese fly?")
    tasks.task_submit.evaluate("(button) => { button.click(); button.click(); }")  # saved once
    expect(tasks.status).to_have_text("Saved.")
    expect(tasks.task_progress).to_contain_text("1 first prompt")

    tasks.choose("Reply as the assistant")
    expect(tasks.said).to_have_text(["Why do geese fly?"])
    tasks.task_text.press("Alt+s")
    expect(tasks.task_empty).to_contain_text("There is nothing of this kind left to do.")
    expect(tasks.task_progress).to_contain_text("1 skipped")
    tasks.task_undo.click()
    expect(tasks.status).to_have_text("The task has been restored.")
    tasks.task_text.fill("Because they can.")
    tasks.task_submit.click()
    expect(tasks.task_progress).to_contain_text("1 reply as the assistant")

    tasks.choose("Reply as the user")
    expect(tasks.said).to_have_text(["Why do geese fly?", "Because they can."])
    tasks.task_text.fill("And ducks")
    tasks.choose("Label a message")
    tasks.choose("Reply as the user")
    expect(tasks.task_text).to_have_value("And ducks")
    page.reload()  # with half a sentence
    expect(tasks.task_text).to_have_value("And ducks")
    expect(tasks.said).to_have_text(["Why do geese fly?", "Because they can."])
    tasks.task_text.fill("And ducks?")
    tasks.task_text.press("Control+Enter")
    expect(tasks.task_progress).to_contain_text("1 reply as the user")

    tasks.import_set(drafts())
    tasks.task_source.select_option("set.jsonl")
    tasks.choose("Rank replies")
    cards = tasks.rank_card
    expect(cards).to_have_count(3)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 800})
    assert violations_in_both_themes(page) == []
    for text, place in (("That way.", "2"), ("Ask a goose.", "1")):
        cards.filter(has_text=text).press(place)
    page.keyboard.press("Control+Enter")
    expect(tasks.status).to_have_text("Rank every reply, or skip this task.")
    cards.filter(has_text="North.").press("2")
    page.keyboard.press("Control+Enter")
    expect(tasks.task_progress).to_contain_text("1 ranking")

    tasks.choose("Label a message")
    assert violations_in_both_themes(page) == []
    labelled = tasks.page.locator(".task-target .message > .said").text_content()
    tasks.task_view.get_by_label("spam").check()
    tasks.task_view.get_by_label("quality").fill("0.75")
    tasks.task_submit.click()
    expect(tasks.task_progress).to_contain_text("1 labelled message")
    tasks.task_undo.click()
    expect(tasks.task_progress).to_contain_text("0 labelled messages")
    expect(tasks.task_view.get_by_label("spam")).to_be_checked()
    tasks.task_view.get_by_label("spam").uncheck()
    tasks.task_submit.click()
    expect(tasks.task_progress).to_contain_text("1 labelled message")

    tasks.tasks_close.click()
    expect(tasks.prompt).to_be_focused()
    imported, own = sorted(tasks.exported(), key=len, reverse=True)
    assert [(message.text, message.role, message.fields["synthetic"]) for message in own] == [
        ("Why do geese fly?", "user", False),
        ("Because they can.", "assistant", False),
        ("And ducks?", "user", False),
    ]
    assert {message.text: message.rank for message in imported.leaves()} == {
        "That way.": 1,
        "<b>Ask a goose.</b>": 0,
        "North.": 1,
    }
    [message] = [message for message in imported if "labels" in message.fields]
    assert message.text == labelled
    labels = {name: label["value"] for name, label in message.fields["labels"].items()}
    assert len(labels) == 10 and labels["spam"] == 0 and labels["quality"] == 0.75


def test_a_message_is_labelled_twice_now_and_then(tasks: Tasks) -> None:
    progress, label = tasks.task_progress, tasks.task_view.get_by_label("hate speech")
    tasks.choose("First prompt")
    for count in range(1, 6):
        tasks.task_text.fill(f"Question {count}?")
        tasks.task_submit.click()
        expect(progress).to_contain_text(f"{count} first prompt")
    tasks.choose("Label a message")
    for count in range(1, 6):
        expect(label).not_to_be_checked()  # nor is it when a message comes again
        label.check()
        tasks.task_submit.click()
        expect(progress).to_contain_text(f"{min(count, 4)} labelled message")
    expect(progress).to_contain_text("You labelled 1 message twice: 9 of 9 labels are the same (100%).")
    expect(tasks.status).to_have_text("You have judged this one before: 9 of 9 answers are the same.")
    tasks.task_undo.click()
    expect(progress).not_to_contain_text("twice:")
    tasks.page.get_by_label("Keep my prompts, texts and chats").uncheck()
    tasks.task_submit.click()
    expect(tasks.status).to_contain_text("Your answers would be lost")
    expect(progress).to_contain_text("0 labelled messages")
    page = tasks.page
    page.wait_for_function(
        "async () => (await indexedDB.databases()).every(({ name }) => name !== 'goosequill-tasks')"
    )
