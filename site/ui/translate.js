/**
 * Finds the texts in a page's HTML and puts their translations in their place. A sentence with markup in it
 * is one text, in which the elements are numbered: "Open <1>the file</1> first". scripts/words.js collects
 * the texts by the same rule. Text only becomes text nodes; the page's elements are kept.
 */

/** Elements that are part of the sentence around them. */
const INLINE = new Set(
  "A ABBR B CITE CODE EM I KBD MARK Q SAMP SMALL SPAN STRONG SUB SUP TIME VAR".split(" "),
);
/** Elements whose content is not the interface's words. */
const SILENT = new Set(["PRE", "SCRIPT", "STYLE", "TEXTAREA", "NOSCRIPT", "svg", "TEMPLATE"]);
/** `data-label` is what a panel's tab is called, `data-empty` what a box without content shows. */
const ATTRIBUTES = ["aria-label", "placeholder", "title", "alt", "data-label", "data-empty"];
/** A title's parts, the page and the site, are texts of their own. */
const IN_TITLE = " · ";
const TAG = /<(\/?)(\d+)(\/?)>/;

/**
 * @typedef {{text: string, translate: (to: string) => void}} Text one text of a page, and how to change it
 */

/**
 * Replaces every text of a page that the catalogue translates.
 * @param {Document} page
 * @param {Record<string, string>} words
 */
export function translatePage(page, words) {
  translateTexts(textsOf(page), words);
}

/** The same for an element and what is in it. @param {Element} part @param {Record<string, string>} words */
export function translatePart(part, words) {
  translateTexts(textsIn(part), words);
}

/** @param {Iterable<Text>} texts @param {Record<string, string>} words */
function translateTexts(texts, words) {
  for (const { text, translate } of [...texts]) {
    const to = Object.hasOwn(words, text) && words[text];
    if (to) translate(to);
  }
}

/** Every text of a page. @param {Document} page @returns {Generator<Text>} */
export function* textsOf(page) {
  const parts = page.title.split(IN_TITLE);
  for (const [index, text] of parts.entries()) {
    yield {
      text,
      translate: (to) => {
        parts[index] = to;
        page.title = parts.join(IN_TITLE);
      },
    };
  }
  yield* textsIn(page.body);
}

/** @param {Element} element @returns {Generator<Text>} */
function* textsIn(element) {
  if (element.hasAttribute("lang") || element.getAttribute("translate") === "no") return;
  yield* namesIn(element);
  if (SILENT.has(element.tagName)) return;
  const nodes = sentence(element);
  if (nodes.length) {
    /** @type {Element[]} */
    const elements = [];
    const text = written(nodes, elements).replace(/\s+/g, " ").trim();
    yield { text, translate: (to) => write(nodes, elements, to) };
    for (const inner of elements) if (INLINE.has(inner.tagName)) yield* namesIn(inner);
  }
  const own = new Set(nodes);
  for (const child of element.children)
    if (!own.has(child) || !INLINE.has(child.tagName)) yield* textsIn(child);
}

/** What attributes of an element say. @param {Element} element @returns {Generator<Text>} */
function* namesIn(element) {
  for (const name of ATTRIBUTES) {
    const text = element.getAttribute(name);
    if (text && hasWords(text)) yield { text, translate: (to) => element.setAttribute(name, to) };
  }
}

/**
 * The children of an element that are one sentence: from the first with words to the last; none, if no text
 * with words is directly in the element.
 * @param {Element} element
 */
function sentence(element) {
  const nodes = [...element.childNodes].filter((node) => node.nodeType === 1 || node.nodeType === 3);
  if (!nodes.some((node) => node.nodeType === 3 && hasWords(node.nodeValue ?? ""))) return [];
  const belongs = nodes.map((node) => isInline(node) && hasWords(node.textContent ?? ""));
  const isMark = (/** @type {Node | undefined} */ node) =>
    node?.nodeType === 3 && /\S/.test(node.nodeValue ?? "");
  let [first, last] = [belongs.indexOf(true), belongs.lastIndexOf(true)];
  if (isMark(nodes[first - 1])) first--; // a bracket or a full stop beside a link
  if (isMark(nodes[last + 1])) last++;
  return nodes.slice(first, last + 1);
}

/** @param {Node} node */
function isInline(node) {
  return node.nodeType === 3 || INLINE.has(/** @type {Element} */ (node).tagName);
}

/** @param {string} text */
function hasWords(text) {
  return /\p{L}{2}/u.test(text);
}

/**
 * A sentence with numbered tags; `elements` receives the elements in the order of their numbers.
 * @param {Node[]} nodes
 * @param {Element[]} elements
 * @returns {string}
 */
function written(nodes, elements) {
  return nodes
    .map((node) => {
      if (node.nodeType === 3) return node.nodeValue ?? "";
      if (node.nodeType !== 1) return "";
      const element = /** @type {Element} */ (node);
      const index = elements.push(element);
      if (!INLINE.has(element.tagName) || !element.hasChildNodes()) return `<${index}/>`;
      return `<${index}>${written([...element.childNodes], elements)}</${index}>`;
    })
    .join("");
}

/**
 * Writes a sentence in the place of the nodes: the same elements, with other text in and between them.
 * @param {Node[]} nodes
 * @param {Element[]} elements
 * @param {string} to
 */
function write(nodes, elements, to) {
  const [first] = nodes;
  const parent = /** @type {Element} */ (first.parentNode);
  const before = nodes[0].previousSibling;
  const after = nodes[nodes.length - 1].nextSibling;
  for (const element of elements) if (INLINE.has(element.tagName)) element.replaceChildren();
  for (const node of nodes) node.parentNode?.removeChild(node);
  /** @type {(Element | DocumentFragment)[]} */
  const open = [parent.ownerDocument.createDocumentFragment()];
  let rest = to;
  for (let tag = TAG.exec(rest); tag; tag = TAG.exec(rest)) {
    open[open.length - 1].append(rest.slice(0, tag.index));
    rest = rest.slice(tag.index + tag[0].length);
    const element = elements[Number(tag[2]) - 1];
    if (tag[1] && open.length > 1) open.pop();
    else if (element) {
      open[open.length - 1].append(element);
      if (!tag[3]) open.push(element);
    }
  }
  open[open.length - 1].append(rest);
  // Spaces at the ends keep it apart from what is beside it.
  const space = (/** @type {Node | null} */ beside) => (beside?.nodeType === 1 ? " " : "");
  open[0].prepend(space(before));
  open[0].append(space(after));
  parent.insertBefore(open[0], after);
}
