"""The Teach page in every browser engine: learn, keep, write with it elsewhere, and switch it off."""

from __future__ import annotations

import pytest

from .file_flows import STATUS
from .site import Site
from .tab import Tab

SONG = "\n%\n".join(f"Arr, matey! {number} ships be on the sea, arr!" for number in range(12))
AFTER = "(steps) => Number(document.body.textContent.match(/Step (\\d+) of at most/)?.[1]) >= steps"
ENABLED = "(id) => document.querySelector(`[data-testid=${id}]`)?.disabled === false"


def written(tab: Tab, site: Site, *, query: str = "") -> str:
    """What the playground writes with the adapter in use; a query makes it a new page."""
    tab.goto(f"{site.url}playground/{query}#temperature=0&max_new_tokens=12")
    tab.wait("() => document.querySelector('#examples button') !== null")  # hidden beside a text
    tab.type("#prompt", "Arr, matey! 5 ships be")
    tab.click("#generate")
    tab.wait_for(STATUS, "after")
    return tab.text("[data-testid=output]")


class TeachFlows:
    """The flow of teaching."""

    @pytest.mark.rest
    def test_a_manner_is_learned_used_after_a_reload_and_switched_off(self, tab: Tab, site: Site) -> None:
        plain = written(tab, site)
        tab.goto(f"{site.url}teach/")
        tab.wait(ENABLED, "teach-start")
        tab.type("[data-testid=teach-text]", SONG)
        tab.click("[data-testid=teach-start]")
        tab.wait(AFTER, 12)
        tab.click("[data-testid=teach-stop]")
        tab.wait_for(STATUS, "Stopped. The best version so far is kept.")
        tab.wait_for("[data-testid=teach-done]", "bits per byte")
        tab.click("[data-testid=adapter-on]")
        tab.wait_for("[data-testid=adapter-off]")
        taught = written(tab, site)
        assert taught != plain
        assert written(tab, site, query="?again") == taught
        tab.goto(f"{site.url}teach/")
        tab.wait_for("[data-testid=adapter]", "bits per byte")
        tab.click("[data-testid=adapter-off]")
        tab.wait_for("[data-testid=adapter-on]")
        assert written(tab, site) == plain
        assert tab.errors() == []
