"""Every page with forced colors, such as Windows' high contrast: the focus and what is chosen are seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from scripts import pages

ARTICLES = ("documentation/", "tutorials/search/", "lab/dilation/", "lab/letters/")
CHOSEN = [page for page in pages.read_pages() if not page.article or page.address in ARTICLES]

SHARED = """
  const seen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    node.getBoundingClientRect().width > 1;
  const name = (node) => node.outerHTML.slice(0, 160);
"""
UNFOCUSED = """() => { SHARED
  const ring = (node) => {
    if (!node) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(node);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  };
  const strokes = (node) => node instanceof SVGElement &&
    [...node.querySelectorAll("*")].map((each) => getComputedStyle(each).strokeWidth).join();
  const missing = [];
  const controls = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  for (const node of document.querySelectorAll(controls)) {
    const shown = node.labels?.[0] && !seen(node) ? node.labels[0] : node;
    if (!seen(shown) || node.disabled || node.closest("[inert]")) continue;
    const before = strokes(node);
    node.focus({ preventScroll: true });
    if (document.activeElement !== node) continue;
    const places = [node, shown, node.parentElement, node.nextElementSibling];
    if (!places.some(ring) && strokes(node) === before) missing.push(name(node));
  }
  document.activeElement?.blur();
  return missing;
}"""
"""The controls without an outline while they have the focus, on themselves or on what shows their state."""
UNMARKED = """() => { SHARED
  const STATES = ["aria-pressed", "aria-selected", "aria-current", "aria-checked"];
  const isOn = (node) => STATES.some((state) => !["false", null].includes(node.getAttribute(state))) ||
    Boolean(node.matches("label") && node.control?.checked);
  const look = (node) => [node, ...node.querySelectorAll("*")].flatMap((each) =>
    [null, "::before", "::after"].map((pseudo) => {
      const style = getComputedStyle(each, pseudo);
      const { borderWidth, borderStyle, borderColor, outlineWidth, outlineStyle, color } = style;
      const { backgroundColor, fontWeight, textDecorationLine } = style;
      return [borderWidth, borderStyle, borderColor, outlineWidth, outlineStyle, color, backgroundColor,
        fontWeight, textDecorationLine, pseudo && style.content].join();
    })).join();
  const missing = [];
  const groups = new Map();
  for (const node of document.querySelectorAll(`label, ${STATES.map((state) => `[${state}]`)}, nav a`)) {
    if (node.matches("label") && (node.control?.type !== "radio" || seen(node.control))) continue;
    if (!seen(node)) continue;
    const group = node.closest("nav, ul, ol, fieldset, tbody, div, [role$=group], [role$=list]");
    groups.set(group, [...(groups.get(group) ?? []), node]);
  }
  for (const nodes of groups.values()) {
    const off = new Set(nodes.filter((node) => !isOn(node)).map(look));
    for (const node of nodes) if (isOn(node) && off.has(look(node))) missing.push(name(node));
  }
  return missing;
}"""
"""What is chosen but looks like what is not."""


@pytest.fixture(scope="module", params=CHOSEN, ids=lambda page: page.file)
def opened(browser: Browser, site_url: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    size: Any = {"width": 1280, "height": 1600}
    context = browser.new_context(
        viewport=size, forced_colors="active", reduced_motion="reduce", service_workers="block"
    )
    page = context.new_page()
    page.goto(site_url + request.param.address, wait_until="networkidle")
    yield page
    context.close()


def test_the_focus_is_seen(opened: Page) -> None:
    opened.keyboard.press("Tab")  # from here on a focus counts as one by the keyboard
    assert opened.evaluate(UNFOCUSED.replace("SHARED", SHARED)) == []


def test_what_is_chosen_differs(opened: Page) -> None:
    assert opened.evaluate(UNMARKED.replace("SHARED", SHARED)) == []
