/**
 * From a model's text to what is drawn of it: special tokens removed, control characters visible, Markdown as
 * a tree. Pure; the page uses it for short texts, and a worker for the others.
 */

import { TooMuchWork } from "./budget.js";
import { showControls, stripSpecialTokens } from "./special.js";
import { markdownTree } from "./tree.js";

/** @import { Tree } from "./types.js" */
/** @typedef {"strip" | "show"} Special */

/**
 * @typedef {Object} Formatted
 * @property {Tree[] | null} trees null if the text is to be shown as it is
 * @property {string} text for that case
 * @property {[token: string, count: number][]} removed
 * @property {string} note what the visitor is told about it, or ""
 */

const TOO_MUCH = "Shown as it is: formatting this text would take too much work.";

/**
 * @param {string} text
 * @param {{markdown: boolean, special: Special}} options
 * @returns {Formatted}
 */
export function format(text, { markdown, special }) {
  const { text: bare, removed } = special === "strip" ? stripSpecialTokens(text) : { text, removed: [] };
  const seen = showControls(bare).trim();
  if (!markdown) return { trees: null, text: seen, removed, note: "" };
  try {
    return { trees: markdownTree(seen), text: "", removed, note: "" };
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    return { trees: null, text: seen, removed, note: TOO_MUCH };
  }
}
