/** Parts the letters of a page into words anew, as py/goosequill/lab/page_cells.py does. */

import { edits } from "../engine/nearest.js";

/** @import { Asked, Instant } from "./frame.js" */
/** @import { Letter } from "./reading.js" */

/**
 * The last result with another gap between words: their best letters. How they are corrected is left to
 * Python, and so is a picture of the visitor's own.
 * @param {Asked} asked
 * @returns {Instant | null}
 */
export function instant({ settings, own, data }) {
  const changed = Object.keys(settings).filter((name) => settings[name] !== data.settings?.[name]);
  if (own !== null || !data.wanted || changed.join() !== "gap") return null;
  const letters = inWords(data.letters, settings.gap);
  /** @type {string[]} */
  const words = [];
  for (const { word, choices } of letters) words[word] = (words[word] ?? "") + choices[0][0];
  const text = words.join(" ");
  const rates = { none: errorRates(data.wanted, text) };
  return { data: { ...data, letters, readings: { none: text }, rates }, isWhole: false };
}

/**
 * A letter begins a word if the gap before it is wide enough, or a line begins with it.
 * @param {Letter[]} letters
 * @param {number} least
 */
function inWords(letters, least) {
  let word = 0;
  return letters.map((letter, index) => {
    const before = letters[index - 1];
    const { line, gap = Number.NEGATIVE_INFINITY } = letter;
    if (before && (line !== before.line || gap > least)) word++;
    return { ...letter, word };
  });
}

/** The share of wrong characters, and of wrong words. @param {string} wanted @param {string} text */
function errorRates(wanted, text) {
  return [Array.from, (/** @type {string} */ each) => each.split(" ")].map((parts) => {
    const [right, found] = [parts(wanted), parts(text)];
    return edits(right, found) / right.length;
  });
}
