/**
 * Starts Python once, and unwraps the results of its bridge (goosequill.browser.bridge). What is called there
 * is the business of the other modules of this folder.
 */

import { available, OWN_MEMORY } from "../available.js";
import { EngineError, errorFields } from "../protocol.js";
import { Prepared } from "./prepared.js";
import { Python } from "./python.js";
import { quiet } from "./quiet.js";
import { checkWebAssembly } from "./webassembly.js";

/** @typedef {(progress: import("../protocol.js").Progress) => void} OnProgress */

/** Returns the value of a result of the bridge, or throws its error. @param {any} result */
export function value(result) {
  if (result.error) throw new EngineError(result.error);
  return result.value;
}

/** Python, started when it is first needed. */
export class Bridge {
  /** @type {import("../protocol.js").EngineState} */
  state = "idle";
  /** @type {Promise<any> | null} the bridge's Python object, once it is started */
  #started = null;
  #python;
  #isIdle;
  #onFailure;

  /**
   * @param {import("../assets.js").Assets} assets the engine's files
   * @param {() => boolean} isIdle whether no request is being answered
   * @param {() => void} onFailure called if it cannot start
   */
  constructor(assets, isIdle, onFailure) {
    this.assets = assets;
    this.#isIdle = isIdle;
    this.prepared = new Prepared(assets);
    this.#python = new Python(assets);
    this.#onFailure = onFailure;
  }

  /** Pyodide's Emscripten module, with the memory that Python computes in. */
  get heap() {
    return this.#python.pyodide?._module;
  }

  /** Bytes of Python's memory. It never shrinks, so this is also its peak. */
  get heapBytes() {
    return this.heap?.HEAPU8.length ?? 0;
  }

  /** Bytes of memory that Python could still take. */
  get freeMemory() {
    return available() + OWN_MEMORY - this.heapBytes;
  }

  /** goosequill.browser.bridge.Bridge. @param {OnProgress} onProgress @returns {Promise<any>} */
  ready(onProgress) {
    if (this.#started) return this.#started;
    this.state = "loading";
    /** @type {Promise<any>} */
    const starting = new Promise((resolve, reject) => {
      this.#start(onProgress, reject).then(resolve, reject);
    });
    this.#started = starting.then(
      (bridge) => {
        this.state = "ready";
        return bridge;
      },
      (error) => {
        this.state = "error";
        setTimeout(this.#onFailure); // after the reason has been posted to everyone who waits
        throw startError(error);
      },
    );
    return this.#started;
  }

  /**
   * The same, with what a job needs: the modules of its room may not be there yet.
   * @param {string} job
   * @param {OnProgress} onProgress
   * @returns {Promise<any>}
   */
  async readyFor(job, onProgress) {
    const bridge = await this.ready(onProgress);
    const { room, imported } = value(bridge.needs(job));
    await Promise.all([imported || this.#python.complete(), this.#python.addRoom(room)]);
    return bridge;
  }

  /**
   * The same, with the whole library: Python would have to wait for what it lacks, and unpack it itself.
   * @param {OnProgress} onProgress
   * @returns {Promise<any>}
   */
  async completed(onProgress) {
    const bridge = await this.ready(onProgress);
    await this.#python.complete().catch(() => {}); // Python asks for what it needs, and says what is missing
    return bridge;
  }

  /** The bridge if Python has started, else null: then there is nothing to unload or to count. */
  async ifReady() {
    return this.state === "ready" ? await this.#started : null;
  }

  /** @param {OnProgress} onProgress @param {(error: unknown) => void} onLost */
  async #start(onProgress, onLost) {
    await checkWebAssembly();
    const pyodide = await this.#python.start(onProgress, onLost, this.prepared);
    const { Bridge } = pyodide.pyimport("goosequill.browser.bridge");
    const completed = quiet(this.#isIdle).then(() => this.#python.complete());
    completed.catch(() => {}); // it is tried again when something is needed
    return Bridge(available());
  }
}

/** @param {unknown} error */
function startError(error) {
  if (error instanceof EngineError) return error;
  return new EngineError({
    code: "engine-start",
    message: `The engine could not start. ${errorFields(error).message}`,
    remedy: "Reload the page. An up-to-date browser with WebAssembly is required.",
  });
}
