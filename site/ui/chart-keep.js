/**
 * What a visitor did with a chart, kept when another chart takes its place: a page that draws again at each
 * result would otherwise close the open table, and take the focus and the cursor away.
 */

/**
 * @typedef {Object} KeptChart
 * @property {HTMLElement} root
 * @property {import("./chart-cursor.js").Cursor} cursor
 * @property {number} focused the index of the focused part, -1 if there is none
 */

/** The charts that stand or stood in an element, in their order. @type {WeakMap<Element, KeptChart[]>} */
const charts = new WeakMap();

/**
 * Notes where the focus is. When an element is removed it has lost the focus already, so only what is still
 * in the page a moment later counts.
 * @param {HTMLElement} root
 * @param {import("./chart-cursor.js").Cursor} cursor
 * @returns {KeptChart}
 */
export function watchFocus(root, cursor) {
  const kept = { root, cursor, focused: -1 };
  root.addEventListener("focusin", ({ target }) => (kept.focused = parts(root).indexOf(target)));
  root.addEventListener("focusout", () =>
    queueMicrotask(() => {
      if (root.isConnected && !root.contains(document.activeElement)) kept.focused = -1;
    }),
  );
  return kept;
}

/** Once a chart is in the page: takes over from the one that stood there before. @param {KeptChart} kept */
export function takeOver(kept) {
  const parent = kept.root.parentElement;
  if (!parent) return;
  const index = [...parent.children].filter((child) => child.matches("figure.chart")).indexOf(kept.root);
  const inside = charts.get(parent) ?? [];
  const before = inside[index];
  inside[index] = kept;
  charts.set(parent, inside);
  if (!before || before === kept || before.root.isConnected) return;
  const [was, is] = [before.root.querySelector("details"), kept.root.querySelector("details")];
  if (was && is) is.open = was.open;
  kept.cursor.resume(before.cursor);
  const part = parts(kept.root)[before.focused];
  if (part instanceof HTMLElement && document.activeElement === document.body)
    part.focus({ preventScroll: true });
}

/** What can have the focus in a chart. @param {HTMLElement} root @returns {unknown[]} */
function parts(root) {
  return [...root.querySelectorAll(".chart-drawing, summary, .chart-table, button")];
}
