/**
 * The list of open reports: which is which, what is in it, and what one can do with it.
 * @module
 */

import { coverage, fileOf } from "./collate.js";
import { byId, counted, h } from "./dom.js";
import { hueOf } from "./row.js";

/** @typedef {import("./collate.js").Column} Column */
/** @typedef {import("./collate.js").Table} CollatedTable */
/** @typedef {import("./state.js").View} View */

/**
 * @typedef {Object} ColumnActions
 * @property {(column: Column) => void} pin
 * @property {(column: Column) => void} hide
 * @property {(column: Column) => void} close
 */

/**
 * @param {CollatedTable} table
 * @param {View} view
 * @param {ColumnActions} actions
 */
export function showReports(table, view, actions) {
  const held = new Map(coverage(table).map((one) => [one.columnId, one]));
  const items = table.columns.map((column) => {
    const counts = held.get(column.id);
    return reportItem(
      column,
      `${counted(counts?.prompts ?? 0, "prompt")}, ${counted(counts?.outputs ?? 0, "output")}`,
      view,
      actions,
    );
  });
  byId("reports").replaceChildren(...items);
}

/** @param {Column} column @param {string} counts @param {View} view @param {ColumnActions} actions */
function reportItem(column, counts, view, actions) {
  const { letter, label, model, source, report } = column;
  const hidden = view.hide.includes(letter);
  const name = `${letter}, ${label}`;
  const item = h(
    "li",
    { class: hidden ? "report hidden-column" : "report", "data-testid": "report" },
    h("span", { class: "badge", "aria-hidden": true }, letter),
    h(
      "div",
      { class: "report-words" },
      h("strong", { title: source }, label),
      h("span", { class: "about" }, [counts, report.date.slice(0, 10)].filter(Boolean).join(" · ")),
      aboutElement([["model", model], ["file", fileOf(source)], ["format", report.format], ...report.args]),
    ),
    h(
      "span",
      { class: "report-buttons" },
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-pressed": String(view.base === letter),
          "aria-label": `Baseline: ${name}`,
          onclick: () => actions.pin(column),
        },
        "Baseline",
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-pressed": String(hidden),
          "aria-label": `Hide: ${name}`,
          onclick: () => actions.hide(column),
        },
        "Hide",
      ),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": `Close: ${name}`,
          onclick: () => actions.close(column),
        },
        "×",
      ),
    ),
  );
  item.style.setProperty("--hue", String(hueOf(letter)));
  return item;
}

/** @param {[string, unknown][]} facts */
function aboutElement(facts) {
  const list = h(
    "dl",
    { class: "params" },
    ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(value)))),
  );
  return h("details", {}, h("summary", {}, "About the file"), list);
}
