// The texts of one visit as a tree: each begins at a prompt, or branches from another at a token.

/** @typedef {import("./tokens.js").Token} Token */

/**
 * @typedef {{
 *   id: number, parent: Text | null, prompt: string, settings: Record<string, any>, seed: number,
 *   given: number, tokens: Token[], tail: string, finish: string
 * }} Text
 */

export class Texts {
  /** @type {Text[]} */
  all = [];
  /** @type {Text | null} */
  current = null;

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

  /** The texts of the tree that the current one belongs to, each with its depth, as they branched. */
  family() {
    let root = this.current;
    while (root?.parent) root = root.parent;
    /** @type {{text: Text, depth: number}[]} */
    const found = [];
    const visit = (/** @type {Text} */ text, /** @type {number} */ depth) => {
      found.push({ text, depth });
      for (const child of this.all) if (child.parent === text) visit(child, depth + 1);
    };
    if (root) visit(root, 0);
    return found;
  }
}

/** @param {Text} text */
export function writtenText({ tokens, tail }) {
  return tokens.map(({ text }) => text).join("") + tail;
}
