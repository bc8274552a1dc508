/**
 * Reads the letters' data file (letters-a-j.npz, see goosequill.lab.letters_data) in the page, for the
 * nearest training letters of a drawing: a zip archive of arrays in NumPy's format.
 */

import { PIXELS } from "./classify.js";

const LIMIT = 64_000_000; // bytes of an array: the file is ours, but a damaged one must not take all memory
const SIDE = 28;

/**
 * @param {ArrayBuffer} buffer
 * @returns {Promise<import("./classify.js").Letters>}
 */
export async function readLetters(buffer) {
  try {
    return await lettersIn(buffer);
  } catch (error) {
    // a place outside the buffer, or a stream that is not compressed data
    if (error instanceof RangeError || error instanceof TypeError)
      throw new Error("the letters' file is damaged");
    throw error;
  }
}

/** @param {ArrayBuffer} buffer @returns {Promise<import("./classify.js").Letters>} */
async function lettersIn(buffer) {
  const entries = entriesOf(new DataView(buffer));
  const read = async (/** @type {string} */ name) => {
    const entry = entries.get(`${name}.npy`);
    if (!entry) throw new Error(`the letters' file has no ${name}`);
    return arrayOf(await inflate(buffer, entry));
  };
  const [packed, labels, splits] = [await read("letters"), await read("labels"), await read("splits")];
  if (packed.length !== (labels.length * PIXELS) / 2) throw new Error("the letters' file is damaged");
  const members = Uint32Array.from(splits.keys()).filter((index) => splits[index] === 0);
  return { images: unpacked(packed, labels.length), labels, members };
}

/** @typedef {{method: number, start: number, size: number}} Entry */

/** The files of a zip archive, by its central directory. @param {DataView} view */
function entriesOf(view) {
  let end = view.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Error("the letters' file is not a zip archive");
  /** @type {Map<string, Entry>} */
  const found = new Map();
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    const lengths = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, lengths[0]));
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    found.set(name, { method: view.getUint16(at + 10, true), start, size: view.getUint32(at + 20, true) });
    at += 46 + lengths.reduce((sum, length) => sum + length);
  }
  return found;
}

/** @param {ArrayBuffer} buffer @param {Entry} entry @returns {Promise<Uint8Array>} */
async function inflate(buffer, { method, start, size }) {
  const stored = new Uint8Array(buffer, start, size);
  if (method === 0) return stored;
  const stream = new Blob([stored]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const parts = [];
  let total = 0;
  for (const reader = stream.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.length;
    if (total > LIMIT) throw new Error("the letters' file is damaged");
    parts.push(value);
  }
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The numbers of an array of bytes after NumPy's header. @param {Uint8Array} bytes */
function arrayOf(bytes) {
  const head = new TextDecoder("latin1").decode(bytes.subarray(10, 10 + bytes[8] + 256 * bytes[9]));
  if (!/'descr': '\|u1'/.test(head)) throw new Error("the letters' file has numbers of another type");
  return bytes.subarray(10 + bytes[8] + 256 * bytes[9]);
}

/**
 * Half a byte for each pixel, column by column, two neighbouring columns in a byte: the left in the high
 * half.
 * @param {Uint8Array} packed @param {number} count
 */
function unpacked(packed, count) {
  const images = new Uint8Array(count * PIXELS);
  for (let index = 0, at = 0; index < count; index++)
    for (let column = 0; column < SIDE; column += 2)
      for (let row = 0; row < SIDE; row++, at++) {
        const target = index * PIXELS + row * SIDE + column;
        images[target] = packed[at] >> 4;
        images[target + 1] = packed[at] & 15;
      }
  return images;
}
