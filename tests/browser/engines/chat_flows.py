"""The chat page in every browser engine: branches, ratings, files, two tabs, and no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from goosequill.conversations.reading import read
from goosequill.conversations.tree import Tree
from goosequill.conversations.writing import write

from .file_flows import STATUS
from .site import ENGINE_IS_STORED, Site
from .tab import Browser, Tab

PROMPT = "[data-testid=prompt]"
PLACE = "[data-testid=branch-place]"
READY = "() => document.querySelector('#send')?.disabled === false"
TEXTS = "() => [...document.querySelectorAll('.message > .said')].map((said) => said.textContent)"
ALL = f"const texts = ({TEXTS})(); return texts.length === count && texts.every(Boolean) && texts;"
FOCUS = "(at) => document.querySelectorAll('[data-testid=rank-card]')[at].focus()"
KEPT = """(text) => new Promise((resolve) => {
  indexedDB.open("goosequill-tabs").onsuccess = ({ target: { result: database } }) => {
    database.transaction("tabs").objectStore("tabs").getAll().onsuccess = ({ target: { result } }) => {
      database.close();
      resolve(JSON.stringify(result).includes(text));
    };
  };
})"""
PRESSED = "(id) => document.querySelector(`[data-testid=${id}]`)?.getAttribute('aria-pressed') === 'true'"


def open_chat(tab: Tab, site: Site) -> None:
    tab.goto(f"{site.url}chat/#max_new_tokens=6&seed=3")
    tab.wait(READY)


def answered(tab: Tab, messages: int) -> list[str]:
    """Wait for the end of a reply; return the texts of the branch, which has so many messages."""
    tab.wait(READY)
    tab.wait_for(STATUS, "after ")
    texts: list[str] = tab.wait(f"(count) => {{ {ALL} }}", messages)
    return texts


def say(tab: Tab, text: str, messages: int) -> list[str]:
    tab.type(PROMPT, text)
    tab.press("Enter")
    return answered(tab, messages)


class ChatFlows:
    """The flows of conversations."""

    @pytest.mark.rest
    def test_a_chat_branches_is_rated_and_ranked_and_is_there_on_return(self, tab: Tab, site: Site) -> None:
        open_chat(tab, site)
        say(tab, "Good morning.", 2)
        tab.click("[data-testid=regenerate]")
        answered(tab, 2)
        tab.wait_for(PLACE, "2/2")
        tab.click("[data-testid=rate-up]")
        tab.click("[data-testid=rate-save]")
        tab.wait(PRESSED, "rate-up")
        tab.click("[data-testid=rank]")
        tab.wait_for("[data-testid=rank-card]")
        for at, key in enumerate("21"):
            tab.js(FOCUS, at)
            tab.press(key)
        tab.click("[data-testid=rank-save]")
        tab.wait_for(STATUS, "The ranking is saved.")
        tab.click("[data-testid=branch-previous]")
        tab.wait_for(PLACE, "1/2")
        first = say(tab, "And how are you?", 4)
        tab.click("[data-testid=edit]")
        other = say(tab, "Good night.", 2)
        tab.wait_for(PLACE, "2/2")
        tab.click("[data-testid=branch-previous]")
        tab.wait_for(PLACE, "1/2")
        assert tab.js(TEXTS) == first
        tab.type(PROMPT, "not sent")
        tab.wait(KEPT, "not sent")  # a busy browser may end a page without its last half second
        tab.goto(f"{site.url}storage/")
        tab.goto(f"{site.url}chat/")
        tab.wait_for("[data-testid=message]")
        assert (found := tab.js(TEXTS)) == first, (found, first)
        value = tab.js(f"() => document.querySelector('{PROMPT}').value")
        assert value == "not sent", value
        tab.click("[data-testid=branch-next]")
        tab.wait_for(PLACE, "2/2")
        assert tab.js(TEXTS) == other
        assert tab.errors() == []

    @pytest.mark.rest
    def test_a_chat_is_exported_and_a_file_is_imported(
        self, browser: Browser, tab: Tab, site: Site, tmp_path: Path
    ) -> None:
        open_chat(tab, site)
        texts = say(tab, "Good morning.", 2)
        tab.click(".exchange summary")
        saved = browser.download(tab, "[data-testid=export]")
        [tree] = read(saved.read_bytes())
        assert [message.text.strip() for message in tree] == [text.strip() for text in texts]
        tree.add("assistant", "From a file", tree.leaves()[0].parent)
        path = tmp_path / "trees.jsonl.gz"
        other = Tree(id="other", title="From elsewhere")
        other.add("user", "<b>Well?</b>")
        path.write_bytes(write([tree, other], "oasst-messages", packed=True))
        tab.files("[data-testid=import]", path)
        tab.wait_for(STATUS, "2 conversations imported.")
        tab.wait_for(PLACE, "1/2")
        tab.click("[data-testid=branch-next]")
        tab.wait_for(".message.assistant > .said", "From a file")
        tab.wait_for("[data-testid=chat-list]", "From elsewhere")
        assert tab.errors() == []

    @pytest.mark.rest
    def test_two_tabs_have_what_each_other_wrote(self, browser: Browser, tab: Tab, site: Site) -> None:
        open_chat(tab, site)
        say(tab, "Good morning.", 2)
        second = browser.tab()
        open_chat(second, site)
        second.click(".chat-open")
        second.wait_for("[data-testid=message]")
        say(second, "From the second tab", 4)
        assert len(tab.js(TEXTS)) == 2, "it is where it was"
        say(tab, "From the first tab", 4)
        for each in (tab, second):
            each.wait_for(PLACE, "/2")
        second.close()
        assert tab.errors() == []

    @pytest.mark.rest
    def test_a_chat_goes_on_without_a_network(self, tab: Tab, site_with_worker: Site) -> None:
        open_chat(tab, site_with_worker)
        texts = say(tab, "Good morning.", 2)
        tab.wait(ENGINE_IS_STORED)
        site_with_worker.stop()
        tab.goto(f"{site_with_worker.url}storage/")
        open_chat(tab, site_with_worker)
        tab.wait_for("[data-testid=message]")
        assert say(tab, "And how are you?", 4)[:2] == texts
