/**
 * The page's engine: Python in one worker, started when it is first needed and again when it has died, and
 * its models. Whoever needs a model takes a lease; a model is loaded once for all its leases and unloaded
 * after the last, and the worker ends when no model and no other request needs it.
 */

import { unlessAborted } from "./aborting.js";
import { assetsIn } from "./assets.js";
import { modelSource } from "./choice.js";
import { Engine } from "./engine.js";
import { startWorker } from "./start.js";

/** @import { Model } from "./model.js" */
/** @import { Progress } from "./protocol.js" */
/** @typedef {import("./choice.js").ModelChoice} Choice */
/** @typedef {import("./engine.js").RequestOptions} LoadOptions */

/**
 * @typedef {{
 *   leases: Set<Lease>, loading: Promise<Model>, isLoaded: boolean, stop: AbortController,
 *   listeners: Set<(progress: Progress) => void>
 * }} Entry
 */

export class EngineHolder {
  /** @type {Engine | null} */
  #engine = null;
  /** @type {Map<unknown, Entry>} */
  #entries = new Map();
  /** Requests without a lease that are running, and claims to the worker. */
  #running = 0;
  #createEngine;

  /** @param {() => Engine} [createEngine] */
  constructor(createEngine = () => new Engine()) {
    this.#createEngine = createEngine;
  }

  /** The running engine; a new one if there is none or it has died. @returns {Engine} */
  get engine() {
    if (!this.#engine || this.#engine.ended) {
      this.#entries.clear();
      this.#engine = this.#createEngine();
    }
    return this.#engine;
  }

  /**
   * Uses the engine without a model: `holder.use((engine) => engine.call("measure", args))`.
   * @template T
   * @param {(engine: Engine) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async use(work) {
    this.#running++;
    try {
      return await work(this.engine);
    } finally {
      this.#running--;
    }
  }

  /**
   * Keeps the worker for what lives on in it besides models, such as a collection.
   * @returns {() => void} ends the claim; the worker ends with its last model then
   */
  keep() {
    let isKept = true;
    this.#running++;
    return () => {
      if (isKept) this.#running--;
      isKept = false;
    };
  }

  /**
   * A claim to a model; nothing is loaded yet.
   * @param {Choice} choice
   * @param {unknown} [key] leases with the same key share a model; left out, the choice itself
   */
  lease(choice, key = choice) {
    return new Lease(this, choice, key);
  }

  /** Whether the model of leases with a key is loaded. @param {unknown} key */
  statusOf(key) {
    const entry = this.#engine?.ended ? undefined : this.#entries.get(key);
    if (!entry) return "absent";
    return entry.isLoaded ? "loaded" : "loading";
  }

  /** @param {Lease} lease @returns {Entry} */
  enter(lease) {
    const engine = this.engine;
    let entry = this.#entries.get(lease.key);
    if (!entry) {
      entry = startLoading(lease.choice, engine);
      this.#entries.set(lease.key, entry);
    }
    entry.leases.add(lease);
    return entry;
  }

  /** @param {Lease} lease @param {Entry} entry */
  leave(lease, entry) {
    entry.leases.delete(lease);
    if (entry.leases.size || this.#entries.get(lease.key) !== entry) return;
    this.#entries.delete(lease.key);
    if (this.#entries.size === 0 && this.#running === 0) {
      // An engine that is still starting cannot be stopped in any other way.
      this.#engine?.dispose();
      this.#engine = null;
      return;
    }
    entry.stop.abort();
    entry.loading.then((model) => model.unload()).catch(() => {}); // it may never have been loaded
  }
}

/** @param {Choice} choice @param {Engine} engine @returns {Entry} */
function startLoading(choice, engine) {
  const stop = new AbortController();
  /** @type {Entry["listeners"]} */
  const listeners = new Set();
  const onProgress = (/** @type {Progress} */ progress) => {
    for (const listener of listeners) listener(progress);
  };
  const loading = engine.load(modelSource(choice), { signal: stop.signal, onProgress });
  /** @type {Entry} */
  const entry = { leases: new Set(), loading, isLoaded: false, stop, listeners };
  loading.then(
    () => (entry.isLoaded = true),
    () => {}, // its leases are told
  );
  return entry;
}

/** A claim to one model. */
export class Lease {
  /** @type {Entry | null} */
  #entry = null;

  /** @param {EngineHolder} holder @param {Choice} choice @param {unknown} key */
  constructor(holder, choice, key) {
    this.holder = holder;
    this.choice = choice;
    this.key = key;
  }

  /**
   * The model, loaded if it is not yet. A failure releases the lease; it can be loaded again.
   * @param {LoadOptions} [options] aborting the signal gives up this claim, not the others
   * @returns {Promise<Model>}
   */
  async load({ signal, onProgress } = {}) {
    signal?.throwIfAborted();
    this.#entry ??= this.holder.enter(this);
    const entry = this.#entry;
    if (onProgress) entry.listeners.add(onProgress);
    try {
      const model = await unlessAborted(entry.loading, signal);
      if (this.#entry !== entry) throw new DOMException("The lease was released.", "AbortError");
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
    if (entry) this.holder.leave(this, entry);
  }
}

/** What the library and the elements of a page share: a holder for each folder of the engine's files. */
const holders = /** @type {Map<string, EngineHolder>} */ (new Map());

/** The holder of the engine whose files are in a folder; by default its own. @param {string} [root] */
export function engineFrom(root) {
  const assets = assetsIn(root);
  let holder = holders.get(assets.root);
  if (!holder) {
    holder = new EngineHolder(() => new Engine({ createWorker: () => startWorker(assets) }));
    holders.set(assets.root, holder);
  }
  return holder;
}
