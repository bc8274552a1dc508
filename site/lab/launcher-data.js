/** Letters and names of the page "Scribble to launch", as goosequill.lab.launcher has them, and typing. */

import { problem } from "../ui/status.js";
import { spelled } from "./launcher-search.js";

/** @import { Letter } from "./launcher-search.js" */
/** @import { Place, Stroke } from "./launcher-strokes.js" */
/**
 * @typedef {number[][]} Flat strokes of a letter: x and y of each point in turn
 * @typedef {{fonts: Record<string, Record<string, Flat>>, writers: Flat[][]}} Files
 */

const A = "a".charCodeAt(0);
const GAP = 0.3;
const MOST_LETTERS = 8;
const MOST_NAMES = 2000;
const LONGEST = 80;

/** @param {Flat} flat @returns {Stroke[]} */
function strokesOf(flat) {
  return flat
    .map((stroke) =>
      Array.from(
        { length: stroke.length / 2 },
        (_, at) => /** @type {Place} */ ([stroke[2 * at], stroke[2 * at + 1]]),
      ),
    )
    .map((stroke) => (stroke.length > 1 ? stroke : [stroke[0], stroke[0]]));
}

/**
 * What a scribble is compared with: what people have written, and capitals and digits of the fonts.
 * @param {Files} files @param {number} left the index of a writer who is left out
 * @returns {Letter[]}
 */
export function letterBank({ fonts, writers }, left) {
  const people = writers
    .filter((_, index) => index !== left)
    .flatMap((letters) =>
      letters.map((flat, at) => ({ label: String.fromCharCode(A + at), strokes: strokesOf(flat) })),
    );
  const others = Object.values(fonts).flatMap((face) =>
    Object.entries(face)
      .filter(([label]) => !/[a-z]/.test(label))
      .map(([label, flat]) => ({ label: label.toLowerCase(), strokes: strokesOf(flat) })),
  );
  return [...people, ...others];
}

/**
 * A text by a writer, her letters side by side; null if it cannot be written.
 * @param {Flat[]} letters
 * @param {string} text
 */
export function written(letters, text) {
  const wanted = text.trim().toLowerCase();
  if (!/^[a-z]+$/.test(wanted) || wanted.length > MOST_LETTERS) return null;
  const all = letters.map(strokesOf);
  const range = (/** @type {Stroke[]} */ strokes, /** @type {0 | 1} */ axis) => {
    const values = strokes.flat().map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const heights = all.map((strokes) => range(strokes, 1)).map(([low, high]) => high - low);
  const gap = (GAP * heights.reduce((sum, height) => sum + height, 0)) / heights.length;
  let right = 0;
  return [...wanted].flatMap((letter) => {
    const strokes = all[letter.charCodeAt(0) - A];
    const [low, high] = range(strokes, 0);
    const shift = right - low;
    right += high - low + gap;
    return strokes.map((stroke) => stroke.map(([x, y]) => /** @type {Place} */ ([x + shift, y])));
  });
}

/** The visitor's own names, one on each line. @param {string} text */
export function namesOf(text) {
  const names = text
    .slice(0, 1_000_000)
    .split("\n")
    .map((name) => name.trim())
    .filter(Boolean);
  const longest = Math.max(0, ...names.map(({ length }) => length));
  if (!names.length || names.length > MOST_NAMES || longest > LONGEST)
    throw problem(
      "These names cannot be searched.",
      `Paste 1 to ${MOST_NAMES.toLocaleString("en")} lines with at most ${LONGEST} characters.`,
    );
  return names;
}

/**
 * The names that have the letters typed, in the order in which they fit: at the beginning, at the beginning
 * of a word, anywhere.
 * @param {readonly string[]} names @param {string} text
 */
export function typed(names, text) {
  const plain = (/** @type {string} */ value) =>
    spelled(value)
      .map(({ letter }) => letter)
      .join("") || value.toLowerCase();
  const wanted = plain(text);
  const rank = (/** @type {string} */ name) => {
    if (plain(name).startsWith(wanted)) return 0;
    if (name.split(/\s+/).some((word) => plain(word).startsWith(wanted))) return 1;
    return plain(name).includes(wanted) ? 2 : 3;
  };
  return [0, 1, 2].flatMap((wantedRank) => names.filter((name) => rank(name) === wantedRank));
}
