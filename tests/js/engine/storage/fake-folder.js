/** The browser's private file system, in memory, for tests. */

import assert from "node:assert/strict";

/** The part of the private file system that the store uses. */
export class FakeFolder {
  files = new Map();
  room = Number.POSITIVE_INFINITY;
  /** Without room browsers throw; Chromium writes what fits, and returns the number of its error. */
  throws = true;

  async getFileHandle(name, { create = false } = {}) {
    if (!this.files.has(name) && !create) throw new DOMException("", "NotFoundError");
    if (!this.files.has(name)) this.files.set(name, new Uint8Array());
    return {
      name,
      getFile: async () => new File([this.files.get(name) ?? ""], name),
      createSyncAccessHandle: async () => this.access(name),
      move: async (folder, target) => {
        if (target === undefined) throw new TypeError("Not enough arguments"); // as in WebKit
        assert.equal(folder, this);
        this.files.set(target, this.files.get(name) ?? new Uint8Array());
        this.files.delete(name);
      },
    };
  }

  access(name) {
    const content = () => this.files.get(name) ?? new Uint8Array();
    return {
      getSize: () => content().length,
      truncate: (size) => {
        if (size > this.room) throw new DOMException("full", "QuotaExceededError");
        const sized = new Uint8Array(size);
        sized.set(content().subarray(0, size));
        this.files.set(name, sized);
      },
      write: (bytes, { at = 0 }) => {
        const full = at + bytes.length > this.room;
        if (full && this.throws) throw new DOMException("full", "QuotaExceededError");
        const fitting = bytes.subarray(0, Math.max(0, this.room - at));
        const longer = new Uint8Array(Math.max(content().length, at + fitting.length));
        longer.set(content());
        longer.set(fitting, at);
        this.files.set(name, longer);
        return full ? 2 ** 32 - 8 : bytes.length;
      },
      read: (target, { at = 0 }) => {
        const found = content().subarray(at, at + target.length);
        target.set(found);
        return found.length;
      },
      flush: () => {},
      close: () => {},
    };
  }

  async removeEntry(name) {
    this.files.delete(name);
  }

  async *entries() {
    for (const name of this.files.keys()) yield [name, await this.getFileHandle(name)];
  }
}
