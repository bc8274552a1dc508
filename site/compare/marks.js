/**
 * Highlights what the search found with the CSS Custom Highlight API, without adding elements. Browsers
 * without it show no highlights.
 */

import { Asker, Queue } from "../ui/workers.js";
import { matchRanges } from "./filter.js";

const NAME = "found";
const MOST = 1000; // in one output
const PATIENCE = 3000; // milliseconds, as for the search itself
/** @type {any} */
const Highlight = /** @type {any} */ (globalThis).Highlight;
const registry = /** @type {any} */ (globalThis.CSS)?.highlights;

/** Which search the marks belong to. */
let turn = 0;
/** Marks what expressions find: one that finds a text at once can look for ever for the rest in it. */
const queue = new Queue(new Asker("compare/search-worker.js"));
let tooSlow = "";

export function clearMarks() {
  turn++;
  tooSlow = "";
  registry?.delete(NAME);
}

/** @param {HTMLElement} bubble @param {{q: string, re: boolean}} view */
export async function markFound(bubble, { q, re }) {
  if (!registry || q.trim() === "" || (re && q === tooSlow)) return;
  const own = turn;
  const nodes = textNodes(bubble);
  const texts = nodes.map(({ data }) => data);
  const found = re
    ? await rangesApart(texts, q)
    : texts.map((text) => matchRanges(text, q, { expression: false }));
  if (own !== turn) return;
  if (!registry.has(NAME)) registry.set(NAME, new Highlight());
  const highlight = registry.get(NAME);
  let left = MOST;
  for (const [index, ranges] of found.entries()) {
    const node = /** @type {Text} */ (nodes[index]);
    for (const [startOffset, endOffset] of node.isConnected ? ranges : []) {
      if (left-- <= 0) return;
      highlight.add(new StaticRange({ startContainer: node, startOffset, endContainer: node, endOffset }));
    }
  }
}

/** @param {HTMLElement} bubble */
function textNodes(bubble) {
  const walker = document.createTreeWalker(bubble, NodeFilter.SHOW_TEXT);
  const nodes = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) nodes.push(/** @type {Text} */ (node));
  return nodes;
}

/**
 * @param {string[]} texts
 * @param {string} q
 * @returns {Promise<[number, number][][]>} none if the expression takes too long
 */
async function rangesApart(texts, q) {
  try {
    return await queue.ask({ mark: { texts, query: q } }, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    tooSlow = q;
    return [];
  }
}
