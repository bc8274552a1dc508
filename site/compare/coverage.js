/**
 * The coverage page: which file has which prompt, in numbers and pair by pair.
 * @module
 */

import { coverage } from "./collate.js";
import { byId, h } from "./dom.js";

/** @typedef {import("./collate.js").Table} CollatedTable */

/**
 * @param {CollatedTable} table
 * @param {(letter: string) => void} onMissing shows the prompts that a column lacks
 */
export function showCoverage(table, onMissing) {
  const total = table.rows.length;
  const head = ["", "Report", "Prompts", "Missing", "Only here", "Outputs"];
  const body = coverage(table).map(({ prompts, only, outputs }, index) => {
    const { letter, label } = /** @type {import("./collate.js").Column} */ (table.columns[index]);
    const lacking = total - prompts;
    const missing =
      lacking > 0
        ? h(
            "button",
            { type: "button", class: "quiet", onclick: () => onMissing(letter) },
            `${lacking}, show`,
          )
        : "0";
    const cells = [
      h("th", { scope: "row" }, label),
      h("td", {}, String(prompts)),
      h("td", {}, missing),
      h("td", {}, String(only)),
      h("td", {}, String(outputs)),
    ];
    return h("tr", {}, h("td", { class: "letter" }, letter), ...cells);
  });
  const files = h(
    "table",
    { class: "data" },
    h("caption", {}, `${total} different prompts in ${table.columns.length} reports`),
    headRow(head),
    h("tbody", {}, ...body),
  );
  const shared = h(
    "table",
    { class: "data" },
    h("caption", {}, "Prompts that two reports share"),
    headRow(["", ...table.columns.map(({ letter }) => letter)]),
    sharedBody(table),
  );
  byId("coverage-page").replaceChildren(
    frame("Prompts of each report", files),
    ...(table.columns.length > 1 ? [frame("Prompts that two reports share", shared)] : []),
  );
}

/** @param {string} label @param {HTMLElement} content */
function frame(label, content) {
  return h("div", { class: "table-frame", tabindex: 0, role: "region", "aria-label": label }, content);
}

/** @param {string[]} names */
function headRow(names) {
  return h(
    "thead",
    {},
    h("tr", {}, ...names.map((name) => h(name ? "th" : "td", name ? { scope: "col" } : {}, name))),
  );
}

/** @param {CollatedTable} table */
function sharedBody({ columns, rows }) {
  const lines = columns.map(({ letter, id }) => {
    const counts = columns.map(
      (other) => rows.filter((row) => row.cells.has(id) && row.cells.has(other.id)).length,
    );
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, letter),
      ...counts.map((count) => h("td", {}, String(count))),
    );
  });
  return h("tbody", {}, ...lines);
}
