/**
 * The proposed Embedding API on this engine (https://github.com/explainers-by-googlers/embedding-api):
 * vectors of texts, which are close where the texts mean something similar.
 *
 *   const embedder = await SemanticEmbedder.create();
 *   const { embeddings } = await embedder.embed(["A goose.", "A bird."]);
 *
 * It is a proposal that may change. One worker serves all embedders of a page, and ends a while after the
 * last.
 */

import { unlessAborted } from "../engine/aborting.js";
import { ROOT } from "../engine/root.js";
import { CreateMonitor, DownloadProgress, environment, REST } from "./host.js";
import { dictionary, refusal, signalOf } from "./input.js";
import { exceptionOf } from "./reply.js";

/** The model that comes with a site; the npm package has none. */
const OWN = ROOT && new URL("models/minilm-static/", ROOT).href;
/** Texts of one request to the engine. */
const BATCH = 64;
/** Texts of one call, and characters of all. */
const MOST_TEXTS = 10_000;
const MOST_CHARACTERS = 10_000_000;

/** @import { Engine } from "../engine/engine.js" */
/** @typedef {"unavailable" | "downloadable" | "downloading" | "available"} Availability */
/**
 * @typedef {object} CoreOptions
 * @property {string} [embeddingSpace] the space that the vectors must be of, as `embeddingSpace` of an
 *   embedder or of a result names it: vectors of different spaces cannot be compared
 * @typedef {object} CreateOnlyOptions
 * @property {AbortSignal} [signal] ends the creation, and later the embedder
 * @property {(monitor: import("./host.js").Monitor) => void} [monitor] is given what fires
 *   `downloadprogress`
 * @typedef {CoreOptions & CreateOnlyOptions} CreateOptions
 */
/** @typedef {{values: Float32Array}} Embedding a vector of length 1 */
/** @typedef {{embeddings: Embedding[], embeddingSpace: string}} Embedded in the order of the texts */
/** @typedef {{engine: Engine, handle: number, space: string}} Opened */

/** The worker with the embedding model of all embedders. */
class EmbedderHost {
  /** @type {Promise<Opened> | null} */
  #opening = null;
  /** @type {Opened | null} */
  #opened = null;
  #users = 0;
  /** @type {any} */
  #timer;

  /** @param {string} model the address of a folder; "" for none */
  constructor(model) {
    this.model = model;
  }

  /** @returns {Availability} */
  get availability() {
    if (typeof WebAssembly === "undefined" || !this.model) return "unavailable";
    if (this.space) return "available";
    return this.#opening && !this.#opened ? "downloading" : "downloadable";
  }

  /** The space of the vectors; "" before the model is loaded. */
  get space() {
    return this.#opened && !this.#opened.engine.ended ? this.#opened.space : "";
  }

  /**
   * @param {(progress: import("../engine/protocol.js").Progress) => void} onProgress
   * @returns {Promise<Opened>}
   */
  open(onProgress) {
    this.#users += 1;
    clearTimeout(this.#timer);
    if (this.#opened?.engine.ended) this.end();
    this.#opening ??= this.#start(onProgress);
    return this.#opening;
  }

  /** An embedder is not used any more. */
  leave() {
    this.#users -= 1;
    if (this.#users) return;
    this.#timer = setTimeout(() => this.end(), REST);
    this.#timer.unref?.(); // under Node, which would wait for it
  }

  end() {
    this.#opening?.then(
      ({ engine }) => engine.dispose(),
      () => {},
    );
    this.#opening = this.#opened = null;
  }

  /** Ends the worker once nothing uses it. */
  retire() {
    clearTimeout(this.#timer);
    if (!this.#users) this.end();
  }

  /** @param {(progress: import("../engine/protocol.js").Progress) => void} onProgress */
  async #start(onProgress) {
    const engine = environment.newEngine();
    try {
      const files = { kind: "folder", url: this.model, whole: true };
      const { handle, fingerprint } = await engine.run("open_embedder", { files }, { onProgress });
      this.#opened = { engine, handle, space: fingerprint };
      return this.#opened;
    } catch (error) {
      engine.dispose();
      this.#opening = null;
      throw error;
    }
  }
}

/** Only this module makes embedders. */
const INTERNAL = Symbol("embedder");
let host = new EmbedderHost(OWN);

/** What makes vectors of texts. */
export class SemanticEmbedder {
  static {
    Object.defineProperty(SemanticEmbedder.prototype, Symbol.toStringTag, { value: "SemanticEmbedder" });
  }

  #host;
  #opened;
  #destruction = new AbortController();

  /**
   * @param {symbol} key
   * @param {EmbedderHost} on
   * @param {Opened} opened
   * @param {AbortSignal} [signal]
   * @ignore
   */
  constructor(key, on, opened, signal) {
    if (key !== INTERNAL) throw new TypeError("Use SemanticEmbedder.create() for an embedder.");
    this.#host = on;
    this.#opened = opened;
    signal?.addEventListener("abort", () => this.#end(signal.reason), { signal: this.#destruction.signal });
  }

  /**
   * Chooses the embedding model of the embedders to come. Not part of the proposal.
   * @param {{model?: string}} [options] the address of a folder, such as `models/minilm/` of a built site; by
   *   default that of the small table that comes with it
   */
  static configure({ model = OWN } = {}) {
    const next = new EmbedderHost(model && addressOf(model));
    host.retire();
    host = next;
  }

  /**
   * Whether an embedder with these options can be created, and whether something is downloaded for it.
   * @param {CoreOptions} [options]
   * @returns {Promise<Availability>}
   */
  static async availability(options) {
    const space = spaceOf(dictionary(options, "The options"));
    return host.space && space && space !== host.space ? "unavailable" : host.availability;
  }

  /**
   * Creates an embedder, and loads the model if it is not loaded.
   * @param {CreateOptions} [options]
   * @returns {Promise<SemanticEmbedder>}
   */
  static async create(options) {
    const given = dictionary(options, "The options");
    const [signal, space] = [signalOf(given.signal), spaceOf(given)];
    if (given.monitor !== undefined && typeof given.monitor !== "function") {
      throw new TypeError("“monitor” is not a function.");
    }
    signal?.throwIfAborted();
    const monitor = new CreateMonitor();
    given.monitor?.(monitor);
    const on = host;
    if (on.availability === "unavailable") {
      throw refusal(
        "NotSupportedError",
        on.model
          ? "This browser has no WebAssembly."
          : "There is no embedding model: choose one by SemanticEmbedder.configure({ model }).",
      );
    }
    const progress = new DownloadProgress(monitor, signal);
    try {
      progress.report(0);
      const opening = on.open((found) => progress.note(found));
      const opened = await unlessAborted(opening, signal);
      if (space && space !== opened.space) {
        throw refusal("NotSupportedError", "The model's vectors are of another embedding space.");
      }
      progress.report(1);
      return new SemanticEmbedder(INTERNAL, on, opened, signal);
    } catch (error) {
      on.leave();
      throw exceptionOf(error, signal, "OperationError");
    }
  }

  /**
   * The vectors of texts; a text that is longer than the model reads counts with its beginning.
   * @param {string | string[]} texts
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<Embedded>}
   */
  async embed(texts, options) {
    const given = signalOf(dictionary(options, "The options").signal);
    const all = [this.#destruction.signal, ...(given ? [given] : [])];
    const signal = AbortSignal.any(all);
    signal.throwIfAborted();
    const list = (Array.isArray(texts) ? texts : [texts]).map(String);
    if (list.length > MOST_TEXTS || list.reduce((sum, { length }) => sum + length, 0) > MOST_CHARACTERS) {
      throw refusal("QuotaExceededError", "These are more texts than one call may have.");
    }
    const { engine, handle, space } = this.#opened;
    /** @type {Embedding[]} */
    const embeddings = [];
    try {
      for (let first = 0; first < list.length; first += BATCH) {
        const args = { embedder: handle, texts: list.slice(first, first + BATCH) };
        const { vectors } = await unlessAborted(engine.run("embed_texts", args, { signal }), signal);
        const width = vectors.shape[1];
        for (let at = 0; at < vectors.data.length; at += width) {
          embeddings.push({ values: vectors.data.slice(at, at + width) });
        }
      }
    } catch (error) {
      throw exceptionOf(error, signal, "UnknownError");
    }
    return { embeddings, embeddingSpace: space };
  }

  /** Names what the vectors can be compared with: those of the same model, to the last bit. */
  get embeddingSpace() {
    return this.#opened.space;
  }

  /** Ends the embedder, and rejects what waits for it. @returns {undefined} */
  destroy() {
    this.#end(refusal("AbortError", "The embedder was destroyed."));
  }

  /** @param {any} reason */
  #end(reason) {
    if (this.#destruction.signal.aborted) return;
    this.#destruction.abort(reason);
    this.#host.leave();
  }
}

/** @param {string} folder */
function addressOf(folder) {
  const base = typeof document === "undefined" ? undefined : document.baseURI;
  const { model } = environment.locate({ model: folder.endsWith("/") ? folder : `${folder}/` });
  return new URL(String(model), base).href;
}

/** @param {any} options */
function spaceOf({ embeddingSpace }) {
  return embeddingSpace === undefined ? "" : String(embeddingSpace);
}
