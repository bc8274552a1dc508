"""The page on which a model is taught: one page and one engine, since Python takes seconds to start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import goosequill
from goosequill.conversations.tree import Tree
from goosequill.conversations.writing import write
from goosequill.weights.formats.safetensors import encode
from tests.browser.accessibility import violations_in_both_themes
from tests.browser.conftest import ROOT

MODEL = ROOT / "site/models/default"
START = 60_000  # milliseconds that a start may take on a busy machine
LONG = 180_000  # and that learning may take there

SONG = "\n%\n".join(
    f"Arr, matey! {number} black ships be on the sea, and {number} barrels o' rum be mine, arr!"
    for number in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
)


class Teach:
    """The page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.open()

    def __getattr__(self, name: str) -> Locator:
        return self.page.get_by_test_id(name.replace("_", "-"))

    def open(self) -> None:
        self.page.goto(self.address)
        expect(self.teach_start).to_be_enabled()

    def learn(self, steps: int) -> None:
        """Learn from what is there, and stop after so many steps."""
        self.teach_start.click()
        self.page.wait_for_function(
            "(steps) => Number(document.body.textContent.match(/Step (\\d+) of at most/)?.[1]) >= steps",
            arg=steps,
            timeout=LONG,
        )
        self.teach_stop.click()
        expect(self.status).to_have_text("Stopped. The best version so far is kept.", timeout=LONG)
        expect(self.teach_start).to_be_enabled()

    def door(self, name: str) -> None:
        self.page.get_by_role("radio", name=name).check()

    def both(self, prompt: str) -> tuple[str, str]:
        """What is written for a prompt before and after."""
        getattr(self, "try").fill(prompt)
        self.write.click()
        expect(self.write).to_be_enabled(timeout=LONG)
        expect(self.teach_after).to_contain_text(prompt)
        return self.teach_before.text_content() or "", self.teach_after.text_content() or ""

    def row(self, name: str) -> Locator:
        """The adapter of this name."""
        return self.adapter.filter(has=self.page.get_by_role("button", name=f"Delete: {name}", exact=True))

    def checked(self) -> None:
        """Nothing is wrong in either theme, nor at the width of a phone."""
        self.page.emulate_media(reduced_motion="reduce")
        assert violations_in_both_themes(self.page) == []
        self.page.set_viewport_size({"width": 360, "height": 740})
        assert self.page.evaluate("document.documentElement.scrollWidth") <= 360
        self.page.set_viewport_size({"width": 1280, "height": 800})


@pytest.fixture(scope="module")
def teach(browser: Browser, site_url: str) -> Iterator[Teach]:
    context = browser.new_context(service_workers="block")
    teach = Teach(context.new_page(), site_url + "teach/")
    yield teach
    context.close()
    assert not teach.complaints


@pytest.fixture(scope="module")
def taught(teach: Teach) -> Teach:
    """The page after it has learned from a pasted text; tests of what was kept begin here."""
    teach.teach_text.fill(SONG)
    expect(teach.text_facts).to_have_text("10 pieces")
    teach.learn(steps=24)
    return teach


def test_an_empty_door_says_at_its_field_what_to_do(teach: Teach) -> None:
    teach.teach_start.click()
    expect(teach.page.get_by_text("Paste a text, or open a file.")).to_be_visible()
    expect(teach.teach_text).to_be_focused()
    teach.door("Prompts and answers")
    teach.teach_start.click()
    expect(teach.page.get_by_text("Fill in at least 5 rows, or choose a ready set.")).to_be_visible()
    expect(teach.pairs.get_by_label("Prompt").first).to_be_focused()
    expect(teach.set.get_by_role("option")).to_have_count(13)
    teach.checked()
    teach.door("Ratings from Chat")
    expect(teach.rating_facts).to_have_text("No conversations are kept in this browser yet.")
    teach.door("A text")


def test_a_pasted_text_is_learned_and_shown_before_and_after(taught: Teach) -> None:
    expect(taught.teach_done).to_contain_text(
        re.compile(r"^−\d+% bits .* \d\.\d+ → \d\.\d+ bits per byte\.$")
    )
    expect(taught.harm).to_contain_text(re.compile(r"2 examples .* other English text costs [+−]\d+% bits\."))
    expect(taught.samples.get_by_role("listitem")).not_to_have_count(1)
    expect(taught.curve.locator("svg").first).to_be_visible()
    before, after = taught.both("The captain")
    assert before != after
    taught.words.get_by_text("Which words").click()
    expect(taught.words.locator(".likelier").nth(5)).to_be_visible(timeout=LONG)
    expect(taught.words).to_contain_text("matey")
    expect(taught.adapter).to_have_count(1)
    taught.checked()


def test_what_was_learned_survives_a_reload_and_is_used_in_the_playground(
    taught: Teach, site_url: str
) -> None:
    taught.page.reload()
    expect(taught.teach_text).to_have_value(SONG)
    expect(taught.adapter.first).to_contain_text(re.compile(r"\d\.\d+ → \d\.\d+ bits per byte"))
    taught.adapter.first.get_by_role("button", name="Use").click()
    expect(taught.adapter_off).to_be_visible()
    playground = taught.page.context.new_page()
    playground.goto(f"{site_url}playground/#temperature=0&max_new_tokens=12")
    part = playground.get_by_test_id

    def write(before: str = "") -> str:
        expect(part("generate")).to_be_enabled(timeout=START)
        part("generate").click()
        expect(part("output")).not_to_have_text(before, timeout=START, use_inner_text=False)
        expect(part("status")).to_contain_text("after 12 tokens", timeout=START)
        return part("output").text_content() or ""

    part("prompt").fill("Arr, matey!")
    with_it = write()
    playground.get_by_role("tab", name="Model").click()
    expect(part("manner").locator("option:checked")).to_contain_text("Arr, matey!")
    part("manner").select_option("None")
    without = write(before=with_it)
    assert with_it != without
    playground.reload()
    expect(part("manner")).to_have_value("")
    part("prompt").fill("Arr, matey!")
    assert write() == without
    playground.close()
    taught.page.reload()
    expect(taught.adapter_on).to_be_visible()


def test_adapters_are_renamed_deleted_restored_downloaded_and_opened(taught: Teach, tmp_path: Path) -> None:
    taught.adapter_name.fill("Captain")
    taught.adapter_name.press("Enter")
    expect(taught.row("Captain")).to_be_visible()
    with taught.page.expect_download() as downloading:
        taught.adapter_download.click()
    assert downloading.value.suggested_filename == "Captain.safetensors"
    file = tmp_path / "Captain.safetensors"
    downloading.value.save_as(file)
    taught.adapter_delete.click()
    expect(taught.adapter).to_have_count(0)
    expect(taught.adapter_undo).to_be_focused()
    taught.adapter_undo.press("Enter")
    expect(taught.row("Captain")).to_be_visible()
    taught.adapter_file.set_input_files(file)
    expect(taught.adapter).to_have_count(2, timeout=START)
    expect(taught.status).to_have_text("Opened Captain.safetensors.", timeout=START)
    expect(taught.harm).to_contain_text("other English text costs")
    expect(taught.words).to_be_hidden()  # of a file nobody knows what was held back
    taught.adapter_delete.first.click()
    expect(taught.adapter).to_have_count(1)
    expect(taught.teach_done).to_be_hidden()


def test_a_file_that_is_not_an_adapter_of_this_model_is_refused_and_nothing_is_lost(
    taught: Teach, tmp_path: Path
) -> None:
    kept = taught.adapter.count()
    text = tmp_path / "novel.safetensors"
    text.write_text("It was a dark evening in November. " * 9, encoding="utf-8")
    other = tmp_path / "other.safetensors"
    about = json.dumps(
        {"format_version": 1, "method": "vectors", "model": "rwkv-7-9x9-1", "model_name": "Other"}
    )
    tensors = {"ln_out.weight": np.zeros(320, np.float16)}
    other.write_bytes(b"".join(encode(tensors.items(), {"goosequill.adapter": about})))
    for file, words in ((text, "novel.safetensors"), (other, "Other")):
        taught.adapter_file.set_input_files(file)
        expect(taught.status).to_contain_text(words, timeout=START)
        expect(taught.status).to_have_class(re.compile("error-box"))
        expect(taught.teach_start).to_be_enabled()
    expect(taught.adapter).to_have_count(kept)
    expect(taught.teach_text).to_have_value(SONG)


@pytest.mark.rest
def test_a_ready_set_is_learned_and_judged_blind_in_the_comparer(teach: Teach) -> None:
    teach.door("Prompts and answers")
    teach.set.select_option("A pirate")
    expect(teach.pairs.get_by_role("row")).to_have_count(18)
    teach.learn(steps=40)
    expect(teach.row("A pirate")).to_be_visible()
    before, after = teach.both("Who is at the door?")
    assert before != after
    teach.judge.click()
    expect(teach.page).to_have_url(re.compile(r"/compare/#page=vote"), timeout=LONG)
    teach.page.get_by_role("button", name="Begin").click()
    expect(teach.page.locator("#vote-count")).to_contain_text("votes of")
    teach.open()
    expect(teach.pairs.get_by_role("row")).to_have_count(18)
    teach.door("A text")


@pytest.mark.rest
def test_what_was_ranked_in_chat_is_learned(browser: Browser, site_url: str, tmp_path: Path) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    teach = Teach(page, f"{site_url}teach/")
    teach.door("Ratings from Chat")
    teach.teach_start.click()
    expect(teach.status).to_have_class(re.compile("error-box"), timeout=START)
    expect(teach.status).to_contain_text("Rank replies")
    expect(teach.adapter).to_have_count(0)
    trees = []
    for number in range(8):
        tree = Tree(id=f"t{number}", title=f"Goose {number}")
        asked = tree.add("user", f"What are {number} geese?")
        replies = [tree.add("assistant", text, asked) for text in (f"{number} birds, arr!", "I do not know.")]
        tree.rank(replies)
        trees.append(tree)
    file = tmp_path / "ranked.jsonl"
    file.write_bytes(write(trees, "oasst-messages"))
    chat = context.new_page()
    chat.goto(f"{site_url}chat/")
    chat.get_by_text("Import and export").click()
    chat.get_by_test_id("import").set_input_files(file)
    expect(chat.get_by_test_id("status")).to_have_text("8 conversations imported.", timeout=START)
    chat.close()
    expect(teach.rating_facts).to_contain_text("8 conversations are kept")
    teach.learn(steps=2)
    expect(teach.teach_done).to_contain_text(re.compile(r"agrees with \d+% of the preferences"))
    expect(teach.row("Ratings")).to_be_visible()
    context.close()
    assert not teach.complaints


@pytest.mark.rest
def test_a_tuned_state_of_another_program_is_opened_and_keeps_its_format(
    browser: Browser, site_url: str, tmp_path: Path
) -> None:
    context = browser.new_context(service_workers="block")
    teach = Teach(context.new_page(), f"{site_url}teach/")
    examples = [f"Arr, {number} ships!" for number in range(5)]
    adapter = goosequill.tune(goosequill.load(MODEL), examples, method="state", steps=2, learning_rate=0.1)
    adapter.write(tmp_path / "Tuned.pth")
    teach.adapter_file.set_input_files(tmp_path / "Tuned.pth")
    expect(teach.status).to_have_text("Opened Tuned.pth.", timeout=START)
    expect(teach.teach_done).to_contain_text("is not known")
    before, after = teach.both("Arr")
    assert before != after
    with teach.page.expect_download() as downloading:
        teach.adapter_download.click()
    assert downloading.value.suggested_filename == "Tuned.pth"
    assert downloading.value.path().read_bytes() == (tmp_path / "Tuned.pth").read_bytes()
    context.close()
    assert not teach.complaints
