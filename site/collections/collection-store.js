/**
 * The collections that this browser keeps: each is a folder of the private file system, or of the cache
 * where that cannot be written, named by a random id. A collection that was deleted stays until the page is
 * opened again, so that this can be undone. One tab writes to a collection at a time. What the files contain
 * is the business of Python.
 */

import { ask, openFolder } from "../engine/storage/opfs.js";
import { problem } from "../ui/status.js";
import { t } from "../ui/words.js";
import { Asker } from "../ui/workers.js";
import { CacheFolder, writeCached } from "./cache-folder.js";
import { ABOUT, INDEX, readAbout, readFiles, readSummary, sizeOf, writePart } from "./collection-files.js";
import { MemoryFolder } from "./memory-folder.js";

/** @import { Part } from "./collection-files.js" */
/**
 * @typedef {import("./collection-files.js").Summary & {id: string, bytes: number, isDeleted: boolean}} Entry
 */
/** @typedef {(path: string[], part: Part) => Promise<void>} Write */
/** @import { Place } from "../engine/storage/store.js" */

const ID = /^[0-9a-f]{16}$/;
/** A file that marks a collection as deleted. */
const DELETED = "deleted";
const COLLECTIONS = "collections";
const VECTORS = "vectors.bin";

export class CollectionStore {
  /** Files that were queued since the page was opened. */
  #queued = 0;
  #folder;
  #write;

  /** @param {{folder: any, write: Write, place: Place}} options */
  constructor({ folder, write, place }) {
    this.#folder = folder;
    this.#write = write;
    /** Where collections are; those in memory are gone when the page is closed. */
    this.place = place;
  }

  /** The best place that can be written here. */
  static async open() {
    const folder = await openFolder(undefined, COLLECTIONS);
    const asker = new Asker("collections/collection-worker.js");
    if (folder && (await canWrite(asker))) {
      /** @type {Write} */
      const write = async (path, part) => void (await asker.ask({ path, part }));
      return new CollectionStore({ folder, write, place: "opfs" });
    }
    const cache = await CacheFolder.open();
    return cache ? CollectionStore.inCache(cache) : CollectionStore.inMemory();
  }

  /** @param {CacheFolder} folder */
  static inCache(folder) {
    return new CollectionStore({ folder, write: writeInto(folder, writeCached), place: "cache" });
  }

  static inMemory(folder = new MemoryFolder()) {
    return new CollectionStore({ folder, write: writeInto(folder), place: "memory" });
  }

  /** Every collection, by name, without those that were deleted. @returns {Promise<Entry[]>} */
  async list() {
    const entries = (await this.#all()).filter(({ isDeleted }) => !isDeleted);
    return entries.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
  }

  /** @returns {Promise<Entry[]>} */
  async #all() {
    const found = [];
    for await (const [id, folder] of this.#folder.entries()) {
      if (!ID.test(id)) continue;
      const summary = await readSummary(folder);
      const isDeleted = await exists(folder, DELETED);
      const shown = summary ?? unread(await readAbout(folder));
      found.push({ ...shown, id, bytes: await sizeOf(folder), isDeleted });
    }
    return found;
  }

  /** A new, empty folder. @returns {string} its id */
  create() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /**
   * Files that are too large to read as a whole: the engine reads them where they are.
   * @param {string} id
   */
  kept(id) {
    return this.place === "opfs" ? { folder: [COLLECTIONS, id], names: [VECTORS] } : undefined;
  }

  /** The other files of a collection's index; none in a new folder. @param {string} id */
  async files(id) {
    try {
      return await readFiles(await this.#open(id), [ABOUT, ...(this.kept(id)?.names ?? [])]);
    } catch {
      return { names: [], files: [] };
    }
  }

  /** Writes what a job yielded. @param {string} id @param {Part} part */
  async write(id, part) {
    await this.#write([id], part);
  }

  /** Whether there is a collection, with an index or with files that wait for one. @param {string} id */
  async has(id) {
    const folder = await this.#open(id).catch(() => new MemoryFolder());
    return (await exists(folder, INDEX)) || (await exists(folder, ABOUT));
  }

  /**
   * A new folder that no tab shows or clears away before it is finished. If the page is closed before that,
   * nothing stays of it.
   */
  async draft() {
    const id = this.create();
    const release = await takeLock(id);
    await this.mark(id, true);
    const finish = async () => {
      await this.mark(id, false);
      release?.();
    };
    const abandon = async () => {
      await this.remove(id);
      release?.();
    };
    return { id, finish, abandon };
  }

  /** What the page keeps of a collection. @param {string} id */
  async about(id) {
    const folder = await this.#open(id).catch(() => null);
    return (folder && (await readAbout(folder))) ?? {};
  }

  /** @param {string} id @param {import("./collection-files.js").About} about */
  async describe(id, about) {
    await this.#write([id], { replace: { [ABOUT]: new TextEncoder().encode(JSON.stringify(about)) } });
  }

  /** @param {string} id @param {boolean} isDeleted false restores it */
  async mark(id, isDeleted) {
    if (isDeleted) return await this.#write([id], { replace: { [DELETED]: new Uint8Array() } });
    await ask(await this.#open(id), "removeEntry", DELETED);
  }

  /**
   * Removes a collection for good.
   * @param {string} id
   * @returns {Promise<boolean>} false if it is being written
   */
  async remove(id) {
    try {
      await ask(this.#folder, "removeEntry", id, { recursive: true });
      return true;
    } catch (error) {
      return /** @type {any} */ (error)?.name === "NotFoundError";
    }
  }

  /** Removes what was deleted on an earlier visit, and folders in which no index was ever finished. */
  async purge() {
    for (const { id, isDeleted } of await this.#all()) {
      if (isDeleted || !(await this.has(id))) await whileAlone(id, () => this.remove(id));
    }
  }

  /** The files that wait to be read into a collection. @param {string} id */
  queue(id) {
    return new Queue({
      open: async () => ask(await this.#open(id), "getDirectoryHandle", "queue"),
      write: (part) => this.#write([id, "queue"], part),
      count: () => ++this.#queued,
      clear: async () => ask(await this.#open(id), "removeEntry", "queue", { recursive: true }),
    });
  }

  /** @param {string} id @returns {Promise<any>} */
  #open(id) {
    return ask(this.#folder, "getDirectoryHandle", id);
  }
}

/**
 * Files that wait to be read, so that a page that was closed continues with them. Each is removed when its
 * documents are in the index.
 */
export class Queue {
  #places;

  /**
   * @param {{
   *   open: () => Promise<any>, write: (part: Part) => Promise<void>, clear: () => Promise<unknown>,
   *   count: () => number
   * }} places
   */
  constructor(places) {
    this.#places = places;
  }

  /** @param {{name: string, blob: Blob, options?: Record<string, unknown>}[]} files */
  async add(files) {
    for (const { name, blob, options = {} } of files) {
      const key = `${Date.now().toString(36)}-${this.#places.count().toString(36).padStart(5, "0")}`;
      const about = new TextEncoder().encode(JSON.stringify({ name, options }));
      const data = new Uint8Array(await blob.arrayBuffer());
      await this.#places.write({ replace: { [`${key}.data`]: data } });
      await this.#places.write({ replace: { [`${key}.json`]: about } }); // last: now it waits
    }
  }

  /** What waits, in order. @returns {Promise<{key: string, name: string, options: any, blob: File}[]>} */
  async list() {
    const folder = await this.#places.open().catch(() => null);
    if (!folder) return [];
    const { names, files } = await readFiles(folder);
    const all = new Map(names.map((name, index) => [name, files[index]]));
    const waiting = [];
    for (const [file, about] of all) {
      const key = file.replace(/\.json$/, "");
      const blob = all.get(`${key}.data`);
      if (key === file || !blob) continue;
      const described = await parsed(about);
      if (described) waiting.push({ key, ...described, blob });
    }
    return waiting.sort((a, b) => a.key.localeCompare(b.key));
  }

  /** Changes with which options a file is read. @param {{key: string, name: string, options: any}} waiting */
  async change({ key, name, options }) {
    const about = new TextEncoder().encode(JSON.stringify({ name, options }));
    await this.#places.write({ replace: { [`${key}.json`]: about } });
  }

  /** @param {string} key */
  async done(key) {
    const folder = await this.#places.open();
    await ask(folder, "removeEntry", `${key}.json`); // first: now it does not wait any more
    await ask(folder, "removeEntry", `${key}.data`);
  }

  async clear() {
    await this.#places.clear().catch(() => {}); // nothing has waited
  }
}

/**
 * Whether the private file system can be written. Pages can say so where they may write themselves, which is
 * almost everywhere; elsewhere only a worker knows.
 * @param {Asker<any, any>} asker
 */
async function canWrite(asker) {
  const { FileSystemFileHandle } = /** @type {any} */ (globalThis);
  return "createWritable" in (FileSystemFileHandle?.prototype ?? {}) || (await asker.ask({ type: "probe" }));
}

/**
 * Writes parts from the page itself.
 * @param {any} root
 * @param {import("./collection-files.js").Write} [write]
 * @returns {Write}
 */
function writeInto(root, write) {
  return async (path, part) => {
    let folder = root;
    for (const name of path) folder = await folder.getDirectoryHandle(name, { create: true });
    await writePart(folder, part, write);
  };
}

/**
 * Under which name and with which options a file waits; null if that cannot be read.
 * @param {Blob} about
 * @returns {Promise<{name: string, options: any} | null>}
 */
async function parsed(about) {
  try {
    const { name, options } = JSON.parse(await about.text());
    return { name: String(name), options: Object(options) };
  } catch {
    return null;
  }
}

/** A collection without an index. @param {import("./collection-files.js").About | null} about */
function unread(about) {
  const name = String(about?.name ?? "An unfinished collection").slice(0, 200);
  return { name, documents: 0, passages: 0, model: "" };
}

/** @param {any} folder @param {string} name */
async function exists(folder, name) {
  return await ask(folder, "getFileHandle", name).then(
    () => true,
    () => false,
  );
}

/** @param {string} id */
const lockOf = (id) => `goosequill-collection-${id}`;

/**
 * Takes a collection for writing.
 * @param {string} id
 * @returns {Promise<(() => void) | null>} gives it back; null if another tab has it
 */
export function takeLock(id, locks = globalThis.navigator?.locks) {
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    locks.request(lockOf(id), { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => resolve(() => release(undefined)));
    });
  });
}

/**
 * Does something unless a tab has the collection.
 * @param {string} id
 * @param {() => Promise<unknown>} action
 */
async function whileAlone(id, action) {
  const release = await takeLock(id);
  if (!release) return;
  try {
    await action();
  } finally {
    release();
  }
}

/** Resolves when no other tab has a collection any more. @param {string} id @param {AbortSignal} signal */
export async function untilFree(id, signal, locks = globalThis.navigator?.locks) {
  await locks?.request(lockOf(id), { signal }, () => {});
}

/**
 * A full disk is the visitor's to solve.
 * @param {unknown} error
 */
export function explained(error) {
  if (/** @type {any} */ (error)?.name !== "QuotaExceededError") return error;
  return problem(
    t("The browser has no more space for this collection."),
    t(
      "What was already indexed is kept. Delete models or collections on the storage page, then add " +
        "the files again.",
    ),
  );
}
