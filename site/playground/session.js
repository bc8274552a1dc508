// The engine as the playground holds it: started when first needed, started anew when it has died,
// and one model at a time. A model that fails to load leaves the one before it in place.

import { Engine, loadModel, modelSource } from "../engine/client.js";

/** @typedef {import("../engine/client.js").Model} Model */
/** @typedef {import("../engine/client.js").Progress} Progress */
/** @typedef {{title: string, model: string | File[], tokenizer?: string, kernel?: string, quantize?: 8 | 4 | "auto"}} Source */

export class Session {
  /** @type {Engine | null} */
  #engine = null;
  /** @type {Model | null} */
  #model = null;
  /** @type {Source | null} */
  #loaded = null;

  /** @param {Source} source */
  holds(source) {
    return this.#loaded === source && this.#engine !== null && !this.#engine.ended;
  }

  /** The loaded model of this source, if it is the one that is held. @param {Source} source */
  modelOf(source) {
    return this.holds(source) ? this.#model : null;
  }

  /**
   * @param {Source} source
   * @param {{signal: AbortSignal, onProgress: (progress: Progress) => void}} options
   * @returns {Promise<Model>}
   */
  async load(source, { signal, onProgress }) {
    if (this.#model && this.holds(source)) return this.#model;
    const engine = this.#started();
    const previous = this.#model;
    const { model, tokenizer, quantize } = source;
    const forced = new URLSearchParams(location.search); // ?kernel=plain&threads=1
    const kernel = forced.get("kernel") ?? source.kernel ?? "auto";
    const threads = Number(forced.get("threads")) || undefined;
    try {
      this.#model = await loadModel({
        model,
        tokenizer,
        quantize,
        kernel,
        threads,
        engine,
        signal,
        onProgress,
      });
    } catch (error) {
      // An engine that failed to start stays failed, and one that is still starting cannot be stopped.
      if (!previous) this.dispose();
      throw error;
    }
    this.#loaded = source;
    await previous?.unload();
    return this.#model;
  }

  /**
   * What is in a source's files, without loading them.
   * @param {Source} source
   * @param {{signal: AbortSignal, onProgress: (progress: Progress) => void}} options
   */
  inspect(source, options) {
    return this.#started().inspect(modelSource(source), options);
  }

  /** The engine, a new one where there is none or it has died. */
  #started() {
    if (!this.#engine || this.#engine.ended) {
      this.#engine = new Engine();
      this.#model = null;
    }
    return this.#engine;
  }

  dispose() {
    this.#engine?.dispose();
    this.#engine = null;
    this.#model = null;
    this.#loaded = null;
  }
}
