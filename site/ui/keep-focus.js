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

/**
 * Puts nodes into a box in place of what is there, and keeps what would look the same: a button that is
 * pressed while the box is drawn again still gets its click, and a file dialog's answer its field. So what a
 * control does may depend only on what it shows, or on what is so when it is used.
 * @param {HTMLElement} box
 * @param {Node[]} nodes
 */
export function redraw(box, nodes) {
  const old = [...box.childNodes];
  const kept = nodes.map((node) => {
    const at = old.findIndex((one) => looksLike(one, node));
    return at < 0 ? node : old.splice(at, 1)[0];
  });
  arrange(box, kept);
}

/**
 * Puts nodes into a box in place of what is there. Those that stay are not moved, so that they keep the
 * focus.
 * @param {HTMLElement} box
 * @param {Node[]} nodes
 */
export function arrange(box, nodes) {
  const staying = new Set(nodes);
  for (const node of [...box.childNodes]) {
    if (!staying.has(node)) box.removeChild(node);
  }
  let at = box.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else box.insertBefore(node, at);
  }
}

/** @param {Node} one @param {Node} other */
function looksLike(one, other) {
  return one.isEqualNode(other) && checks(one) === checks(other);
}

/** What is checked, which no attribute says. @param {Node} node */
function checks(node) {
  if (!(node instanceof Element)) return "";
  return [...node.querySelectorAll("input")].map(({ checked }) => checked).join();
}

/** @param {HTMLElement} control */
function nameOf(control) {
  return control.id || control.getAttribute("aria-label") || control.textContent;
}
