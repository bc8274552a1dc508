/** The focus when a part of a page is drawn again, or what had it is gone. */

/** @param {HTMLElement} element gets the focus if nothing else has it */
export function focusIfLost(element) {
  if (document.activeElement === document.body || !document.activeElement) element.focus();
}

/**
 * Draws a part of a page again. If a control in it had the focus, the one with the same name gets it;
 * without one, `otherwise` does.
 * @param {HTMLElement} box
 * @param {() => void} draw
 * @param {HTMLElement} otherwise
 */
export function keepFocus(box, draw, otherwise) {
  const { activeElement: before } = document;
  const hadFocus = before instanceof HTMLElement && box.contains(before);
  draw();
  if (!hadFocus || before.isConnected) return;
  const controls = /** @type {NodeListOf<HTMLButtonElement>} */ (
    box.querySelectorAll("button, input, select, summary, a[href]")
  );
  const same = [...controls].find((control) => !control.disabled && nameOf(control) === nameOf(before));
  same?.focus();
  focusIfLost(otherwise); // also if the box is hidden now
}

/** @param {HTMLElement} control */
function nameOf(control) {
  return control.id || control.getAttribute("aria-label") || control.textContent;
}
