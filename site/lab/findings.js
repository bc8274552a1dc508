/** What several experiments say of what they find: differences, verdicts, tables, checks. */

import { shortNumber } from "../ui/chart-data.js";
import { element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";

/**
 * @typedef {{
 *   mean: number, half_width: number, low: number, high: number, clear: boolean, sign_flip: number,
 *   values?: number[], grade?: "clear" | "undecided" | "none", lenient?: number
 * }} Difference `sign_flip`: the p-value of a test; `values`: of each seed
 */
/** @typedef {{command: string, seeds: number, first_seed: number}} Origin of a study */

/** @param {readonly number[]} values */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A number with a true minus sign. @param {number} value */
export function signed(value) {
  return shortNumber(value).replace("-", "−");
}

/** A difference with its sign and four digits: "+0.0021". @param {number} value */
export function difference(value) {
  const text = Math.abs(value).toFixed(4);
  return Number(text) === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}

/** "+0.0021 ± 0.0010". @param {Pick<Difference, "mean" | "half_width">} found */
export function sized({ mean: shift, half_width: half }) {
  return `${difference(shift)} ± ${half.toFixed(4)}`;
}

/** The p-value of the sign-flip test: "p = 0.012". @param {Pick<Difference, "sign_flip">} found */
export function chance({ sign_flip: p }) {
  return p < 0.001 ? "p < 0.001" : `p = ${shortNumber(Number(p.toPrecision(2)))}`;
}

/**
 * What a difference of a loss comes to; one below `least` counts as none.
 * @param {Pick<Difference, "mean" | "clear">} found
 * @param {number} [least]
 */
export function outcome({ mean: shift, clear }, least = 0) {
  if (!clear || Math.abs(shift) < least) return "unclear";
  return shift < 0 ? "better" : "worse";
}

/** A difference as a table's cell has it. @param {Difference} found @param {number} [least] */
export function effect(found, least) {
  const word = outcome(found, least);
  const open = found.grade === "undecided" ? " undecided" : "";
  const sign = { unclear: open, better: " ▼ better", worse: " ▲ worse" }[word];
  const test = element("small", {}, ` ${chance(found)}`);
  return element("span", { class: `lab-${word}` }, sized(found), test, sign && element("strong", {}, sign));
}

/** The result of a check. @param {boolean} isPassed */
export function checked(isPassed) {
  return element(
    "strong",
    { class: isPassed ? "lab-better" : "lab-worse" },
    isPassed ? "✓ passed" : "✗ failed",
  );
}

/** The sentence of a verdict. @param {string} text */
export function conclusion(text) {
  return element("p", { class: "lab-verdict" }, text);
}

/** A table whose first column names the rows. @param {Parameters<typeof table>[0]} options */
export function resultTable(options) {
  return scrollBox(options.caption, table({ rowHead: 0, className: "data", ...options }), "lab-table");
}

/** Where a study is from that the browser has not computed. @param {Origin} study @param {string} rest */
export function origin({ command, seeds, first_seed: first }, rest) {
  const text = `Computed beforehand, not in your browser, with “${command}”: seeds ${first} to ${first + seeds - 1}, `;
  return element("p", { class: "note" }, text + rest);
}
