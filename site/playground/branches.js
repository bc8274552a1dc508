// The texts of a visit as a tree: each branch is named by the place where it parts and the token that
// was chosen there. Arrow keys move in the tree, Enter or Space shows a text; nothing is ever lost.

import { element } from "../ui/dom.js";
import { writtenText } from "./texts.js";
import { visible } from "./tokens.js";

/** @typedef {import("./texts.js").Text} Text */

const BEGINNING = 48; // characters of a text that stand for it

export class BranchTree {
  #place;
  #onChoose;
  #focused = 0;

  /**
   * @param {HTMLElement} place a list
   * @param {(text: Text) => void} onChoose
   */
  constructor(place, onChoose) {
    this.#place = place;
    this.#onChoose = onChoose;
    place.setAttribute("role", "tree");
    place.addEventListener("click", ({ target }) => {
      const item = target instanceof Element ? target.closest("li") : null;
      if (item) this.#choose(this.#items.indexOf(item));
    });
    place.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @type {{text: Text, depth: number}[]} */
  #shown = [];

  /** @returns {HTMLElement[]} */
  get #items() {
    return [...this.#place.querySelectorAll("li")];
  }

  /** @param {{text: Text, depth: number}[]} texts @param {Text | null} current */
  show(texts, current) {
    const held = this.#place.contains(document.activeElement);
    this.#shown = texts;
    this.#focused = Math.max(
      0,
      texts.findIndex(({ text }) => text === current),
    );
    this.#place.hidden = texts.length < 2;
    this.#place.replaceChildren(...texts.map((entry, at) => this.#item(entry, at, current)));
    if (held) this.#items[this.#focused]?.focus();
  }

  /** @param {{text: Text, depth: number}} entry @param {number} at @param {Text | null} current */
  #item({ text, depth }, at, current) {
    const item = element(
      "li",
      {
        role: "treeitem",
        "aria-level": depth + 1,
        "aria-selected": String(text === current),
        tabindex: at === this.#focused ? 0 : -1,
      },
      element("strong", {}, placeOf(text)),
      ` ${visible(continuation(text).trim())}…`,
    );
    item.style.setProperty("--depth", String(depth));
    return item;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key } = event;
    const at = this.#focused;
    const depth = this.#shown[at]?.depth ?? 0;
    const parent = this.#shown.slice(0, at).findLastIndex((entry) => entry.depth < depth);
    const child = (this.#shown[at + 1]?.depth ?? 0) > depth ? at + 1 : at;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: this.#shown.length - 1,
      ArrowLeft: Math.max(parent, 0),
      ArrowRight: child,
    };
    if (key === "Enter" || key === " ") this.#choose(at);
    else if (!Object.hasOwn(targets, key)) return;
    else this.#focus(targets[key]);
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} at */
  #focus(at) {
    const items = this.#items;
    if (!items[at]) return;
    items[this.#focused].tabIndex = -1;
    this.#focused = at;
    items[at].tabIndex = 0;
    items[at].focus();
  }

  /** @param {number} at */
  #choose(at) {
    this.#focused = at;
    this.#onChoose(this.#shown[at].text);
  }
}

/** Where a text parts from the one before it. @param {Text} text */
export function placeOf({ id, parent, given, tokens }) {
  if (!parent) return `Text ${id}:`;
  const before = parent.tokens[given - 1];
  const instead = before ? ` instead of “${visible(before.text)}”` : "";
  return `Token ${given}, “${visible(tokens[given - 1].text)}”${instead}:`;
}

/** What stands behind that place. @param {Text} text */
function continuation(text) {
  const { given } = text;
  return writtenText({ ...text, tokens: text.tokens.slice(given) }).slice(0, BEGINNING);
}
