/**
 * Keeps model files between visits, named by the SHA-256 of their content: in the browser's private file
 * system (OPFS), where there is none in its cache, and where there is neither only while they are used. A
 * download gets a temporary name, resumes after an interruption, is verified, and only then renamed; a stored
 * file is verified each time it is read, a large one perhaps while it is loaded. The worker reads and writes;
 * a page may list and remove (site/storage). Quantized copies are kept here too (copies.js).
 */

import { EngineError } from "../protocol.js";
import { corrupt } from "./download.js";
import { parseFacts, readFacts, unknownFacts, writeFacts } from "./facts.js";
import { fingerprintBeside } from "./fingerprint.js";
import {
  ask,
  FileSink,
  fileOf,
  hasFile,
  isWritable,
  openFolder,
  PIECE,
  piecesOf,
  removeFrom,
} from "./opfs.js";
import { receive } from "./receive.js";
import { hasHash, isIntact, ONE_IN, SMALL } from "./verify.js";

/** @import { Facts } from "./facts.js" */
/** @import { Wanted } from "./receive.js" */
/** @typedef {"opfs" | "cache" | "memory"} Place */
/** @typedef {Facts & {sha256: string, place: Place, complete: boolean}} Entry */

const CACHE = "goosequill-models";
const HASH = /^[0-9a-f]{64}$/;

/** What a visitor should know of where a model is kept. @type {Record<Place | "full", string>} */
export const NOTES = {
  opfs: "",
  cache: "The browser has no private file system for models here, so the model is kept in its cache.",
  memory:
    "The browser stores nothing here (a private window, perhaps), so the model will be downloaded " +
    "again next time.",
  full: "There is not enough space to keep the model, so it will be downloaded again next time.",
};

/** @returns {Promise<Cache | null>} */
export async function openCache(caches = globalThis.caches) {
  try {
    return await caches.open(CACHE);
  } catch {
    return null;
  }
}

/** A request needs an address; this one does not exist. @param {string} sha256 */
const cacheKey = (sha256) => `https://goosequill.invalid/${sha256}`;

export class Store {
  /** The check of a large file beside other work, if there is one. @type {Promise<void> | undefined} */
  checking;

  /**
   * @param {{folder: any, cache: Cache | null, now?: () => number, random?: () => number, small?: number}}
   *   options `random` draws when a file of more than `small` bytes is compared with its published hash
   */
  constructor({ folder, cache, now = Date.now, random = Math.random, small = SMALL }) {
    this.folder = folder;
    this.cache = cache;
    this.now = now;
    this.random = random;
    this.small = small;
  }

  /** The best place that this worker can write to. */
  static async open() {
    const folder = await openFolder();
    // Where a file was stored, another can be: the probe takes longer than the list.
    const isUsable = folder && ((await hasFile(folder, HASH)) || (await isWritable(folder)));
    if (isUsable) return new Store({ folder, cache: null });
    return new Store({ folder: null, cache: await openCache() });
  }

  /** @returns {Place} */
  get place() {
    if (this.folder) return "opfs";
    return this.cache ? "cache" : "memory";
  }

  /**
   * Bytes of a file that is stored as a whole, which need not be intact; 0 if there is none.
   * @param {string} sha256
   */
  async size(sha256) {
    return (await this.#stored(sha256))?.size ?? 0;
  }

  /**
   * A file from storage or the network, whose content matches its hash if `intact` is true or not there.
   * @param {Wanted} wanted
   * @returns {Promise<{blob: Blob, note: string, intact?: Promise<boolean>}>}
   */
  async file(wanted) {
    if (!HASH.test(wanted.sha256)) throw corrupt(wanted.file);
    const locks = globalThis.navigator?.locks;
    if (!locks || !this.folder) return await this.#file(wanted);
    // When two tabs want one file, the second waits and then finds it stored.
    const name = `goosequill-store-${wanted.sha256}`;
    return await new Promise((resolve, reject) => {
      const work = async () => {
        const { noted, ...found } = await this.#file(wanted);
        resolve(found);
        await noted; // the file can be used meanwhile
      };
      locks.request(name, { signal: wanted.signal }, work).catch(reject);
    });
  }

  /**
   * @param {Wanted} wanted
   * @returns {Promise<{blob: Blob, note: string, intact?: Promise<boolean>, noted?: Promise<void>}>}
   */
  async #file(wanted) {
    const kept = await this.#kept(wanted);
    if (kept) return { ...kept, note: NOTES[this.place] };
    if (this.folder) return await this.#fetchToFolder(wanted);
    const { blob } = await receive(new MemorySink(), wanted);
    if (!this.cache) return { blob, note: NOTES.memory };
    try {
      const headers = { "x-goosequill": encodeURIComponent(JSON.stringify(this.#facts(wanted))) };
      await this.cache.put(cacheKey(wanted.sha256), new Response(blob, { headers }));
      return { blob, note: NOTES.cache };
    } catch {
      return { blob, note: NOTES.full };
    }
  }

  /** @param {string} sha256 @returns {Promise<Blob | null | undefined>} */
  async #stored(sha256) {
    if (this.folder) return await fileOf(this.folder, sha256);
    return await (await this.cache?.match(cacheKey(sha256)))?.blob();
  }

  /**
   * The stored file, if there is one and it is intact, or may be; `noted` is when its use is recorded.
   * @param {Wanted} wanted
   * @returns {Promise<{blob: Blob, intact?: Promise<boolean>, noted: Promise<void>} | null>}
   */
  async #kept(wanted) {
    const blob = await this.#stored(wanted.sha256);
    if (!blob) return null;
    const { folder, small } = this;
    const { fingerprint } = (folder && (await readFacts(folder, wanted.sha256))) ?? {};
    const hasSize = blob.size === wanted.bytes;
    const isLarge = fingerprint && blob.size > small;
    const beside = hasSize && isLarge ? await fingerprintBeside(folder, wanted.sha256, blob, wanted) : null;
    if (beside) wanted.onBytes?.(blob.size);
    if (beside || (hasSize && (await isIntact(blob, wanted, { fingerprint, folder, small })))) {
      const noted = this.#note(wanted);
      noted.catch(() => {}); // no space: the file has its old date
      if (isLarge && this.random() < 1 / ONE_IN) this.checking = this.#check(blob, wanted.sha256);
      const intact = beside?.fingerprint.then((found) => found === fingerprint);
      intact?.catch(() => {}); // who has loaded the file hears of it
      return { blob, intact, noted };
    }
    wanted.onBytes?.(-blob.size);
    await this.remove(wanted.sha256);
    return null;
  }

  /**
   * Removes a file whose record matches it and whose published hash does not: the next use downloads it.
   * @param {Blob} blob
   * @param {string} sha256
   */
  async #check(blob, sha256) {
    const isPublished = await hasHash(blob, sha256).catch(() => true); // it was removed meanwhile
    if (!isPublished) await this.remove(sha256);
  }

  /** @param {Wanted} wanted */
  async #fetchToFolder(wanted) {
    const name = `${wanted.sha256}.part`;
    let sink;
    try {
      sink = await FileSink.open(this.folder, name);
      const noted = this.#note(wanted); // so that the storage page can name it if it is interrupted
      const { fingerprint } = await receive(sink, wanted);
      await noted;
      await sink.commit(wanted.sha256);
      await this.#note(wanted, fingerprint);
      return { blob: /** @type {Blob} */ (await fileOf(this.folder, wanted.sha256)), note: "" };
    } catch (error) {
      sink?.close();
      if (error instanceof EngineError && error.code === "checksum") await this.remove(wanted.sha256);
      if (error instanceof EngineError || /** @type {any} */ (error)?.name === "AbortError") throw error;
      return await this.#withoutSpace(wanted, sink?.size ?? 0); // the file system refused
    }
  }

  /**
   * Reads what has arrived into memory, and receives the rest after it.
   * @param {Wanted} wanted
   * @param {number} size
   */
  async #withoutSpace(wanted, size) {
    let arrived = new Uint8Array();
    try {
      const part = await fileOf(this.folder, `${wanted.sha256}.part`);
      if (part) arrived = new Uint8Array(await part.slice(0, size).arrayBuffer());
      await this.remove(wanted.sha256);
    } catch {
      // a browser that runs out of space may have deleted what had arrived, or the whole folder
    }
    wanted.onBytes?.(-size); // what has arrived is counted again when it is read
    const { blob } = await receive(new MemorySink(arrived), wanted);
    return { blob, note: NOTES.full };
  }

  /** @param {Wanted} wanted @returns {Facts} */
  #facts({ file, url, bytes }) {
    const time = this.now();
    return { name: file, url: url.split(/[?#]/)[0], bytes, saved: time, used: time };
  }

  /** Records when the file was last used. @param {Wanted} wanted @param {string} [fingerprint] */
  async #note(wanted, fingerprint) {
    if (!this.folder) return;
    const before = await readFacts(this.folder, wanted.sha256);
    const facts = { ...this.#facts(wanted), fingerprint: fingerprint ?? before?.fingerprint };
    await this.writeFacts(wanted.sha256, { ...facts, saved: before?.saved ?? facts.saved });
  }

  /** @param {string} sha256 @param {Facts} facts */
  async writeFacts(sha256, facts) {
    await writeFacts(this.folder, sha256, facts);
  }

  /** Everything that is stored, including interrupted downloads. @returns {Promise<Entry[]>} */
  async list() {
    /** @type {Entry[]} */
    const entries = [];
    if (this.folder) {
      for await (const [name, handle] of this.folder.entries()) {
        const sha256 = name.replace(/\.part$/, "");
        if (!HASH.test(sha256)) continue;
        const file = await ask(handle, "getFile").catch(() => null);
        if (!file) continue; // removed meanwhile, or completed and renamed
        const { size, lastModified } = file;
        const facts = (await readFacts(this.folder, sha256)) ?? unknownFacts(lastModified);
        entries.push({ ...facts, bytes: size, sha256, place: "opfs", complete: name === sha256 });
      }
    }
    for (const request of (await this.cache?.keys()) ?? []) {
      const response = await this.cache?.match(request);
      const blob = await response?.blob();
      const facts = parseFacts(decodeURIComponent(response?.headers.get("x-goosequill") ?? ""));
      const sha256 = new URL(request.url).pathname.slice(1);
      entries.push({
        ...(facts ?? unknownFacts(0)),
        bytes: blob?.size ?? 0,
        sha256,
        place: "cache",
        complete: true,
      });
    }
    return entries.sort((a, b) => b.used - a.used);
  }

  /**
   * Removes a file, and the copies that were made of it.
   * @param {string} sha256
   * @returns {Promise<boolean>} false if another tab is using it
   */
  async remove(sha256) {
    let removed = true;
    for (const copy of this.folder ? await this.list() : []) {
      if (copy.made?.of.some(({ id }) => id === `sha256:${sha256}`)) await this.remove(copy.sha256);
    }
    for (const name of this.folder ? [sha256, `${sha256}.part`, `${sha256}.log`, `${sha256}.json`] : []) {
      removed = (await removeFrom(this.folder, name)) && removed;
    }
    await this.cache?.delete(cacheKey(sha256));
    return removed;
  }
}

/** In memory; pieces go to the browser's blob store as they arrive. */
class MemorySink {
  /** @type {Blob[]} */
  #parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #pending = [];
  #waiting = 0;
  size = 0;

  /** @param {Uint8Array<ArrayBuffer>} [arrived] */
  constructor(arrived) {
    if (arrived?.length) this.write(arrived);
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  write(bytes) {
    this.#pending.push(bytes);
    this.size += bytes.length;
    this.#waiting += bytes.length;
    if (this.#waiting < PIECE) return;
    this.#parts.push(new Blob(this.#pending));
    this.#pending = [];
    this.#waiting = 0;
  }

  restart() {
    this.#parts = [];
    this.#pending = [];
    this.#waiting = 0;
    this.size = 0;
  }

  existing() {
    return piecesOf(this.blob());
  }

  blob() {
    return new Blob([...this.#parts, ...this.#pending]);
  }
}
