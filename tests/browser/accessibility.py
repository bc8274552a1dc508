"""Run axe in a page, through the debugger so that the page's policy does not block it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parent.parent.parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLORS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""Those of the rules whose verdict depends on colors."""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SETTLED = """() => document.getAnimations().every(({ effect, playState }) =>
  playState !== "running" || effect.getComputedTiming().endTime === Infinity)"""
"""Their promises are not asked: without a window they are kept only when something is drawn."""


def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """Axe's findings in the page's current state, one per element: rule, element, remedy."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("(runOnly) => axe.run(document, { runOnly })", rules)
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def violations_in_both_themes(page: Page, *, settles: bool = True) -> list[str]:
    """Axe's findings: every rule in the light theme, those about colors in the dark one too.

    A page that never settles, since a text grows in it, is checked as it is with ``settles=False``. The theme
    is the light one afterwards.
    """
    found = []
    for rules, scheme in ((RULES, "light"), (COLORS, "dark"), ({}, "light")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_function(
            "(query) => matchMedia(query).matches", arg=f"(prefers-color-scheme: {scheme})"
        )
        if settles:
            page.evaluate(FRAMES)
            page.wait_for_function(SETTLED, polling=50)
        found += [f"{scheme}: {fault}" for fault in violations(page, rules)] if rules else []
    return found
