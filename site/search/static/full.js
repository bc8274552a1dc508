/**
 * MiniLM in the visitor's browser, for the last stage of a search: the engine of a Goosequill site embeds the
 * question. It downloads the engine and the model, so it starts only when the visitor has agreed; the
 * agreement is remembered.
 */

const AGREED = "goosequill:search:full";

/** @typedef {import("../../engine/engine.js").Engine} Engine */
/** @typedef {import("../../engine/protocol.js").Progress} Progress */

/** Whether the visitor agreed, now or on an earlier visit. */
export function hasAgreed() {
  try {
    return localStorage.getItem(AGREED) === "yes";
  } catch {
    return false; // storage is forbidden here
  }
}

/** Remembers that the visitor agreed. */
export function agree() {
  try {
    localStorage.setItem(AGREED, "yes");
  } catch {
    // asked again on the next visit
  }
}

export class FullEmbedder {
  /** @type {Promise<{engine: Engine, handle: number}> | null} */
  #started = null;

  /** @param {string} base the folder of a Goosequill site: engine/, python/, models/minilm/ and more */
  constructor(base) {
    this.base = new URL(base, globalThis.document?.baseURI).href;
  }

  /**
   * Downloads and starts, once; after a failure the next call tries again.
   * @param {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} [options]
   */
  start(options = {}) {
    if (!this.#started) {
      this.#started = this.#open(options);
      this.#started.catch(() => {
        this.#started = null;
      });
    }
    return this.#started;
  }

  /** @param {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} options */
  async #open(options) {
    const client = await import(new URL("engine/client.js", this.base).href);
    /** @type {Engine} */
    const engine = new client.Engine();
    try {
      const files = { kind: "folder", url: new URL("models/minilm/", this.base).href, whole: true };
      const { handle } = await engine.run("open_embedder", { files }, options);
      return { engine, handle };
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  /**
   * The question's vector, of length 1.
   * @param {string} question
   * @param {AbortSignal} [signal]
   * @returns {Promise<Float32Array>}
   */
  async embed(question, signal) {
    const { engine, handle } = await this.start();
    if (engine.ended) this.#started = null;
    const args = { embedder: handle, texts: [question], question: true };
    return (await engine.run("embed_texts", args, { signal })).vectors.data;
  }

  /** Ends the worker. */
  async dispose() {
    const started = this.#started;
    this.#started = null;
    (await started?.catch(() => null))?.engine.dispose();
  }
}
