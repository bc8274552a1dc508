/**
 * A folder in the browser's cache with the methods of the private file system that collections need, for
 * browsers in which that is missing or cannot be written. A file is kept as segments, each under the offset
 * at which it begins, so that what is appended does not copy what is there. A folder exists while it has
 * files.
 */

import { ask } from "../engine/storage/opfs.js";

const CACHE = "goosequill-collections";
/** A request needs an address; these do not exist. */
const ORIGIN = "https://goosequill.invalid/";
/** A last segment of fewer bytes is joined with what is appended to it. */
const SHORT = 1024 * 1024;

/** @typedef {{at: number, url: string}} Segment */

/** @param {string} name */
const missing = (name) => new DOMException(`${name} does not exist`, "NotFoundError");

export class CacheFolder {
  kind = "directory";
  #cache;
  #path;

  /** @param {Cache} cache @param {string} [path] that of the folder, with a slash at its end unless empty */
  constructor(cache, path = "") {
    this.#cache = cache;
    this.#path = path;
    this.name = decodeURIComponent(path.split("/").at(-2) ?? "");
  }

  /** The folder of all collections; null where there is no cache either. */
  static async open(caches = globalThis.caches) {
    try {
      return new CacheFolder(await caches.open(CACHE));
    } catch {
      return null; // some private windows, plain http
    }
  }

  /** @param {string} name @param {{create?: boolean}} [options] */
  async getDirectoryHandle(name, { create = false } = {}) {
    const folder = new CacheFolder(this.#cache, `${this.#path}${encodeURIComponent(name)}/`);
    if (!create && (await folder.#urls()).length === 0) throw missing(name);
    return folder;
  }

  /** @param {string} name @param {{create?: boolean}} [options] */
  async getFileHandle(name, { create = false } = {}) {
    const file = new CachedFile(this.#cache, `${ORIGIN}${this.#path}${encodeURIComponent(name)}`, name);
    if (!create && (await file.segments()).length === 0) throw missing(name);
    return file;
  }

  /** @param {string} name @param {{recursive?: boolean}} [options] */
  async removeEntry(name, { recursive = false } = {}) {
    const file = `${ORIGIN}${this.#path}${encodeURIComponent(name)}`;
    const isPart = (/** @type {string} */ url) =>
      url.startsWith(`${file}?`) || (recursive && url.startsWith(`${file}/`));
    const found = (await this.#urls()).filter(isPart);
    if (found.length === 0) throw missing(name);
    for (const url of found) await this.#cache.delete(url);
  }

  async *entries() {
    const rest = (/** @type {string} */ url) => url.slice(ORIGIN.length + this.#path.length);
    const names = new Map((await this.#urls()).map(rest).map((path) => [path.split(/[/?]/)[0], path]));
    for (const [name, path] of names) {
      const isFolder = path[name.length] === "/";
      const plain = decodeURIComponent(name);
      yield/** @type {const} */ ([
        plain,
        await (isFolder
          ? this.getDirectoryHandle(plain, { create: true })
          : this.getFileHandle(plain, { create: true })),
      ]);
    }
  }

  async #urls() {
    const urls = (await this.#cache.keys()).map(({ url }) => url);
    return urls.filter((url) => url.startsWith(ORIGIN + this.#path));
  }
}

class CachedFile {
  kind = "file";
  #cache;
  #url;

  /** @param {Cache} cache @param {string} url @param {string} name */
  constructor(cache, url, name) {
    this.#cache = cache;
    this.#url = url;
    this.name = name;
  }

  /** In the order of their offsets. @returns {Promise<Segment[]>} */
  async segments() {
    const own = (await this.#cache.keys()).filter(({ url }) => url.startsWith(`${this.#url}?`));
    const found = own.map(({ url }) => ({ at: Number(new URL(url).searchParams.get("at")), url }));
    return found.sort((a, b) => a.at - b.at);
  }

  async getFile() {
    const segments = await this.segments();
    const blobs = await Promise.all(segments.map(async ({ url }) => await this.#blob(url)));
    return new File(blobs, this.name);
  }

  /** @param {string} url @returns {Promise<Blob>} */
  async #blob(url) {
    const response = await this.#cache.match(url);
    if (!response) throw missing(this.name);
    return await response.blob();
  }

  /**
   * Writes at an offset; what was beyond it is dropped.
   * @param {number} at @param {Uint8Array<ArrayBuffer>} data
   */
  async write(at, data) {
    const before = (await this.segments()).filter((segment) => segment.at < at);
    const last = before.at(-1);
    const begun = last ? await this.#blob(last.url) : new Blob();
    const start = last?.at ?? 0;
    if (at > start + begun.size) throw new Error(`${this.name} is shorter than its index says`);
    const isJoined = last !== undefined && (at < start + begun.size || begun.size < SHORT);
    if (isJoined) await this.#put(start, new Blob([begun.slice(0, at - start), data]));
    else await this.#put(at, new Blob([data]));
    await this.#keepOnly([...before.map((segment) => segment.at), ...(isJoined ? [] : [at])]);
  }

  /** @param {CacheFolder} folder its own @param {string} target */
  async move(folder, target) {
    const file = await folder.getFileHandle(target, { create: true });
    await file.write(0, new Uint8Array(await (await this.getFile()).arrayBuffer()));
    await this.#keepOnly([]);
  }

  /** @param {number} at @param {Blob} blob */
  async #put(at, blob) {
    await this.#cache.put(`${this.#url}?at=${at}`, new Response(blob));
  }

  /** @param {number[]} offsets */
  async #keepOnly(offsets) {
    for (const { at, url } of await this.segments()) {
      if (!offsets.includes(at)) await this.#cache.delete(url);
    }
  }
}

/** How parts of a collection are written here. @type {import("./collection-files.js").Write} */
export async function writeCached(folder, name, at, data) {
  await (await ask(folder, "getFileHandle", name, { create: true })).write(at, data);
}
