/**
 * Brings files into the open collection: they wait in a queue on disk, at once and before anything is
 * downloaded, are read one after the other, and are searchable by words and by the static table; after that
 * the collection's embedder reads their passages, if it is there. It can be stopped at any moment and
 * continues where it was, also after the page was closed.
 */

import { Changes } from "../collections/changes.js";
import { explained } from "../collections/collection-store.js";
import { distinct, isTable } from "../collections/files.js";
import { unlessAborted } from "../engine/aborting.js";
import { errorWords, isAbort } from "../ui/status.js";
import { t, tn } from "../ui/words.js";
import { Declined } from "./consent.js";

/** @import { Library } from "./library.js" */
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
 * Names of documents that took the place of others of these names, and of those that tables have gained and
 * lost.
 * @typedef {{replaced: string[], gained: string[], lost: string[]}} Replaced
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
  /** Stops the embedder, so that files that were added meanwhile can be found first. */
  #hurry = new AbortController();
  /** Folders that were added as a whole. @type {Set<string>} */
  #folders = new Set();
  /** What was read since nothing waited, also before a stop. @type {Changes | null} */
  #changes = null;
  /** @type {Problem[]} */
  problems = [];
  /** @type {Gone[]} */
  gone = [];
  /** What was replaced, so that it can be undone. @type {Replaced} */
  replaced = { replaced: [], gained: [], lost: [] };
  /** How many documents were added, replaced and removed since files were added. */
  #counts = { added: 0, replaced: 0, removed: 0 };
  /** The column that was taken of each table for which nobody was asked. @type {Map<string, string>} */
  columns = new Map();
  /** Names of files that are not read yet. @type {string[]} */
  waiting = [];
  /** Whether something waits that was stopped. */
  isPaused = false;
  /**
   * Asks which column of a table has the text; null leaves the table out.
   * @type {(file: Picked) => Promise<string | null>}
   */
  chooseColumn = async () => "";

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
   * name alone replaces it. Files of one name that come together are numbered.
   * @param {Picked[]} files
   * @param {{folder?: string}} [options] the folder that they are all of, whose other documents are gone
   */
  async add(files, { folder = "" } = {}) {
    if (!this.isRunning) {
      this.dismiss();
      this.#counts = { added: 0, replaced: 0, removed: 0 };
    }
    if (folder) this.#folders.add(folder);
    const { id } = this.#library.current();
    const queue = this.#queue();
    const named = distinct(folder ? files.map(withoutQuestion) : files);
    const failure = await queue.add(named).then(() => null, explained);
    if (this.#library.collection()?.id !== id) return; // they wait there
    await this.#list();
    this.#hurry.abort();
    await this.run(); // which another call may have begun, and ended when these came
    if (!this.isPaused && this.#library.collection()?.id === id && (await queue.list()).length)
      await this.run();
    if (failure) this.#library.status.complain(failure); // the other files are read
    await this.#library.compact().catch(this.#library.status.complain);
  }

  /** Reads what waits, until nothing does. Nothing is thrown: the outcome is in the status line. */
  async run() {
    if (this.#stop) return await this.#running;
    this.isPaused = false;
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
    await this.#queue().clear();
    this.#forget();
    await this.#list();
  }

  /** Stops, and forgets all that concerns the open collection, which is left. */
  async leave() {
    await this.stop();
    this.#forget();
    this.dismiss();
    this.waiting = [];
  }

  #forget() {
    this.isPaused = false;
    this.#folders.clear();
    this.#changes = null;
  }

  /** Looks what waits in a collection that was opened. */
  async look() {
    await this.#list();
    this.isPaused = this.waiting.length > 0 && !this.isRunning;
  }

  async #list() {
    this.waiting = (await this.#queue().list()).map(({ name }) => name);
    this.#changed();
  }

  #queue() {
    return this.#library.store.queue(this.#library.current().id);
  }

  /**
   * Forgets which problems there were, which documents are gone or replaced, and which columns were taken.
   */
  dismiss() {
    this.problems = [];
    this.gone = [];
    this.replaced = { replaced: [], gained: [], lost: [] };
    this.columns.clear();
    this.#changed();
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    const { status, progress } = this.#library;
    try {
      await unlessAborted(this.#library.prepare(), signal);
      let hasRead = false;
      for (let isDone = false; !isDone; isDone = await this.#embed(signal)) {
        if (!(await this.#readAll(signal))) continue;
        hasRead = true;
        const words = countWords(this.#counts);
        if (words) status.say([words, t("You can search now.")].join(" "));
      }
      const words = hasRead ? [countWords(this.#counts) || t("No new documents.")] : [];
      status.say([...words, t("Ready to search.")].join(" "));
    } catch (error) {
      this.isPaused = true;
      if (error instanceof Declined)
        status.say(t("Nothing was downloaded. Your files wait here until you continue."));
      else if (isAbort(error)) status.say(t("Stopped. What was read is kept; Continue reads the rest."));
      else status.complain(error);
    } finally {
      this.#stop = null;
      progress.hide();
      await this.#library.refresh().catch(() => {});
      this.#changed();
    }
  }

  /** Returns whether files waited. @param {AbortSignal} signal */
  async #readAll(signal) {
    const queue = this.#queue();
    let waiting = await queue.list();
    if (!waiting.length) return false;
    if (!this.#changes) {
      const { documents, sources } = await this.#library.run("describe_collection");
      this.#changes = new Changes(documents, sources);
    }
    const changes = this.#changes;
    for (; waiting.length; waiting = await queue.list()) {
      for (const [loaded, file] of waiting.entries()) {
        signal.throwIfAborted();
        const { name, key } = file;
        this.waiting = waiting.slice(loaded).map((each) => each.name);
        if (await this.#hasColumn(file, queue)) {
          const total = waiting.length > 1 ? waiting.length : 0; // "0 of 1 files" says nothing
          this.#library.progress.show({ status: "documents", file: name, loaded, total });
          await this.#read(file, changes, signal);
        }
        await queue.done(key);
      }
    }
    for (const folder of this.#folders) {
      const names = changes.gone(folder);
      if (names.length) this.gone.push({ folder, names });
    }
    this.#forget();
    this.waiting = [];
    await this.#library.refresh();
    return true;
  }

  /**
   * Asks for a table's column, unless that was done; the answer is kept with what waits.
   * @param {{key: string, name: string, blob: Blob, options: any}} file
   * @param {import("../collections/collection-store.js").Queue} queue
   */
  async #hasColumn(file, queue) {
    if (!isTable(file.name) || file.options.column !== undefined) return true;
    const column = await this.chooseColumn(file);
    if (column === null) return false;
    file.options = { ...file.options, column };
    await queue.change(file);
    return true;
  }

  /** @param {Picked} file @param {Changes} changes @param {AbortSignal} signal */
  async #read({ name, blob, options = {} }, changes, signal) {
    const { session, progress } = this.#library;
    const run = session.items.bind(session);
    const file = { name, blob, options: { ...options, known: changes.known } };
    const replacement = new Replacement(this.#library, changes, (part) => this.#count(part));
    try {
      for await (const { skipped, unchanged, kept, source, ...document } of this.#readFile(run, file, {
        signal,
      })) {
        if (skipped) this.note(skipped);
        if (skipped || unchanged) changes.saw(skipped ? skipped.name : source);
        else if (kept) await replacement.keep(source, kept, document.hash);
        else await replacement.add(source, document, signal);
        const { row = 0, rows = 0 } = document;
        if (rows) progress.show({ status: "rows", file: name, loaded: row, total: rows });
        if (document.column && !options.column) this.columns.set(source, document.column);
      }
      await replacement.finish();
    } catch (error) {
      await replacement.abandon();
      if (!isOfFile(error)) throw error;
      changes.saw(name); // it is there, though it cannot be read
      this.note({ name, ...errorWords(error) });
    }
  }

  /** @param {Replaced & {added: number}} part */
  #count({ added, replaced, gained, lost }) {
    this.#counts.added += added + gained.length;
    this.#counts.replaced += replaced.length;
    this.#counts.removed += lost.length;
    for (const [key, names] of Object.entries({ replaced, gained, lost }))
      for (const name of names) this.replaced[/** @type {keyof Replaced} */ (key)].push(name);
  }

  /**
   * Lets the collection's embedder read what it has not read yet.
   * @param {AbortSignal} stop
   * @returns {Promise<boolean>} false if files came meanwhile, which are read first
   */
  async #embed(stop) {
    const { progress } = this.#library;
    await this.#library.loadFull();
    if (this.#library.full() !== "ready") return true;
    this.#hurry = new AbortController();
    const hurry = this.#hurry.signal;
    const signal = AbortSignal.any([stop, hurry]);
    const onProgress = (/** @type {import("../engine/client.js").Progress} */ step) =>
      progress.show({ ...step, status: "passages" });
    try {
      await this.#library.fill({ signal, onProgress });
      return true;
    } catch (error) {
      if (stop.aborted || !hurry.aborted) throw error;
      return false;
    }
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

/**
 * Puts the documents of a source in place of those that it had: all of them, or none if the page is closed
 * before the last.
 */
class Replacement {
  #library;
  #changes;
  #count;
  /** The source of which documents were added, but which has not ended. */
  #source = "";
  /** Its hash, if it is a table, whose rows have their own. */
  #hash = "";
  /** What is done when it has ended. */
  #part = nothing();

  /**
   * @param {Library} library
   * @param {Changes} changes
   * @param {(part: Replaced & {added: number}) => void} count gets what was done
   */
  constructor(library, changes, count) {
    this.#library = library;
    this.#changes = changes;
    this.#count = count;
  }

  /**
   * @param {string} source
   * @param {{name: string, hash: string, row_hash?: string}} read
   * @param {AbortSignal} signal
   */
  async add(source, { row_hash: rowHash = "", ...document }, signal) {
    if (this.#source !== source) await this.finish();
    const { name, hash } = document;
    const partial = this.#changes.isPartial(source, name);
    if (partial) this.#source = source;
    if (rowHash) this.#hash = hash;
    const { show: onProgress } = this.#library.progress;
    const args = { document: { ...document, hash: rowHash || hash }, partial };
    const end = await this.#library.write("add_document", args, { signal, onProgress });
    this.#changes.read(source, name);
    if (end?.replaced) this.#part.replaced.push(name);
    else if (!end?.unchanged && partial && this.#changes.had(source)) this.#part.gained.push(name);
    else if (!end?.unchanged) this.#part.added++;
    if (!partial) this.#end();
  }

  /**
   * Notes rows of a table that are as they were.
   * @param {string} source
   * @param {string[]} names
   * @param {string} hash
   */
  async keep(source, names, hash) {
    if (this.#source !== source) await this.finish();
    [this.#source, this.#hash] = [source, hash];
    for (const name of names) this.#changes.read(source, name);
  }

  /** Ends the source whose documents were added last. */
  async finish() {
    if (!this.#source) return;
    const [source, hash, names] = [this.#source, this.#hash, this.#changes.replaced(this.#source)];
    await this.#library.write("finish_source", { names, source, hash });
    this.#part.lost = names;
    this.#end();
  }

  /** Goes back to what was there before the source. */
  async abandon() {
    if (this.#source) await this.#library.session.close("collection"); // it is opened again as it was written
    this.#part = nothing();
    this.#end();
  }

  #end() {
    this.#count(this.#part);
    this.#part = nothing();
    this.#source = this.#hash = "";
  }
}

/** @returns {Replaced & {added: number}} */
function nothing() {
  return { added: 0, replaced: [], gained: [], lost: [] };
}

/**
 * What was done; "" if that is nothing.
 * @param {{added: number, replaced: number, removed: number}} counts
 */
function countWords({ added, replaced, removed }) {
  const words = [
    added && tn(added, "{n} document added.", "{n} documents added."),
    replaced && tn(replaced, "{n} document replaced.", "{n} documents replaced."),
    removed && tn(removed, "{n} document is removed.", "{n} documents are removed."),
  ];
  return words.filter(Boolean).join(" ");
}

/** A file of a folder, of whose tables nothing is asked. @param {Picked} file @returns {Picked} */
function withoutQuestion({ options, ...file }) {
  return { ...file, options: isTable(file.name) ? { ...options, column: "" } : options };
}

/** Codes of errors that are not about the file that is read. */
const GENERAL = ["worker-died", "out-of-memory", "engine-start", "internal", "network", "collection-closed"];

/** Whether an error concerns one file only, so that the others can be read. @param {unknown} error */
function isOfFile(error) {
  const code = /** @type {any} */ (error)?.code;
  return typeof code === "string" && !GENERAL.includes(code);
}
