// What several elements of one page share: one engine for each place it comes from, and each model
// once. Whoever wants a model takes a lease; when the last lease of a model is given back it is
// unloaded, and with the last model the engine's worker ends.

import { Engine, loadModel } from "../engine/client.js";
import { startWorker } from "../engine/start.js";

/** @typedef {import("../engine/client.js").Model} Model */
/** @typedef {import("../engine/client.js").Progress} Progress */
/** @typedef {{signal?: AbortSignal, onProgress?: (progress: Progress) => void}} LoadOptions */

/**
 * @typedef {{
 *   leases: Set<Lease>, loading: Promise<Model>, stop: AbortController, listeners: Set<(progress: Progress) => void>
 * }} Entry
 */

/** The engine of one place, and its models by address. */
export class Pool {
  /** @type {Engine | null} */
  #engine = null;
  /** @type {Map<string, Entry>} */
  #entries = new Map();

  /** @param {() => Engine} createEngine */
  constructor(createEngine) {
    this.createEngine = createEngine;
  }

  /** @param {string} url the address of a model folder */
  lease(url) {
    return new Lease(this, url);
  }

  /** @param {Lease} lease @returns {Entry} */
  enter(lease) {
    if (!this.#engine || this.#engine.ended) {
      this.#entries.clear();
      this.#engine = this.createEngine();
    }
    let entry = this.#entries.get(lease.url);
    if (!entry) {
      entry = this.#load(lease.url, this.#engine);
      this.#entries.set(lease.url, entry);
    }
    entry.leases.add(lease);
    return entry;
  }

  /** @param {Lease} lease @param {Entry} entry */
  leave(lease, entry) {
    entry.leases.delete(lease);
    if (entry.leases.size || this.#entries.get(lease.url) !== entry) return;
    this.#entries.delete(lease.url);
    if (this.#entries.size === 0) {
      this.#engine?.dispose();
      this.#engine = null;
      return;
    }
    entry.stop.abort();
    entry.loading.then((model) => model.unload()).catch(() => {}); // it may never have been loaded
  }

  /** @param {string} url @param {Engine} engine @returns {Entry} */
  #load(url, engine) {
    const stop = new AbortController();
    /** @type {Entry["listeners"]} */
    const listeners = new Set();
    const onProgress = (/** @type {Progress} */ progress) => {
      for (const listener of listeners) listener(progress);
    };
    const loading = loadModel({ model: url, engine, signal: stop.signal, onProgress });
    return { leases: new Set(), loading, stop, listeners };
  }
}

/** The wish for one model. */
export class Lease {
  /** @type {Entry | null} */
  #entry = null;

  /** @param {Pool} pool @param {string} url */
  constructor(pool, url) {
    this.pool = pool;
    this.url = url;
  }

  /**
   * The model, loaded now or long since. A failure gives the lease back.
   * @param {LoadOptions} [options]
   * @returns {Promise<Model>}
   */
  async load({ signal, onProgress } = {}) {
    signal?.throwIfAborted();
    this.#entry ??= this.pool.enter(this);
    const entry = this.#entry;
    if (onProgress) entry.listeners.add(onProgress);
    try {
      const model = await (signal ? unlessAborted(entry.loading, signal) : entry.loading);
      if (this.#entry !== entry) throw new DOMException("It was given back meanwhile.", "AbortError");
      if (!model.engine.ended) return model;
      this.release();
      return await this.load({ signal, onProgress });
    } catch (error) {
      if (this.#entry === entry) this.release();
      throw error;
    } finally {
      if (onProgress) entry.listeners.delete(onProgress);
    }
  }

  release() {
    const entry = this.#entry;
    this.#entry = null;
    if (entry) this.pool.leave(this, entry);
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
function unlessAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** @type {Map<string, Pool>} the page's pools; elements of one copy of this file share them */
const pools = new Map();

/**
 * The pool whose engine is served from a folder.
 * @param {string} root
 */
export function poolOf(root) {
  let pool = pools.get(root);
  if (!pool) {
    pool = new Pool(() => new Engine({ createWorker: () => startWorker(root) }));
    pools.set(root, pool);
  }
  return pool;
}
