// Where model files are kept between visits, by the SHA-256 of their content: in the browser's private
// file system (OPFS), where there is none in its cache, and where there is neither only as long as they
// are used. What arrives is written to a temporary name, gone on with after an interruption by a range
// of bytes, verified, and only then renamed; what is kept is verified again each time it is read.
// It runs in the worker; a page may list and remove (site/storage). What copies.js makes of models is kept here too.

import { open } from "./download.js";
import { Fingerprint, fingerprint } from "./fingerprint.js";
import { EngineError } from "./protocol.js";
import { Sha256 } from "./sha256.js";

/** @typedef {"opfs" | "cache" | "memory"} Place */
/**
 * A file that a copy was made of: what tells its content (`id`), or stands for that (`version`); a hash of its
 * address, if it has one.
 * @typedef {{id: string, name: string, bytes: number, url: string, version: string}} Original
 */
/**
 * What a copy of a rounded model is: the version of its layout, whether "auto" asks for its bits too, and the
 * fingerprint of its content.
 * @typedef {{layout: number, bits: 8 | 4, auto: boolean, digest: string, of: Original[]}} Made
 */
/**
 * What is known of a file; `print` is the fingerprint of a download whose SHA-256 was found right, by which it
 * is verified several times as fast from then on.
 * @typedef {{name: string, url: string, bytes: number, saved: number, used: number, print?: string, made?: Made}} Facts
 */
/** @typedef {Facts & {sha256: string, place: Place, complete: boolean}} Entry */

/**
 * @typedef {{
 *   url: string, file: string, bytes: number, sha256: string, signal?: AbortSignal,
 *   onBytes?: (count: number) => void, fetch?: typeof fetch
 * }} Wanted
 */

/**
 * Where bytes go while they arrive.
 * @typedef {{
 *   size: number, write: (bytes: Uint8Array<ArrayBuffer>) => void, restart: () => void,
 *   existing: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
 * }} Sink
 */

const CACHE = "goosequill-models";
const PATIENCE = 3; // attempts in a row that bring nothing before it is given up
const PAUSE = 300; // milliseconds before the first such attempt is repeated
const PIECE = 4 * 1024 * 1024; // bytes read or hashed at once
const HASH = /^[0-9a-f]{64}$/;

/** What a visitor should know of the place. @type {Record<Place | "full", string>} */
export const NOTES = {
  opfs: "",
  cache: "The browser has no private file system here, so the model is kept in its cache.",
  memory:
    "The browser stores nothing here (a private window, perhaps), so the model is downloaded again next time.",
  full: "There is no room to keep the model, so it is downloaded again next time.",
};

/** @type {Set<any>} */
const asked = new Set();

/**
 * Asks a file, or a folder, for something. One that nobody else refers to may be collected before it has
 * answered, and then it never does: so it is held until then.
 * @param {any} handle
 * @param {string} method
 * @param {unknown[]} args
 */
export async function ask(handle, method, ...args) {
  const question = { handle };
  asked.add(question);
  try {
    return await handle[method](...args);
  } finally {
    asked.delete(question);
  }
}

/** The folder of model files, or null where the browser gives none. @returns {Promise<any>} */
export async function openFolder(storage = globalThis.navigator?.storage) {
  try {
    const root = await storage.getDirectory();
    const own = await ask(root, "getDirectoryHandle", "goosequill", { create: true });
    return await ask(own, "getDirectoryHandle", "models", { create: true });
  } catch {
    return null; // private windows, plain http, old browsers
  }
}

/** @returns {Promise<Cache | null>} */
export async function openCache(caches = globalThis.caches) {
  try {
    return await caches.open(CACHE);
  } catch {
    return null;
  }
}

/** Requests need an address; this one leads nowhere. @param {string} sha256 */
const cacheKey = (sha256) => `https://goosequill.invalid/${sha256}`;

export class Store {
  /** @param {{folder: any, cache: Cache | null, now?: () => number}} places */
  constructor({ folder, cache, now = Date.now }) {
    this.folder = folder;
    this.cache = cache;
    this.now = now;
  }

  static async open() {
    const folder = await openFolder();
    return new Store({ folder, cache: folder ? null : await openCache() });
  }

  /** @returns {Place} */
  get place() {
    if (this.folder) return "opfs";
    return this.cache ? "cache" : "memory";
  }

  /**
   * A file, kept or fetched, whose content is what its hash says.
   * @param {Wanted} wanted
   * @returns {Promise<{blob: Blob, note: string}>}
   */
  async file(wanted) {
    if (!HASH.test(wanted.sha256)) throw damaged("checksum", wanted.file);
    const locks = globalThis.navigator?.locks;
    if (!locks || !this.folder) return await this.#file(wanted);
    // Two tabs that want one file: the second waits, and finds it there.
    const name = `goosequill-store-${wanted.sha256}`;
    return await locks.request(name, { signal: wanted.signal }, () => this.#file(wanted));
  }

  /** @param {Wanted} wanted */
  async #file(wanted) {
    const kept = await this.#kept(wanted);
    if (kept) return { blob: kept, note: NOTES[this.place] };
    if (this.folder) return await this.#fetchToFolder(wanted);
    const { blob } = await fetchTo(new MemorySink(), wanted);
    if (!this.cache) return { blob, note: NOTES.memory };
    try {
      const headers = { "x-goosequill": encodeURIComponent(JSON.stringify(this.#facts(wanted))) };
      await this.cache.put(cacheKey(wanted.sha256), new Response(blob, { headers }));
      return { blob, note: NOTES.cache };
    } catch {
      return { blob, note: NOTES.full };
    }
  }

  /** The file as it is kept, if it is there and unaltered. @param {Wanted} wanted @returns {Promise<Blob | null>} */
  async #kept(wanted) {
    const blob = this.folder
      ? await fileOf(this.folder, wanted.sha256)
      : await (await this.cache?.match(cacheKey(wanted.sha256)))?.blob();
    if (!blob) return null;
    const { print } = (this.folder && (await readFacts(this.folder, wanted.sha256))) ?? {};
    if (blob.size === wanted.bytes && (await isSound(blob, wanted, print))) {
      await this.#note(wanted);
      return blob;
    }
    wanted.onBytes?.(-blob.size);
    await this.remove(wanted.sha256);
    return null;
  }

  /** @param {Wanted} wanted */
  async #fetchToFolder(wanted) {
    const name = `${wanted.sha256}.part`;
    let sink;
    try {
      sink = await FileSink.open(this.folder, name);
      await this.#note(wanted); // so that the manager can name it if it is interrupted
      const { print } = await fetchTo(sink, wanted);
      await sink.commit(wanted.sha256);
      await this.#note(wanted, print);
      return { blob: /** @type {Blob} */ (await fileOf(this.folder, wanted.sha256)), note: "" };
    } catch (error) {
      sink?.close();
      if (error instanceof EngineError && error.code === "checksum") await this.remove(wanted.sha256);
      if (error instanceof EngineError || /** @type {any} */ (error)?.name === "AbortError") throw error;
      return await this.#withoutRoom(wanted, sink?.size ?? 0); // the file system refused
    }
  }

  /** What has arrived is taken into memory, and the rest after it. @param {Wanted} wanted @param {number} size */
  async #withoutRoom(wanted, size) {
    let arrived = new Uint8Array();
    try {
      const part = await fileOf(this.folder, `${wanted.sha256}.part`);
      if (part) arrived = new Uint8Array(await part.slice(0, size).arrayBuffer());
      await this.remove(wanted.sha256);
    } catch {
      // a browser without room may have thrown away what it had, or all of the folder
    }
    wanted.onBytes?.(-size); // what has arrived is counted once more when it is read
    const { blob } = await fetchTo(new MemorySink(arrived), wanted);
    return { blob, note: NOTES.full };
  }

  /** @param {Wanted} wanted @returns {Facts} */
  #facts({ file, url, bytes }) {
    const time = this.now();
    return { name: file, url: url.split(/[?#]/)[0], bytes, saved: time, used: time };
  }

  /** Notes when the file was used last. @param {Wanted} wanted @param {string} [print] */
  async #note(wanted, print) {
    if (!this.folder) return;
    const before = await readFacts(this.folder, wanted.sha256);
    const facts = { ...this.#facts(wanted), print: print ?? before?.print };
    await this.writeFacts(wanted.sha256, { ...facts, saved: before?.saved ?? facts.saved });
  }

  /** @param {string} sha256 @param {Facts} facts */
  async writeFacts(sha256, { name, url, bytes, saved, used, print, made }) {
    try {
      const handle = await ask(this.folder, "getFileHandle", `${sha256}.json`, { create: true });
      const access = await ask(handle, "createSyncAccessHandle");
      access.truncate(0);
      const text = JSON.stringify({ name, url, bytes, saved, used, print, made });
      access.write(new TextEncoder().encode(text), { at: 0 });
      access.close();
    } catch {
      // the manager's page misses it, and a copy is made anew
    }
  }

  /** Everything that is kept, the interrupted too. @returns {Promise<Entry[]>} */
  async list() {
    /** @type {Entry[]} */
    const entries = [];
    if (this.folder) {
      for await (const [name, handle] of this.folder.entries()) {
        const sha256 = name.replace(/\.part$/, "");
        if (!HASH.test(sha256)) continue;
        const file = await ask(handle, "getFile").catch(() => null);
        if (!file) continue; // removed meanwhile, or renamed, being complete
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
   * @returns {Promise<boolean>} false if another tab holds it
   */
  async remove(sha256) {
    let removed = true;
    for (const copy of this.folder ? await this.list() : []) {
      if (copy.made?.of.some(({ id }) => id === `sha256:${sha256}`)) await this.remove(copy.sha256);
    }
    for (const name of this.folder ? [sha256, `${sha256}.part`, `${sha256}.json`] : []) {
      removed = (await removeFrom(this.folder, name)) && removed;
    }
    await this.cache?.delete(cacheKey(sha256));
    return removed;
  }
}

/** In memory; pieces are handed to the browser's blob store as they come. */
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

/** A file of a temporary name, written in place, so that what has arrived outlives the tab. */
export class FileSink {
  #folder;
  #handle;
  #access;
  #open = true;

  /** @param {any} folder @param {any} handle @param {any} access */
  constructor(folder, handle, access) {
    this.#folder = folder;
    this.#handle = handle;
    this.#access = access;
    this.size = access.getSize();
  }

  /** @param {any} folder @param {string} name */
  static async open(folder, name) {
    const handle = await ask(folder, "getFileHandle", name, { create: true });
    return new FileSink(folder, handle, await ask(handle, "createSyncAccessHandle"));
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    writeAll(this.#access, bytes, this.size);
    this.size += bytes.length;
  }

  restart() {
    this.#access.truncate(0);
    this.size = 0;
  }

  *existing() {
    for (let at = 0; at < this.size; at += PIECE) {
      const piece = new Uint8Array(Math.min(PIECE, this.size - at));
      this.#access.read(piece, { at });
      yield piece;
    }
  }

  close() {
    if (!this.#open) return;
    this.#open = false;
    this.#access.flush();
    this.#access.close();
  }

  /** @param {string} name */
  async commit(name) {
    this.close();
    if (this.#handle.move) return await ask(this.#handle, "move", name);
    const file = await ask(this.#folder, "getFileHandle", name, { create: true });
    const target = await ask(file, "createSyncAccessHandle");
    let at = 0;
    try {
      for await (const piece of piecesOf(await ask(this.#handle, "getFile"))) {
        writeAll(target, piece, at);
        at += piece.length;
      }
    } finally {
      target.close();
    }
    await ask(this.#folder, "removeEntry", this.#handle.name);
  }

  blob() {
    return new Blob();
  }
}

/**
 * Without room Chromium throws nothing, but returns its own number of the error, as if so much were written.
 * @param {any} access
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function writeAll(access, bytes, at) {
  if (access.write(bytes, { at }) === bytes.length) return;
  throw new DOMException("The file system did not take it all.", "QuotaExceededError");
}

/**
 * Whether a kept blob is what it was: by its fingerprint, if that was taken of it, else by its SHA-256.
 * @param {Blob} blob
 * @param {Wanted} wanted
 * @param {string} [print]
 */
async function isSound(blob, { sha256, signal, onBytes }, print) {
  if (print) return (await fingerprint(blob, { signal, onBytes })) === print;
  const hash = new Sha256();
  for await (const piece of piecesOf(blob)) {
    hash.update(piece);
    onBytes?.(piece.length);
    signal?.throwIfAborted();
  }
  return hash.hex() === sha256;
}

/** SHA-256 and fingerprint of what arrives; in insecure contexts there is no fingerprint. */
class Digest {
  #hash = new Sha256();
  #print = globalThis.crypto?.subtle ? new Fingerprint() : null;

  /** @param {Uint8Array} bytes */
  async update(bytes) {
    this.#hash.update(bytes);
    await this.#print?.update(bytes);
  }

  async end() {
    return { sha256: this.#hash.hex(), print: await this.#print?.hex() };
  }
}

/**
 * Fills a sink with the wanted file, whatever the network does; a content that is not the promised one
 * is fetched once more from the start.
 * @param {Sink & {blob: () => Blob}} sink
 * @param {Wanted} wanted
 */
async function fetchTo(sink, wanted) {
  for (const last of [false, true]) {
    const { sha256, print } = await fill(sink, wanted);
    if (sha256 === wanted.sha256) return { blob: sink.blob(), print };
    if (last) break;
    wanted.onBytes?.(-sink.size);
    sink.restart();
  }
  throw damaged("checksum", wanted.file);
}

/** @param {Sink} sink @param {Wanted} wanted @returns {Promise<{sha256: string, print?: string}>} of what has arrived */
async function fill(sink, wanted) {
  const state = { digest: new Digest() };
  for await (const piece of sink.existing()) {
    await state.digest.update(piece);
    wanted.onBytes?.(piece.length);
  }
  let left = PATIENCE;
  /** @type {unknown} */
  let failure = null;
  while (sink.size < wanted.bytes) {
    const before = sink.size;
    try {
      await receive(sink, wanted, state);
    } catch (error) {
      if (!mayPass(error)) throw error;
      failure = error;
    }
    wanted.signal?.throwIfAborted();
    if (sink.size >= wanted.bytes) break;
    if (sink.size > before) left = PATIENCE;
    else if (left-- === 0) throw failure instanceof EngineError ? failure : damaged("network", wanted.file);
    else await pause(PAUSE * 2 ** (PATIENCE - left - 1), wanted.signal);
  }
  return await state.digest.end();
}

/**
 * One answer of the server, from where the last one ended.
 * @param {Sink} sink
 * @param {Wanted} wanted
 * @param {{digest: Digest}} state
 */
async function receive(sink, wanted, state) {
  const { url, file, bytes, signal, onBytes, fetch = globalThis.fetch } = wanted;
  const headers = sink.size ? { Range: `bytes=${sink.size}-` } : undefined;
  const response = await open(url, {
    file,
    fetch: (input, init) => fetch(input, { ...init, headers }),
    signal,
  });
  const start = response.status === 206 ? contentStart(response) : 0;
  if (start !== sink.size) {
    onBytes?.(-sink.size);
    sink.restart();
    state.digest = new Digest();
    if (start !== 0) throw damaged("network", file);
  }
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const piece = value.subarray(0, bytes - sink.size); // more than was promised is not wanted
      sink.write(/** @type {Uint8Array<ArrayBuffer>} */ (piece));
      await state.digest.update(piece);
      onBytes?.(piece.length);
      if (sink.size === bytes) return;
    }
  } finally {
    reader.cancel().catch(() => {}); // it has broken off by itself
  }
}

/** Where a partial answer begins; a server that does not say so begins at the start. @param {Response} response */
function contentStart(response) {
  const match = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "");
  return match ? Number(match[1]) : 0;
}

/** Whether to try again: the network may come back, the file system's refusal and a stop stay. @param {unknown} error */
function mayPass(error) {
  if (error instanceof EngineError) return error.code === "network" || error.code === "http-status";
  const name = /** @type {any} */ (error)?.name;
  return name === "TypeError" || name === "NetworkError"; // what a body throws when its connection breaks
}

/** @param {number} wait @param {AbortSignal} [signal] */
async function pause(wait, signal) {
  let abort = () => {};
  let timer;
  try {
    await new Promise((resolve, reject) => {
      timer = setTimeout(resolve, wait);
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** @param {Blob} blob */
async function* piecesOf(blob) {
  for (let at = 0; at < blob.size; at += PIECE)
    yield new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer());
}

/** @param {any} folder @param {string} name @returns {Promise<File | null>} */
export async function fileOf(folder, name) {
  try {
    return await ask(await ask(folder, "getFileHandle", name), "getFile");
  } catch {
    return null;
  }
}

/** @param {any} folder @param {string} name @returns {Promise<boolean>} false if another tab is writing it */
async function removeFrom(folder, name) {
  try {
    await ask(folder, "removeEntry", name);
    return true;
  } catch (error) {
    return /** @type {any} */ (error)?.name === "NotFoundError";
  }
}

/** @param {any} folder @param {string} sha256 */
async function readFacts(folder, sha256) {
  const file = await fileOf(folder, `${sha256}.json`);
  return parseFacts((await file?.text().catch(() => "")) ?? ""); // it may be removed in between
}

/** @param {string} text @returns {Facts | null} */
function parseFacts(text) {
  try {
    const { name, url, bytes, saved, used, print, made } = JSON.parse(text);
    return {
      name: String(name),
      url: String(url),
      bytes: Number(bytes),
      saved: Number(saved),
      used: Number(used),
      ...(typeof print === "string" && { print }),
      ...(Array.isArray(made?.of) && { made }),
    };
  } catch {
    return null;
  }
}

/** @param {number} time @returns {Facts} */
function unknownFacts(time) {
  return { name: "a model file", url: "", bytes: 0, saved: time, used: time };
}

/** @param {"checksum" | "network"} code @param {string} file */
function damaged(code, file) {
  if (code === "network") {
    return new EngineError({
      code,
      message: `“${file}” stopped in the middle of its download.`,
      remedy: "Check the connection, then load it once more; it goes on where it stopped.",
    });
  }
  return new EngineError({
    code,
    message: `“${file}” arrived, but its content is not what the model's description promises.`,
    remedy: "Load it once more; if it happens again, the copy on the server is damaged.",
  });
}
