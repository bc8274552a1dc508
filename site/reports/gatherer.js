/** How the readers of rows collect what they find. */

import { checkLimit } from "./limits.js";

/** @import { Entry, Output, Result, Scalar } from "./report.js" */

/**
 * Groups (prompt, config, output) rows into entries: one entry per prompt, in order of first appearance.
 */
export class Gatherer {
  /** @type {Map<string, Map<string, Result>>} */
  #prompts = new Map();
  #characters = 0;

  /**
   * @param {string} prompt
   * @param {string} config
   * @param {Output} output
   * @param {[string, Scalar][]} [params]
   */
  add(prompt, config, output, params = []) {
    let results = this.#prompts.get(prompt);
    if (!results) {
      this.#count(prompt);
      results = new Map();
      this.#prompts.set(prompt, results);
    }
    let result = results.get(config);
    if (!result) {
      result = { config, params, outputs: [] };
      results.set(config, result);
    }
    this.#count(output ?? "");
    result.outputs.push(output);
  }

  /** @param {string} text */
  #count(text) {
    this.#characters += text.length;
    checkLimit("characters", this.#characters);
  }

  get size() {
    return this.#prompts.size;
  }

  /** @returns {Entry[]} */
  get entries() {
    return [...this.#prompts].map(([prompt, results]) => ({ prompt, results: [...results.values()] }));
  }
}
