/** The coverage page: which report has which prompt, in numbers and pair by pair. */

import { byId, element } from "../ui/dom.js";
import { coverage } from "./collate.js";
import { dataTable } from "./data-table.js";

/** @typedef {import("./collate.js").Table} CollatedTable */

/**
 * @param {CollatedTable} table
 * @param {(letter: string) => void} onMissing shows the prompts that a column lacks
 */
export function showCoverage(table, onMissing) {
  const tables = [reportTable(table, onMissing)];
  if (table.columns.length > 1) tables.push(sharedTable(table));
  byId("coverage-page", "div").replaceChildren(...tables);
}

/** @param {CollatedTable} table @param {(letter: string) => void} onMissing */
function reportTable(table, onMissing) {
  const total = table.rows.length;
  const lines = coverage(table).map(({ prompts, only, outputs }, index) => {
    const { letter, label } = /** @type {import("./collate.js").Column} */ (table.columns[index]);
    const lacking = total - prompts;
    const show = () => onMissing(letter);
    const missing =
      lacking > 0
        ? element("button", { type: "button", class: "quiet", onclick: show }, `Show ${lacking}`)
        : "0";
    return element(
      "tr",
      {},
      element("td", { class: "letter" }, letter),
      element("th", { scope: "row" }, label),
      element("td", {}, String(prompts)),
      element("td", {}, missing),
      element("td", {}, String(only)),
      element("td", {}, String(outputs)),
    );
  });
  const head = [null, "Report", "Prompts", "Missing", "Only here", "Outputs"];
  const caption = `${total} different prompts in ${table.columns.length} reports`;
  return dataTable("Prompts of each report", head, lines, { caption });
}

/** How many prompts each two reports share. @param {CollatedTable} table */
function sharedTable({ columns, rows }) {
  const lines = columns.map(({ letter, id }) => {
    const counts = columns.map(
      (other) => rows.filter((row) => row.cells.has(id) && row.cells.has(other.id)).length,
    );
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, letter),
      ...counts.map((count) => element("td", {}, String(count))),
    );
  });
  const caption = "Prompts that two reports share";
  return dataTable(caption, [null, ...columns.map(({ letter }) => letter)], lines, { caption });
}
