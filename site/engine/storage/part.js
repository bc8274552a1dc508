/**
 * A file that is made over several visits: what there is of it outlives the tab, and is verified before it is
 * continued. Beside the file is a log with the SHA-256 of each complete piece, and with bytes, and their
 * SHA-256, that whoever makes the file needs to continue it after that piece.
 */

import { digestOf, PIECE, Pieces } from "./fingerprint.js";
import { FileSink } from "./opfs.js";

const DIGEST = 32; // bytes
const HEAD = 2 * DIGEST + 4; // bytes of a record before what it holds: two digests, and how much it holds
const AT_ONCE = 3; // pieces that are hashed at a time, each with a copy of its bytes

export class Part {
  #sink;
  #log;
  #pieces = new Pieces((piece) => this.#record(piece));
  /** @type {Uint8Array[]} */
  #waiting = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #digests = [];
  /** Each is settled when a further piece is recorded. @type {Promise<void>[]} */
  #records = [];
  /** What is held of what exists. @type {Uint8Array<ArrayBuffer>} */
  held = new Uint8Array();

  /** @param {FileSink} sink @param {FileSink} log */
  constructor(sink, log) {
    this.#sink = sink;
    this.#log = log;
  }

  /** @param {any} folder @param {string} name */
  static async open(folder, name) {
    const sink = await FileSink.open(folder, `${name}.part`);
    try {
      const part = new Part(sink, await FileSink.open(folder, `${name}.log`));
      await part.#verify();
      return part;
    } catch (error) {
      sink.close();
      throw error;
    }
  }

  get size() {
    return this.#sink.size + this.#pieces.filled;
  }

  /** Keeps the pieces that are as they were recorded, and drops the rest. */
  async #verify() {
    const log = await new Blob([...this.#log.existing()]).arrayBuffer();
    const view = new DataView(log);
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const held = [];
    let at = 0;
    for (const piece of this.#sink.existing()) {
      if (piece.length < PIECE || at + HEAD > log.byteLength) break;
      const end = at + HEAD + view.getUint32(at + 2 * DIGEST, true);
      if (end > log.byteLength) break;
      const more = new Uint8Array(log.slice(at + HEAD, end));
      const digests = await digestsOf([piece, more]);
      if (!equal(join(digests), new Uint8Array(log.slice(at, at + 2 * DIGEST)))) break;
      this.#digests.push(digests[0]);
      held.push(more);
      at = end;
    }
    this.held = join(held);
    this.#sink.truncate(this.#digests.length * PIECE);
    this.#log.truncate(at);
  }

  /** Drops everything. */
  restart() {
    this.#digests = [];
    this.held = new Uint8Array();
    this.#sink.restart();
    this.#log.restart();
  }

  /**
   * Appends bytes, and waits if hashing does not keep up.
   * @param {Uint8Array} bytes
   * @param {Uint8Array} held
   */
  async write(bytes, held) {
    if (held.length) this.#waiting.push(held);
    this.#pieces.add(bytes);
    await this.#records.at(-AT_ONCE);
  }

  /** @param {Uint8Array<ArrayBuffer>} piece */
  #record(piece) {
    const held = join(this.#waiting);
    const before = this.#records.at(-1);
    this.#waiting = [];
    const digests = digestsOf([piece, held]);
    this.#sink.write(piece);
    const record = async () => {
      const found = await digests;
      await before;
      this.#digests.push(found[0]);
      this.#log.write(join([...found, Uint8Array.from(word(held.length)), held]));
    };
    this.#records = [...this.#records.slice(-AT_ONCE), record()];
    this.#records.at(-1)?.catch(() => {}); // `write` or `end` gets the error
  }

  /** Gives the finished file its fingerprint. */
  async end() {
    this.#pieces.end();
    await this.#records.at(-1);
    return await digestOf(await new Blob(this.#digests).arrayBuffer());
  }

  /** Gives the finished file its name. @param {string} name */
  async commit(name) {
    this.#log.close();
    await this.#sink.commit(name);
  }

  /** What has been recorded stays. */
  async close() {
    await this.#records.at(-1)?.catch(() => {});
    this.#log.close();
    this.#sink.close();
  }
}

/** @param {number} count @returns {number[]} four bytes, the lowest first */
const word = (count) => [0, 8, 16, 24].map((shift) => (count >>> shift) & 255);

/** SHA-256 of each; the browser copies them before it returns. @param {Uint8Array<ArrayBuffer>[]} parts */
async function digestsOf(parts) {
  const digests = await Promise.all(parts.map((part) => crypto.subtle.digest("SHA-256", part)));
  return digests.map((digest) => new Uint8Array(digest));
}

/** @param {Uint8Array} a @param {Uint8Array} b */
function equal(a, b) {
  return a.every((byte, i) => byte === b[i]);
}

/** @param {Uint8Array[]} parts */
export function join(parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
