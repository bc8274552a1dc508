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


RUN = """(runOnly) => axe
  .run(document, { runOnly, resultTypes: ["violations"], selectors: false, preload: { assets: ["media"] } })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`)))"""
"""Only the findings leave the page: what passes is described in megabytes. No rule reads the style sheets."""


def violations(page: Page, rules: dict[str, Any] = RULES) -> list[str]:
    """Axe's findings in the page's current state, one per element: rule, element, remedy."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN, rules)
    return found


def violations_in_both_themes(page: Page, *, settles: bool = True) -> list[str]:
    """Axe's findings: every rule in the light theme, those about colors in the dark one too.

    A page that never settles, since a text grows in it, is checked as it is with ``settles=False``. The theme
    is the light one afterwards.
    """
    found = []
    size = page.viewport_size
    if size and page.locator(".md-sidebar").count():
        # So high that no sidebar scrolls: axe takes a link half scrolled out of view for a small target.
        page.set_viewport_size({**size, "height": 4000})
    for rules, scheme in ((RULES, "light"), (COLORS, "dark"), ({}, "light")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_function(
            "(query) => matchMedia(query).matches", arg=f"(prefers-color-scheme: {scheme})", polling=50
        )
        if settles:
            page.evaluate(FRAMES)
            page.wait_for_function(SETTLED, polling=50)
        found += [f"{scheme}: {fault}" for fault in violations(page, rules)] if rules else []
    if size:
        page.set_viewport_size(size)
    return found
