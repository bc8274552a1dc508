/** The list of open reports: what each one is, and buttons to make it the baseline, hide or close it. */

import { coverage, fileOf } from "../reports/collate.js";
import { byId, element } from "../ui/dom.js";
import { t, tn } from "../ui/words.js";
import { hueOf } from "./row.js";

/** @import { Column } from "../reports/collate.js" */
/** @typedef {import("../reports/collate.js").Table} CollatedTable */
/** @import { View } from "../reports/view.js" */

/**
 * @typedef {Object} ColumnActions
 * @property {(column: Column) => void} baseline
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
  const list = byId("reports", "ul");
  const unfolded = new Set([...list.querySelectorAll(".unfolded")].map(({ id }) => id));
  const focused = list.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const items = table.columns.map((column) => {
    const { prompts = 0, outputs = 0 } = counts.get(column.id) ?? {};
    const size = `${tn(prompts, "{n} prompt", "{n} prompts")}, ${tn(outputs, "{n} output", "{n} outputs")}`;
    return reportItem(column, size, { view, actions, unfolded: unfolded.has(idOf(column)) });
  });
  list.replaceChildren(...items);
  if (focused) document.getElementById(focused)?.focus();
}

/** @param {Column} column */
function idOf({ letter }) {
  return `report-${letter}`;
}

/**
 * What tells a column from its neighbours, for a chip: the file, if the model is the same.
 * @param {Column} column
 */
function shortName({ label }) {
  return label
    .split(" · ")
    .at(-1)
    ?.replace(/(\.jsonl?|\.csv)?(\.gz)?$/i, "");
}

/**
 * A report as a card; a narrow screen shows it as a chip that unfolds it.
 * @param {Column} column
 * @param {string} size
 * @param {{view: View, actions: ColumnActions, unfolded: boolean}} options
 */
function reportItem(column, size, { view, actions, unfolded }) {
  const { letter, label, model, source, report } = column;
  const hidden = view.hide.includes(letter);
  const isBaseline = view.base === letter;
  const facts = /** @type {[string, unknown][]} */ ([
    [t("model"), model],
    [t("file"), fileOf(source)],
    [t("format"), report.format],
    ...(report.date ? /** @type {[string, unknown][]} */ ([[t("date"), report.date.slice(0, 10)]]) : []),
    ...report.args,
  ]);
  const item = element(
    "li",
    {
      id: idOf(column),
      class: `report${hidden ? " hidden-column" : ""}${unfolded ? " unfolded" : ""}`,
      "data-testid": "report",
    },
    chip(column, unfolded),
    element("span", { class: "badge", "aria-hidden": true }, letter),
    element(
      "div",
      { class: "report-words" },
      element("strong", { title: source }, label),
      element("span", { class: "about" }, size),
      aboutElement(facts),
    ),
    element(
      "span",
      { class: "report-buttons" },
      button("baseline", t("Baseline"), {
        column,
        pressed: isBaseline,
        onclick: () => actions.baseline(column),
      }),
      button("hide", t("Hide"), { column, pressed: hidden, onclick: () => actions.hide(column) }),
      button("close", t("Close"), { column, onclick: () => actions.close(column) }),
    ),
  );
  item.style.setProperty("--hue", String(hueOf(letter)));
  return item;
}

/** @param {Column} column @param {boolean} unfolded */
function chip(column, unfolded) {
  const unfold = (/** @type {any} */ { currentTarget }) => {
    const open = currentTarget.closest(".report").classList.toggle("unfolded");
    currentTarget.setAttribute("aria-expanded", String(open));
  };
  return element(
    "button",
    {
      type: "button",
      id: `${idOf(column)}-chip`,
      class: "chip",
      "aria-expanded": String(unfolded),
      onclick: unfold,
    },
    element("span", { class: "badge" }, column.letter),
    element("span", { class: "chip-name" }, shortName(column)),
  );
}

/**
 * @param {string} id
 * @param {string} label
 * @param {{column: Column, pressed?: boolean, onclick: () => void}} options
 */
function button(id, label, { column, pressed, onclick }) {
  const properties = {
    type: "button",
    id: `${idOf(column)}-${id}`,
    class: "quiet",
    "aria-label": `${label}: ${column.letter}, ${column.label}`,
    onclick,
  };
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
    element("summary", {}, t("About the file")),
    element("dl", { class: "params" }, ...items),
  );
}
