/**
 * The texts of one visit as a tree: each starts at a prompt, or branches from another text at a token. Every
 * change of what the page shows is remembered, so that it can be undone and redone.
 */

import { packTexts, unpackTexts } from "./texts-file.js";

/** @import { Token } from "../decoder/tokens.js" */

/**
 * @typedef {{
 *   id: number, parent: Text | null, prompt: string, settings: Record<string, any>, seed: number,
 *   given: number, tokens: Token[], tail: string, finish: string, marked?: boolean
 * }} Text What the page shows; `marked` if the visitor has bookmarked it.
 * @typedef {{text: Text | null, prompt: string}} View
 */

/** Views that are kept for undo over a reload. */
const MOST_VIEWS = 50;

export class Texts {
  /** @type {Text[]} */
  all = [];
  /** @type {Text | null} */
  current = null;
  /** @type {View[]} */
  #past = [];
  /** @type {View[]} */
  #future = [];

  /**
   * Adds a text; with a parent, `tokens` are those that it shares and the one that was chosen instead.
   * @param {{prompt: string, settings: Record<string, any>, seed: number, parent?: Text, tokens?: Token[],
   *   tail?: string}} begin `tail` is text after the tokens
   * @returns {Text}
   */
  begin({ prompt, settings, seed, parent, tokens = [], tail = "" }) {
    const given = tokens.length;
    const id = this.all.length + 1;
    this.current = {
      id,
      parent: parent ?? null,
      prompt,
      settings,
      seed,
      given,
      tokens,
      tail,
      finish: "",
      marked: false,
    };
    this.all.push(this.current);
    return this.current;
  }

  /** Whether a text of the visit begins with these words. @param {string} words */
  contains(words) {
    return this.all.some((text) => (text.prompt + writtenText(text)).startsWith(words));
  }

  /** Remembers what the page shows, before it changes. @param {string} prompt */
  remember(prompt) {
    this.#past.push({ text: this.current, prompt });
    this.#future = [];
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Goes back, and returns what to show.
   * @param {string} prompt the prompt that is shown now
   * @returns {View | null}
   */
  undo(prompt) {
    return this.#step(this.#past, this.#future, prompt);
  }

  /** @param {string} prompt @returns {View | null} */
  redo(prompt) {
    return this.#step(this.#future, this.#past, prompt);
  }

  /** @param {View[]} from @param {View[]} to @param {string} prompt */
  #step(from, to, prompt) {
    const view = from.pop() ?? null;
    if (!view) return null;
    to.push({ text: this.current, prompt });
    this.current = view.text;
    return view;
  }

  /** The texts, and the views that can be undone and redone, as plain values (texts-file.js). */
  toValue() {
    const plain = (/** @type {View} */ { text, prompt }) => ({ text: text?.id ?? null, prompt });
    return {
      ...packTexts(this.all, this.current),
      past: this.#past.slice(-MOST_VIEWS).map(plain),
      future: this.#future.slice(-MOST_VIEWS).map(plain),
    };
  }

  /**
   * Takes what `toValue` returned in place of everything.
   * @param {any} value
   * @throws {Error} if it is not such a value
   */
  fromValue(value) {
    const { texts, current } = unpackTexts(value);
    const views = (/** @type {any} */ list) =>
      (Array.isArray(list) ? list : [])
        .filter((view) => typeof view?.prompt === "string")
        .map(({ text, prompt }) => ({ text: texts.find(({ id }) => id === text) ?? null, prompt }));
    this.all = texts;
    this.current = current;
    this.#past = views(value.past);
    this.#future = views(value.future);
  }

  /** Adds the texts of a file as further trees; returns the one to show. @param {any} value */
  addValue(value) {
    const { texts, current } = unpackTexts(value);
    for (const text of texts) text.id += this.all.length;
    this.all.push(...texts);
    return current ?? texts[0];
  }

  /**
   * Adds a text of another page, unless it is here already; returns the one that is here.
   * @param {Text} text
   */
  adopt(text) {
    const words = (/** @type {Text} */ one) => one.prompt + writtenText(one);
    const same = this.all.find((one) => words(one) === words(text));
    if (same) return same;
    text.id = this.all.length + 1;
    this.all.push(text);
    return text;
  }

  /** All texts with their depth, each followed by its branches. */
  tree() {
    /** @type {{text: Text, depth: number}[]} */
    const found = [];
    const visit = (/** @type {Text} */ text, /** @type {number} */ depth) => {
      found.push({ text, depth });
      for (const child of this.all) if (child.parent === text) visit(child, depth + 1);
    };
    for (const text of this.all) if (!text.parent) visit(text, 0);
    return found;
  }
}

/** @param {Text} text */
export function writtenText({ tokens, tail }) {
  return tokens.map(({ text }) => text).join("") + tail;
}
