/**
 * A file that is read from the front to the back while it arrives, from a server or a blob. Only what is not
 * used yet is in memory, a server's response is read ahead of the need, and a connection that breaks is
 * resumed where it ended.
 */

import { EngineError } from "../protocol.js";
import { open } from "./download.js";
import { versionOf } from "./ranges.js";
import { ATTEMPTS, brokenOff, contentStart, isTemporary, PAUSE, pause } from "./receive.js";

/** Bytes that are skipped in a response instead of asking for another one. */
const GAP = 1024 * 1024;

/** @typedef {(offset: number) => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>} Open from an offset on */
/** @typedef {{name: string, size: number, read: (offset: number, length: number) => Uint8Array}} Whole */

/** The file at the address is not the one that was there before. */
export class Changed extends Error {
  name = "Changed";
}

export class Arrival {
  #open;
  /** Reads bytes that have not arrived, or are gone. @type {Whole["read"]} */
  #elsewhere;
  #signal;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #pieces = [];
  /** Offsets of the first byte in memory and of the next to arrive. */
  #start = 0;
  #end = -1;
  /** @type {ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | null} */
  #reader = null;
  /** The next piece, which is requested before anybody needs it. @type {Promise<any> | null} */
  #next = null;

  /**
   * @param {Whole} whole
   * @param {Open} open
   * @param {AbortSignal} signal
   */
  constructor(whole, open, signal) {
    this.name = whole.name;
    this.size = whole.size;
    this.#elsewhere = whole.read;
    this.#open = open;
    this.#signal = signal;
  }

  /**
   * Waits until the bytes from `start` to before `end` are in memory. What is before them is dropped.
   * @param {number} start
   * @param {number} end
   */
  async need(start, end) {
    if (start < this.#start || start > this.#end + GAP || this.#end < 0) await this.#seek(start);
    this.#drop(start);
    let left = ATTEMPTS;
    while (this.#end < end) {
      this.#signal.throwIfAborted();
      try {
        await this.#advance();
        this.#drop(start);
        left = ATTEMPTS;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!isTemporary(error)) throw error;
        await this.#close();
        if (left-- === 0) throw error instanceof EngineError ? error : brokenOff(this.name);
        await pause(PAUSE * 2 ** (ATTEMPTS - left - 1), this.#signal);
      }
    }
  }

  /** What Python reads. @param {number} offset @param {number} length */
  read(offset, length) {
    if (offset < this.#start || offset + length > this.#end) return this.#elsewhere(offset, length);
    const bytes = new Uint8Array(length);
    let at = this.#start;
    for (const piece of this.#pieces) {
      if (at + piece.length > offset && at < offset + length) {
        const part = piece.subarray(Math.max(0, offset - at), offset + length - at);
        bytes.set(part, Math.max(0, at - offset));
      }
      at += piece.length;
    }
    return bytes;
  }

  async close() {
    await this.#close();
    this.#pieces = [];
    this.#start = this.#end = 0;
  }

  /** One piece more. */
  async #advance() {
    if (!this.#reader) {
      const stream = await this.#open(this.#end);
      this.#reader = stream.getReader();
      this.#request();
    }
    const { done, value } = await this.#next;
    if (done) throw new TypeError("the response ended too early"); // as a broken connection
    this.#request();
    const piece = value.subarray(0, this.size - this.#end); // more than the length is ignored
    this.#pieces.push(piece);
    this.#end += piece.length;
  }

  #request() {
    this.#next = this.#reader?.read() ?? null;
    this.#next?.catch(() => {}); // whoever needs it gets the error
  }

  /** @param {number} start */
  async #seek(start) {
    await this.#close();
    this.#pieces = [];
    this.#start = this.#end = start;
  }

  /** Forgets what is before an offset. @param {number} start */
  #drop(start) {
    while (this.#pieces.length && this.#start + this.#pieces[0].length <= start) {
      this.#start += /** @type {Uint8Array} */ (this.#pieces.shift()).length;
    }
  }

  async #close() {
    const reader = this.#reader;
    this.#reader = this.#next = null;
    await reader?.cancel().catch(() => {}); // it has failed already
  }
}

/**
 * Opens a file at an address from any byte on, and makes sure that it is still the same.
 * @param {string} url
 * @param {{
 *   name: string, size: number, version: string, signal: AbortSignal, fetch?: typeof globalThis.fetch
 * }} source
 * @returns {Open}
 */
export function fromAddress(url, { name, size, version, signal, fetch = globalThis.fetch }) {
  return async (offset) => {
    const headers = { Range: `bytes=${offset}-${size - 1}` };
    const response = await open(url, {
      file: name,
      fetch: (input, init) => fetch(input, { ...init, headers }),
      signal,
      cache: "no-store", // it would be kept twice
    });
    const isPart = response.status === 206;
    const given = isPart ? "Content-Range" : "Content-Length";
    const whole = Number(/(\d+)$/.exec(response.headers.get(given) ?? "")?.[1]);
    const start = isPart ? contentStart(response) : 0;
    const isSame = versionOf(response.headers) === version && whole === size;
    if (isSame && start === offset && response.body) return response.body;
    await response.body?.cancel();
    throw new Changed();
  };
}

/** @param {Blob} blob @returns {Open} */
export function fromBlob(blob) {
  return async (offset) => /** @type {any} */ (blob.slice(offset).stream());
}
