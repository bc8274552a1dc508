/**
 * Keeps the memory that Python can start from (worker/snapshot.js) in the browser's private file system, one
 * file for each site that has its engine on this origin, and what Python's own file system is made from. It
 * is verified when it is read, and replaced when the engine or the browser has another version.
 */

import { digestOf } from "./fingerprint.js";
import { FileSink, fileOf, openFolder, RowReader, removeFrom } from "./opfs.js";

/** @typedef {import("../worker/snapshot.js").Description} Description */
/** @typedef {import("../worker/snapshot.js").Snapshot} Snapshot */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/**
 * The snapshot of a build, as a browser runs it; null if it could not be restored.
 * @typedef {{build: string, kept: {snapshot: Snapshot, files: Bytes[]} | null}} Kept
 */

const FOLDER = "snapshots";
/** Bytes: a file begins with the SHA-256 of what follows, in hexadecimal; then a description as JSON. */
const [DIGEST, DESCRIBED] = [64, 16384];
/** Bytes of a file that is read at all, several times those of any that was written. */
const LIMIT = 2 ** 28;

/** All sites' snapshots: how many bytes they take, and what removes them; null if there are none. */
export async function keptSnapshots() {
  const folder = await openFolder(undefined, FOLDER);
  /** @type {Map<string, number>} */
  const sizes = new Map();
  for await (const [name] of folder?.entries() ?? []) {
    const file = await fileOf(folder, name);
    if (file?.size) sizes.set(name, file.size);
  }
  if (!sizes.size) return null;
  const remove = () => Promise.all([...sizes.keys()].map((name) => removeFrom(folder, name)));
  return { bytes: [...sizes.values()].reduce((sum, size) => sum + size), remove };
}

export class SnapshotStore {
  #folder;
  #name;

  /** @param {any} folder @param {string} name of the site's file */
  constructor(folder, name) {
    this.#folder = folder;
    this.#name = name;
  }

  /**
   * The store of a site; null where the browser keeps no files.
   * @param {string} root the address of its engine
   */
  static async open(root) {
    const folder = await openFolder(undefined, FOLDER);
    if (!folder) return null;
    return new SnapshotStore(folder, await digestOf(new TextEncoder().encode(root)));
  }

  /** What is kept; null if there is nothing intact. @returns {Promise<Kept | null>} */
  async read() {
    const bytes = await this.#bytes();
    try {
      if (!bytes) return null;
      const text = new TextDecoder().decode(bytes.subarray(0, DESCRIBED));
      const { build, description, lengths } = JSON.parse(text.slice(DIGEST));
      if ((await digestOf(bytes.subarray(DIGEST))) !== text.slice(0, DIGEST)) return null;
      const image = bytes.subarray(DESCRIBED, DESCRIBED + lengths[0]);
      let end = DESCRIBED + lengths[0];
      // Copies, since they outlive the image: Python's file system is made of them.
      const files = lengths.slice(1).map((/** @type {number} */ length) => {
        end += length;
        return bytes.slice(end - length, end);
      });
      return { build, kept: description && { snapshot: { ...description, image }, files } };
    } catch {
      return null; // something else has written it
    }
  }

  /** @returns {Promise<Bytes | null>} */
  async #bytes() {
    const fits = (/** @type {number} */ size) => size >= DESCRIBED && size <= LIMIT;
    const reader = await RowReader.open(this.#folder, this.#name, { wait: false }).catch(() => null);
    if (reader) {
      try {
        return fits(reader.size) ? reader.read(0, reader.size) : null;
      } finally {
        reader.close();
      }
    }
    // There is none, or another tab is reading it, which excludes this one in some browsers.
    const file = await fileOf(this.#folder, this.#name);
    return file && fits(file.size) ? new Uint8Array(await file.arrayBuffer()) : null;
  }

  /** @param {string} build @param {Snapshot} snapshot @param {Bytes[]} files */
  async keep(build, { image, ...description }, files) {
    await this.#write(build, description, [image, ...files]);
  }

  /** Notes that that of a build could not be restored, so that none is taken. @param {string} build */
  async fail(build) {
    await this.#write(build, null, []);
  }

  /** @param {string} build @param {Description | null} description @param {Bytes[]} contents */
  async #write(build, description, contents) {
    const lengths = contents.map(({ length }) => length);
    const text = JSON.stringify({ build, description, lengths });
    const head = new Uint8Array(DESCRIBED - DIGEST).fill(32); // spaces
    if (new TextEncoder().encodeInto(text, head).read < text.length)
      throw new Error("the description of the snapshot is too long");
    const part = `${this.#name}.part`;
    let sink;
    try {
      const digest = await digestOf(await new Blob([head, ...contents]).arrayBuffer());
      sink = await FileSink.open(this.#folder, part);
      sink.restart();
      for (const bytes of [new TextEncoder().encode(digest), head, ...contents]) sink.write(bytes);
      await sink.commit(this.#name);
    } catch {
      sink?.close(); // there is no space, or another tab is writing it
      await removeFrom(this.#folder, part);
    }
  }
}
