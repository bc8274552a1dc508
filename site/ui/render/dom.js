/**
 * Turns a tree (tree.js) into DOM with createElement and text nodes only: no string is parsed as HTML, so
 * there is nothing to sanitise. Mathematics and code appear as their source, and are rendered when their
 * library has loaded.
 */

import { copyButton } from "../clipboard.js";
import { highlightInto, languageLabel } from "./code.js";
import { typesetInto } from "./typeset.js";

/** @typedef {import("./types.js").Tree} Tree */

/**
 * @param {readonly Tree[]} trees
 * @param {Document} [doc]
 * @returns {DocumentFragment}
 */
export function treeToDom(trees, doc = document) {
  const fragment = doc.createDocumentFragment();
  for (const tree of trees) fragment.append(toNode(tree, doc));
  return fragment;
}

/** @param {Tree} tree @param {Document} doc @returns {Node} */
function toNode(tree, doc) {
  if (typeof tree === "string") return doc.createTextNode(tree);
  if ("math" in tree) return mathNode(tree.math, doc);
  if ("code" in tree) return codeNode(tree.code, doc);
  const element = doc.createElement(tree.tag);
  for (const name of Object.keys(tree.attributes)) element.setAttribute(name, tree.attributes[name] ?? "");
  for (const child of tree.children) element.append(toNode(child, doc));
  return element;
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

/** @param {import("./types.js").Code} code @param {Document} doc */
function codeNode({ code, language }, doc) {
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
  inner.textContent = code;
  pre.append(inner);
  frame.append(bar, pre);
  if (language) highlightInto(inner, { code, language });
  return frame;
}
