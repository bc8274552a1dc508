/**
 * The controls of the view: they show the view's state and report what the visitor changes.
 * @module
 */

import { byId, h } from "./dom.js";

/** @typedef {import("./state.js").View} View */
/** @typedef {import("./collate.js").Table} CollatedTable */

const SWITCHES = /** @type {const} */ (["re", "differ", "markdown", "params", "group", "clip"]);

/**
 * @param {HTMLFormElement} form
 * @param {(change: Partial<View>) => void} onChange
 */
export function setUpTools(form, onChange) {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLInputElement && target.name === "q") onChange({ q: target.value });
  });
  form.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLInputElement && target.type === "checkbox") onChange(ofSwitch(target));
    if (target instanceof HTMLSelectElement)
      onChange(target.name === "sample" ? { sample: Number(target.value) } : { [target.name]: target.value });
  });
}

/** @param {HTMLInputElement} box @returns {Partial<View>} */
function ofSwitch(box) {
  if (box.name === "tokens") return { tokens: box.checked ? "strip" : "show" };
  if (box.name === "layout") return { layout: box.checked ? "stack" : "side" };
  return { [box.name]: box.checked };
}

/**
 * @param {HTMLFormElement} form
 * @param {View} view
 * @param {CollatedTable} table
 */
export function showTools(form, view, table) {
  const control = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  for (const name of SWITCHES) control(name).checked = view[name];
  control("tokens").checked = view.tokens === "strip";
  control("layout").checked = view.layout === "stack";
  if (control("q").value !== view.q) control("q").value = view.q;
  options("config", view.config, [
    ["", "All"],
    ...table.configs.map((name) => /** @type {[string, string]} */ ([name, name])),
  ]);
  const count = Math.max(table.mostOutputs, view.sample);
  options("sample", String(view.sample), [["0", "All"], ...numbers(count)]);
  const columns = table.columns.map(
    ({ letter, label }) => /** @type {[string, string]} */ ([letter, `${letter} · ${label}`]),
  );
  options("base", view.base, [["", "None"], ...columns]);
  const lacking = columns.map(
    ([letter, label]) => /** @type {[string, string]} */ ([letter, `Missing in ${label}`]),
  );
  options("coverage", view.coverage, [
    ["any", "All"],
    ["all", "In every file"],
    ["some", "Not in every file"],
    ...lacking,
  ]);
}

/** @param {number} count @returns {[string, string][]} */
function numbers(count) {
  return Array.from({ length: count }, (_, index) => [String(index + 1), `Only #${index + 1}`]);
}

/** @param {string} id @param {string} value @param {[value: string, label: string][]} list */
function options(id, value, list) {
  const select = /** @type {HTMLSelectElement} */ (byId(id));
  const known = list.some(([one]) => one === value);
  const all = known ? list : [...list, /** @type {[string, string]} */ ([value, `${value} (in no file)`])];
  select.replaceChildren(...all.map(([one, label]) => h("option", { value: one }, label)));
  select.value = value;
}
