/**
 * The page's engine. Neither it nor the code that starts it is fetched before something must be computed in
 * Python.
 */

import { engineOptions } from "../ui/address.js";
import { inWords } from "../ui/progress.js";

/** @import { EngineHolder, ModelSlot } from "../ui/engine.js" */
/** @typedef {{holder: EngineHolder, slot: ModelSlot}} Started */

export class LazyEngine {
  /** @type {Promise<Started> | undefined} */
  #started;

  /** @returns {Promise<Started>} */
  #start() {
    if (!this.#started) {
      this.#started = start();
      this.#started.catch(() => (this.#started = undefined)); // it can be tried again
    }
    return this.#started;
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
    const { holder } = await this.#start();
    const onProgress = (/** @type {import("../engine/protocol.js").Progress} */ step) => say(inWords(step));
    return holder.use((engine) => engine.run(name, args, { ...options, onProgress }));
  }

  /** Holds one model at a time. */
  async slot() {
    return (await this.#start()).slot;
  }
}

/** @returns {Promise<Started>} */
async function start() {
  const { EngineHolder, ModelSlot } = await import("../ui/engine.js");
  const holder = new EngineHolder();
  return { holder, slot: new ModelSlot(holder, engineOptions()) };
}
