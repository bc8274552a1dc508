/**
 * The texts of a visit as a tree. A branch is labelled with the position where it starts and the token that
 * was chosen there. Arrow keys move in the tree, Enter or Space shows a text; nothing is ever lost.
 */

import { element } from "../ui/dom.js";
import { writtenText } from "./texts.js";
import { visible } from "./tokens.js";

/** @typedef {import("./texts.js").Text} Text */

/** Characters of a text that its label shows. */
const LABEL_LENGTH = 48;

export class BranchTree {
  #list;
  #onChoose;
  #focused = 0;

  /**
   * @param {HTMLElement} list
   * @param {(text: Text) => void} onChoose
   */
  constructor(list, onChoose) {
    this.#list = list;
    this.#onChoose = onChoose;
    list.setAttribute("role", "tree");
    list.addEventListener("click", ({ target }) => {
      const item = target instanceof Element ? target.closest("li") : null;
      if (item) this.#choose(this.#items.indexOf(item));
    });
    list.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @type {{text: Text, depth: number}[]} */
  #shown = [];

  /** @returns {HTMLElement[]} */
  get #items() {
    return [...this.#list.querySelectorAll("li")];
  }

  /** @param {{text: Text, depth: number}[]} texts @param {Text | null} current */
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
  }

  /** @param {{text: Text, depth: number}} entry @param {number} index @param {Text | null} current */
  #item({ text, depth }, index, current) {
    const item = element(
      "li",
      {
        role: "treeitem",
        "aria-level": depth + 1,
        "aria-selected": String(text === current),
        tabindex: index === this.#focused ? 0 : -1,
      },
      element("strong", {}, labelOf(text)),
      ` ${visible(continuation(text).trim())}…`,
    );
    item.style.setProperty("--depth", String(depth));
    return item;
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
    this.#onChoose(this.#shown[index].text);
  }
}

/** Where a text branches from its parent. @param {Text} text */
function labelOf({ id, parent, given, tokens }) {
  if (!parent) return `Text ${id}:`;
  const before = parent.tokens[given - 1];
  const instead = before ? ` instead of “${visible(before.text)}”` : "";
  return `Token ${given}, “${visible(tokens[given - 1].text)}”${instead}:`;
}

/** The text after that position. @param {Text} text */
function continuation(text) {
  const { given } = text;
  return writtenText({ ...text, tokens: text.tokens.slice(given) }).slice(0, LABEL_LENGTH);
}
