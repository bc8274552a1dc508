/** The coverage page: which report has which prompt, in numbers and pair by pair. */

import { coverage } from "../reports/collate.js";
import { byId, element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";
import { number, t, tn } from "../ui/words.js";

/** @typedef {import("../reports/collate.js").Table} CollatedTable */

/**
 * @param {CollatedTable} collated
 * @param {(letter: string) => void} onMissing shows the prompts that a column lacks
 */
export function showCoverage(collated, onMissing) {
  const tables = [reportTable(collated, onMissing)];
  if (collated.columns.length > 1) tables.push(sharedTable(collated));
  byId("coverage-page", "div").replaceChildren(...tables);
}

/** @param {CollatedTable} collated @param {(letter: string) => void} onMissing */
function reportTable(collated, onMissing) {
  const total = collated.rows.length;
  const rows = coverage(collated).map(({ prompts, only, outputs }, index) => {
    const { letter, label } = /** @type {import("../reports/collate.js").Column} */ (collated.columns[index]);
    const lacking = total - prompts;
    const show = () => onMissing(letter);
    const words = t("Show {count}", { count: lacking });
    const button = element("button", { type: "button", class: "quiet", onclick: show }, words);
    const letterCell = element("td", { class: "letter" }, letter);
    const [held, alone, written] = [prompts, only, outputs].map(number);
    return [letterCell, label, held, lacking > 0 ? button : number(0), alone, written];
  });
  const content = table({
    caption: tn(
      collated.columns.length,
      "{total} different prompts in {n} report",
      "{total} different prompts in {n} reports",
      { total },
    ),
    columns: ["", t("Report"), t("Prompts"), t("Missing"), t("Only here"), t("Outputs")],
    rows,
    rowHead: 1,
    className: "data",
  });
  return scrollBox(t("Prompts of each report"), content, "table-frame");
}

/** How many prompts each two reports share. @param {CollatedTable} collated */
function sharedTable({ columns, rows }) {
  const ids = new Map(columns.map(({ id }, index) => [id, index]));
  const shared = columns.map(() => columns.map(() => 0));
  for (const { cells } of rows) {
    const held = [...cells.keys()].map((id) => /** @type {number} */ (ids.get(id)));
    for (const one of held) {
      const counts = /** @type {number[]} */ (shared[one]);
      for (const other of held) counts[other] = (counts[other] ?? 0) + 1;
    }
  }
  const counts = columns.map(({ letter }, index) => [letter, ...(shared[index] ?? []).map(number)]);
  const caption = t("Prompts that two reports share");
  const letters = columns.map(({ letter }) => letter);
  const content = table({ caption, columns: ["", ...letters], rows: counts, rowHead: 0, className: "data" });
  return scrollBox(caption, content, "table-frame");
}
