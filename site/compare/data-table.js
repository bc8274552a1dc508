/** Tables of data in a frame that scrolls sideways and can be reached with the keyboard. */

import { element } from "../ui/dom.js";

/**
 * @param {string} label the accessible name of the frame
 * @param {(string | null)[]} head the names of the columns; null for one without a name
 * @param {HTMLElement[]} lines
 * @param {{id?: string, caption?: string}} [options]
 */
export function dataTable(label, head, lines, { id, caption } = {}) {
  const names = head.map((name) => (name === null ? element("td") : element("th", { scope: "col" }, name)));
  return element(
    "div",
    { class: "table-frame", tabindex: 0, role: "region", "aria-label": label },
    element(
      "table",
      { class: "data", id },
      caption ? element("caption", {}, caption) : null,
      element("thead", {}, element("tr", {}, ...names)),
      element("tbody", {}, ...lines),
    ),
  );
}
