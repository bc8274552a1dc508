/**
 * The texts of one visit as a tree: each starts at a prompt, or branches from another text at a token. Every
 * change of what the page shows is remembered, so that it can be undone and redone.
 */

/** @typedef {import("./tokens.js").Token} Token */

/**
 * @typedef {{
 *   id: number, parent: Text | null, prompt: string, settings: Record<string, any>, seed: number,
 *   given: number, tokens: Token[], tail: string, finish: string
 * }} Text What the page shows.
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
   * Adds a text; with a parent, `tokens` are those that it shares and the one that was chosen instead.
   * @param {{prompt: string, settings: Record<string, any>, seed: number, parent?: Text, tokens?: Token[]}}
   *   begin
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
