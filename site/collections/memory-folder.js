/**
 * A folder in memory with the methods of the browser's private file system that collections need, for
 * browsers that provide none: what is in it is gone when the page is closed.
 */

/** @typedef {{data: Uint8Array<ArrayBuffer>, size: number}} Content */

/** @param {string} name */
const missing = (name) => new DOMException(`${name} does not exist`, "NotFoundError");

export class MemoryFolder {
  kind = "directory";
  /** @type {Map<string, MemoryFolder | MemoryFile>} */
  #entries = new Map();

  /** @param {string} [name] */
  constructor(name = "") {
    this.name = name;
  }

  /** @param {string} name @param {{create?: boolean}} [options] */
  async getDirectoryHandle(name, { create = false } = {}) {
    const found = this.#entries.get(name) ?? (create ? new MemoryFolder(name) : null);
    if (!(found instanceof MemoryFolder)) throw missing(name);
    this.#entries.set(name, found);
    return found;
  }

  /** @param {string} name @param {{create?: boolean}} [options] */
  async getFileHandle(name, { create = false } = {}) {
    const rename = (/** @type {MemoryFile} */ file, /** @type {string} */ target) => {
      this.#entries.delete(file.name);
      this.#entries.set(target, file);
    };
    const found = this.#entries.get(name) ?? (create ? new MemoryFile(name, rename) : null);
    if (!(found instanceof MemoryFile)) throw missing(name);
    this.#entries.set(name, found);
    return found;
  }

  /** @param {string} name */
  async removeEntry(name) {
    if (!this.#entries.delete(name)) throw missing(name);
  }

  async *entries() {
    yield* [...this.#entries];
  }
}

export class MemoryFile {
  kind = "file";
  /** @type {Content} */
  #content = { data: new Uint8Array(), size: 0 };
  #rename;

  /** @param {string} name @param {(file: MemoryFile, target: string) => void} rename */
  constructor(name, rename) {
    this.name = name;
    this.#rename = rename;
  }

  async getFile() {
    return new File([this.#content.data.subarray(0, this.#content.size)], this.name);
  }

  /** @param {MemoryFolder} _folder its own @param {string} target */
  async move(_folder, target) {
    this.#rename(this, target);
    this.name = target;
  }

  async createSyncAccessHandle() {
    const content = this.#content;
    return {
      getSize: () => content.size,
      truncate: (/** @type {number} */ size) => {
        content.size = Math.min(size, content.size);
      },
      write: (/** @type {Uint8Array} */ bytes, { at = 0 }) => {
        grow(content, at + bytes.length);
        content.data.set(bytes, at);
        content.size = Math.max(content.size, at + bytes.length);
        return bytes.length;
      },
      flush: () => {},
      close: () => {},
    };
  }
}

/** Room for so many bytes, at least doubled, so that many small writes stay linear. */
function grow(/** @type {Content} */ content, /** @type {number} */ size) {
  if (size <= content.data.length) return;
  const larger = new Uint8Array(Math.max(size, 2 * content.data.length));
  larger.set(content.data.subarray(0, content.size));
  content.data = larger;
}
