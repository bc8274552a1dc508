/**
 * What each word contributed to a token: the text with its words shaded, a chart of the strongest, and a
 * table of all. Whether a word helped or hindered is also in the form of its line, not only in its colour.
 */

import { percent, visible } from "../decoder/tokens.js";
import { csvOf } from "../ui/chart-tools.js";
import { element } from "../ui/dom.js";
import { scrollBox, table } from "../ui/table.js";
import { decimal, t } from "../ui/words.js";

/**
 * @typedef {{token: number, text: string, logprob: number}} Candidate
 * @typedef {{start: number, end: number, text: string, bits: number, logprob: number, instead: Candidate}}
 *   Word what goosequill.insight.attribution.Contribution has
 * @typedef {{token: number, text: string, position: number, logprob: number, likeliest: Candidate,
 *   words: Word[], before: number}} Attribution
 */

/** Bits, with either sign, at which the next shade starts. */
const SHADES = [0.1, 0.5, 1, 2, 4];
const CHARTED = 12;

/**
 * Bits with their sign: "+1.3", "−0.4", "0.0". One decimal, as the kernels differ in the second.
 * @param {number} bits
 */
export function signed(bits) {
  const size = decimal(Math.abs(bits), 1);
  if (Math.abs(bits) < 0.05) return size;
  return `${bits > 0 ? "+" : "−"}${size}`;
}

/** How strong a contribution is, from -5 to 5. @param {number} bits */
export function shadeOf(bits) {
  const level = SHADES.filter((edge) => Math.abs(bits) >= edge).length;
  return bits < 0 ? -level || 0 : level;
}

/** The strongest first. @param {Word[]} words */
export function byStrength(words) {
  return [...words].sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits));
}

/**
 * The words in their order, shaded, with the token at the end.
 * @param {Word[]} words
 * @param {string} token its text
 */
export function shadedText(words, token) {
  const spans = words.map(({ text, bits }) => {
    const shade = shadeOf(bits);
    const kind = shade === 0 ? null : shade > 0 ? `helped-${shade}` : `hindered-${-shade}`;
    return element("span", { class: kind, title: t("{bits} bits", { bits: signed(bits) }) }, text);
  });
  const text = element("p", {}, ...spans, element("mark", {}, token));
  return scrollBox(t("The words before the token"), text, "shaded-text");
}

/** What the shades mean, with a sample of each. */
export function shadeLegend() {
  const sample = (/** @type {string} */ kind, /** @type {string} */ words) =>
    element("li", {}, element("span", { class: `shaded-sample ${kind}`, "aria-hidden": true }), words);
  return element(
    "ul",
    { class: "shade-legend note" },
    sample("helped-3", t("made it more likely")),
    sample("hindered-3", t("made it less likely")),
  );
}

/** All words with their numbers, the strongest first. @param {Word[]} words */
export function wordTable(words) {
  const caption = t("Without each word: the token's probability, and the model's first choice");
  const rows = byStrength(words).map(({ text, bits, logprob, instead }) => [
    element("code", {}, visible(text)),
    signed(bits),
    percent(Math.exp(logprob)),
    element("span", {}, element("code", {}, visible(instead.text)), ` ${percent(Math.exp(instead.logprob))}`),
  ]);
  const columns = [t("Word"), t("Bits"), t("Token"), t("First choice")];
  return scrollBox(caption, table({ caption, className: "figures", columns, rows, rowHead: 0 }), "scroller");
}

/** The same as a file, in the order of the text. @param {Word[]} words */
export function wordsAsCsv(words) {
  const columns = ["word", "bits", "logprob without it", "first choice without it", "its logprob"];
  const row = (/** @type {number} */ index) => {
    const { text, bits, logprob, instead } = /** @type {Word} */ (words[index]);
    return [text, bits, logprob, instead.text, instead.logprob];
  };
  return csvOf({ columns, count: words.length, row });
}

/** A chart of the strongest words, in their order; see `chart`. @param {Attribution} found */
export function chartOf({ text, words }) {
  const strongest = new Set(byStrength(words).slice(0, CHARTED));
  const shown = words.filter((word) => strongest.has(word));
  // The same word may occur twice, but the names of a chart's rows may not.
  const nameOf = (/** @type {Word} */ word) => `${words.indexOf(word) + 1} ${visible(word.text)}`;
  const bars = (/** @type {string} */ name, /** @type {Word[]} */ some, /** @type {number} */ color) => ({
    name,
    kind: /** @type {const} */ ("bars"),
    color,
    x: some.map(({ bits }) => Number(bits.toFixed(1))),
    y: some.map(nameOf),
  });
  const kinds = [
    bars(
      t("made it more likely"),
      shown.filter(({ bits }) => bits >= 0),
      0,
    ),
    bars(
      t("made it less likely"),
      shown.filter(({ bits }) => bits < 0),
      1,
    ),
  ];
  return {
    title: t("What led to “{token}”", { token: visible(text) }),
    x: { label: t("contribution"), unit: t("bits") },
    y: { label: t("word"), scale: /** @type {const} */ ("band"), domain: shown.map(nameOf) },
    series: kinds.filter(({ x }) => x.length),
    legend: false, // that of the shades has the same colours
    rules: [{ x: 0, label: "" }],
  };
}
