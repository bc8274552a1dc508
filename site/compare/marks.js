/**
 * Highlights what the search found with the CSS Custom Highlight API, without adding elements. Browsers
 * without it show no highlights.
 */

import { matchRanges } from "./filter.js";

const NAME = "found";
const MOST = 1000; // in one output
/** @type {any} */
const Highlight = /** @type {any} */ (globalThis).Highlight;
const registry = /** @type {any} */ (globalThis.CSS)?.highlights;

export function clearMarks() {
  registry?.delete(NAME);
}

/** @param {HTMLElement} bubble @param {{q: string, re: boolean}} view */
export function markFound(bubble, { q, re }) {
  if (!registry || q.trim() === "") return;
  if (!registry.has(NAME)) registry.set(NAME, new Highlight());
  const highlight = registry.get(NAME);
  const walker = document.createTreeWalker(bubble, NodeFilter.SHOW_TEXT);
  let left = MOST;
  for (let node = walker.nextNode(); node && left > 0; node = walker.nextNode()) {
    for (const [start, end] of matchRanges(node.nodeValue ?? "", q, { expression: re })) {
      const range = new StaticRange({
        startContainer: node,
        startOffset: start,
        endContainer: node,
        endOffset: end,
      });
      highlight.add(range);
      left--;
    }
  }
}
