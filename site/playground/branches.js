/**
 * The texts of a visit as a drawn tree. A line leads from each text to its branches, as wide as the token is
 * probable with which the branch begins. Arrow keys move in the tree, Enter or Space shows a text, B
 * bookmarks it; nothing is ever lost.
 */

import { percent, visible } from "../decoder/tokens.js";
import { element } from "../ui/dom.js";
import { svgElement } from "../ui/svg.js";
import { t } from "../ui/words.js";

/** @import { Text } from "./texts.js" */
/** @typedef {{text: Text, depth: number}} Entry */

/** Characters of a text that its row shows, and of the words before it. */
const SHOWN = 72;
const BEFORE = 24;
/** Pixels: a row, a level, and the widest line. */
const ROW = 46;
const LEVEL = 22;
const WIDEST = 9;
/** Levels that are drawn; deeper texts stand at the last. */
const DEEPEST = 8;

export class BranchTree {
  #list;
  #on;
  #focused = 0;
  /** @type {Entry[]} */
  #shown = [];

  /**
   * @param {HTMLElement} list
   * @param {{choose: (text: Text) => void, mark: (text: Text) => void}} on
   */
  constructor(list, on) {
    this.#list = list;
    this.#on = on;
    list.setAttribute("role", "tree");
    list.addEventListener("click", ({ target }) => {
      const item = target instanceof Element ? target.closest("li") : null;
      if (item) this.#choose(this.#items.indexOf(item));
    });
    list.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @returns {HTMLElement[]} */
  get #items() {
    return [...this.#list.querySelectorAll("li")];
  }

  /** @param {Entry[]} texts each followed by its branches @param {Text | null} current */
  show(texts, current) {
    const hadFocus = this.#list.contains(document.activeElement);
    this.#shown = texts;
    this.#focused = Math.max(
      0,
      texts.findIndex(({ text }) => text === current),
    );
    this.#list.hidden = texts.length < 2;
    this.#list.replaceChildren(...texts.map((entry, index) => this.#item(entry, index, current)));
    if (hadFocus) this.#items[this.#focused]?.focus();
    else if (!this.#list.hidden) this.#reveal();
  }

  /** Scrolls the list, and nothing else, to the text that is shown. */
  #reveal() {
    const item = this.#items[this.#focused];
    if (item) this.#list.scrollTop = item.offsetTop - this.#list.clientHeight / 2;
  }

  /** @param {Entry} entry @param {number} index @param {Text | null} current */
  #item({ text, depth }, index, current) {
    const mark = text.marked
      ? element(
          "span",
          { class: "mark" },
          element("span", { class: "visually-hidden" }, `${t("Bookmarked.")} `),
          "★ ",
        )
      : null;
    const words = element("span", { class: "words" }, mark, ...wordsOf(text));
    return element(
      "li",
      {
        role: "treeitem",
        "aria-level": depth + 1,
        "aria-selected": String(text === current),
        tabindex: index === this.#focused ? 0 : -1,
      },
      this.#lines(index),
      element("span", { class: "branch" }, words, element("span", { class: "note" }, originOf(text))),
    );
  }

  /** The lines before a row: those that pass it, and the one that leads to it. @param {number} index */
  #lines(index) {
    const { text, depth } = this.#shown[index];
    const level = Math.min(depth, DEEPEST);
    const drawing = svgElement("svg", {
      width: level * LEVEL + 14,
      height: ROW,
      "aria-hidden": "true",
      class: "lines",
    });
    const middle = ROW / 2;
    const x = (/** @type {number} */ column) => column * LEVEL + 7;
    const add = (/** @type {string} */ d, /** @type {number} */ width) =>
      drawing.append(svgElement("path", { d, "stroke-width": width.toFixed(1) }));
    for (let column = 0; column < level; column++) {
      const next = this.#nextAt(index, column + 1);
      const isOwn = column === level - 1;
      if (next) add(`M${x(column)} 0V${ROW}`, 1.5);
      if (!isOwn) continue;
      const end = x(level);
      add(
        `M${x(column)} 0V${middle - 8}Q${x(column)} ${middle} ${x(column) + 8} ${middle}H${end}`,
        widthOf(text),
      );
    }
    if (this.#shown[index + 1]?.depth > depth && depth < DEEPEST) add(`M${x(level)} ${middle}V${ROW}`, 1.5);
    drawing.append(svgElement("circle", { cx: x(level), cy: middle, r: 4.5 }));
    return drawing;
  }

  /**
   * Whether another text of a level follows before the level ends.
   * @param {number} index
   * @param {number} level
   */
  #nextAt(index, level) {
    for (const { depth } of this.#shown.slice(index + 1)) {
      if (depth < level) return false;
      if (depth === level) return true;
    }
    return false;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key } = event;
    const index = this.#focused;
    const depth = this.#shown[index]?.depth ?? 0;
    const parent = this.#shown.slice(0, index).findLastIndex((entry) => entry.depth < depth);
    const child = (this.#shown[index + 1]?.depth ?? 0) > depth ? index + 1 : index;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: this.#shown.length - 1,
      ArrowLeft: Math.max(parent, 0),
      ArrowRight: child,
    };
    if (key === "Enter" || key === " ") this.#choose(index);
    else if (key === "b" && !event.ctrlKey && !event.metaKey) this.#on.mark(this.#shown[index].text);
    else if (!Object.hasOwn(targets, key)) return;
    else this.#focus(targets[key]);
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} index */
  #focus(index) {
    const items = this.#items;
    if (!items[index]) return;
    items[this.#focused].tabIndex = -1;
    this.#focused = index;
    items[index].tabIndex = 0;
    items[index].focus();
  }

  /** @param {number} index */
  #choose(index) {
    this.#focused = index;
    this.#on.choose(this.#shown[index].text);
  }
}

/** The probability of the token with which a branch begins, as a width. @param {Text} text */
function widthOf(text) {
  const share = shareOf(text);
  return share === null ? 1.5 : 1.5 + (WIDEST - 1.5) * Math.sqrt(share);
}

/** The index of the first token that a text does not share with its parent. @param {Text} text */
export function ownFrom({ parent, given, tokens }) {
  if (!parent) return 0;
  const replaced = tokens[given - 1]?.token !== parent.tokens[given - 1]?.token;
  return replaced ? given - 1 : given;
}

/** @param {Text} text */
function shareOf(text) {
  const logprob = text.tokens[ownFrom(text)]?.logprob ?? null;
  return logprob === null ? null : Math.exp(logprob);
}

/** Whole words: where the text becomes its own, with a little of what is before. @param {Text} text */
function wordsOf(text) {
  const from = ownFrom(text);
  const join = (/** @type {import("../decoder/tokens.js").Token[]} */ tokens) =>
    tokens.map((one) => one.text).join("");
  const before = text.parent ? join(text.tokens.slice(0, from)) : "";
  const after = join(text.tokens.slice(from, from + SHOWN)) + (text.tokens.length > from ? "" : text.tail);
  return [
    element("span", { class: "before" }, before && wholeWords(before, -BEFORE)),
    element("strong", {}, wholeWords(after, SHOWN) || t("(nothing was generated)")),
  ];
}

/**
 * The first or, below 0, the last characters of a text, cut between two words where it has spaces.
 * @param {string} text
 * @param {number} length
 */
export function wholeWords(text, length) {
  const line = text.replaceAll(/\s+/g, " ");
  if (line.length <= Math.abs(length)) return line;
  if (length < 0) return `…${line.slice(length).replace(/^\S*(?= )/, "")}`;
  return `${line
    .slice(0, length + 1)
    .replace(/(?<= )\S*$/, "")
    .slice(0, length)
    .trimEnd()}…`;
}

/** Where a text branches from its parent. @param {Text} text */
function originOf(text) {
  const { id, parent, given, tokens } = text;
  if (!parent) return t("Text {id}", { id });
  const share = shareOf(text);
  const likely = share === null ? "" : ` · ${percent(share)}`;
  if (ownFrom(text) === given) return t("After token {given}", { given }) + likely;
  const before = parent.tokens[given - 1];
  const token = visible(tokens[given - 1].text);
  if (!before) return t("Token {given}, “{token}”", { given, token }) + likely;
  return (
    t("Token {given}, “{token}” instead of “{before}”", { given, token, before: visible(before.text) }) +
    likely
  );
}
