/**
 * Writes quantized weights to the browser's storage while the engine is idle, because requests go first. How
 * copies are named, verified and found again is in storage/copies.js.
 */

import { value } from "./bridge.js";

/** Milliseconds between looks whether the engine is idle. */
const IDLE = 100;

export class CopyKeeper {
  #isIdle;
  /** Models whose copies are being written. @type {Set<number>} */
  #keeping = new Set();

  /** @param {() => boolean} isIdle */
  constructor(isIdle) {
    this.#isIdle = isIdle;
  }

  /**
   * @param {import("../storage/sources.js").Keeper} keeper
   * @param {number} handle
   * @param {import("../storage/copies.js").Quantized & {file: any}} quantized as `take_quantized` returns it
   */
  async keep(keeper, handle, { file, ...quantized }) {
    this.#keeping.add(handle);
    try {
      await keeper.keep(quantized, this.#pieces(handle, file));
    } catch {
      // it is made again at the next load
    } finally {
      this.#keeping.delete(handle);
      file.destroy();
    }
  }

  /** Gives up the copy of a model. @param {number} handle */
  stop(handle) {
    this.#keeping.delete(handle);
  }

  /** @param {number} handle @param {any} file */
  async *#pieces(handle, file) {
    for (;;) {
      while (!this.#isIdle()) await new Promise((resolve) => setTimeout(resolve, IDLE));
      if (!this.#keeping.has(handle)) throw new Error("the model was unloaded");
      const piece = value(file.read());
      if (!piece) return;
      yield piece;
    }
  }
}
