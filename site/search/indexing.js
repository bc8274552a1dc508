/**
 * Brings files into the open collection: they wait in a queue on disk, are read one after the other, and are
 * searchable by words and by the static table at once; after that MiniLM reads their passages, if the visitor
 * has it. It can be stopped at any moment and continues where it was, also after the page was closed.
 */

import { counted } from "../ui/dom.js";
import { errorWords, isAbort } from "../ui/status.js";
import { explained } from "./collection-store.js";

/** @typedef {import("./library.js").Library} Library */
/** @typedef {{name: string, blob: Blob, options?: Record<string, unknown>}} Picked */
/** What could not be read, and what to do. @typedef {{name: string, message: string, remedy: string}} Problem */
/** Documents of a folder that is not in the folder any more. @typedef {{folder: string, names: string[]}} Gone */

/** Shown at most; more are counted. */
const MOST_PROBLEMS = 200;

export class Indexer extends EventTarget {
  #library;
  /** @type {AbortController | null} */
  #stop = null;
  /** @type {Promise<void>} */
  #running = Promise.resolve();
  /** Names that were read from each folder since it was added. @type {Map<string, Set<string>>} */
  #folders = new Map();
  /** @type {Problem[]} */
  problems = [];
  /** @type {Gone[]} */
  gone = [];
  /** Whether something waits that was stopped. */
  isPaused = false;

  /** @param {Library} library */
  constructor(library) {
    super();
    this.#library = library;
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
    if (folder) this.#folders.set(folder, new Set());
    const { id } = this.#library.current();
    try {
      await this.#library.store.queue(id).add(files);
    } catch (error) {
      this.#library.status.complain(explained(error));
    }
    await this.run();
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
      await this.#findGone();
      if (count) status.say(`${counted(count, "document")} added. You can search now.`);
      await this.#embed(signal);
      if (count) status.say(`${counted(count, "document")} added. Ready.`);
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

  /** @param {AbortSignal} signal @returns {Promise<number>} how many documents were added */
  async #readAll(signal) {
    const queue = this.#library.store.queue(this.#library.current().id);
    let count = 0;
    for (let waiting = await queue.list(); waiting.length; waiting = await queue.list()) {
      for (const [index, file] of waiting.entries()) {
        signal.throwIfAborted();
        this.#library.progress.show({
          status: "documents",
          file: file.name,
          loaded: index,
          total: waiting.length,
        });
        count += await this.#read(file, signal);
        await queue.done(file.key);
      }
      await this.#library.refresh();
    }
    return count;
  }

  /** @param {Picked} file @param {AbortSignal} signal @returns {Promise<number>} */
  async #read(file, signal) {
    let count = 0;
    const seen = this.#folders.get(file.name.split("/")[0]);
    try {
      for await (const document of this.#documents(file, signal)) {
        const { unchanged } = (await this.#library.write("add_document", { document }, { signal })) ?? {};
        seen?.add(document.name);
        if (!unchanged) count++;
      }
    } catch (error) {
      if (!isOfFile(error)) throw error;
      seen?.add(file.name); // it is there, though it cannot be read
      this.note({ name: file.name, ...errorWords(error) });
    }
    return count;
  }

  /** The documents of a file; a zip has many. @param {Picked} file @param {AbortSignal} signal */
  async *#documents({ name, blob, options = {} }, signal) {
    const data = new Uint8Array(await blob.arrayBuffer());
    for await (const step of this.#library.session.stream(
      "read_documents",
      { name, data, options },
      { signal },
    )) {
      if ("part" in step) yield step.part;
      else for (const skipped of step.end?.skipped ?? []) this.note(skipped);
    }
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

  /** Documents of an added folder that were not in it this time. */
  async #findGone() {
    for (const [folder, seen] of this.#folders) {
      const listed = await this.#library.documents();
      const names = listed
        .map(({ name }) => name)
        .filter((name) => name.startsWith(`${folder}/`) && !seen.has(name));
      if (names.length) this.gone.push({ folder, names });
    }
    this.#folders.clear();
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
