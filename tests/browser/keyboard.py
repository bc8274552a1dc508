"""A visitor without a mouse: moves by Tab, and sees at every stop where the focus is."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, TimeoutError

ACTIVE = """
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
"""
WHAT_IS_WRONG = f"""() => {{
  {ACTIVE}
  // A part of a drawing may have thicker lines instead of an outline.
  const width = (part) => getComputedStyle(part).strokeWidth;
  const strokes = (node) => [...node.querySelectorAll("*")].map(width).join();
  const strokesChange = (node) => {{
    const focused = strokes(node);
    node.blur();
    const plain = strokes(node);
    node.focus({{ focusVisible: true }});
    return focused !== plain;
  }};
  if (!active || active === document.body) return "nothing has the focus";
  const around = [active.nextElementSibling, ...(active.labels ?? [])].filter(Boolean);
  for (let box = active; box && around.length < 6; box = box.parentElement) around.push(box);
  const marked = around.some((node) => {{
    const {{ outlineStyle, outlineWidth }} = getComputedStyle(node);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  }});
  const isDrawn = active instanceof SVGElement && strokesChange(active);
  const name = active.outerHTML.slice(0, 160);
  if (!marked && !isDrawn) return `the focus cannot be seen: ${{name}}`;
  const {{ top, bottom, left, right }} = (active.labels?.[0] ?? active).getBoundingClientRect();
  const isOnScreen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
  return isOnScreen ? "" : `the focus is off the screen: ${{name}}`;
}}"""
IS_ACTIVE = f"(element) => {{ {ACTIVE} return active === element; }}"
PATIENCE = 15_000  # milliseconds
IS_BETWEEN = "() => document.activeElement === document.body"
"""After the last control of a page the browser's own come, then the first one again."""
MOST = 400  # stops from one end of the fullest page to the other


class Keyboard:
    """Tab and keys in a page, each with a look at the focus."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def check(self) -> None:
        """The focus is somewhere, visible and on the screen, at the latest when what was started is over."""
        try:
            self.page.wait_for_function(f"() => ({WHAT_IS_WRONG})() === ''", timeout=PATIENCE)
        except TimeoutError:
            raise AssertionError(self.page.evaluate(WHAT_IS_WRONG)) from None

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.check()

    def type(self, text: str) -> None:
        """Replace what a field contains."""
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        self.check()

    def to(self, target: Locator, *, key: str = "Tab") -> None:
        """Tab until the target has the focus."""
        for _ in range(MOST):
            if target.evaluate(IS_ACTIVE):
                return
            self.page.keyboard.press(key)
            if not self.page.evaluate(IS_BETWEEN):
                self.check()
        raise AssertionError(f"Tab does not reach {target}")

    def back_to(self, target: Locator) -> None:
        self.to(target, key="Shift+Tab")

    def activate(self, target: Locator, key: str = "Enter") -> None:
        """Tab to a control and use it; the focus stays somewhere."""
        self.to(target)
        self.press(key)
