/**
 * How measures of texts are shown, in the comparer and beside decoders: their labels and the form of their
 * numbers. The measures themselves and their descriptions come from Python
 * (goosequill.evaluation.text_metrics).
 */

import { element } from "../ui/dom.js";
import { decimal, number, percent as shownPercent, t, tn, translated } from "../ui/words.js";

/** @typedef {Record<string, number | null>} Measures by name; null where the text is too short to have one */
/** @typedef {(value: number, options?: Like) => string} Format */
/** @typedef {"count" | "words" | "share" | "flag" | "bits" | "number"} Unit */

/** @type {Record<string, Unit>} */
const UNITS = {
  words: "count",
  distinct_1: "share",
  distinct_1_50: "share",
  distinct_2: "share",
  distinct_3: "share",
  longest_repeat: "words",
  looping: "share",
  compression: "share",
  compression_50: "share",
  truncated: "flag",
  echo: "share",
  likeness: "share",
  mean_surprise: "bits",
};

/** Those that a text alone gives. */
export const MEASURES = Object.keys(UNITS).filter((name) => name !== "mean_surprise");

/** @param {string} name */
export function labelOf(name) {
  /** @type {Record<string, string>} */
  const labels = {
    words: t("Words"),
    distinct_1: t("Distinct words"),
    distinct_1_50: t("Distinct words in the first 50"),
    distinct_2: t("Distinct two-word phrases"),
    distinct_3: t("Distinct three-word phrases"),
    longest_repeat: t("Longest repeated passage"),
    looping: t("Looping"),
    compression: t("Compressed size"),
    compression_50: t("Compressed size of the first 50 words"),
    truncated: t("Truncated"),
    echo: t("Echo of the prompt"),
    likeness: t("Similarity of samples"),
    mean_surprise: t("Mean surprise"),
  };
  return labels[name] ?? name;
}

/** @param {string} name @returns {Unit} */
function unitOf(name) {
  return UNITS[name] ?? "number";
}

/** The measure of one text: "12", "3 words", "35%", "yes". @param {string} name @param {number} value */
export function formatMeasure(name, value) {
  const unit = unitOf(name);
  if (unit === "count") return number(value);
  if (unit === "words") return tn(value, "{n} word", "{n} words");
  if (unit === "flag") return value ? t("yes") : t("no");
  if (unit === "bits") return t("{value} bits", { value: figure(value) });
  return formatMean(name, value);
}

/**
 * The mean of a measure over texts, or a difference of means.
 * @param {string} name
 * @param {number} value
 * @param {Like} [options]
 */
export function formatMean(name, value, options) {
  return isShare(name) ? percent(value, options) : figure(value, options);
}

/** Whether a measure is a share, shown in percent. @param {string} name */
export function isShare(name) {
  return ["share", "flag"].includes(unitOf(name));
}

/** @typedef {{like?: number}} Like a number that has the same decimals, by default the value itself */

/**
 * A share in percent: "35%", "2.5%".
 * @param {number} share
 * @param {Like} [options]
 */
export function percent(share, { like } = {}) {
  const digits = Math.abs(100 * (like ?? share)) < 10 ? 1 : 0;
  const rounded = unsigned(100 * share, digits);
  return shownPercent(rounded / 100, like === undefined && Number.isInteger(rounded) ? 0 : digits);
}

/**
 * A number with as many decimals as are of use.
 * @param {number} value
 * @param {Like} [options]
 */
export function figure(value, { like = value } = {}) {
  const digits = Math.abs(like) >= 100 ? 0 : Math.abs(like) >= 10 ? 1 : 2;
  return decimal(unsigned(value, digits), digits);
}

/** A rounded number that is not -0. @param {number} value @param {number} digits */
function unsigned(value, digits) {
  return Number(value.toFixed(digits)) + 0;
}

/** What Python says of a test, in the page's language. @param {string[]} sentences */
export function said(sentences) {
  return sentences.map(translated).join(" ");
}

/**
 * @typedef {{mean: number, low?: number | null, high?: number | null}} Interval without ends where Python has
 *   none, as there are too few values; its None arrives as undefined
 */

/**
 * The ends of an interval; of one without, its mean.
 * @param {Interval} interval
 * @returns {[number, number]}
 */
export function endsOf({ mean, low, high }) {
  return [low ?? mean, high ?? mean];
}

/**
 * A mean and the ends of its interval, all with the decimals of the largest: "2.50", "2.10", "2.90".
 * Without an interval the ends are "".
 * @param {Interval} interval
 * @param {Format} [format]
 */
export function partsOf(interval, format = figure) {
  const ends = endsOf(interval);
  const like = Math.max(...[interval.mean, ...ends].map(Math.abs));
  const known = typeof interval.low === "number" && typeof interval.high === "number";
  const [low, high] = ends.map((end) => (known ? format(end, { like }) : ""));
  return { mean: format(interval.mean, { like }), low: low ?? "", high: high ?? "" };
}

/**
 * A mean with its interval: "2.50 (2.10 to 2.90)".
 * @param {Interval} interval
 * @param {Format} [format]
 */
export function withInterval(interval, format) {
  const { mean, low, high } = partsOf(interval, format);
  if (low === "") return t("{mean} (too few values for an interval)", { mean });
  return t("{mean} ({low} to {high})", { mean, low, high });
}

/** The main measures of a text in one line. @param {Measures} measures */
export function inWords({ words, distinct_1: distinct, looping, truncated, echo }) {
  const parts = [];
  if (typeof words === "number") parts.push(tn(words, "{n} word", "{n} words"));
  if (typeof distinct === "number") parts.push(t("{share} different", { share: percent(distinct) }));
  if (looping) parts.push(t("{share} looping", { share: percent(looping) }));
  if (truncated) parts.push(t("truncated"));
  if (echo) parts.push(t("{share} echo", { share: percent(echo) }));
  return parts.join(" · ");
}

/**
 * All measures of a text, for a `<dl>`; those that it is too short for are left out.
 * @param {Measures} measures
 */
export function measureList(measures) {
  return Object.entries(measures).flatMap(([name, value]) =>
    typeof value !== "number"
      ? []
      : [element("dt", {}, labelOf(name)), element("dd", {}, formatMeasure(name, value))],
  );
}
