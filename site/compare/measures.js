/**
 * How measures of texts are shown, on this page and beside decoders: their labels and the form of their
 * numbers. The measures themselves and their descriptions come from Python
 * (goosequill.evaluation.text_metrics).
 */

import { counted, element, number } from "../ui/dom.js";

/** @typedef {Record<string, number | null>} Measures by name; null where the text is too short to have one */
/** @typedef {"count" | "words" | "share" | "flag" | "bits" | "number"} Unit */

/** @type {Record<string, {label: string, unit: Unit}>} */
const MEASURES = {
  words: { label: "Words", unit: "count" },
  distinct_1: { label: "Different words", unit: "share" },
  distinct_2: { label: "Different word pairs", unit: "share" },
  distinct_3: { label: "Different word triples", unit: "share" },
  longest_repeat: { label: "Longest repeated passage", unit: "words" },
  looping: { label: "Looping", unit: "share" },
  compression: { label: "Compressed size", unit: "share" },
  truncated: { label: "Truncated", unit: "flag" },
  echo: { label: "Echo of the prompt", unit: "share" },
  likeness: { label: "Likeness of samples", unit: "share" },
  mean_surprise: { label: "Mean surprise", unit: "bits" },
};

/** @param {string} name */
export function labelOf(name) {
  return MEASURES[name]?.label ?? name;
}

/** @param {string} name @returns {Unit} */
function unitOf(name) {
  return MEASURES[name]?.unit ?? "number";
}

/** The measure of one text: "12", "3 words", "35%", "yes". @param {string} name @param {number} value */
export function formatMeasure(name, value) {
  const unit = unitOf(name);
  if (unit === "count") return number(value);
  if (unit === "words") return counted(value, "word");
  if (unit === "flag") return value ? "yes" : "no";
  if (unit === "bits") return `${figure(value)} bits`;
  return formatMean(name, value);
}

/** The mean of a measure over texts, or a difference of means. @param {string} name @param {number} value */
export function formatMean(name, value) {
  return isShare(name) ? percent(value) : figure(value);
}

/** Whether a measure is a share, shown in percent. @param {string} name */
export function isShare(name) {
  return ["share", "flag"].includes(unitOf(name));
}

/** A share in percent: "35%", "2.5%". @param {number} share */
export function percent(share) {
  const value = 100 * share;
  return `${Number(value.toFixed(Math.abs(value) < 10 ? 1 : 0)) + 0}%`;
}

/** A number with as many decimals as are of use. @param {number} value */
export function figure(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1");
}

/** @typedef {{mean: number, low: number, high: number}} Interval */

/**
 * A mean with its interval: "2.50 (2.10 to 2.90)".
 * @param {Interval} interval
 * @param {(value: number) => string} [format]
 */
export function withInterval({ mean, low, high }, format = figure) {
  return `${format(mean)} (${format(low)} to ${format(high)})`;
}

/** The main measures of a text in one line. @param {Measures} measures */
export function inWords({ words, distinct_1: distinct, looping, truncated, echo }) {
  const parts = [];
  if (typeof words === "number") parts.push(counted(words, "word"));
  if (typeof distinct === "number") parts.push(`${percent(distinct)} different`);
  if (looping) parts.push(`${percent(looping)} looping`);
  if (truncated) parts.push("truncated");
  if (echo) parts.push(`${percent(echo)} echo`);
  return parts.join(" · ");
}

/**
 * All measures of a text, for a `<dl>`; those that it is too short for are left out.
 * @param {Measures} measures
 */
export function measureList(measures) {
  return Object.entries(measures).flatMap(([name, value]) =>
    value === null ? [] : [element("dt", {}, labelOf(name)), element("dd", {}, formatMeasure(name, value))],
  );
}
