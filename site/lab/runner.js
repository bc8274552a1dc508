/**
 * Computes experiments in the page's engine, which is started by the first run: Python in a worker. It
 * fetches the data files that a run needs. All experiments of a page share one runner. It draws nothing.
 */

import { EngineError } from "../engine/protocol.js";
import { ROOT } from "../engine/root.js";
import { fetchDescription } from "../ui/fetch.js";
import { forPython, plain } from "./arrays.js";

/** @import { Progress } from "../engine/protocol.js" */

/**
 * @typedef {Pick<import("../ui/engine.js").EngineHolder, "use">} Holder
 * @typedef {{
 *   settings: Record<string, any>, data: Record<string, any> | null, signal: AbortSignal,
 *   onProgress: (progress: Progress) => void, onPart: (part: Record<string, any>) => void
 * }} RunOptions `settings` are those that differ from the defaults, `data` is the visitor's own
 */

export class Runner {
  /** @type {Promise<Holder> | undefined} */
  #holder;
  /** The engine that has answered. @type {import("../engine/client.js").Engine | null} */
  #engine = null;
  /** Data files by name. @type {Map<string, Promise<Uint8Array>>} */
  #fetched = new Map();
  #files;
  #createHolder;

  /** @param {URL} files the folder of this version's files @param {() => Promise<Holder>} [createHolder] */
  constructor(files, createHolder = createEngineHolder) {
    this.#files = files;
    this.#createHolder = createHolder;
  }

  /** Whether a run starts at once, without a download. */
  get ready() {
    return this.#engine !== null && !this.#engine.ended;
  }

  /** How many bytes the first run downloads; 0 if that is unknown. */
  async size() {
    const { parts = [] } = await fetchDescription(new URL("engine/parts.json", this.#files));
    return parts.reduce((/** @type {number} */ sum, /** @type {any} */ { bytes }) => sum + bytes, 0);
  }

  /**
   * Runs an experiment.
   * @param {string} name
   * @param {RunOptions} options aborting the signal rejects at once and stops Python at its next step
   * @returns {Promise<Record<string, any>>} the result, and `settings`, those that were used
   */
  async run(name, { settings, data, signal, onProgress, onPart }) {
    const holder = await this.#start();
    return await holder.use(async (engine) => {
      const needed = await engine.run("experiment_files", { name, settings }, { signal, onProgress });
      if (this.#engine !== engine) keepOffline();
      this.#engine = engine;
      const args = forPython(data ?? {});
      if (needed.length) args.files = await this.#fetchAll(needed, signal);
      const options = { signal, onProgress, onPart: (/** @type {any} */ part) => onPart(plain(part)) };
      return plain(await engine.run("experiment", { name, settings, data: args }, options));
    });
  }

  /** Resolves when Python has received everything that was sent to it, such as a cancellation. */
  async settled() {
    if (this.ready) await this.#engine?.status();
  }

  #start() {
    if (!this.#holder) {
      this.#holder = this.#createHolder();
      this.#holder.catch(() => {
        this.#holder = undefined; // it can be tried again
      });
    }
    return this.#holder;
  }

  /** @param {string[]} names @param {AbortSignal} signal @returns {Promise<Record<string, Uint8Array>>} */
  async #fetchAll(names, signal) {
    const bytes = await Promise.all(names.map((name) => this.#fetch(name)));
    signal.throwIfAborted();
    return Object.fromEntries(names.map((name, index) => [name, bytes[index]]));
  }

  /** Where a data file is; one with a folder in its name is a file of the site. @param {string} name */
  #address(name) {
    if (name.startsWith("models/")) return new URL(name, ROOT); // the same in all versions
    return new URL(name.includes("/") ? name : `lab/data/${name}`, this.#files);
  }

  /** @param {string} name */
  #fetch(name) {
    let file = this.#fetched.get(name);
    if (!file) {
      file = fetchFile(this.#address(name), name);
      file.catch(() => this.#fetched.delete(name)); // it can be tried again
      this.#fetched.set(name, file);
    }
    return file;
  }
}

/**
 * Neither the engine nor the code that starts it is fetched before the first run.
 * @returns {Promise<Holder>}
 */
async function createEngineHolder() {
  const { EngineHolder } = await import("../ui/engine.js");
  return new EngineHolder();
}

/** @param {URL} url @param {string} name @returns {Promise<Uint8Array>} */
async function fetchFile(url, name) {
  const response = await fetch(url).catch(() => null);
  if (response?.ok) return new Uint8Array(await response.arrayBuffer());
  throw new EngineError({
    code: "network",
    message: `The data file ${name} could not be loaded.`,
    remedy: "Check the connection and press Run again.",
  });
}

/**
 * Asks the site's service worker to store the engine for offline visits: on the first visit the engine is
 * fetched before the service worker controls the page.
 */
async function keepOffline() {
  const registration = await globalThis.navigator?.serviceWorker?.ready; // never, where there can be none
  if (registration?.scope === ROOT) registration.active?.postMessage({ type: "keep-engine" });
}
