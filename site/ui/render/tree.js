/**
 * Turns model text into a tree of plain objects, from which dom.js creates DOM. Pure: it needs no document.
 * Raw HTML in the text stays text. Only the elements and attributes that are named here can appear.
 */

import { budgetPlugin, spendToken, withBudget } from "./budget.js";
import { safeUrl, shownTarget } from "./links.js";
import { mathPlugin } from "./math.js";
import { markQuantity, RECIPE_HEADING, tidyRecipe } from "./recipes.js";
import { loadMarkdownIt } from "./vendored.js";

/** @import { Attributes, Element, Token, Tree } from "./types.js" */

const WWW = /[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]*_])?\/?/iy;
const BLOCKS = new Set("p h1 h2 h3 h4 h5 h6 li td th blockquote".split(" "));
const TAGS = new Set([...BLOCKS, ..."ul ol table thead tbody tr em strong s hr br code".split(" ")]);

/** @type {import("./types.js").MarkdownIt | undefined} */
let parser;

/** Loads the Markdown parser; `markdownTree` may be called once this has resolved. */
export async function prepareMarkdown() {
  const MarkdownIt = await loadMarkdownIt();
  parser ??= makeParser(MarkdownIt);
}

/** @param {import("./types.js").MarkdownItConstructor} MarkdownIt */
function makeParser(MarkdownIt) {
  const md = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
  md.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  md.linkify.add("www.", {
    validate: (source, position) => {
      WWW.lastIndex = position;
      return WWW.exec(source)?.[0].length ?? 0;
    },
    normalize: (match) => {
      match.url = `https://${match.url}`;
    },
  });
  const validate = md.validateLink;
  md.validateLink = (url) => validate(url) && (safeUrl(url) !== null || isRelative(url));
  mathPlugin(md);
  budgetPlugin(md);
  return md;
}

/** @param {string} url */
function isRelative(url) {
  return !/^[a-z][a-z0-9+.-]*:/i.test(url);
}

/**
 * @param {string} text
 * @returns {Tree[]}
 * @throws {import("./budget.js").TooMuchWork}
 */
export function markdownTree(text) {
  const md = parser;
  if (!md) throw new Error("prepareMarkdown() has not resolved yet");
  return withBudget(text, () => build(md.parse(tidyRecipe(text), Object.create(null))));
}

/**
 * @param {Token[]} tokens
 * @returns {Tree[]}
 */
function build(tokens) {
  /** @type {Element} */
  const root = { tag: "root", attributes: {}, children: [] };
  const stack = [root];
  for (const token of tokens) {
    spendToken();
    const parent = /** @type {Element} */ (stack.at(-1));
    if (token.hidden) continue;
    if (token.nesting === 1) {
      const element = open(token);
      parent.children.push(element);
      stack.push(element);
    } else if (token.nesting === -1) {
      const closed = /** @type {Element} */ (stack.pop());
      finish(closed, /** @type {Element} */ (stack.at(-1)));
    } else if (token.type === "inline") {
      addAll(parent, build(token.children ?? []));
    } else {
      addAll(parent, leaf(token));
    }
  }
  return root.children;
}

/**
 * One by one: as arguments of one call, 70,000 lines would exhaust the stack.
 * @param {Element} parent
 * @param {Tree[]} trees
 */
function addAll(parent, trees) {
  for (const tree of trees) parent.children.push(tree);
}

/** @param {Token} token @returns {Element} */
function open(token) {
  if (token.type === "link_open") return linkElement(token.attrGet("href") ?? "", token.attrGet("title"));
  const tag = TAGS.has(token.tag) ? token.tag : "span";
  /** @type {Attributes} */
  const attributes = {};
  if (BLOCKS.has(tag)) attributes.dir = "auto";
  const start = token.attrGet("start");
  if (tag === "ol" && start !== null && /^\d+$/.test(start)) attributes.start = start;
  const align = /text-align:(left|center|right)/.exec(token.attrGet("style") ?? "")?.[1];
  if (align) attributes.class = `align-${align}`;
  return { tag, attributes, children: [] };
}

/** @param {string} href @param {string | null} title @returns {Element} */
function linkElement(href, title) {
  const url = safeUrl(href);
  if (!url) return { tag: "span", attributes: { class: "dead-link", title: href }, children: [] };
  return {
    tag: "a",
    attributes: {
      href: url.href,
      title: title ? `${title} (${url.href})` : url.href,
      rel: "noopener noreferrer nofollow ugc",
      target: "_blank",
      referrerpolicy: "no-referrer",
    },
    children: [],
  };
}

/** Completes an element once its children are known. @param {Element} element @param {Element} parent */
function finish(element, parent) {
  if (element.tag === "a") {
    const target = shownTarget(new URL(element.attributes.href ?? ""), textOf(element));
    if (target)
      parent.children.push({ tag: "span", attributes: { class: "link-target" }, children: [` (${target})`] });
  } else if (element.attributes.class === "dead-link") {
    element.children.push(` (${element.attributes.title})`);
  } else if (element.tag === "li") {
    finishItem(element, parent);
  } else if (element.tag === "table") {
    wrap(element, "table-frame");
  } else if (element.tag === "p" && RECIPE_HEADING.test(textOf(element))) {
    element.attributes.class = "recipe-heading";
  }
}

/** @param {Element} item @param {Element} list */
function finishItem(item, list) {
  const holder = firstText(item);
  if (!holder) return;
  const first = /** @type {string} */ (holder.children[0]);
  const task = /^\[([ xX])\]\s+/.exec(first);
  if (task) {
    holder.children[0] = first.slice(task[0].length);
    const done = task[1] !== " ";
    /** @type {Attributes} */
    const attributes = { type: "checkbox", disabled: "", "aria-label": done ? "done" : "to do" };
    if (done) attributes.checked = "";
    holder.children.unshift({ tag: "input", attributes, children: [] });
    list.attributes.class = "tasks";
    return;
  }
  const [quantity, rest] = markQuantity(first);
  if (quantity === "") return;
  holder.children[0] = rest;
  holder.children.unshift({ tag: "span", attributes: { class: "quantity" }, children: [quantity] });
}

/** The element, the item itself or its first paragraph, whose first child is text. @param {Element} item */
function firstText(item) {
  const first = item.children[0];
  if (typeof first === "string") return item;
  if (typeof first !== "object" || !("tag" in first) || first.tag !== "p") return null;
  return typeof first.children[0] === "string" ? first : null;
}

/** @param {Element} element @param {string} className */
function wrap(element, className) {
  const inner = { tag: element.tag, attributes: element.attributes, children: element.children };
  element.tag = "div";
  element.attributes = { class: className, tabindex: "0", role: "region", "aria-label": "table" };
  element.children = [inner];
}

/** @param {Token} token @returns {Tree[]} */
function leaf(token) {
  switch (token.type) {
    case "text":
    case "text_special":
      return token.content === "" ? [] : [token.content];
    case "softbreak":
    case "hardbreak":
      return [{ tag: "br", attributes: {}, children: [] }];
    case "hr":
      return [{ tag: "hr", attributes: {}, children: [] }];
    case "code_inline":
      return [{ tag: "code", attributes: { dir: "ltr" }, children: [token.content] }];
    case "fence":
    case "code_block":
      return [{ code: { code: token.content.replace(/\n$/, ""), language: languageOf(token.info) } }];
    case "math":
      return [{ math: { tex: token.content, display: token.meta?.display ?? false } }];
    case "image":
      return imageInWords(token);
    default:
      return [token.content];
  }
}

/** @param {string} info */
function languageOf(info) {
  return (/^\s*\{?\.?([\w+#-]+)/.exec(info)?.[1] ?? "").toLowerCase();
}

/**
 * An image is never fetched: a link with its description replaces it.
 * @param {Token} token
 * @returns {Tree[]}
 */
function imageInWords(token) {
  const source = token.attrGet("src") ?? "";
  const words = token.children?.map((child) => child.content).join("") || "no description";
  const link = linkElement(source, null);
  link.attributes.class = `${link.attributes.class ?? ""} image`.trim();
  link.children.push(`image: ${words}`);
  const target = safeUrl(source)?.host ?? source.slice(0, 80);
  return [link, { tag: "span", attributes: { class: "link-target" }, children: [` (${target})`] }];
}

/** @param {Tree} tree @returns {string} */
export function textOf(tree) {
  if (typeof tree === "string") return tree;
  if ("math" in tree) return tree.math.tex;
  if ("code" in tree) return tree.code.code;
  return tree.tag === "br" ? "\n" : tree.children.map(textOf).join("");
}
