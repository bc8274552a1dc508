/** The page's side of the renderer's worker: one, started when a text first needs it. */

import { Asker } from "../workers.js";

/** @type {Asker<any, any>} */
const asker = new Asker("ui/render-worker.js");

/**
 * @param {{text: string, special: import("./formatting.js").Special}} question
 * @returns {Promise<import("./formatting.js").Formatted>}
 */
export function formatApart(question) {
  return asker.ask(question);
}

/**
 * @param {{code: string, grammar: string}} question
 * @returns {Promise<import("./code.js").Piece[]>} empty if the code is better left plain
 */
export function highlightApart(question) {
  return asker.ask(question);
}
