"""Every flow with the keyboard alone: after a page has loaded, only keys are pressed.

The focus is visible and on the screen at every stop, never lost, and Escape returns it (keyboard.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from .keyboard import Keyboard

LONG = 120_000  # milliseconds that an engine may take on a busy machine
WRITTEN = re.compile(r"after \d+ tokens?\.")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor of each test's own, so that one that failed leaves nothing behind for its rerun."""
    context = browser.new_context(
        reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"], service_workers="block"
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    # Asked for when Space is pressed, choosers would be caught by a message that the key may overtake.
    page.on("filechooser", lambda _: None)
    return page


@pytest.fixture
def keys(page: Page) -> Keyboard:
    return Keyboard(page)


def choose_files(keys: Keyboard, *files: FilePayload) -> None:
    """Open the file chooser of the control that has the focus, and choose."""
    with keys.page.expect_file_chooser() as chooser:
        keys.page.keyboard.press("Space")
    chooser.value.set_files(list(files))


def payload(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


@pytest.mark.rest
def test_the_demonstration_on_the_home_page(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(site_url)
    expect(page.get_by_role("button", name=re.compile("^Generate"))).to_be_enabled()
    text = page.get_by_role("group", name="Generated text")
    before = text.text_content()
    keys.to(page.get_by_role("radio", name="Novel"))
    keys.press("ArrowRight")
    expect(text).not_to_have_text(before or "", use_inner_text=False)
    keys.to(page.get_by_role("textbox", name="Prompt"))
    keys.type("The goose")
    keys.activate(page.get_by_role("button", name=re.compile("^Generate")))
    expect(page.get_by_text("generated in this page")).to_be_visible(timeout=LONG)
    keys.check()
    keys.to(text)
    keys.press("ArrowLeft", "ArrowLeft")
    expect(text.locator("[aria-current]")).to_be_visible()
    keys.to(page.get_by_role("slider", name="Temperature"))
    keys.press("Home")
    expect(page.get_by_text("Always the most likely word")).to_be_visible()


def test_the_playground_from_a_prompt_to_branches_and_files(
    page: Page, keys: Keyboard, site_url: str, tmp_path: Path
) -> None:
    page.goto(f"{site_url}playground/#max_new_tokens=12&temperature=1&seed=3")
    prompt = page.get_by_role("textbox", name="Prompt")
    output = page.get_by_role("region", name="Output")
    status = page.get_by_test_id("status")
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_enabled()
    keys.press("Tab", "Enter")
    expect(prompt).to_be_focused()
    keys.type("The goose was")
    keys.press("Control+Enter")
    expect(status).to_have_text(WRITTEN, timeout=LONG)
    text = output.text_content() or ""

    keys.to(output)
    keys.press(*4 * ["ArrowRight"])
    explanation = page.get_by_role("region", name="The selected token")
    expect(explanation).to_contain_text("Token 4")
    keys.activate(explanation.get_by_role("button", name="continue with it").first)
    expect(output).to_be_focused()
    expect(status).to_have_text(WRITTEN, timeout=LONG)
    expect(output).not_to_have_text(text, use_inner_text=False)
    keys.press("Control+z")
    expect(output).to_have_text(text, use_inner_text=False)
    branches = page.get_by_role("tree", name="Texts and their branches").get_by_role("treeitem")
    expect(branches).to_have_count(2)
    keys.to(branches.first)
    keys.press("ArrowRight", "ArrowDown", "Enter")
    expect(output).not_to_have_text(text, use_inner_text=False)

    find = page.get_by_role("searchbox", name="Filter settings")
    keys.to(page.get_by_role("tab", name="Token"))
    keys.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Decoder")).to_be_focused()
    keys.to(find)
    keys.type("end token")
    keys.activate(page.get_by_role("checkbox", name="Ignore the end token"), "Space")
    keys.back_to(find)
    keys.type("length")
    keys.to(page.get_by_role("spinbutton", name=re.compile("^Length(?! penalty)")))
    keys.type("100000")
    keys.back_to(find)
    keys.press("Escape")
    expect(find).to_have_value("")
    keys.back_to(prompt)
    keys.press("Control+Enter")
    expect(output).to_have_attribute("aria-busy", "true")
    expect(output).not_to_be_empty(timeout=LONG)
    keys.press("Escape")
    expect(status).to_contain_text("Stopped after")
    keys.check()

    keys.activate(page.get_by_role("button", name="Reset", exact=True))
    expect(status).to_contain_text("default settings again")
    keys.to(find)
    keys.type("length")
    keys.to(page.get_by_role("spinbutton", name=re.compile("^Length(?! penalty)")))
    keys.type("6")
    keys.back_to(find)
    keys.press("Escape")
    before = branches.count()
    keys.back_to(page.get_by_role("spinbutton", name="Texts"))
    keys.press("ArrowUp", "ArrowUp")
    keys.back_to(prompt)
    keys.press("Control+Enter")
    expect(branches).to_have_count(before + 3, timeout=LONG)
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_enabled(timeout=LONG)

    with page.expect_download() as saved:
        keys.activate(page.get_by_role("button", name="Text", exact=True))
    assert (
        Path(saved.value.path())
        .read_text(encoding="utf-8")
        .removeprefix("<novel>\n")
        .startswith("The goose was")
    )
    with page.expect_download() as saved:
        keys.activate(page.get_by_role("button", name="Save branches"))
    path = tmp_path / "branches.json"
    saved.value.save_as(path)
    keys.to(page.get_by_role("button", name="Open branches"))
    before = branches.count()
    choose_files(keys, payload("branches.json", path.read_text(encoding="utf-8")))
    expect(branches).to_have_count(2 * before)
    keys.check()


def test_a_conversation(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}chat/#max_new_tokens=8&seed=3")
    send = page.get_by_role("button", name="Send", exact=True)
    expect(send).to_be_enabled()
    message = page.get_by_role("textbox", name="Message")
    keys.press("Tab", "Enter")  # the link that skips the header
    expect(message).to_be_focused()
    keys.type("Good morning.")
    keys.press("Enter")
    status = page.get_by_test_id("status")
    expect(status).to_have_text(WRITTEN, timeout=LONG)
    expect(message).to_be_focused()
    said = page.get_by_test_id("message").locator(".said")
    first = said.last.text_content() or ""
    regenerate = page.get_by_role("button", name="Regenerate")
    keys.back_to(regenerate)
    keys.press("Enter")
    place = page.get_by_test_id("branch-place")
    expect(place).to_have_text("2/2")
    expect(send).to_be_enabled(timeout=LONG)
    before = page.get_by_role("button", name="Previous version")
    keys.to(before)
    keys.press("Enter")
    expect(said.last).to_have_text(first)
    keys.to(page.get_by_role("button", name="Good", exact=True))
    keys.press("Enter")
    expect(page.get_by_test_id("rate-dialog")).to_be_visible()
    keys.press("Escape")
    good = page.get_by_role("button", name="Good", exact=True)
    expect(good).to_have_attribute("aria-pressed", "true")
    keys.activate(page.get_by_role("button", name="Rank", exact=True))
    expect(page.get_by_test_id("rank-dialog")).to_be_visible()
    keys.press("2", "ArrowRight", "1")
    keys.activate(page.get_by_test_id("rank-save"))
    expect(status).to_have_text("The ranking is saved.")
    keys.to(message)
    keys.press("ArrowUp")
    expect(message).to_have_value("Good morning.")
    keys.press("Escape")
    expect(message).to_have_value("")
    item = page.get_by_test_id("chat-item")
    keys.back_to(item.get_by_role("button", name="Rename"))
    keys.press("Enter")
    keys.type("The pond")
    keys.press("Enter")
    expect(item).to_contain_text("The pond")
    keys.activate(item.get_by_role("button", name="Delete"))
    expect(item).to_have_count(0)
    keys.activate(page.get_by_role("button", name="Undo"))
    expect(item).to_contain_text("The pond")


def test_the_comparer_from_a_report_to_votes(
    page: Page, keys: Keyboard, site_url: str, tmp_path: Path
) -> None:
    page.goto(f"{site_url}compare/")
    expect(page.get_by_test_id("prompt")).to_have_count(10)
    report = {
        "model_name": "mine",
        "prompts": [
            {"prompt": prompt, "results": [{"sampling_config": name, "outputs": [f"{name} on {prompt}"]}]}
            for prompt in ("apple", "pear")
            for name in ("one", "two")
        ],
    }
    files = page.get_by_label("Choose files…")
    keys.to(files)
    choose_files(keys, payload("mine.json", json.dumps(report)))
    expect(page.get_by_test_id("prompt")).to_have_text(["apple", "pear"])
    keys.press("/")
    query = page.get_by_role("searchbox", name="Search prompts and outputs")
    expect(query).to_be_focused()
    keys.type("pear")
    expect(page.get_by_test_id("prompt")).to_have_text(["pear"])
    keys.type("")
    keys.press("Backspace")
    expect(page.get_by_test_id("prompt")).to_have_count(2)
    keys.activate(page.get_by_role("button", name="Collapse all"))
    keys.press("j", "o")
    expect(page.get_by_role("article", name="apple")).to_be_focused()
    expect(page.get_by_test_id("output")).not_to_have_count(0)
    keys.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    keys.check()
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("article", name="apple")).to_be_focused()

    export = page.get_by_role("combobox", name="Save what is shown")
    keys.back_to(export)
    with page.expect_download() as saved:
        page.keyboard.press("ArrowDown")  # opens the list, and saves nothing yet
        expect(page.locator("select:open")).to_have_count(1)
        keys.press("ArrowDown", "ArrowDown", "Enter")
    assert "one on apple" in Path(saved.value.path()).read_text(encoding="utf-8")
    keys.check()

    keys.back_to(page.get_by_role("button", name="Judge", exact=True))
    keys.press("Enter")
    keys.activate(page.get_by_role("button", name="Begin"))
    count = page.locator("#vote-count")
    expect(count).to_have_text("0 votes of 2 pairs")
    keys.press("1")
    expect(count).to_have_text("1 vote of 2 pairs")
    keys.press("u")
    expect(count).to_have_text("0 votes of 2 pairs")
    keys.press("=")
    reveal = page.get_by_role("button", name="Reveal names")
    keys.activate(reveal)
    question = page.get_by_role("dialog", name="End the round now?")
    expect(question).to_be_visible()
    keys.press("Escape")
    expect(question).to_be_hidden()
    expect(reveal).to_be_focused()
    keys.press("2")
    expect(page.get_by_text("Every pair has been judged.")).to_be_visible()
    keys.check()
    with page.expect_download() as saved:
        keys.activate(page.get_by_role("button", name="Save votes"))
    assert len(json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))["votes"]) == 2


@pytest.mark.rest
def test_a_manner_is_taught_used_renamed_and_deleted(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}teach/")
    teach = page.get_by_role("button", name="Teach", exact=True)
    expect(teach).to_be_enabled()
    status = page.get_by_test_id("status")
    keys.to(page.get_by_role("radio", name="A text"))
    keys.press("ArrowRight")
    sets = page.get_by_role("combobox", name="Start with")
    expect(sets.get_by_role("option")).not_to_have_count(1)
    keys.to(sets)
    page.keyboard.type("A pirate")
    expect(sets.locator("option:checked")).to_have_text("A pirate")
    remove = page.get_by_role("button", name="Remove the row").first
    keys.activate(remove)
    expect(page.get_by_test_id("pairs").get_by_label("Prompt").first).to_be_focused()
    keys.to(teach)
    keys.press("Enter")
    expect(page.get_by_text(re.compile(r"Step \d+ of at most"))).to_be_visible(timeout=LONG)
    keys.press("Escape")
    expect(status).to_have_text("Stopped. The best version so far is kept.", timeout=LONG)
    expect(page.get_by_role("region", name="3. Before and after")).to_be_focused()
    keys.to(page.get_by_role("textbox", name="Write with both"))
    keys.type("Who is there?")
    keys.activate(page.get_by_role("button", name="Write", exact=True))
    expect(page.get_by_test_id("teach-after")).to_contain_text("Who is there?", timeout=LONG)
    expect(teach).to_be_enabled(timeout=LONG)
    keys.check()
    keys.to(page.get_by_role("textbox", name="Name"))
    keys.type("Captain")
    keys.press("Enter")
    use = page.get_by_role("button", name="Use: Captain")
    expect(use).to_be_visible()
    keys.activate(use)
    off = page.get_by_role("button", name="Switch off: Captain")
    expect(off).to_be_focused()
    keys.to(page.get_by_role("slider", name="Strength"))
    keys.press("ArrowRight")
    expect(page.get_by_test_id("kept").get_by_text("105%")).to_be_visible()
    keys.back_to(page.get_by_role("button", name="Delete: Captain"))
    keys.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("button", name="Use: Captain")).to_be_visible()
    keys.check()


@pytest.mark.rest
def test_decoders_side_by_side(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}compare/#page=write")
    generate = page.get_by_role("button", name="Generate", exact=True)
    expect(generate).to_be_enabled()
    keys.to(page.get_by_role("textbox", name="Prompt", exact=True))
    keys.type("The goose was a")
    keys.to(page.get_by_role("spinbutton", name="Maximum tokens"))
    keys.type("6")
    keys.to(page.get_by_role("checkbox", name="Blind"))
    keys.press("Space")
    keys.back_to(generate)
    keys.press("Enter")
    vote = page.get_by_role("group", name="Your vote")
    keys_of_vote = vote.get_by_role("button", name="Second is best")
    expect(keys_of_vote).to_be_visible(timeout=LONG)
    keys.check()
    keys.activate(keys_of_vote)
    expect(page.locator("#live-status")).to_contain_text("Your vote: ")
    keys.check()
    keys.activate(page.get_by_role("button", name="Judge", exact=True))
    with page.expect_download():
        keys.activate(page.get_by_role("button", name="Save votes"))


def test_search_from_documents_to_an_answer_and_back(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}search/")
    add = page.get_by_test_id("add-files")
    expect(add).to_have_count(1)
    keys.to(add)
    choose_files(
        keys,
        payload("geese.md", "# Geese\n\nGeese fly south in autumn and return in spring.\n"),
        payload("bread.md", "# Bread\n\nKnead the dough for ten minutes, and let it rise.\n"),
    )
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    keys.check()
    keys.to(dialog.get_by_role("checkbox"))
    keys.press("Space")
    keys.activate(dialog.get_by_role("button", name="Download"))
    expect(page.get_by_test_id("status")).to_contain_text("2 documents added.", timeout=LONG)
    keys.check()
    keys.press("/")
    expect(page.get_by_test_id("question")).to_be_focused()
    keys.type("when do geese fly south")
    expect(page.get_by_test_id("result").first).to_have_attribute("data-document", "geese.md")
    keys.press("ArrowDown", "Enter")
    reader = page.get_by_test_id("reader")
    expect(reader).to_be_visible()
    keys.check()
    keys.press("Escape")
    expect(reader).to_be_hidden()
    keys.check()
    keys.press("Escape")
    expect(page.get_by_test_id("question")).to_be_focused()
    keys.to(page.get_by_test_id("documents").locator("summary"))
    keys.press("Enter")
    keys.activate(page.get_by_role("button", name="Remove Bread"))
    entry = page.get_by_test_id("collection")
    expect(entry).to_contain_text("1 document")
    keys.check()
    keys.activate(page.get_by_test_id("undo-delete"))
    expect(entry).to_contain_text("2 documents")
    keys.check()
    keys.activate(page.get_by_test_id("delete-collection"))
    expect(entry).to_have_count(0)
    keys.check()
    keys.activate(page.get_by_test_id("undo-delete"))
    expect(entry).to_have_count(1)
    keys.check()


@pytest.mark.rest
def test_an_experiment_is_run_stopped_and_stepped_through(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}lab/sta/#samples=20000&shifts=200")
    experiment = page.get_by_test_id("experiment-sta")
    run = experiment.get_by_test_id("run")
    expect(run).to_be_enabled(timeout=LONG)
    keys.to(run)
    keys.press("Enter")
    expect(experiment).to_have_attribute("data-state", "running")
    keys.activate(experiment.get_by_test_id("cancel"))
    expect(experiment).to_have_attribute("data-state", "idle")
    keys.check()
    keys.back_to(run)
    keys.press("Enter")
    expect(experiment).to_have_attribute("data-state", "done", timeout=LONG)
    keys.check()


@pytest.mark.rest
def test_a_picture_is_played_and_stepped_through(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}lab/dilation/")
    player = page.get_by_role("group").filter(has=page.get_by_role("slider", name="Frame")).last
    frame = player.get_by_role("slider", name="Frame")
    expect(frame).to_be_visible(timeout=LONG)
    keys.activate(player.get_by_role("button", name="Next frame"))
    expect(frame).to_have_value("1")
    keys.to(frame)
    keys.press("ArrowRight")
    expect(frame).to_have_value("2")
    play = player.get_by_role("button", name=re.compile("Play|Pause"))
    keys.back_to(play)
    keys.press("Enter")
    expect(play).to_have_text("Pause")
    keys.press("Enter")
    expect(play).to_have_text("Play")


@pytest.mark.rest
def test_a_letter_is_picked_instead_of_drawn(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}lab/training/")
    pick = page.get_by_role("button", name="Test letter A").first
    expect(pick).to_be_attached(timeout=LONG)
    keys.to(pick)
    keys.press("Enter")
    expect(page.get_by_test_id("pad-result")).to_contain_text(
        "Test letter A: the network answers", timeout=LONG
    )
    keys.check()


def test_the_tag_is_copied(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}embed/")
    copy = page.get_by_role("button", name="Copy: HTML")
    expect(copy).to_be_visible()
    keys.to(copy)
    keys.press("Enter")
    expect(copy).to_have_text("Copied")
    assert "embed/goosequill.js" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.rest
def test_the_documentation_is_searched(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}explanation/rwkv/")
    field = page.get_by_label("Search the documentation")
    keys.to(field)
    keys.type("temperature")
    expect(page.locator(".md-search-result__item").nth(1)).to_be_attached()
    keys.press("ArrowDown")
    page.keyboard.press("Escape")  # Tab goes on from the field
    expect(page.locator(".md-search-result__item").first).to_be_hidden()
    keys.press("Shift+Tab")
    keys.to(field)
    keys.type("temperature")
    expect(page.locator(".md-search-result__item").nth(1)).to_be_attached()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/reference/decoding/"))


@pytest.mark.rest
def test_a_model_and_what_was_typed_are_deleted(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}playground/#max_new_tokens=4")
    keys.to(page.get_by_role("button", name="Generate", exact=True))
    keys.press("Enter")
    expect(page.get_by_test_id("status")).to_have_text(WRITTEN, timeout=LONG)
    page.goto(f"{site_url}storage/")
    delete = page.get_by_test_id("files").get_by_role("button", name="Delete model.safetensors")
    expect(delete).to_have_count(1)
    keys.to(delete)
    keys.press("Enter")
    expect(page.get_by_test_id("status")).to_contain_text("is deleted")
    keys.check()
    forget = page.get_by_role("checkbox", name="Keep my prompts, texts and chats")
    keys.to(forget)
    keys.press("Space")
    expect(page.get_by_text("Your prompts, texts and chats are deleted.")).to_be_visible()
    keys.check()


@pytest.mark.rest
def test_tasks(page: Page, keys: Keyboard, site_url: str) -> None:
    page.goto(f"{site_url}chat/")
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    keys.activate(page.get_by_role("button", name="Tasks"))
    text, progress = page.get_by_test_id("task-text"), page.get_by_test_id("task-progress")
    expect(text).to_be_focused()  # of a first prompt, since there is nothing else yet
    keys.type("Well?")
    keys.press("Control+Enter")
    expect(progress).to_contain_text("1 first prompt")
    kind = page.get_by_label("Kind of task")

    def choose(name: str) -> None:
        keys.back_to(kind)
        keys.page.keyboard.type(name)
        expect(kind.locator("option:checked")).to_have_text(name)

    for name, counted in (
        ("Reply as the assistant", "1 reply as the assistant"),
        ("Reply as the user", "1 reply as the user"),
    ):
        choose(name)
        keys.to(text)
        keys.type(f"{name}.")
        keys.press("Control+Enter")
        expect(progress).to_contain_text(counted)
    choose("Rank replies")  # there are none yet
    keys.to(page.get_by_role("button", name="Import a set"))
    asked = {"message_id": "a", "role": "prompter", "text": "Which way?"}
    replies = [{"message_id": id, "parent_id": "a", "role": "assistant", "text": id} for id in "bc"]
    choose_files(keys, payload("set.jsonl", "\n".join(map(json.dumps, [asked, *replies]))))
    expect(page.get_by_test_id("rank-card").first).to_be_focused(timeout=LONG)
    keys.press("2", "ArrowRight", "1", "Control+Enter")
    expect(progress).to_contain_text("1 ranking")
    choose("Label a message")
    keys.to(page.get_by_label("spam"))
    keys.press("Space")
    keys.to(page.get_by_label("quality"))
    keys.press("ArrowRight", "Control+Enter")
    expect(progress).to_contain_text("1 labelled message")
    keys.press("Alt+s")
    expect(progress).to_contain_text("1 skipped")
    keys.activate(page.get_by_role("button", name="Undo"))
    expect(progress).to_contain_text("0 skipped")
    keys.back_to(page.get_by_test_id("tasks-close"))
    keys.press("Enter")
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
