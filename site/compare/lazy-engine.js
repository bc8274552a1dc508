/**
 * The page's engine. Neither it nor the code that starts it is fetched before something must be computed in
 * Python.
 */

/** @import { EngineHolder } from "../ui/engine.js" */

export class LazyEngine {
  /** @type {Promise<EngineHolder> | undefined} */
  #holder;

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
    const [holder, { inWords }] = await Promise.all([this.holder(), import("../ui/progress.js")]);
    const onProgress = (/** @type {import("../engine/protocol.js").Progress} */ step) => say(inWords(step));
    return holder.use((engine) => engine.run(name, args, { ...options, onProgress }));
  }
}
