/**
 * Removes the special tokens that models leave in their text (`<|endoftext|>`, `</s>`, `<pad>` ...), and
 * reports which. `<s>...</s>` in the middle of a text stays: there it is HTML's strikethrough.
 */

import { unixLines } from "../line-ends.js";
import { withSigns } from "../unseen.js";

const PIPED = /<[|｜][^\s<>|｜]{1,40}[|｜]>/gu;
const NAMED = /<(?:pad|unk|eos|bos|mask|sep|cls|(?:start|end)_of_turn)>|\[(?:PAD|UNK|EOS|BOS)\]/gu;
const SENTENCE = /<\/?s>/gu;

/**
 * @typedef {Object} Stripped
 * @property {string} text the text without special tokens
 * @property {[token: string, count: number][]} removed in order of first appearance
 */

/**
 * @param {string} text
 * @returns {Stripped}
 */
export function stripSpecialTokens(text) {
  if (!text.includes("<") && !text.includes("[")) return { text, removed: [] };
  /** @type {Map<string, number>} */
  const counts = new Map();
  const take = (/** @type {string} */ token) => {
    counts.set(token, (counts.get(token) ?? 0) + 1);
    return "";
  };
  let rest = text.replace(PIPED, take).replace(NAMED, take);
  if (!rest.split("\n").some(hasStrike)) rest = rest.replace(SENTENCE, take);
  return { text: rest, removed: [...counts] };
}

/** Whether there is a `<s>` that does not begin the line, and a `</s>` after it. @param {string} line */
function hasStrike(line) {
  const open = line.indexOf("<s>", line.search(/\S/) + 1);
  return open >= 0 && line.indexOf("</s>", open + 3) >= 0;
}

/**
 * Shows what cannot be seen by signs; carriage returns become line feeds.
 * @param {string} text
 */
export function showControls(text) {
  return withSigns(unixLines(text));
}
