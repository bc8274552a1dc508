/** Unpacks gzipped files. */

import { broken, pieces } from "../storage/download.js";
import { join } from "../storage/part.js";

/** Whether a server has not told the browser to unpack it already. @param {Uint8Array} bytes */
export const isGzip = (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The content of a gzipped file, unpacked while it arrives. (A response of the unpacked stream would take
 * half as long again.)
 * @param {Response} response
 * @param {string} file its name, for errors
 * @param {(count: number) => void} [onBytes] called with the bytes of each piece that arrives
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function gunzip(response, file, onBytes = () => {}) {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  /** @type {Promise<Uint8Array<ArrayBuffer>> | null} */
  let unpacked = null;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const plain = [];
  try {
    for await (const piece of pieces(response)) {
      onBytes(piece.length);
      if (!unpacked && !plain.length && isGzip(piece)) {
        unpacked = joined(pieces({ body: readable }));
        unpacked.catch(() => {}); // awaited below
      }
      if (unpacked)
        writer.write(piece).catch(() => {}); // as above
      else plain.push(piece);
    }
  } catch (error) {
    throw broken(error, file);
  }
  if (!unpacked) return join(plain);
  writer.close().catch(() => {}); // as above
  return await unpacked;
}

/** @param {AsyncIterable<Uint8Array<ArrayBuffer>>} arriving */
async function joined(arriving) {
  const found = [];
  for await (const piece of arriving) found.push(piece);
  return join(found);
}
