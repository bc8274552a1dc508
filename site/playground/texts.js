// The texts of one visit as a tree: each begins at a prompt, or branches from another at a token. What
// stood on the page can be had back: every change of it is remembered, and none is ever lost.

/** @typedef {import("./tokens.js").Token} Token */

/**
 * @typedef {{
 *   id: number, parent: Text | null, prompt: string, settings: Record<string, any>, seed: number,
 *   given: number, tokens: Token[], tail: string, finish: string
 * }} Text
 * What stands on the page.
 * @typedef {{text: Text | null, prompt: string}} View
 */

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
   * A new text; with a parent it begins with the first of its tokens and the one that was chosen.
   * @param {{prompt: string, settings: Record<string, any>, seed: number, parent?: Text, tokens?: Token[]}} begin
   * @returns {Text}
   */
  begin({ prompt, settings, seed, parent, tokens = [] }) {
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
      tail: "",
      finish: "",
    };
    this.all.push(this.current);
    return this.current;
  }

  /** Remembers what stands on the page, before it is changed. @param {string} prompt */
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

  /** Goes back, and returns what to show. @param {string} prompt what stands on the page now @returns {View | null} */
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

  /** All texts, each with its depth, branches behind what they part from. */
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
