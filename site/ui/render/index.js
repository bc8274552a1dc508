/**
 * The only place where model text becomes DOM. The text is not trusted: nothing in it is parsed as HTML, no
 * image is fetched, and links are http, https or mailto and show where they lead. No text blocks the page:
 * longer ones are formatted in a worker, within a budget of work, and large ones are drawn in parts.
 *
 *     await prepare();                               // once: loads the Markdown parser
 *     const { removed } = await renderInto(bubble, text, { markdown: true, special: "strip" });
 *
 * The box's content is replaced at once, or, if the text is longer, when it has been formatted; formulas and
 * highlighting follow by themselves. The styles are in render.css (class "model-text" on the box).
 */

import { number } from "../words.js";
import { drawInParts, textSteps, treeSteps } from "./dom.js";
import { format } from "./formatting.js";
import { showControls } from "./special.js";
import { prepareMarkdown } from "./tree.js";
import { formatApart } from "./workshop.js";

export { drawInParts, textSteps } from "./dom.js";
export { stripSpecialTokens } from "./special.js";

/** @import { Formatted } from "./formatting.js" */

/** Characters up to which a text is formatted in the page: even the worst takes a few milliseconds. */
const SHORT = 2000;
/** Characters up to which a text is formatted at all. */
export const LONGEST = 200_000;

/** Loads the Markdown parser. Until this has resolved, text is shown as it is. */
export async function prepare() {
  await prepareMarkdown();
  ready = true;
}

let ready = false;
/** Which rendering of a box is the last. @type {WeakMap<HTMLElement, object>} */
const turns = new WeakMap();

/**
 * @param {HTMLElement} box
 * @param {string} text
 * @param {{markdown?: boolean, special?: "strip" | "show", onDraw?: () => void}} [options] onDraw: called
 *   after something was drawn, also later, when the visitor asks for more of a large text
 * @returns {Promise<{removed: [token: string, count: number][]}>}
 */
export async function renderInto(box, text, { markdown = true, special = "strip", onDraw } = {}) {
  const turn = {};
  turns.set(box, turn);
  const formatted = formattedOf(text, { markdown: markdown && ready, special });
  const { trees, text: plain, removed, note } = formatted instanceof Promise ? await formatted : formatted;
  if (turns.get(box) !== turn) return { removed };
  box.replaceChildren();
  if (note) box.append(noteElement(note, box.ownerDocument));
  drawInParts(box, trees ? treeSteps(box, trees) : rawSteps(box, plain), onDraw);
  onDraw?.();
  return { removed };
}

/**
 * @param {string} text
 * @param {{markdown: boolean, special: "strip" | "show"}} options
 * @returns {Formatted | Promise<Formatted>}
 */
function formattedOf(text, options) {
  if (text.length > LONGEST) {
    const note = `Shown as it is: this text has ${number(text.length)} characters; up to ${number(LONGEST)} are formatted.`;
    return { trees: null, text, removed: [], note: options.markdown ? note : "" };
  }
  if (text.length <= SHORT || !options.markdown) return format(text, options);
  return formatApart({ text, special: options.special }).catch((error) => ({
    ...format(text, { ...options, markdown: false }),
    note: `Shown as it is: it could not be formatted (${error instanceof Error ? error.message : error}).`,
  }));
}

/** @param {HTMLElement} box @param {string} text @returns {import("./dom.js").Steps} */
function* rawSteps(box, text) {
  const pre = box.ownerDocument.createElement("pre");
  pre.className = "raw";
  pre.dir = "auto";
  box.append(pre);
  yield* textSteps(pre, text, showControls);
}

/** @param {string} words @param {Document} doc */
function noteElement(words, doc) {
  const note = doc.createElement("p");
  note.className = "render-note";
  note.textContent = words;
  return note;
}
