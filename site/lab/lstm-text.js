/**
 * Draws the experiment "lstm-text": what the small LSTM wrote, how much each character surprised it, and what
 * its units remember. A text of a model is only ever text.
 */

import { chart, heatMap, loadPlot } from "../ui/chart.js";
import { element } from "../ui/dom.js";
import { number } from "../ui/words.js";
import { conclusion } from "./findings.js";

/** @import { Drawing } from "./frame.js" */

export const prepare = loadPlot;
export const folded = ["length", "top_k", "min_p", "repetition_penalty", "frequency_penalty", "seed"];

/** Characters of which the map shows the memory: more would be too narrow to see. */
const SHOWN = 48;
/** Bits from which on a character counts as a surprise, and as a great one. */
const LEVELS = [2, 5];

/** @param {Drawing} drawing */
export function render({ data, element: place, partial }) {
  const written = data.surprise ? marked(data.text, data.surprise) : [data.text];
  place.replaceChildren(
    element(
      "p",
      { class: "lstm-text", "data-testid": "text", "aria-busy": partial },
      element("strong", {}, data.prompt),
      ...written,
    ),
    data.surprise
      ? element("p", { class: "note" }, sentence(data))
      : element("p", { class: "note" }, "It is writing …"),
    data.memory && !partial ? memory(data) : "",
  );
}

/**
 * The text in runs of equal surprise.
 * @param {string} text
 * @param {number[]} surprise
 */
export function marked(text, surprise) {
  const levelOf = (/** @type {number} */ index) => LEVELS.filter((level) => surprise[index] >= level).length;
  const runs = [];
  for (let start = 0; start < text.length; ) {
    let end = start + 1;
    while (end < text.length && levelOf(end) === levelOf(start)) end++;
    const level = levelOf(start);
    const part = text.slice(start, end);
    runs.push(level ? element("span", { class: `lstm-surprise-${level}` }, part) : part);
    start = end;
  }
  return runs;
}

/** @param {any} data */
export function sentence({ surprise, characters, hidden, weights }) {
  const mean = surprise.reduce((/** @type {number} */ sum, /** @type {number} */ bits) => sum + bits, 0);
  return (
    `${hidden} units, ${weights.toLocaleString("en")} weights of 8 bits, ${characters} characters. What it ` +
    `wrote cost ${(mean / surprise.length).toFixed(2)} bits a character under its own probabilities. ` +
    `Underlined: ${LEVELS[0]} bits or more; doubly: ${LEVELS[1]} or more.`
  );
}

/** @param {any} data */
function memory(data) {
  const rows = /** @type {number[][]} */ (data.memory).map((row) => row.slice(0, SHOWN));
  const letters = [...data.text.slice(0, SHOWN)].map((letter) => letter.replace("\n", "↵").replace(" ", "␣"));
  return heatMap({
    title: "Memory tanh(c) of 16 units, from slow to fast, before each character was written",
    x: { label: "character", values: letters, format: String },
    y: { label: "unit", values: data.units },
    values: rows,
    colors: "diverging",
    height: 340,
  });
}

/**
 * @typedef {{seen: number, bits: number, half_width: number, numbers: number}} Chain
 * @typedef {{
 *   command: string, windows: number, characters: number, lstm: number, chains: Chain[], weights: number
 * }} Comparison
 */

/** Chapters that were held out, by the network and by Markov chains. @param {Drawing} drawing */
function chains({ data, element: place }) {
  const found = /** @type {Comparison} */ (data.chains);
  const seen = found.chains.map((chain) => chain.seen);
  place.replaceChildren(
    chart({
      title: "Bits that a character of held-out chapters costs, with 95% intervals",
      x: { label: "characters that a chain sees" },
      y: { label: "bits a character" },
      height: 300,
      series: [
        {
          name: "Markov chain",
          x: seen,
          y: found.chains.map(({ bits }) => bits),
          low: found.chains.map(({ bits, half_width: half }) => bits - half),
          high: found.chains.map(({ bits, half_width: half }) => bits + half),
        },
        { name: "LSTM", x: seen, y: seen.map(() => found.lstm), muted: true },
      ],
    }),
    conclusion(chainVerdict(found)),
    element(
      "p",
      { class: "note" },
      `Computed by ${found.command}: ${found.windows} pieces of ${found.characters} characters.`,
    ),
  );
}

/** Which of them needs fewer bits, in one sentence. @param {Comparison} found */
export function chainVerdict({ chains: all, lstm, weights }) {
  const best = all.reduce((one, other) => (other.bits < one.bits ? other : one));
  const gap = best.bits - lstm;
  const word =
    Math.abs(gap) <= best.half_width ? "as many bits as" : gap < 0 ? "fewer bits than" : "more bits than";
  return (
    `A chain that sees ${best.seen} characters needs ${word} the network: ${best.bits.toFixed(2)} ± ` +
    `${best.half_width.toFixed(2)} against ${lstm.toFixed(2)}. It counts ${number(best.numbers)} pieces of text, ` +
    `and the network has ${number(weights)} weights.`
  );
}

export const figures = { chains };
