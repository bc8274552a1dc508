/** The list of open reports: what each one is, and buttons to pin it as the baseline, hide or close it. */

import { byId, counted, element } from "../ui/dom.js";
import { coverage, fileOf } from "./collate.js";
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
  const counts = new Map(coverage(table).map((one) => [one.columnId, one]));
  const items = table.columns.map((column) => {
    const { prompts = 0, outputs = 0 } = counts.get(column.id) ?? {};
    const size = `${counted(prompts, "prompt")}, ${counted(outputs, "output")}`;
    return reportItem(column, size, { view, actions });
  });
  byId("reports", "ul").replaceChildren(...items);
}

/** @param {Column} column @param {string} size @param {{view: View, actions: ColumnActions}} options */
function reportItem(column, size, { view, actions }) {
  const { letter, label, model, source, report } = column;
  const hidden = view.hide.includes(letter);
  const pinned = view.base === letter;
  const name = `${letter}, ${label}`;
  const facts = /** @type {[string, unknown][]} */ ([
    ["model", model],
    ["file", fileOf(source)],
    ["format", report.format],
    ...report.args,
  ]);
  const item = element(
    "li",
    { class: hidden ? "report hidden-column" : "report", "data-testid": "report" },
    element("span", { class: "badge", "aria-hidden": true }, letter),
    element(
      "div",
      { class: "report-words" },
      element("strong", { title: source }, label),
      element("span", { class: "about" }, [size, report.date.slice(0, 10)].filter(Boolean).join(" · ")),
      aboutElement(facts),
    ),
    element(
      "span",
      { class: "report-buttons" },
      button("Baseline", { name: `Baseline: ${name}`, pressed: pinned, onclick: () => actions.pin(column) }),
      button("Hide", { name: `Hide: ${name}`, pressed: hidden, onclick: () => actions.hide(column) }),
      button("×", { name: `Close: ${name}`, onclick: () => actions.close(column) }),
    ),
  );
  item.style.setProperty("--hue", String(hueOf(letter)));
  return item;
}

/** @param {string} label @param {{name: string, pressed?: boolean, onclick: () => void}} options */
function button(label, { name, pressed, onclick }) {
  const properties = { type: "button", class: "quiet", "aria-label": name, onclick };
  return element(
    "button",
    pressed === undefined ? properties : { ...properties, "aria-pressed": String(pressed) },
    label,
  );
}

/** @param {[string, unknown][]} facts */
function aboutElement(facts) {
  const items = facts.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, String(value))),
  );
  return element(
    "details",
    {},
    element("summary", {}, "About the file"),
    element("dl", { class: "params" }, ...items),
  );
}
