/**
 * Brings files into the open collection: they wait in a queue on disk, are read one after the other, and are
 * searchable by words and by the static table at once; after that MiniLM reads their passages, if the visitor
 * has it. It can be stopped at any moment and continues where it was, also after the page was closed.
 */

import { counted } from "../ui/dom.js";
import { errorWords, isAbort } from "../ui/status.js";
import { Changes } from "./changes.js";
import { explained } from "./collection-store.js";

/** @typedef {import("./library.js").Library} Library */
/** @typedef {{name: string, blob: Blob, options?: Record<string, unknown>}} Picked */
/**
 * What could not be read, and what to do.
 * @typedef {{name: string, message: string, remedy: string}} Problem
 */
/**
 * Documents of a folder that is not in the folder any more.
 * @typedef {{folder: string, names: string[]}} Gone
 */

/**
 * Reads a file: yields its documents, and as `{skipped}` what cannot be read.
 * @typedef {(
 *   run: (job: string, args: Record<string, unknown>, options?: any) => AsyncIterable<any>,
 *   file: {name: string, blob: Blob, options: Record<string, unknown>}, options: {signal: AbortSignal}
 * ) => AsyncIterable<any>} ReadFile
 */

/** Shown at most; more are counted. */
const MOST_PROBLEMS = 200;

export class Indexer extends EventTarget {
  #library;
  #readFile;
  /** @type {AbortController | null} */
  #stop = null;
  /** @type {Promise<void>} */
  #running = Promise.resolve();
  /** Folders that were added as a whole. @type {Set<string>} */
  #folders = new Set();
  /** @type {Problem[]} */
  problems = [];
  /** @type {Gone[]} */
  gone = [];
  /** Whether something waits that was stopped. */
  isPaused = false;

  /** @param {Library} library @param {ReadFile} readFile */
  constructor(library, readFile) {
    super();
    this.#library = library;
    this.#readFile = readFile;
  }

  get isRunning() {
    return this.#stop !== null;
  }

  /**
   * Adds files to the open collection. One with the name and content of a document is skipped, one with the
   * name alone replaces it.
   * @param {Picked[]} files
   * @param {{folder?: string}} [options] the folder that they are all of, whose other documents are gone
   */
  async add(files, { folder = "" } = {}) {
    if (!this.isRunning) this.problems = [];
    if (folder) this.#folders.add(folder);
    const { id } = this.#library.current();
    const queued = this.#library.store.queue(id).add(files);
    const failure = await queued.then(() => null, explained);
    await this.run();
    if (failure) this.#library.status.complain(failure); // the other files are read
    await this.#library.compact().catch(this.#library.status.complain);
  }

  /** Reads what waits, until nothing does. Nothing is thrown: the outcome is in the status line. */
  async run() {
    if (this.#stop) return await this.#running;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#run(stop.signal);
    this.#changed();
    await this.#running;
  }

  /** Stops; what was read so far is kept, and the rest waits. */
  async stop() {
    this.#stop?.abort(new DOMException("Stopped.", "AbortError"));
    await this.#running;
  }

  /** Forgets what waits. */
  async discard() {
    await this.stop();
    await this.#library.store.queue(this.#library.current().id).clear();
    this.isPaused = false;
    this.#changed();
  }

  /** Forgets which problems there were, and which documents are gone. */
  dismiss() {
    this.problems = [];
    this.gone = [];
    this.#changed();
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    const { status, progress } = this.#library;
    this.isPaused = false;
    try {
      const count = await this.#readAll(signal);
      if (count) status.say(`${counted(count, "document")} added. You can search now.`);
      await this.#embed(signal);
      const added = count ? `${counted(count, "document")} added. ` : "";
      status.say(`${count === 0 ? "No new documents. " : added}Ready to search.`);
    } catch (error) {
      this.isPaused = true;
      if (isAbort(error)) status.say("Stopped. What was read is kept; Continue reads the rest.");
      else status.complain(error);
    } finally {
      this.#stop = null;
      progress.hide();
      await this.#library.refresh().catch(() => {});
      this.#changed();
    }
  }

  /**
   * Returns how many documents were added or replaced; null if no file waited.
   * @param {AbortSignal} signal
   */
  async #readAll(signal) {
    const queue = this.#library.store.queue(this.#library.current().id);
    let waiting = await queue.list();
    if (!waiting.length) return null;
    const changes = new Changes(await this.#library.documents());
    let count = 0;
    for (; waiting.length; waiting = await queue.list()) {
      for (const [loaded, file] of waiting.entries()) {
        signal.throwIfAborted();
        const { name, key } = file;
        this.#library.progress.show({ status: "documents", file: name, loaded, total: waiting.length });
        count += await this.#read(file, changes, signal);
        await queue.done(key);
      }
    }
    const replaced = changes.replaced();
    if (replaced.length) await this.#library.write("remove_documents", { names: replaced });
    for (const folder of this.#folders) {
      const names = changes.gone(folder);
      if (names.length) this.gone.push({ folder, names });
    }
    this.#folders.clear();
    await this.#library.refresh();
    return count;
  }

  /** @param {Picked} file @param {Changes} changes @param {AbortSignal} signal @returns {Promise<number>} */
  async #read({ name, blob, options = {} }, changes, signal) {
    const run = this.#library.session.items.bind(this.#library.session);
    const file = { name, blob, options: { ...options, known: changes.known } };
    let count = 0;
    try {
      for await (const { skipped, unchanged, source, ...document } of this.#readFile(run, file, { signal })) {
        if (skipped) this.note(skipped);
        if (skipped || unchanged) changes.saw(skipped ? skipped.name : source);
        if (skipped || unchanged) continue;
        const { show: onProgress } = this.#library.progress;
        const end = await this.#library.write("add_document", { document }, { signal, onProgress });
        changes.read(source, document.name);
        if (!end?.unchanged) count++;
      }
    } catch (error) {
      if (!isOfFile(error)) throw error;
      changes.saw(name); // it is there, though it cannot be read
      this.note({ name, ...errorWords(error) });
    }
    return count;
  }

  /** Lets MiniLM read the passages that it has not read yet. @param {AbortSignal} signal */
  async #embed(signal) {
    await this.#library.loadFull();
    if (this.#library.full() !== "ready") return;
    const started = performance.now();
    let first = -1;
    await this.#library.write(
      "embed_passages",
      {},
      {
        signal,
        onProgress: ({ loaded, total, file }) => {
          if (first < 0) first = loaded;
          const rate = (loaded - first) / ((performance.now() - started) / 1000);
          this.#library.progress.show({ status: "passages", file, loaded, total });
          if (rate > 0) this.#library.progress.parts.label.append(` · ${rate.toPrecision(2)} a second`);
        },
      },
    );
  }

  /** @param {Problem} found */
  note(found) {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push(found);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Codes of errors that are not about the file that is read. */
const GENERAL = ["worker-died", "out-of-memory", "engine-start", "internal", "network", "collection-closed"];

/** Whether an error concerns one file only, so that the others can be read. @param {unknown} error */
function isOfFile(error) {
  const code = /** @type {any} */ (error)?.code;
  return typeof code === "string" && !GENERAL.includes(code);
}
