/**
 * Turns a tree (tree.js) into DOM with createElement and text nodes only: no string is parsed as HTML, so
 * there is nothing to sanitise. Mathematics and code appear as their source, and are rendered when their
 * library has loaded.
 *
 * A large tree is drawn in parts, because thousands of nodes at once would block the page: the generators
 * append to the document as they go and yield what each step costs it.
 */

import { copyButton } from "../clipboard.js";
import { t } from "../words.js";
import { highlightInto, languageLabel } from "./code.js";
import { typesetInto } from "./typeset.js";

/** @import { Tree } from "./types.js" */
/** @typedef {Generator<number, void>} Steps */

/** What one part may cost: about as many nodes, lines, or hundreds of characters. */
const PART = 1500;
const PIECE = 5000; // characters of a text node, roughly

/**
 * Draws the first part, and a button for the next while there is one.
 * @param {HTMLElement} box
 * @param {Steps} steps append to the box
 * @param {() => void} [onDraw] called after each part but the first
 */
export function drawInParts(box, steps, onDraw = () => {}) {
  if (!drawPart(steps)) return;
  const button = box.ownerDocument.createElement("button");
  button.type = "button";
  button.className = "more-text";
  button.textContent = t("Show more of this output");
  button.addEventListener("click", () => {
    button.remove();
    drawInParts(box, steps, onDraw);
    const next = box.querySelector(":scope > .more-text");
    if (next instanceof HTMLElement) next.focus({ preventScroll: true });
    onDraw();
  });
  box.append(button);
}

/** @param {Steps} steps @returns {boolean} whether there is more */
function drawPart(steps) {
  for (let left = PART; left > 0; ) {
    const { done, value } = steps.next();
    if (done) return false;
    left -= value;
  }
  return true;
}

/**
 * @param {Node} parent
 * @param {readonly Tree[]} trees
 * @returns {Steps}
 */
export function* treeSteps(parent, trees) {
  for (const tree of trees) {
    if (typeof tree === "string") yield* textSteps(parent, tree);
    else if ("math" in tree) {
      parent.appendChild(mathNode(tree.math, documentOf(parent)));
      yield 5;
    } else if ("code" in tree) yield* codeSteps(parent, tree.code);
    else {
      const element = documentOf(parent).createElement(tree.tag);
      for (const name of Object.keys(tree.attributes))
        element.setAttribute(name, tree.attributes[name] ?? "");
      parent.appendChild(element);
      yield 1;
      yield* treeSteps(element, tree.children);
    }
  }
}

/**
 * A text as nodes of a few thousand characters, which end at white space where there is some.
 * @param {Node} parent
 * @param {string} text
 * @param {(piece: string) => string} [clean]
 * @returns {Steps}
 */
export function* textSteps(parent, text, clean = (piece) => piece) {
  for (let at = 0; at < text.length; ) {
    let end = at + PIECE;
    if (end < text.length) {
      const space = text.slice(end - 200, end).search(/\s\S*$/);
      if (space >= 0) end += space - 199;
      else if (text.charCodeAt(end) >> 10 === 0x37) end++; // the second half of a pair
    }
    const piece = clean(text.slice(at, end));
    parent.appendChild(documentOf(parent).createTextNode(piece));
    yield 1 + piece.length / 100 + piece.split("\n").length - 1;
    at = end;
  }
}

/** @param {Node} node */
function documentOf(node) {
  return /** @type {Document} */ (node.ownerDocument);
}

/** @param {import("./types.js").Math} math @param {Document} doc */
function mathNode(math, doc) {
  const element = doc.createElement(math.display ? "div" : "span");
  element.className = math.display ? "math display" : "math";
  element.textContent = math.tex;
  if (math.display) element.tabIndex = 0;
  typesetInto(element, math);
  return element;
}

/** @param {Node} parent @param {import("./types.js").Code} code @returns {Steps} */
function* codeSteps(parent, { code, language }) {
  const doc = documentOf(parent);
  const frame = doc.createElement("div");
  frame.className = "code";
  const bar = doc.createElement("div");
  bar.className = "code-bar";
  const name = doc.createElement("span");
  name.textContent = languageLabel(language);
  const label = `Copy this code${language ? ` (${language})` : ""}`;
  bar.append(
    name,
    copyButton(() => code, { name: label }),
  );
  const pre = doc.createElement("pre");
  pre.tabIndex = 0;
  const inner = doc.createElement("code");
  inner.dir = "ltr";
  pre.append(inner);
  frame.append(bar, pre);
  parent.appendChild(frame);
  yield 6;
  yield* textSteps(inner, code);
  if (language) highlightInto(inner, { code, language });
}
