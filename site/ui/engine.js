/** Pages that use one model at a time keep it in a ModelSlot. The engine is in engine/holder.js. */

export { EngineHolder, Lease } from "../engine/holder.js";

/** @import { Choice, LoadOptions } from "../engine/holder.js" */
/** @import { Model } from "../engine/model.js" */

/** One model at a time. A model that fails to load leaves the previous one in place. */
export class ModelSlot {
  #holder;
  #options;
  /** @type {{choice: Choice, lease: import("../engine/holder.js").Lease, model: Model} | null} */
  #held = null;

  /**
   * @param {import("../engine/holder.js").EngineHolder} holder
   * @param {Pick<Choice, "kernel" | "threads">} [options] what the page forces for every model
   *   (engineOptions)
   */
  constructor(holder, options = {}) {
    this.#holder = holder;
    this.#options = options;
  }

  /** The model of this choice (the same object), if it is loaded. @param {Choice} choice */
  modelOf(choice) {
    const held = this.#held;
    return held?.choice === choice && !held.model.engine.ended ? held.model : null;
  }

  /** @param {Choice} choice @param {LoadOptions} [options] @returns {Promise<Model>} */
  async load(choice, options) {
    const ready = this.modelOf(choice);
    if (ready) return ready;
    const lease = this.#holder.lease({ ...choice, ...this.#options });
    const model = await lease.load(options);
    this.#held?.lease.release();
    this.#held = { choice, lease, model };
    return model;
  }
}
