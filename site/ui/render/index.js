/**
 * The only place where model text becomes DOM. The text is not trusted: nothing in it is parsed as HTML, no
 * image is fetched, and links are http, https or mailto and show where they lead.
 *
 *     await prepare();                                   // once: loads the Markdown parser
 *     const { fragment, removed } = renderText(text, { markdown: true, special: "strip" });
 *     bubble.replaceChildren(fragment);                  // formulas and highlighting follow by themselves
 *
 * The styles are in render.css (class "model-text" on the element that contains the fragment).
 */

import { treeToDom } from "./dom.js";
import { showControls, stripSpecialTokens } from "./special.js";
import { markdownTree, prepareMarkdown, rawTree } from "./tree.js";

export { stripSpecialTokens } from "./special.js";

/** Loads the Markdown parser. Until this has resolved, text is shown as it is. */
export async function prepare() {
  await prepareMarkdown();
  ready = true;
}

let ready = false;

/**
 * @param {string} text
 * @param {{markdown?: boolean, special?: "strip" | "show"}} [options]
 * @returns {{fragment: DocumentFragment, removed: [token: string, count: number][]}}
 */
export function renderText(text, { markdown = true, special = "strip" } = {}) {
  const { text: bare, removed } = special === "strip" ? stripSpecialTokens(text) : { text, removed: [] };
  const seen = showControls(bare).trim();
  const trees = markdown && ready ? markdownTree(seen) : rawTree(seen);
  return { fragment: treeToDom(trees), removed: /** @type {[string, number][]} */ (removed) };
}
