/** The controls of the view: they show the view's state and report what the visitor changes. */

import { labelOf, MEASURES } from "../reports/measures.js";
import { byId, element } from "../ui/dom.js";
import { t } from "../ui/words.js";

/** @import { View } from "../reports/view.js" */
/** @typedef {import("../reports/collate.js").Table} CollatedTable */
/** @typedef {[value: string, label: string]} Option */

const LISTED_SAMPLES = 100; // a prompt may have a hundred thousand
/** What changes which prompts are shown, and in which order: then the first of them are shown. */
const FROM_THE_TOP = ["q", "re", "coverage", "differ", "sort"];
const SWITCHES = /** @type {const} */ (["re", "differ", "markdown", "params", "group", "clip"]);

/**
 * @param {HTMLFormElement} form
 * @param {(change: Partial<View>) => void} onChange
 */
export function setUpTools(form, onChange) {
  const change = (/** @type {Partial<View>} */ values) =>
    onChange(FROM_THE_TOP.some((name) => name in values) ? { ...values, at: 0 } : values);
  form.addEventListener("submit", (event) => event.preventDefault());
  setUpPopover(/** @type {HTMLDetailsElement} */ (form.querySelector("details.settings")));
  form.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLInputElement && target.name === "q") change({ q: target.value });
  });
  const choose = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLInputElement && target.type === "checkbox") change(switched(target));
    if (target instanceof HTMLSelectElement)
      change(target.name === "sample" ? { sample: Number(target.value) } : { [target.name]: target.value });
  };
  form.addEventListener("change", choose);
  byId("sort", "select").addEventListener("change", choose); // stands beside the number of prompts
}

/** Escape, and a click elsewhere, close it. @param {HTMLDetailsElement} popover */
function setUpPopover(popover) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !popover.open) return;
    popover.open = false;
    popover.querySelector("summary")?.focus();
  });
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !popover.contains(target)) popover.open = false;
  });
}

/** @param {HTMLInputElement} box @returns {Partial<View>} */
function switched({ name, checked }) {
  if (name === "tokens") return { tokens: checked ? "strip" : "show" };
  if (name === "layout") return { layout: checked ? "stack" : "side" };
  return { [name]: checked };
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
  showOptions("config", view.config, [["", t("All")], ...table.configs.map(asOption)]);
  const samples = Math.min(Math.max(table.mostOutputs, view.sample), LISTED_SAMPLES);
  const other = view.sample > samples ? [sampleOption(view.sample)] : [];
  const listed = Array.from({ length: samples }, (_, index) => sampleOption(index + 1));
  showOptions("sample", String(view.sample), [["0", t("All")], ...listed, ...other]);
  const columns = table.columns.map(({ letter, label }) => ({ letter, label: `${letter} · ${label}` }));
  showOptions("base", view.base, [
    ["", t("None")],
    ...columns.map(({ letter, label }) => /** @type {Option} */ ([letter, label])),
  ]);
  showOptions("sort", view.sort, [
    ["", t("As in the files")],
    ["difference", t("Largest difference first")],
    ["votes", t("Most disputed votes first")],
    ...MEASURES.flatMap((name) => sortOptions(name, labelOf(name))),
  ]);
  showOptions("coverage", view.coverage, [
    ["any", t("All")],
    ["all", t("In every file")],
    ["some", t("Not in every file")],
    ...columns.map(
      ({ letter, label }) => /** @type {Option} */ ([letter, t("Missing in {label}", { label })]),
    ),
  ]);
}

/** @param {string} name @param {string} measure @returns {Option[]} */
function sortOptions(name, measure) {
  return [
    [name, t("{measure}, highest first", { measure })],
    [`-${name}`, t("{measure}, lowest first", { measure })],
  ];
}

/** @param {string} name @returns {Option} */
function asOption(name) {
  return [name, name];
}

/** @param {number} sample @returns {Option} */
function sampleOption(sample) {
  return [String(sample), t("Only #{sample}", { sample: String(sample) })];
}

/** @param {string} id @param {string} value @param {Option[]} options */
function showOptions(id, value, options) {
  const select = byId(id, "select");
  const known = options.some(([one]) => one === value);
  /** @type {Option[]} */
  const all = known ? options : [...options, [value, t("{value} (in no file)", { value })]];
  select.replaceChildren(...all.map(([one, label]) => element("option", { value: one }, label)));
  select.value = value;
}
