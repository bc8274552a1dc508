/** Reads the numbers and strings of a static index, as py/goosequill/search/web.py writes them. */

import { corrupt } from "./files.js";

/**
 * Reads the bytes [start, end) of a file.
 * @typedef {(start: number, end: number) => Promise<Uint8Array>} ReadRange
 */

/** Bytes of strings that share their beginnings, for each byte that they take: more is an attack. */
const MAX_SHARING = 16;
const FEW_BYTES = 256_000;
const decoder = new TextDecoder();

export class ByteReader {
  #at = 0;

  /** @param {Uint8Array} data */
  constructor(data) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  /** LEB128. @returns {number} */
  varint() {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 42; factor *= 128) {
      const byte = this.bytes(1)[0];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw corrupt("a number is too large");
  }

  /** @param {number} count */
  varints(count) {
    this.#check(count);
    return Array.from({ length: count }, () => this.varint());
  }

  float() {
    this.#check(4);
    const value = this.view.getFloat32(this.#at, true);
    this.#at += 4;
    if (!Number.isFinite(value)) throw corrupt("a number is not finite");
    return value;
  }

  /** @param {number} count */
  bytes(count) {
    this.#check(count);
    this.#at += count;
    return this.data.subarray(this.#at - count, this.#at);
  }

  /** Strings that share their beginnings. @param {number} count @returns {string[]} */
  strings(count) {
    this.#check(count);
    let before = new Uint8Array();
    let left = FEW_BYTES + MAX_SHARING * this.data.length;
    return Array.from({ length: count }, () => {
      const shared = this.varint();
      const rest = this.bytes(this.varint());
      if (shared > before.length) throw corrupt("a string shares more than there is");
      const key = new Uint8Array(shared + rest.length);
      left -= key.length;
      if (left < 0) throw corrupt("its strings are too long");
      key.set(before.subarray(0, shared));
      key.set(rest, shared);
      before = key;
      return decoder.decode(key);
    });
  }

  /** @param {number} count */
  #check(count) {
    if (!(count <= this.data.length - this.#at)) throw corrupt("it ends too early");
  }
}

/** The value of 16 bits. @param {number} bits */
export function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24;
  return bits & 0x8000 ? -size : size;
}

/** Sorted keys in blocks of a file, each of which can be read alone. */
export class Directory {
  /** @param {Uint8Array} section of the head @param {number} bytes of the file */
  constructor(section, bytes) {
    const reader = new ByteReader(section);
    const count = reader.varint();
    const sizes = reader.varints(count);
    this.firsts = reader.strings(count);
    this.starts = [0];
    for (const size of sizes) this.starts.push(/** @type {number} */ (this.starts.at(-1)) + size);
    if (this.starts.at(-1) !== bytes) throw corrupt("its blocks do not fill their file");
  }

  /** The index of the block that has a key if any has, or -1. @param {string} key */
  find(key) {
    let low = 0;
    let high = this.firsts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.firsts[middle] <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Where a block is in its file. @param {number} block @returns {[number, number]} */
  range(block) {
    return [this.starts[block], this.starts[block + 1]];
  }
}
