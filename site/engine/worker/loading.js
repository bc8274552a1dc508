/**
 * Loads models into Python and unloads them. Where the files come from is decided in storage/sources.js; this
 * fetches them while Python starts, starts helper threads early, and hands quantized weights over to be kept.
 */

import { available } from "../available.js";
import { EngineError } from "../protocol.js";
import { startScript } from "../start.js";
import { closeSources, tokenizerOf, wholeSources } from "../storage/sources.js";
import { startHelpers } from "../threads.js";
import { value } from "./bridge.js";
import { CopyKeeper } from "./copy-keeper.js";
import { ALONE, Division } from "./division.js";
import { hasSimd, NO_SIMD } from "./webassembly.js";

/** Errors that do not mean that a copy is corrupt. */
const MEMORY_ERRORS = ["out-of-memory", "model-too-large"];

/** @import { Source } from "../storage/ranges.js" */
/**
 * @typedef {{handle: number, info: import("../protocol.js").ModelInfo, keeper:
 *   import("../storage/sources.js").Keeper | null}} Loaded
 */

export class Loading {
  #bridge;
  #post;
  #division;
  #copies;
  /** Files that a model reads while it is in use, by its handle. @type {Map<number, Source[]>} */
  #held = new Map();

  /**
   * @param {import("./bridge.js").Bridge} bridge
   * @param {import("./jobs.js").Post} post
   * @param {() => boolean} isIdle whether no request is being answered
   */
  constructor(bridge, post, isIdle) {
    this.#bridge = bridge;
    this.#post = post;
    this.#division = new Division(bridge);
    this.#copies = new CopyKeeper(isIdle);
  }

  /** @param {import("../protocol.js").LoadMessage} request @param {AbortSignal} signal */
  async load({ id, model }, signal) {
    const started = performance.now();
    const helpers = startHelpers(model, this.#bridge.assets); // now, to be ready when the weights are
    /** @type {string[]} what the visitor should know of how it runs here */
    const notices = hasSimd() ? [] : [NO_SIMD];
    try {
      const { handle, info, keeper } = await this.#read({ id, model }, signal, notices);
      Object.assign(info, ALONE, helpers && (await this.#divide(handle, helpers, model, notices)));
      const quantized = await this.#quantized(handle, keeper, notices);
      info.notices = [...(info.notices ?? []), ...notices];
      info.load_seconds = (performance.now() - started) / 1000;
      info.heap_bytes = this.#bridge.heapBytes;
      this.#post({ type: "loaded", id, model: handle, info });
      if (keeper && quantized) this.#copies.keep(keeper, handle, quantized);
    } catch (error) {
      helpers?.end();
      throw error;
    }
  }

  /** @param {import("../protocol.js").UnloadMessage} request */
  async unload({ id, model }) {
    this.#copies.stop(model);
    const python = await this.#bridge.ifReady();
    if (python) value(python.unload(model));
    closeSources(this.#held.get(model) ?? []);
    this.#held.delete(model);
    this.#division.end(model);
    this.#post({ type: "done", id, result: null });
  }

  /**
   * @param {{id: number, model: import("../protocol.js").ModelSource}} request
   * @param {AbortSignal} signal
   * @param {string[]} notices
   * @param {{copied: boolean, beside: boolean}} [how] whether a kept copy of the quantized model may be used,
   *   and loaded before it has been verified
   * @returns {Promise<Loaded>}
   */
  async #read({ id, model }, signal, notices, { copied, beside } = { copied: true, beside: true }) {
    /** @type {import("./bridge.js").OnProgress} */
    const onProgress = (progress) => this.#post({ type: "progress", id, progress });
    // A folder on a server is as the site's own model, for which a start has all that it takes.
    const start = () => this.#bridge[model.kind === "folder" ? "ready" : "completed"](onProgress);
    const quantize = model.quantize ?? null;
    /**
     * Refuses what cannot run or will not fit, before it is downloaded.
     * @type {import("../storage/sources.js").Look}
     */
    const look = async (sources) => refuse(await start(), quantize, sources);
    /** @type {import("../storage/sources.js").Planning} */
    const planning = async (sources) => planOf(value((await start()).convert(sources, quantize)));
    const startVerifier = () =>
      startScript(this.#bridge.assets.locate("engine/verifier.js"), "goosequill-verifier");
    const asked = { look, planning, startVerifier: beside ? startVerifier : undefined, notices, copied };
    const options = { signal, onProgress, available: available(), ...asked };
    const sources = wholeSources(model, options);
    sources.catch(() => {}); // awaited below, after the engine
    const python = await start();
    const { files, copy, keeper, fleeting } = await sources;
    signal.throwIfAborted();
    const onWeights = (/** @type {number} */ loaded, /** @type {number} */ total) =>
      onProgress({ status: "weights", file: "", loaded, total });
    const tokenizer = await tokenizerOf(model.tokenizer, signal);
    const verify = model.kind === "files"; // what was downloaded is verified already
    const settings = { quantize, tokenizer, verify, keep: keeper !== null };
    const every = copy ? [...files, copy] : files;
    let mayMakeCopy = copied;
    try {
      await Promise.all(every.map((source) => source.open?.()));
      const { handle, info, reads } = value(
        python.load(files, settings, onWeights, model.kernel ?? "auto", copy),
      );
      if (!(await changedOf(every)).length) {
        const isHeld = (/** @type {Source} */ { name }) => reads.includes(name);
        closeSources(every.filter((source) => !isHeld(source)));
        await this.#hold(handle, every.filter(isHeld));
        // A copy contains all tables, so it is only kept if they would be downloaded again.
        return { handle, info, keeper: reads.length && !fleeting ? null : keeper };
      }
      value(python.unload(handle));
    } catch (error) {
      closeSources(every);
      const { code = "", pyodide_fatal_error: fatal } = /** @type {any} */ (error);
      const changed = await changedOf(every);
      const isIntact = !changed.length;
      if (fatal) await discard(changed);
      if (fatal || (isIntact && (!copy || MEMORY_ERRORS.includes(code)))) throw error;
      mayMakeCopy &&= !isIntact; // else what is wrong with the copy would be wrong again
    }
    closeSources(every);
    signal.throwIfAborted();
    await discard([...(await changedOf(files)), ...(copy ? [copy] : [])]);
    return await this.#read({ id, model }, signal, notices, { copied: mayMakeCopy, beside: false });
  }

  /**
   * Prepares files that a model reads while it is in use.
   * @param {number} handle
   * @param {Source[]} sources
   */
  async #hold(handle, sources) {
    if (!sources.length) return;
    this.#held.set(handle, sources);
    await Promise.all(sources.map((source) => source.hold?.()));
  }

  /**
   * Lets helper threads compute with what a job has opened: an embedding model if that is faster, or as many
   * as it says.
   * @param {any} opened what the job returns; it gets the number of threads
   */
  async share(opened) {
    if (!opened?.divisible) return;
    const helpers = startHelpers(opened, this.#bridge.assets);
    Object.assign(opened, ALONE, helpers && (await this.#divide(opened.handle, helpers, opened, [])));
  }

  /** Ends the helper threads of what was forgotten, if it has any. @param {number} handle */
  unshare(handle) {
    this.#division.end(handle);
  }

  /**
   * @param {number} handle
   * @param {import("../threads.js").Helpers} helpers
   * @param {{threads?: number}} model
   * @param {string[]} notices
   */
  async #divide(handle, helpers, model, notices) {
    try {
      return await this.#division.divide(handle, helpers, Boolean(model.threads));
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      notices.push(`The model runs on one thread, because another could not be started: ${message}.`);
      helpers.end();
      return ALONE;
    }
  }

  /**
   * What was quantized while loading, if there is room to keep it.
   * @param {number} handle
   * @param {import("../storage/sources.js").Keeper | null} keeper
   * @param {string[]} notices
   */
  async #quantized(handle, keeper, notices) {
    if (!keeper) return null;
    const python = await this.#bridge.ready(() => {});
    const quantized = value(python.take_quantized(handle));
    const refusal = quantized ? await keeper.refusal(quantized.bytes) : "";
    if (!refusal) return quantized;
    notices.push(refusal);
    quantized.file.destroy();
    return null;
  }
}

/** Those of the stored files that have changed since they were stored. @param {Source[]} sources */
async function changedOf(sources) {
  const intact = await Promise.all(sources.map((source) => source.intact?.catch(() => false) ?? true));
  return sources.filter((_, i) => !intact[i]);
}

/** @param {Source[]} sources */
const discard = (sources) => Promise.all(sources.map((source) => source.discard?.()));

/**
 * @param {any} found what the bridge's `convert` returns
 * @returns {import("../storage/copies.js").Plan | null}
 */
function planOf(found) {
  if (!found) return null;
  const { conversion, ...plan } = found;
  const steps = function* (/** @type {number} */ start, /** @type {Uint8Array} */ held) {
    try {
      value(conversion.begin(start, held));
      for (let step = value(conversion.step()); step; step = value(conversion.step())) yield step;
    } finally {
      conversion.destroy();
    }
  };
  return { ...plan, steps };
}

/**
 * @param {any} python
 * @param {import("../protocol.js").Rounding | null} quantize
 * @param {Source[]} sources
 * @returns {{tables: number}} what `inspect` has found
 */
function refuse(python, quantize, sources) {
  const job = value(python.run("inspect", { quantize }, sources));
  try {
    const found = value(job.steps(0)).end;
    if (found.problem) throw new EngineError(found.problem);
    return found;
  } finally {
    job.destroy();
  }
}
