/**
 * Access to the browser's private file system (OPFS): the site's folders, their files, and a file that is
 * written in place. What the files contain is the business of store.js, copies.js and the search page.
 */

/** Bytes that are read at once. */
export const PIECE = 4 * 1024 * 1024;

/** How the name of a probe begins: with a capital, so that nobody takes it for a file of theirs. */
const PROBE = "Probe";

/** Handles with pending calls. @type {Set<any>} */
const pending = new Set();

/**
 * Calls a method of a file or folder handle. Chromium may garbage-collect a handle that nothing refers to
 * while a call is pending, and then the call never returns. So this keeps a reference until it does.
 * @param {any} handle
 * @param {string} method
 * @param {unknown[]} args
 */
export async function ask(handle, method, ...args) {
  const call = { handle };
  pending.add(call);
  try {
    return await handle[method](...args);
  } finally {
    pending.delete(call);
  }
}

/**
 * A folder of the site, by default that of model files; null where the browser provides none.
 * @param {StorageManager} [storage]
 * @param {string} [name]
 * @returns {Promise<any>}
 */
export async function openFolder(storage = globalThis.navigator?.storage, name = "models") {
  try {
    const root = await storage.getDirectory();
    const own = await ask(root, "getDirectoryHandle", "goosequill", { create: true });
    return await ask(own, "getDirectoryHandle", name, { create: true });
  } catch {
    return null; // private windows, plain http, old browsers
  }
}

/** @param {any} folder @param {string} name @returns {Promise<File | null>} */
export async function fileOf(folder, name) {
  try {
    return await ask(await ask(folder, "getFileHandle", name), "getFile");
  } catch {
    return null;
  }
}

/** Whether a file has a name like this. @param {any} folder @param {RegExp} pattern */
export async function hasFile(folder, pattern) {
  try {
    for await (const [name] of folder.entries()) if (pattern.test(name)) return true;
  } catch {
    // the folder cannot even be listed
  }
  return false;
}

/** @param {any} folder @param {string} name @returns {Promise<boolean>} false if another tab is writing it */
export async function removeFrom(folder, name) {
  try {
    await ask(folder, "removeEntry", name);
    return true;
  } catch (error) {
    return /** @type {any} */ (error)?.name === "NotFoundError";
  }
}

/**
 * Gives a file of a folder another name; a file that has this name is replaced, in one step. WebKit requires
 * the folder, which other browsers accept.
 * @param {any} folder
 * @param {any} handle
 * @param {string} name
 */
export async function rename(folder, handle, name) {
  await ask(handle, "move", folder, name);
}

/**
 * Whether files of a folder can be written in place. Some builds of WebKit have the method for it, which
 * always throws. Only a worker may ask: pages do not have the method. The probe is an empty file, always of
 * one name. It stays if the tab is closed meanwhile, or where the attempt has locked it (these builds of
 * WebKit).
 * @param {any} folder
 * @param {LockManager | undefined} [locks]
 * @returns {Promise<boolean>}
 */
export async function isWritable(folder, locks = globalThis.navigator?.locks) {
  const free = await takeFile(folder, PROBE, locks); // another tab may be trying, too
  try {
    const handle = await ask(folder, "getFileHandle", PROBE, { create: true });
    (await ask(handle, "createSyncAccessHandle")).close();
    return true;
  } catch {
    return false;
  } finally {
    await removeProbes(folder).catch(() => {}); // the folder cannot even be listed
    free();
  }
}

/** Earlier versions had a name for each probe, and left some. @param {any} folder */
async function removeProbes(folder) {
  const names = [];
  for await (const [name] of folder.entries()) if (name.startsWith(PROBE)) names.push(name);
  for (const name of names) await removeFrom(folder, name);
}

/** @param {Blob} blob */
export async function* piecesOf(blob) {
  for (let at = 0; at < blob.size; at += PIECE)
    yield new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer());
}

/**
 * Waits until no other thread or tab has a file open, and keeps it from them: a handle for reading or writing
 * in place excludes others, whose attempts would fail.
 * @param {any} folder
 * @param {string} name
 * @returns {Promise<() => void>} gives the file back
 */
export function takeFile(folder, name, locks = globalThis.navigator?.locks) {
  if (!locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    const hold = () => new Promise((free) => resolve(() => free(undefined)));
    locks.request(`goosequill-file-${folder.name}/${name}`, hold).catch(reject);
  });
}

/**
 * Writes into an array of Python's, in place.
 * @param {any} array
 * @param {(bytes: Uint8Array) => number} write
 */
export function writeInto(array, write) {
  const buffer = array.getBuffer("u8");
  try {
    return write(buffer.data);
  } finally {
    buffer.release();
  }
}

/** A file that is read in place, row by row: its handle takes a microsecond or two for each. */
export class RowReader {
  #access;
  #free;

  /** @param {string} name @param {any} access @param {() => void} free */
  constructor(name, access, free) {
    this.name = name;
    this.size = access.getSize();
    this.#access = access;
    this.#free = free;
  }

  /**
   * With `wait`, it waits for others that have the file open; else it fails where they exclude this one.
   * @param {any} folder
   * @param {string} name
   */
  static async open(folder, name, { wait = true } = {}) {
    const free = wait ? await takeFile(folder, name) : () => {};
    try {
      const handle = await ask(folder, "getFileHandle", name);
      return new RowReader(name, await ask(handle, "createSyncAccessHandle", { mode: "read-only" }), free);
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Fewer bytes if the file ends before. @param {number} offset @param {number} length */
  read(offset, length) {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.readInto(bytes, offset));
  }

  /** Returns how many bytes the file had. @param {Uint8Array} bytes @param {number} offset */
  readInto(bytes, offset) {
    return this.#access.read(bytes, { at: offset });
  }

  /** The same for an array of Python's. @param {any} array @param {number} offset */
  fill(array, offset) {
    return writeInto(array, (bytes) => this.readInto(bytes, offset));
  }

  /** Pieces of one length, one after the other. @param {Float64Array} offsets @param {number} length */
  pieces(offsets, length) {
    const bytes = new Uint8Array(offsets.length * length);
    let end = 0;
    for (const at of offsets) end += this.#access.read(bytes.subarray(end, end + length), { at });
    return bytes.subarray(0, end);
  }

  close() {
    this.#access.close();
    this.#free();
  }
}

/** A file with a temporary name, written in place, so that what has arrived outlives the tab. */
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
    this.truncate(0);
  }

  /** Drops what is beyond a size. @param {number} size */
  truncate(size) {
    this.#access.truncate(size);
    this.size = size;
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

  /** Gives the finished file its name. @param {string} name */
  async commit(name) {
    this.close();
    if (this.#handle.move) return await rename(this.#folder, this.#handle, name);
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
 * When storage is full Chromium throws nothing, but returns its own error number as if that many bytes were
 * written.
 * @param {any} access
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function writeAll(access, bytes, at) {
  if (access.write(bytes, { at }) === bytes.length) return;
  throw new DOMException("The file system did not take all bytes.", "QuotaExceededError");
}
