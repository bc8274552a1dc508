/**
 * The search page's collections: which there are, which one is open, and what is ready to search it. It asks
 * before the first download, keeps what is written on disk, and tells its listeners of changes. It shows
 * nothing: collections.js and asking.js do.
 */

import { CollectionStore, explained, takeLock, untilFree } from "../collections/collection-store.js";
import { choiceOf, Embedder, hostOf, MINILM, titleOf } from "../collections/embedders.js";
import { SearchSession } from "../collections/session.js";
import { recall, remember } from "../ui/memory.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";
import { askConsent, consent, Declined, rememberConsent, sizes } from "./consent.js";
import { Indexer } from "./indexing.js";

/** @import { Entry } from "../collections/collection-store.js" */
/** @import { Part } from "../collections/collection-files.js" */
/** @import { Choice, Secrets } from "../collections/embedders.js" */
/** @import { StatusLine } from "../ui/status.js" */
/** @import { ProgressView } from "../ui/progress.js" */
/**
 * A document of the open collection.
 * @typedef {{document: number, name: string, title: string, hash: string, passages: number}} Listed
 */

const LAST = "search.collection";
/** Deleted documents that a collection carries along, unless it has as many others. */
const MOST_DELETED = 50;
const NEW = { documents: 0, passages: 0, bytes: 0, isDeleted: false, model: "" };

export class Library extends EventTarget {
  /** @type {CollectionStore | undefined} */
  #store;
  /** The chosen collection. @type {Entry | null} */
  #entry = null;
  /** Gives back the open collection's lock. @type {(() => void) | null} */
  #release = null;
  #waiting = new AbortController();
  /** @type {Promise<void> | undefined} */
  #preparing;
  /** Changes of which collection is open, one after the other. @type {Promise<unknown>} */
  #changes = Promise.resolve();
  /** @type {AbortController | undefined} */
  #compacting;
  /** Writes, one after the other. @type {Promise<unknown>} */
  #writes = Promise.resolve();
  /** The open collection's. @type {Embedder} */
  #embedder;
  /** Keys and files by collection, until the page is closed. @type {Map<string, Secrets>} */
  #secrets = new Map();

  /** Questions to try on the sample that was just added. @type {string[]} */
  questions = [];

  /**
   * @param {{
   *   status: StatusLine, progress: ProgressView, readFile: import("./indexing.js").ReadFile,
   *   session?: SearchSession, store?: CollectionStore
   * }} parts
   */
  constructor({ status, progress, readFile, session = new SearchSession(), store }) {
    super();
    this.status = status;
    this.progress = progress;
    this.session = session;
    this.#store = store;
    this.#embedder = new Embedder(session, MINILM);
    this.indexer = new Indexer(this, readFile);
  }

  /** Finds the collections, and chooses the one that was open last. Downloads nothing. */
  async start() {
    this.#store ??= await CollectionStore.open();
    await this.#store.purge();
    await this.choose(String(recall(LAST)));
  }

  get store() {
    if (!this.#store) throw new Error("the library has not started");
    return this.#store;
  }

  /** The open collection; null if there is none yet. */
  collection() {
    return this.#entry;
  }

  /** The open collection. */
  current() {
    if (!this.#entry) throw problem(t("No collection is open."), t("Create one, or choose one."));
    return this.#entry;
  }

  /** The names of all collections. */
  async collections() {
    return (await this.store.list()).map(({ name }) => name);
  }

  /** Whether the open collection may be changed: not while another tab has it. */
  get isWritable() {
    return this.#release !== null;
  }

  /** Opens the collection of a name, which a link may have. @param {string} name */
  async open(name) {
    const entry = (await this.store.list()).find((each) => each.name === name);
    if (entry) return await this.choose(entry.id);
    throw problem(
      t("There is no collection “{name}” in this browser.", { name }),
      t("Choose another, or import it from a file."),
    );
  }

  /** Opens a collection; if another tab has deleted it, the first one. @param {string} id */
  choose(id) {
    return this.#inTurn(() => this.#choose(id));
  }

  /** @param {string} id */
  async #choose(id) {
    await this.#leave();
    const entries = await this.store.list();
    const entry = entries.find((each) => each.id === id) ?? entries[0];
    if (entry) {
      await this.#enter(entry, choiceOf((await this.store.about(entry.id)).embedder, entry.model));
      await this.indexer.look();
    }
    this.#changed();
  }

  /**
   * Runs what changes which collection is open when the change before has ended.
   * @template T
   * @param {() => Promise<T>} change
   * @returns {Promise<T>}
   */
  #inTurn(change) {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    return done;
  }

  /** @param {Entry} entry @param {Choice} choice */
  async #enter(entry, choice) {
    const { id, name } = entry;
    this.#entry = entry;
    remember(LAST, id);
    this.#release = await takeLock(id);
    if (!this.#release) this.#waitForLock(id);
    this.#embedder = new Embedder(this.session, choice, this.#secrets.get(id));
    await this.#embedder.use();
    await this.session.choose(this.#chosen(id, name));
  }

  /**
   * Makes a new collection and opens it. Nothing is downloaded for that.
   * @param {string} wanted its name, if that is free
   * @param {Choice} [embedder]
   * @param {Secrets} [secrets]
   */
  create(wanted, embedder = MINILM, secrets = {}) {
    return this.#inTurn(() => this.#create(wanted, embedder, secrets));
  }

  /** The same, unless a collection is open, or is being made. @param {string} wanted */
  ensure(wanted) {
    return this.#inTurn(async () => {
      if (!this.#entry) await this.#create(wanted, MINILM, {});
    });
  }

  /** @param {string} wanted @param {Choice} embedder @param {Secrets} secrets */
  async #create(wanted, embedder, secrets) {
    const name = freeName(wanted, await this.collections());
    const id = this.store.create();
    await this.#leave();
    this.#secrets.set(id, secrets);
    await this.store.describe(id, { name, embedder });
    await this.#enter({ ...NEW, id, name }, embedder);
    this.#changed();
    globalThis.navigator?.storage?.persist?.().catch(() => {}); // asked at first use; the storage page says how it went
  }

  /** Questions that fit the open collection, if it is a sample. */
  sample() {
    return this.questions.length ? { questions: this.questions } : null;
  }

  /** Closes the open collection. */
  async #leave() {
    this.questions = [];
    this.#compacting?.abort();
    await this.indexer.leave();
    await this.#writes;
    this.#waiting.abort();
    this.#release?.();
    this.#release = null;
    this.#entry = null;
    await this.session.choose(null);
  }

  /**
   * Makes searching possible: engine, static table and the open collection.
   * @param {{ask?: boolean}} [options] whether it may ask the visitor; else it rejects with an AbortError if
   *   it would have to
   */
  async prepare({ ask = true } = {}) {
    if (!consent()) {
      if (!ask || !(await askConsent(await sizes()))) throw new Declined();
    }
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = undefined;
    });
    await this.#preparing;
  }

  /** Continues what was interrupted when the page was closed, and loads what search needs. */
  async resume() {
    await this.prepare({ ask: false });
    if (this.isWritable) await this.indexer.run();
    else await this.loadFull();
  }

  /** Whether `prepare` would return at once. */
  ready() {
    return this.session.has("static") && (!this.#entry || this.session.has("collection"));
  }

  /** @returns {"ready" | "loading" | "off"} the state of the open collection's embedder */
  full() {
    if (this.#embedder.isReady) return "ready";
    return this.#embedder.isLoading ? "loading" : "off";
  }

  /** How the open collection is embedded, and what is missing for that. */
  embedder() {
    const { choice, missing } = this.#embedder;
    return { choice, missing, host: hostOf(choice) };
  }

  /** The visitor wants the embedder, and is asked for what it lacks. Nothing is thrown. */
  async wantFull() {
    try {
      const { supplyEmbedder } = await import("./embedder-dialog.js");
      await supplyEmbedder(this);
    } catch (error) {
      this.status.complain(error);
    }
  }

  /** Loads the embedder, and lets it read what waits for it. */
  async offerFull() {
    if (this.#embedder.choice.kind === "minilm") rememberConsent({ full: true });
    await this.prepare();
    await this.loadFull({ ask: true });
    if (this.isWritable) await this.indexer.run();
  }

  /** Gives the open collection's embedder what it lacks. @param {Choice} choice @param {Secrets} secrets */
  async supply(choice, secrets) {
    const { id, name } = this.current();
    this.#secrets.set(id, secrets);
    await this.indexer.stop();
    if (this.isWritable) await this.store.describe(id, { name, embedder: choice });
    this.#embedder = new Embedder(this.session, choice, secrets);
    await this.#embedder.use();
    this.#changed();
    await this.offerFull();
  }

  /** The visitor does not want MiniLM any more. */
  async refuseFull() {
    rememberConsent({ full: false });
    await this.indexer.stop();
    await this.session.close("embedder");
    this.#changed();
  }

  /**
   * Asks the open collection: the job "search", with the question's vector if a server makes it.
   * @param {Record<string, unknown> & {question: string, stage: import("./inquiry.js").Stage}} args
   */
  async ask(args) {
    try {
      const vector = args.stage === "full" ? await this.#embedder.question(args.question) : {};
      return await this.run("search", { ...args, ...vector });
    } catch (error) {
      if (/** @type {any} */ (error)?.field === "key") this.#changed(); // the key is missing now
      throw error;
    }
  }

  /**
   * Gives vectors to the passages that have none.
   * @param {import("../collections/session.js").Options} options
   */
  async fill(options) {
    /** @type {import("../collections/embedders.js").Write} */
    const write = async (job, args, more) => {
      const onWritten = () => this.#changed(); // what is asked may have better answers now
      return await this.write(job, args, { ...more, background: true, onWritten });
    };
    await this.#embedder.fill(write, options);
  }

  /** Whether passages are being read, so that there will be better results. */
  isReading() {
    return this.indexer.isRunning;
  }

  /**
   * Runs a job on the open collection, with the models that are loaded.
   * @param {string} job
   * @param {Record<string, unknown>} [args]
   * @param {import("../engine/engine.js").RequestOptions} [options]
   */
  run(job, args = {}, options = {}) {
    return this.session.run(job, args, options);
  }

  /** The page's one EngineHolder. */
  holder() {
    return this.session.holder();
  }

  /** The open collection's documents. @returns {Promise<Listed[]>} */
  async documents() {
    return (await this.run("describe_collection")).documents;
  }

  /**
   * Runs a job that changes the open collection, and writes what it yields, in order.
   * @param {string} job
   * @param {Record<string, unknown>} [args]
   * @param {import("../collections/session.js").Options & {onWritten?: () => void}} [options]
   * @returns {Promise<any>} the job's end
   */
  async write(job, args = {}, { onWritten = () => {}, ...options } = {}) {
    const id = this.#writable();
    this.#compacting?.abort(); // its copy would lack this
    try {
      let result;
      for await (const step of this.session.stream(job, args, options)) {
        if ("part" in step) await this.#writePart(id, step.part);
        else result = await this.#writeEnd(id, step.end);
        onWritten();
      }
      return result;
    } catch (error) {
      await this.session.close("collection"); // what it has and what was written may differ: read it again
      throw explained(error);
    }
  }

  /** Reads the open collection's counts from disk, and tells the listeners. */
  async refresh() {
    const entry = this.#entry && (await this.store.list()).find(({ id }) => id === this.#entry?.id);
    if (entry) this.#entry = entry;
    this.#changed();
  }

  /** @param {string} wanted its name, if that is free */
  async rename(wanted) {
    await this.prepare();
    const { id } = this.current();
    const others = (await this.store.list()).filter((entry) => entry.id !== id);
    const name = freeName(
      wanted,
      others.map((entry) => entry.name),
    );
    await this.write("rename_collection", { name });
    await this.refresh();
  }

  /** @param {string[]} names of documents @returns {Promise<() => Promise<void>>} undoes it */
  async remove(names) {
    await this.prepare();
    const { id } = this.current();
    await this.write("remove_documents", { names });
    await this.refresh();
    return () => this.#restore(id, { names });
  }

  /** Puts back what files of the same names have replaced. @param {import("./indexing.js").Replaced} last */
  async undoReplacement({ replaced, gained, lost }) {
    await this.prepare();
    const args = { names: [...replaced, ...lost], instead: true, without: gained };
    await this.#restore(this.current().id, args);
  }

  /** @param {string} id @param {Record<string, unknown>} args of the job */
  async #restore(id, args) {
    if (this.#entry?.id !== id) await this.choose(id);
    if (this.#entry?.id !== id) {
      throw problem(t("The collection of these documents is gone."), t("Add their files again."));
    }
    const wasRunning = this.indexer.isRunning;
    await this.indexer.stop(); // it writes with the collection that is closed here
    await this.write("restore_documents", args);
    await this.session.close("collection"); // it has forgotten their words and vectors
    await this.session.open("collection");
    await this.refresh();
    if (wasRunning || this.full() === "ready") this.indexer.run(); // which reports what happens itself
  }

  /**
   * Rewrites the open collection without what was deleted, when that is more than what is left. Whatever
   * changes the collection meanwhile ends this, and it is tried again after the next files.
   */
  async compact() {
    const { isRunning, problems, gone, replaced } = this.indexer;
    const isShown = problems.length || gone.length || replaced.replaced.length;
    if (isRunning || isShown || !this.isWritable || !this.ready()) return;
    const { deleted = 0, documents } = await this.run("describe_collection");
    if (deleted < MOST_DELETED || deleted <= documents.length) return;
    const compacting = new AbortController();
    this.#compacting = compacting;
    const draft = await this.store.draft();
    try {
      const before = this.#writable();
      const { signal } = compacting;
      for await (const step of this.session.stream("compact_collection", {}, { signal })) {
        if (step.part) await this.store.write(draft.id, step.part);
      }
      await this.store.describe(draft.id, await this.store.about(before));
      await this.#inTurn(() => this.#exchange(before, draft, signal));
    } catch (error) {
      await draft.abandon();
      if (!compacting.signal.aborted) throw error;
    }
  }

  /**
   * @param {string} before
   * @param {{id: string, finish: () => Promise<void>}} draft
   * @param {AbortSignal} signal
   */
  async #exchange(before, { id, finish }, signal) {
    const waiting = await this.store.queue(before).list();
    if (this.indexer.isRunning || waiting.length) this.#compacting?.abort();
    signal.throwIfAborted();
    this.#compacting = undefined;
    this.#secrets.set(id, this.#secrets.get(before) ?? {});
    await finish();
    await this.store.mark(before, true); // so that no tab that waits for it opens it
    await this.#choose(id);
    await this.store.remove(before);
  }

  /** Deletes the open collection, and opens another. @returns {Promise<() => Promise<void>>} undoes it */
  delete() {
    return this.#inTurn(async () => {
      const id = this.#writable();
      await this.store.mark(id, true); // first, so that no tab that waits for it opens it
      await this.#leave();
      const release = await takeLock(id); // so that no tab clears it away while it can be restored
      await this.#choose("");
      return () =>
        this.#inTurn(async () => {
          release?.();
          await this.store.mark(id, false);
          await this.#choose(id);
        });
    });
  }

  /** The open collection as one file. @returns {Promise<Blob>} */
  async export() {
    await this.prepare();
    const parts = [];
    for await (const { part } of this.session.stream("export_collection", {})) {
      if (part) parts.push(new Blob([part.data ?? part])); // which the browser may keep on disk
    }
    return new Blob(parts, { type: "application/zip" });
  }

  /** The vectors of the open collection's documents as one file. @returns {Promise<Blob>} */
  async exportVectors() {
    await this.prepare();
    if (this.#embedder.choice.kind === "minilm") await this.#open();
    const parts = [];
    for await (const { part } of this.session.stream("write_embeddings", {})) if (part) parts.push(part.text);
    return new Blob(parts, { type: "application/json" });
  }

  /** Adds a collection from a file that was exported, under a name that is free. @param {File} file */
  async import(file) {
    await this.prepare();
    const files = { kind: "files", files: [file], names: [file.name] };
    await this.#inTurn(() => this.#take({}, "import_collection", { files }));
  }

  /**
   * Adds a collection from a file of vectors.
   * @param {File} file
   * @param {(found: {files: number, entries: number, dimensions: number, models: string[]}) =>
   *   Promise<{name: string, choice: Choice, secrets: Secrets} | null>} ask asks which model made them
   */
  async importVectors(file, ask) {
    await this.prepare();
    const files = { kind: "files", files: [file], names: [file.name] };
    const { handle, ...found } = await this.run("read_embeddings", { files });
    try {
      const answer = await ask(found);
      if (!answer) return null;
      await this.#inTurn(() => this.#takeVectors(handle, answer));
      return found;
    } finally {
      await (await this.holder()).engine.forget(handle).catch(() => {});
    }
  }

  /** @param {number} embeddings @param {{name: string, choice: Choice, secrets: Secrets}} answer */
  async #takeVectors(embeddings, { name, choice, secrets }) {
    const before = this.#entry?.id ?? "";
    await this.#leave();
    try {
      if (choice.kind === "minilm") rememberConsent({ full: true });
      this.#embedder = new Embedder(this.session, choice, secrets);
      await this.#embedder.use();
      await this.#open();
      const maker = choice.kind === "endpoint" ? { address: choice.address, model_name: choice.model } : {};
      const args = { embeddings, name, ...maker };
      await this.#take({ name, embedder: choice }, "import_embeddings", args, secrets);
    } catch (error) {
      await this.#choose(before);
      throw error;
    }
  }

  /**
   * Writes what a job yields into a new collection, and opens it.
   * @param {import("../collections/collection-files.js").About} about
   * @param {string} job
   * @param {Record<string, unknown>} args
   * @param {Secrets} [secrets]
   */
  async #take(about, job, args, secrets = {}) {
    const names = await this.collections();
    const { id, finish, abandon } = await this.store.draft();
    try {
      for await (const step of this.session.stream(job, args, { onProgress: this.progress.show })) {
        if ("part" in step) await this.store.write(id, step.part);
      }
      if (about.embedder) await this.store.describe(id, about);
      await finish();
    } catch (error) {
      await abandon();
      throw explained(error);
    } finally {
      this.progress.hide();
    }
    this.#secrets.set(id, secrets);
    await this.#choose(id);
    const { name } = this.current();
    if (names.includes(name)) await this.rename(name);
  }

  /**
   * Loads the open collection's embedder. Without `ask` it fetches only what the visitor has agreed to.
   */
  async loadFull({ ask = false } = {}) {
    if (this.#embedder.missing || this.session.has("embedder")) return;
    const isWanted = this.#embedder.choice.kind === "minilm" ? consent()?.full : !this.#embedder.isForeign;
    if (ask || isWanted) await this.#open();
  }

  async #open() {
    if (this.#embedder.isReady) return;
    const embedder = this.#embedder;
    const loading = embedder.load({ onProgress: this.progress.show });
    this.#changed();
    await loading.finally(this.progress.hide);
    if (embedder !== this.#embedder) return; // another collection was opened meanwhile
    this.status.say(t("{model} is ready.", { model: titleOf(embedder.choice) }));
    this.#changed();
  }

  async #prepare() {
    try {
      if (this.ready()) return;
      const isFirst = !this.session.has("static");
      await this.session.open("static", { onProgress: this.progress.show });
      if (this.#entry) await this.session.open("collection");
      if (isFirst) this.status.say(t("Ready to search.")); // else it would replace what was done last
    } finally {
      if (!this.indexer.isRunning) this.progress.hide();
    }
    this.#changed();
  }

  /** The open collection's id, if it can be written. */
  #writable() {
    const { id } = this.current();
    if (this.#release) return id;
    throw problem(t("Another tab has this collection open."), t("Change it there, or close that tab."));
  }

  /** @param {string} id @param {string} name @returns {import("../collections/session.js").Chosen} */
  #chosen(id, name) {
    return { name, files: () => this.#files(id), kept: this.store.kept(id) };
  }

  /** @param {string} id */
  async #files(id) {
    await this.#writes;
    return await this.store.files(id);
  }

  /** @param {string} id @param {Part} part */
  async #writePart(id, part) {
    const writing = this.#writes.then(() => this.store.write(id, part));
    this.#writes = writing.catch(() => {});
    await writing;
  }

  /** A job that is no generator returns its only part. @param {string} id @param {any} end */
  async #writeEnd(id, end) {
    if (end?.index !== undefined) await this.#writePart(id, end);
    return end;
  }

  /** @param {string} id */
  async #waitForLock(id) {
    this.#waiting = new AbortController();
    const { signal } = this.#waiting;
    await untilFree(id, signal).catch(() => {}); // another collection was chosen
    if (!signal.aborted) await this.choose(id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string} name @param {string[]} taken */
function freeName(name, taken) {
  if (!taken.includes(name)) return name;
  for (let number = 2; ; number++) if (!taken.includes(`${name} (${number})`)) return `${name} (${number})`;
}
