/**
 * Tables from plain lists, with the markup that screen readers need: a caption, column heads, row heads.
 * Content is text or nodes, never markup. Charts use one as their text alternative.
 */

import { element, fill } from "./dom.js";

/** @typedef {string | number | Node | null | undefined} Cell a `td` or `th` element is used as it is */

/**
 * @param {{
 *   caption: string, columns: Cell[], rows: (Cell[] | HTMLTableRowElement)[], rowHead?: number,
 *   hideCaption?: boolean, className?: string
 * }} options `rowHead` is the index of the column whose cells name their rows
 */
export function table({ caption, columns, rows, rowHead = -1, hideCaption = false, className }) {
  const heads = columns.map((cell) => (isCell(cell) ? cell : headCell(cell)));
  const body = element("tbody");
  fill(
    body,
    rows.map((row) => (Array.isArray(row) ? tableRow(row, { rowHead }) : row)),
  );
  return element(
    "table",
    { class: className },
    element("caption", { class: hideCaption && "visually-hidden" }, caption),
    element("thead", {}, element("tr", {}, ...heads)),
    body,
  );
}

/**
 * One row, for tables whose rows have attributes.
 * @param {Cell[]} cells
 * @param {{rowHead?: number, attributes?: import("./dom.js").Properties}} [options]
 */
export function tableRow(cells, { rowHead = -1, attributes = {} } = {}) {
  const made = cells.map((cell, index) => {
    if (isCell(cell)) return cell;
    const content = typeof cell === "number" ? String(cell) : cell;
    return index === rowHead ? element("th", { scope: "row" }, content) : element("td", {}, content);
  });
  return element("tr", attributes, ...made);
}

/**
 * A box in which a wide table scrolls, also by keyboard.
 * @param {string} label its accessible name
 * @param {HTMLElement} content
 * @param {string} [className]
 */
export function scrollBox(label, content, className = "scroll") {
  return element("div", { class: className, tabindex: 0, role: "region", "aria-label": label }, content);
}

/** @param {Cell} cell @returns {cell is HTMLTableCellElement} */
function isCell(cell) {
  return cell instanceof Node && (cell.nodeName === "TD" || cell.nodeName === "TH");
}

/**
 * An empty head is a plain cell: a header without a name would be announced.
 * @param {Exclude<Cell, HTMLTableCellElement>} cell
 */
function headCell(cell) {
  if (cell === "" || cell === null || cell === undefined) return element("td");
  return element("th", { scope: "col" }, typeof cell === "number" ? String(cell) : cell);
}
