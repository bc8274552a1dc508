/** Unpacks gzipped files. */

import { broken, pieces } from "./download.js";
import { join } from "./part.js";

/** Whether a server has not told the browser to unpack it already. @param {Uint8Array} bytes */
export const isGzip = (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * The content of a gzipped file, unpacked while it arrives.
 * @param {Response} response
 * @param {string} file its name, for errors
 * @param {(count: number) => void} [onBytes] called with the bytes of each piece that arrives
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function gunzip(response, file, onBytes) {
  const found = [];
  for await (const piece of pieces({ body: await unpacked(response, file, onBytes) })) found.push(piece);
  return join(found);
}

/**
 * The same as a stream.
 * @param {Response} response
 * @param {string} file
 * @param {(count: number) => void} [onBytes]
 * @returns {Promise<ReadableStream<Uint8Array<ArrayBuffer>>>}
 */
export async function unpacked(response, file, onBytes = () => {}) {
  const arriving = pieces(response);
  const next = () =>
    arriving.next().catch((error) => {
      throw broken(error, file);
    });
  let piece = await next();
  const isPacked = piece.value && isGzip(piece.value);
  /** @type {ReadableStream<any>} */
  const stream = new ReadableStream({
    async pull(controller) {
      if (piece.done) return controller.close();
      onBytes(piece.value.length);
      controller.enqueue(piece.value);
      piece = await next();
    },
    cancel: () => void arriving.return(undefined),
  });
  return isPacked ? stream.pipeThrough(new DecompressionStream("gzip")) : stream;
}

/**
 * A fetch that takes the gzipped copy beside a file, if there is one. It asks for the file itself where the
 * rest of a download is wanted, or where what came before had the wrong content.
 * @param {typeof globalThis.fetch} [fetch]
 * @returns {typeof globalThis.fetch}
 */
export function preferringPacked(fetch = globalThis.fetch) {
  return async (url, init) => {
    const isWhole = !new Headers(init?.headers).has("Range") && init?.cache !== "reload";
    const packed = isWhole ? await fetch(`${url}.gz`, init) : null;
    return packed?.ok ? new Response(await unpacked(packed, String(url))) : await fetch(url, init);
  };
}
