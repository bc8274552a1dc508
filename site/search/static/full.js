/**
 * MiniLM in the visitor's browser, for the last stage of a search: the engine of a Goosequill site embeds the
 * question. The engine and the model are downloaded when it starts, and only then.
 */

import { fileOf, openFolder } from "../../engine/storage/opfs.js";
import { fetchDescription } from "../../ui/fetch.js";

const MODEL = "models/minilm/";

/** @import { Engine } from "../../engine/engine.js" */
/** @import { Progress } from "../../engine/protocol.js" */
/** @typedef {{engine: Engine, handle: number, fingerprint: string}} Started */

export class FullEmbedder {
  /** @type {Promise<Started> | null} */
  #started = null;
  #work = new AbortController();

  /** @param {string | URL} base the folder of a Goosequill site: engine/, python/, models/minilm/ and more */
  constructor(base) {
    this.base = new URL(base, globalThis.document?.baseURI);
    this.base.pathname = this.base.pathname.replace(/\/*$/, "/");
  }

  /** Which model it is; "" before it has started. */
  fingerprint = "";

  /**
   * What a start would download, in bytes, and whether the model is in this browser already. Without bytes
   * there is no Goosequill site at the address.
   * @returns {Promise<{bytes: number, stored: boolean}>}
   */
  async needs() {
    const [{ parts = [] }, { files = [] }] = await Promise.all(
      ["engine/parts.json", `${MODEL}config.json`].map((name) => fetchDescription(this.#address(name))),
    );
    const sum = (/** @type {any} */ list) =>
      Array.isArray(list) ? list.reduce((total, each) => total + (Number(each?.bytes) || 0), 0) : 0;
    const [engine, model] = [sum(parts), sum(files)];
    return engine && model
      ? { bytes: engine + model, stored: await areStored(files) }
      : { bytes: 0, stored: false };
  }

  /**
   * Downloads and starts, once; after a failure or when the engine has died the next call starts again.
   * @param {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} [options]
   * @returns {Promise<Started>}
   * @throws the engine's errors (EngineError), or an AbortError
   */
  async start({ signal, onProgress } = {}) {
    if ((await this.#started?.catch(() => null))?.engine.ended) this.#started = null;
    if (!this.#started) {
      const signals = signal ? [signal, this.#work.signal] : [this.#work.signal];
      const starting = this.#open({ signal: AbortSignal.any(signals), onProgress });
      this.#started = starting;
      starting.catch(() => {
        if (this.#started === starting) this.#started = null;
      });
    }
    return await this.#started;
  }

  /** @param {{signal: AbortSignal, onProgress?: (progress: Progress) => void}} options */
  async #open(options) {
    // The address is known at run time only, and bundlers must leave it alone.
    const address = this.#address("engine/client.js");
    const client = await import(/* webpackIgnore: true */ /* @vite-ignore */ address);
    options.signal.throwIfAborted();
    /** @type {Engine} */
    const engine = new client.Engine();
    try {
      const files = { kind: "folder", url: this.#address(MODEL), whole: true };
      const { handle, fingerprint } = await engine.run("open_embedder", { files }, options);
      this.fingerprint = fingerprint;
      return { engine, handle, fingerprint };
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
    const args = { embedder: handle, texts: [question], question: true };
    return (await engine.run("embed_texts", args, { signal })).vectors.data;
  }

  /** Ends the worker, and a download that is going on. */
  async dispose() {
    const started = this.#started;
    this.#started = null;
    this.#work.abort();
    this.#work = new AbortController();
    (await started?.catch(() => null))?.engine.dispose();
  }

  /** @param {string} name */
  #address(name) {
    return new URL(name, this.base).href;
  }
}

/** Whether the browser keeps all files of a model. @param {{sha256?: unknown}[]} files */
async function areStored(files) {
  const folder = await openFolder();
  const found = files.map(({ sha256 }) => folder && fileOf(folder, String(sha256)));
  return (await Promise.all(found)).every(Boolean);
}
