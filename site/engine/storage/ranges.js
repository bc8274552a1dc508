/**
 * Reads files on a server by HTTP ranges while Python waits, to inspect a model's header before its weights
 * are downloaded. Its requests are synchronous, so only a worker may use it.
 */

/** Bytes that are fetched at once; Python reads a header in small pieces. */
const AHEAD = 256 * 1024;

/**
 * @typedef {(url: string, first: number, last: number) => Uint8Array<ArrayBuffer>} FetchRange
 * What Python reads from. Some can read into an array of Python's (`fill` returns the number of bytes), or
 * many pieces of one length at once. `open` makes some faster until `close`; `hold` prepares one for small
 * pieces in any order, while a model is in use. A stored one may have `intact`, which is whether it has not
 * changed since. This may become known after it has been loaded; `discard` removes it.
 * @typedef {{
 *   name: string, size: number, read: (offset: number, length: number) => Uint8Array,
 *   fill?: (array: any, offset: number) => number,
 *   pieces?: (offsets: Float64Array, length: number) => Uint8Array,
 *   open?: () => Promise<void>, close?: () => void, hold?: () => Promise<void>,
 *   intact?: Promise<boolean>, discard?: () => Promise<unknown>
 * }} Source
 */

/**
 * What a server reports of a file before its download. `size` is null if it would send the whole file instead
 * of a range; `version` changes with the file, and is empty if it is unknown.
 * @typedef {{size: number | null, bytes: number, version: string}} Offer
 */

/** The version of a file whose server does not respond. */
export const UNREACHED = "unreached";

/**
 * @param {string} url
 * @param {{signal?: AbortSignal, fetch?: typeof globalThis.fetch}} [options]
 * @returns {Promise<Offer>}
 */
export async function askFor(url, { signal, fetch = globalThis.fetch } = {}) {
  const controller = new AbortController();
  const stop = () => controller.abort();
  signal?.addEventListener("abort", stop);
  try {
    const response = await fetch(url, {
      headers: { Range: "bytes=0-0" },
      cache: "no-store", // a cached response would describe an earlier version of the file
      signal: controller.signal,
    });
    const { headers } = response;
    const whole = Number(/\/(\d+)$/.exec(headers.get("Content-Range") ?? "")?.[1]);
    const size = response.status === 206 && Number.isSafeInteger(whole) && whole > 0 ? whole : null;
    const bytes = size ?? Number(headers.get("Content-Length"));
    return { size, bytes, version: response.ok ? versionOf(headers) : "" };
  } catch {
    return { size: null, bytes: 0, version: UNREACHED }; // the download will report what is wrong
  } finally {
    controller.abort(); // a server without ranges has started to send everything
    signal?.removeEventListener("abort", stop);
  }
}

/** What changes with a file; "" if nothing in a response does. @param {Headers} headers */
export function versionOf(headers) {
  const tag = headers.get("ETag") ?? "";
  // A weak tag does not identify the bytes.
  return tag.startsWith('"') ? tag : (headers.get("Last-Modified") ?? "");
}

/**
 * A source through which Python reads such a file. If the server does not send a part, fewer bytes are
 * returned.
 * @param {string} url
 * @param {string} name
 * @param {number} size
 * @param {FetchRange} [fetchRange]
 * @returns {Source}
 */
export function rangeSource(url, name, size, fetchRange = fetchNow) {
  let start = 0;
  let buffer = new Uint8Array();
  let ahead = AHEAD;
  return {
    name,
    size,
    async hold() {
      ahead = 0;
    },
    read(offset, length) {
      if (offset < start || offset + length > start + buffer.length) {
        const end = Math.min(size, offset + Math.max(length, ahead));
        buffer = fetchRange(url, offset, end - 1);
        start = offset;
      }
      return buffer.subarray(offset - start, offset - start + length);
    },
  };
}

/** @type {FetchRange} */
function fetchNow(url, first, last) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.setRequestHeader("Range", `bytes=${first}-${last}`);
  request.responseType = "arraybuffer";
  try {
    request.send();
  } catch {
    return new Uint8Array(); // Python reports what a missing part means
  }
  return request.status === 206 ? new Uint8Array(request.response) : new Uint8Array();
}
