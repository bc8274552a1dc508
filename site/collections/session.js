/**
 * What search has in a page's engine: the static table, the open collection, and the model that embeds
 * it, each a handle of a value in the worker. They are opened when they are first needed, and again when the
 * worker has died.
 */

import { unlessAborted } from "../engine/aborting.js";
import { ROOT } from "../engine/root.js";

/** @import { Engine, Progress } from "../engine/client.js" */
/** @import { EngineHolder } from "../ui/engine.js" */
/**
 * @typedef {{
 *   signal?: AbortSignal, onProgress?: (progress: Progress) => void, background?: boolean
 * }} Options a job in the background stands still while others run
 */
/** The index's files, or none for a new collection. @typedef {{names: string[], files: Blob[]}} Files */
/** @typedef {"static" | "embedder" | "collection"} Kind */
/** @import { KeptFiles } from "../engine/protocol.js" */

/**
 * How a collection is opened: its files, and those that stay on disk, which jobs read there.
 * @typedef {{name: string, files: () => Promise<Files>, kept?: KeptFiles}} Chosen
 */
/**
 * What a worker returned for a handle; `release` gives back what it needs besides.
 * @typedef {{handle: number, release?: () => void} & Record<string, any>} Opened
 */
/**
 * Something that is open, or that is being opened for all who wait for it.
 * @typedef {Object} Opening
 * @property {Promise<Opened>} opened
 * @property {AbortController} stop
 * @property {Map<symbol, Options["onProgress"]>} waiting who waits for it, and how they follow it
 */
/**
 * How an embedding model is opened. Models of one key are the same.
 * @typedef {{key: string, open: (engine: Engine, options: Options) => Promise<Opened>}} Source
 */

/** Folders of the embedding models, below the site's root. */
export const MODELS = { static: "models/minilm-static/", embedder: "models/minilm/" };

/** Jobs that may read vectors, of which there can be more than fit into memory. */
const READING = new Set(["compact_collection", "export_collection", "search", "write_embeddings"]);

/** @type {Source} */
export const MINILM_SOURCE = {
  key: "minilm",
  open: (engine, options) => openFolder(engine, MODELS.embedder, options),
};

export class SearchSession {
  /** @type {Promise<EngineHolder> | undefined} */
  #holder;
  #createHolder;
  /** The engine that the handles belong to. @type {Engine | null} */
  #engine = null;
  /** @type {Map<Kind, Opening>} */
  #openings = new Map();
  /** Kinds that have been opened in this engine. @type {Map<Kind, Opened>} */
  #ready = new Map();
  /** @type {Chosen | null} */
  #collection = null;
  /** How the collection's embedder is opened; null if that is not in the engine. @type {Source | null} */
  #embedder = MINILM_SOURCE;

  /** @param {() => Promise<EngineHolder>} [createHolder] */
  constructor(createHolder = createEngineHolder) {
    this.#createHolder = createHolder;
  }

  /** The page's one engine holder, fetched when it is first needed. */
  holder() {
    if (!this.#holder) {
      this.#holder = this.#createHolder();
      this.#holder.then(
        (holder) => holder.keep(),
        () => (this.#holder = undefined), // it can be tried again
      );
    }
    return this.#holder;
  }

  /** Whether something is open in a living worker. @param {Kind} kind */
  has(kind) {
    return this.#ready.has(kind) && this.#engine !== null && !this.#engine.ended;
  }

  /** What the worker returned for it; null if it is not open. @param {Kind} kind */
  info(kind) {
    return this.has(kind) ? (this.#ready.get(kind) ?? null) : null;
  }

  /**
   * Chooses the collection that jobs get; it is opened with the next job.
   * @param {Chosen | null} collection
   */
  async choose(collection) {
    this.#collection = collection;
    await this.close("collection");
  }

  /** Chooses the model that embeds; it is opened when it is asked for. @param {Source | null} source */
  async useEmbedder(source) {
    if (source?.key === this.#embedder?.key) return;
    this.#embedder = source;
    await this.close("embedder");
  }

  /** Frees something, or stops opening it; it is opened again when it is needed. @param {Kind} kind */
  async close(kind) {
    const opening = this.#openings.get(kind);
    const engine = this.#engine;
    this.#openings.delete(kind);
    this.#ready.delete(kind);
    opening?.stop.abort(new DOMException("Stopped.", "AbortError"));
    const found = await opening?.opened.catch(() => null);
    if (found && engine) await engine.forget(found.handle).catch(() => {});
    found?.release?.();
  }

  /**
   * Opens a model or the collection, once for all who ask for it. An aborted signal gives up this caller's
   * wait; what is being opened stops when nobody waits for it.
   * @param {Kind} kind
   * @param {Options} [options]
   * @returns {Promise<Opened>}
   */
  async open(kind, { signal, onProgress } = {}) {
    const engine = await this.#live();
    signal?.throwIfAborted();
    const opening = this.#openings.get(kind) ?? this.#start(engine, kind);
    const caller = Symbol(kind);
    opening.waiting.set(caller, onProgress);
    try {
      return await unlessAborted(opening.opened, signal);
    } finally {
      opening.waiting.delete(caller);
      const isLast = !opening.waiting.size && this.#openings.get(kind) === opening;
      if (isLast && !this.#ready.has(kind)) this.close(kind);
    }
  }

  /**
   * Runs a job with what is open: the collection, which is opened if one is chosen, and the models. If the
   * worker dies it is run once more, so it must not write.
   * @param {string} job
   * @param {Record<string, unknown>} [args]
   * @param {import("../engine/engine.js").RequestOptions & {onPart?: (part: any) => void}} [options]
   */
  async run(job, args = {}, options = {}) {
    const attempt = async () => {
      const opened = await this.#handles(options);
      return await (await this.#live()).run(job, { ...opened, ...this.#kept(job), ...args }, options);
    };
    try {
      return await attempt();
    } catch (error) {
      if (!isDeath(error)) throw error;
      return await attempt();
    }
  }

  /**
   * Streams a job's parts and, last, its end as `{end}`. Leaving the loop cancels.
   * @param {string} job
   * @param {Record<string, unknown>} args
   * @param {Options} [options]
   * @returns {AsyncGenerator<{part?: any, end?: any}, void, void>}
   */
  async *stream(job, args, options = {}) {
    /** @type {{result?: any}} */
    const end = {};
    const onEnd = (/** @type {any} */ result) => Object.assign(end, { result });
    for await (const item of this.items(job, args, { ...options, onEnd })) {
      yield "result" in end && item === end.result ? { end: item } : { part: item };
    }
  }

  /**
   * The same as plain items, as `Engine.stream` has them.
   * @param {string} job
   * @param {Record<string, unknown>} args
   * @param {import("../engine/engine.js").StreamOptions & Options} [options]
   * @returns {AsyncGenerator<any, void, void>}
   */
  async *items(job, args, options = {}) {
    const opened = await this.#handles(options);
    const mark = options.background ? { background: true } : {};
    yield* (await this.#live()).stream(job, { ...opened, ...this.#kept(job), ...args, ...mark }, options);
  }

  /** The files that a job reads where they are. @param {string} job */
  #kept(job) {
    const kept = READING.has(job) && this.#collection?.kept;
    return kept ? { files: { kind: "files", files: [], names: [], kept } } : {};
  }

  /** The engine; after a death a new one, in which nothing is open. */
  async #live() {
    const { engine } = await this.holder();
    if (engine !== this.#engine) {
      this.#engine = engine;
      this.#openings.clear();
      this.#ready.clear();
    }
    return engine;
  }

  /** @param {Options} options */
  async #handles({ onProgress, signal }) {
    const before = new Set(this.#ready.keys());
    await this.#live();
    for (const kind of before) if (!this.#ready.has(kind)) await this.open(kind, { onProgress, signal });
    if (this.#collection) await this.open("collection", { signal });
    return Object.fromEntries([...this.#ready].map(([kind, { handle }]) => [kind, handle]));
  }

  /** @param {Engine} engine @param {Kind} kind @returns {Opening} */
  #start(engine, kind) {
    const stop = new AbortController();
    /** @type {Opening["waiting"]} */
    const waiting = new Map();
    const onProgress = (/** @type {Progress} */ progress) => {
      for (const listener of waiting.values()) listener?.(progress);
    };
    const opened = this.#openIn(engine, kind, { signal: stop.signal, onProgress });
    const opening = { opened, stop, waiting };
    this.#openings.set(kind, opening);
    opened.then(
      (value) => this.#openings.get(kind) === opening && this.#ready.set(kind, value),
      () => this.#openings.get(kind) === opening && this.#openings.delete(kind),
    );
    return opening;
  }

  /** @param {Engine} engine @param {Kind} kind @param {Options} options @returns {Promise<Opened>} */
  async #openIn(engine, kind, options) {
    if (kind === "collection") return await this.#openCollection(engine, options);
    if (kind === "static") return await openFolder(engine, MODELS.static, options);
    if (!this.#embedder) throw new Error("the collection's embedder is not in the engine");
    return await this.#embedder.open(engine, options);
  }

  /** @param {Engine} engine @param {Options} options @returns {Promise<Opened>} */
  async #openCollection(engine, options) {
    if (!this.#collection) throw new Error("no collection is chosen");
    const { name, files: read, kept } = this.#collection;
    const { names, files } = await read();
    const source = names.length ? { files: { kind: "files", files, names, whole: true, kept } } : {};
    return await engine.run("open_collection", { ...source, name }, options);
  }
}

/**
 * @param {Engine} engine
 * @param {string} folder of an embedding model, below the site's root
 * @param {Options} options
 * @returns {Promise<Opened>}
 */
function openFolder(engine, folder, options) {
  const files = { kind: "folder", url: new URL(folder, ROOT).href, whole: true };
  return engine.run("open_embedder", { files }, options);
}

/** Whether an error says that the worker has died. @param {unknown} error */
export function isDeath(error) {
  return /** @type {any} */ (error)?.code === "worker-died";
}

/** Neither the engine nor the code that starts it is fetched before something must be computed. */
async function createEngineHolder() {
  const { EngineHolder } = await import("../ui/engine.js");
  return new EngineHolder();
}
