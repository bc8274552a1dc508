/**
 * Gives a model's products to helper threads (threads.js) where that is faster, and takes them back. Which
 * rows a helper computes is decided there.
 */

import { value } from "./bridge.js";

/** What a model reports that computes on one thread. */
export const ALONE = { threads: 1, shared_bytes: 0 };

export class Division {
  #bridge;
  /** What ends the helper threads of a model, by its handle. @type {Map<number, () => void>} */
  #ends = new Map();

  /** @param {import("./bridge.js").Bridge} bridge */
  constructor(bridge) {
    this.#bridge = bridge;
  }

  /**
   * Lets helpers compute part of a model's products, if that is faster here or `forced`.
   * @param {number} handle
   * @param {import("../threads.js").Helpers} helpers
   * @param {boolean} forced
   */
  async divide(handle, helpers, forced) {
    const python = await this.#bridge.completed(() => {}); // it lacked the helpers' program
    const division = value(python.division(handle));
    if (!division) {
      helpers.end();
      return ALONE;
    }
    const { heap, freeMemory } = this.#bridge;
    const module = new WebAssembly.Module(division.module);
    const team = await helpers.join(module, division.matrices, heap, freeMemory);
    const share = heap.addFunction((/** @type {number} */ step) => team.share(step), "ii");
    this.#ends.set(handle, () => {
      helpers.end();
      heap.removeFunction(share);
    });
    if (value(python.divide(handle, share, forced))) {
      return { threads: helpers.count + 1, shared_bytes: team.memory.buffer.byteLength };
    }
    this.end(handle);
    return ALONE;
  }

  /** Ends a model's helpers, if it has any. @param {number} handle */
  end(handle) {
    this.#ends.get(handle)?.();
    this.#ends.delete(handle);
  }
}
