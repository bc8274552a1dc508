"""What a page hides with forced colors, such as Windows' high contrast: the focus, and what is chosen."""

from __future__ import annotations

from playwright.sync_api import Page

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


def unfocused(page: Page) -> list[str]:
    page.keyboard.press("Tab")  # from here on a focus counts as one by the keyboard
    found: list[str] = page.evaluate(UNFOCUSED.replace("SHARED", SHARED))
    return found


def unmarked(page: Page) -> list[str]:
    found: list[str] = page.evaluate(UNMARKED.replace("SHARED", SHARED))
    return found
