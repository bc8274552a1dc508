/**
 * Python's library in its file system. Most of its files are not needed for a first text: they are there by
 * name and size. Their contents come when nothing else is to be done, or when one of them is read.
 */

import { gunzipSync } from "fflate";
import { open } from "../storage/download.js";
import { gunzip, isGzip } from "../storage/gunzip.js";

export const LIBRARY = "/lib/python3.14/";
/** Environment variables; without them Python would look for its library in a zip only. */
export const ENVIRONMENT = { PYTHONPATH: LIBRARY.slice(0, -1) };
const BLOCK = 512; // of a tar archive
const EIO = 29; // Emscripten's number of an input error

/** Files whose contents come later. */
export class Later {
  /** Of each file, by its name in the archives. @type {Map<string, any>} */
  #nodes = new Map();
  #archives;
  #FS;
  /** @type {Promise<unknown> | null} */
  #arriving = null;

  /**
   * @param {any} FS
   * @param {string[]} archives their addresses, gzipped
   * @param {Record<string, number>} sizes bytes by name
   */
  constructor(FS, archives, sizes) {
    this.#FS = FS;
    this.#archives = archives;
    inFolders(FS, Object.keys(sizes), (path, name) => {
      const node = FS.create(path);
      this.#nodes.set(name, node);
      node.usedBytes = sizes[name];
      const get = () => {
        this.#readNow(name);
        return node.contents;
      };
      Object.defineProperty(node, "contents", { get, configurable: true });
    });
  }

  /** Requests them, and ends when all are there. */
  async arrive() {
    this.#arriving ??= Promise.all(this.#archives.map((url) => this.#read(url)));
    this.#arriving.catch(() => {
      this.#arriving = null; // it can be tried again
    });
    await this.#arriving;
  }

  /** @param {string} url */
  async #read(url) {
    if (!this.#nodes.size) return; // Python has waited for them
    const file = url.slice(url.lastIndexOf("/") + 1);
    this.#fill(await gunzip(await open(url, { file }), file));
  }

  /** Python waits for a file. @param {string} name */
  #readNow(name) {
    try {
      for (const url of this.#archives) this.#fill(fetchNow(url));
      if (this.#nodes.has(name)) throw new Error(`no archive has ${name}`);
    } catch (error) {
      console.warn("A part of Python's library could not be read:", error);
      throw new this.#FS.ErrnoError(EIO);
    }
  }

  /** @param {Uint8Array} archive */
  #fill(archive) {
    for (const [name, data] of tarFiles(archive)) {
      const node = this.#nodes.get(name);
      if (!node) continue;
      Object.defineProperty(node, "contents", { value: data, writable: true, configurable: true });
      node.usedBytes = data.length;
      this.#nodes.delete(name);
    }
  }
}

/** @param {string} url @returns {Uint8Array} */
function fetchNow(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${url}: ${request.status}`);
  const bytes = new Uint8Array(request.response);
  return isGzip(bytes) ? gunzipSync(bytes) : bytes;
}

/**
 * Writes the files of a tar archive into Python's library folder.
 * @param {any} FS
 * @param {Uint8Array} archive
 * @returns {string[]} the paths of the libraries in WebAssembly that Python opens
 */
export function unpack(FS, archive) {
  const files = new Map(tarFiles(archive));
  /** @type {string[]} */
  const libraries = [];
  inFolders(FS, files.keys(), (path, name) => {
    FS.writeFile(path, files.get(name), { canOwn: true });
    if (path.endsWith(".so")) libraries.push(path);
  });
  return libraries;
}

/**
 * @param {any} FS
 * @param {Iterable<string>} names
 * @param {(path: string, name: string) => void} write called when the file's folder is there
 */
function inFolders(FS, names, write) {
  let created = "";
  for (const name of names) {
    const path = LIBRARY + name;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (folder !== created) FS.mkdirTree(folder);
    created = folder;
    write(path, name);
  }
}

/**
 * The files of a ustar archive as scripts/runtime.py writes it: names of at most 255 characters, no links.
 * @param {Uint8Array} archive
 * @returns {Generator<[string, Uint8Array]>}
 */
export function* tarFiles(archive) {
  const decoder = new TextDecoder();
  /** @param {number} at @param {number} length */
  const text = (at, length) => decoder.decode(archive.subarray(at, at + length)).split("\0")[0];
  for (let at = 0; at < archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const folder = text(at + 345, 155);
    yield [
      folder ? `${folder}/${text(at, 100)}` : text(at, 100),
      archive.subarray(at + BLOCK, at + BLOCK + size),
    ];
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}
