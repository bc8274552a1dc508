/**
 * The page's engine. Neither it nor the code that starts it is fetched before something must be computed in
 * Python; what the build has computed of the examples (scripts/example.py) is not computed again.
 */

import { chance } from "../ui/seeded.js";

/** @import { EngineHolder } from "../ui/engine.js" */

export class LazyEngine {
  /** @type {Promise<EngineHolder> | undefined} */
  #holder;
  #known;

  /** @param {() => string} [known] the address of a question with its answer, "" for none */
  constructor(known = () => "") {
    this.#known = known;
  }

  /** The engine, which starts when it is first used. @returns {Promise<EngineHolder>} */
  holder() {
    if (!this.#holder) {
      this.#holder = import("../ui/engine.js").then(({ EngineHolder }) => new EngineHolder());
      this.#holder.catch(() => (this.#holder = undefined)); // it can be tried again
    }
    return this.#holder;
  }

  /**
   * Runs a job that needs no model.
   * @param {string} name
   * @param {Record<string, unknown>} args
   * @param {{say?: (words: string) => void, onPart?: (part: any) => void, signal?: AbortSignal}} [options]
   *   say: gets the progress of the engine's start
   * @returns {Promise<any>}
   */
  async run(name, args, { say = () => {}, ...options } = {}) {
    const known = await this.#answerTo(args);
    if (known) {
      for (const part of known.parts) options.onPart?.(part);
      return known.result;
    }
    const [holder, { inWords }] = await Promise.all([this.holder(), import("../ui/progress.js")]);
    const onProgress = (/** @type {import("../engine/protocol.js").Progress} */ step) => say(inWords(step));
    return holder.use((engine) => engine.run(name, args, { ...options, onProgress }));
  }

  /**
   * What the build has answered to the same question.
   * @param {Record<string, unknown>} args
   * @returns {Promise<{parts: any[], result: any} | null>}
   */
  async #answerTo(args) {
    const address = this.#known();
    if (!address) return null;
    const known = await fetch(address)
      .then((response) => response.json())
      .catch(() => null); // then Python answers
    return known?.asked === chance(JSON.stringify(args)) ? known : null;
  }
}
