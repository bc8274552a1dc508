/**
 * Characters that cannot be seen, or that turn around or hide what is beside them, made visible: control
 * characters, bidirectional overrides and isolates, zero-width characters where no script or emoji needs
 * them, tags, and lone surrogates. Line feeds and tabs stay, and so does every letter.
 *
 * `goosequill.support.printable` does the same where Python prints for a person.
 */

import { element } from "./dom.js";

/** Scripts whose letters are joined, or kept apart, by zero-width characters: codes of ISO 15924. */
const JOINING = "Arab Syrc Mong Nkoo Mand Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Tibt Khmr Mymr"
  .split(" ")
  .map((script) => `\\p{sc=${script}}`)
  .join("");

/**
 * What is shown by a sign. A joiner (U+200C, U+200D) stays after an emoji, a mark, or a letter of a joining
 * script; tags stay in the flags that they spell.
 */
const UNSEEN = new RegExp(
  [
    "\\r(?!\\n)|[\\0-\\x08\\v\\f\\x0e-\\x1f\\x7f-\\x9f]",
    "[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\u2060-\\u2064\\u180e\\ufeff\\ufff9-\\ufffb]",
    `(?<![\\p{ExtPict}\\p{EMod}\\p{M}${JOINING}])[\\u200c\\u200d]`,
    "(?<!\\u{1f3f4}[\\u{e0020}-\\u{e007e}]{0,8})[\\u{e0000}-\\u{e007f}]",
    "\\p{Cs}",
  ].join("|"),
  "gu",
);

/** The same, and what has no place in a single line. */
const NOT_IN_LINE = new RegExp(`[\\n\\r\\t\\u2028\\u2029\\u061c\\u200e\\u200f]|${UNSEEN.source}`, "gu");

/** Characters of a message, which may quote a file. */
export const LONGEST_LINE = 299;

/** Characters before a piece of text that decide whether its first one is shown by a sign. */
const CONTEXT = 20;

/** The sign of a character: its escape in JavaScript. @param {string} character */
function signOf(character) {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/**
 * A text that may quote a file, as one short line with signs for what cannot be seen.
 * @param {string} text
 * @param {number} [longest] characters
 */
export function inLine(text, longest = LONGEST_LINE) {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  const line = cut.replace(NOT_IN_LINE, signOf);
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** The text with signs for what cannot be seen. @param {string} text */
export function withSigns(text) {
  return text.replace(UNSEEN, signOf);
}

/**
 * Nodes that show a text with signs, but of which the original text is copied: a sign is the style's content
 * of an element around the character (goose.css).
 * @param {string} text
 * @param {string} [before] what is shown before it
 * @returns {(string | HTMLElement)[]}
 */
export function shownText(text, before = "") {
  const context = before.slice(-CONTEXT);
  const whole = context + text;
  /** @type {(string | HTMLElement)[]} */
  const nodes = [];
  let at = context.length;
  for (const { 0: character, index } of whole.matchAll(UNSEEN)) {
    if (index < context.length) continue;
    if (index > at) nodes.push(whole.slice(at, index));
    nodes.push(element("span", { class: "unseen", "data-sign": signOf(character) }, character));
    at = index + character.length;
  }
  if (at < whole.length) nodes.push(whole.slice(at));
  return nodes;
}

/** Adds to a text that is shown with signs. @param {Element} box @param {string} text */
export function growText(box, text) {
  box.append(...shownText(text, box.lastChild?.textContent ?? ""));
  box.normalize(); // thousands of text nodes are laid out slowly
}
