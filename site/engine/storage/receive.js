/**
 * Fills a sink with a file from the network: resumes an interrupted download with a range request, retries
 * when the network fails, and verifies the content. Where the bytes go is the sink's business.
 */

import { createSHA256 } from "hash-wasm";
import { EngineError } from "../protocol.js";
import { corrupt, interrupted, open } from "./download.js";
import { Fingerprint } from "./fingerprint.js";

/**
 * With `startVerifier`, a large stored file may be returned before it has been verified.
 * @typedef {{
 *   url: string, file: string, bytes: number, sha256: string, signal?: AbortSignal,
 *   onBytes?: (count: number) => void, fetch?: typeof fetch,
 *   startVerifier?: import("./fingerprint.js").StartVerifier
 * }} Wanted
 */
/**
 * Where bytes go while they arrive.
 * @typedef {{
 *   size: number, write: (bytes: Uint8Array<ArrayBuffer>) => void, restart: () => void,
 *   existing: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
 * }} Sink
 */

/** Attempts in a row without a byte before giving up. */
export const ATTEMPTS = 3;
/** Milliseconds before the first such attempt is repeated. */
export const PAUSE = 300;

/** SHA-256 and fingerprint of what arrives; in insecure contexts there is no fingerprint. */
class Digest {
  #hash = createSHA256();
  #fingerprint = globalThis.crypto?.subtle ? new Fingerprint() : null;

  /** @param {Uint8Array} bytes */
  async update(bytes) {
    (await this.#hash).update(bytes);
    await this.#fingerprint?.update(bytes);
  }

  async end() {
    return { sha256: (await this.#hash).digest(), fingerprint: await this.#fingerprint?.hex() };
  }
}

/**
 * Fills a sink with the wanted file. Content that does not match its hash is fetched once more from the
 * start, past the browser's cache.
 * @param {Sink & {blob: () => Blob}} sink
 * @param {Wanted} wanted
 */
export async function receive(sink, wanted) {
  for (const last of [false, true]) {
    const { sha256, fingerprint } = await fill(sink, { ...wanted, cache: last ? "reload" : "default" });
    if (sha256 === wanted.sha256) return { blob: sink.blob(), fingerprint };
    if (last) break;
    wanted.onBytes?.(-sink.size);
    sink.restart();
  }
  throw corrupt(wanted.file);
}

/**
 * @param {Sink} sink
 * @param {Wanted & {cache: RequestCache}} wanted
 * @returns {Promise<{sha256: string, fingerprint?: string}>} of what has arrived
 */
async function fill(sink, wanted) {
  const state = { digest: new Digest() };
  for await (const piece of sink.existing()) {
    await state.digest.update(piece);
    wanted.onBytes?.(piece.length);
  }
  let left = ATTEMPTS;
  /** @type {unknown} */
  let failure = null;
  while (sink.size < wanted.bytes) {
    const before = sink.size;
    try {
      await append(sink, wanted, state);
    } catch (error) {
      if (!isTemporary(error)) throw error;
      failure = error;
    }
    wanted.signal?.throwIfAborted();
    if (sink.size >= wanted.bytes) break;
    if (sink.size > before) left = ATTEMPTS;
    else if (left-- === 0) throw failure instanceof EngineError ? failure : brokenOff(wanted.file);
    else await pause(PAUSE * 2 ** (ATTEMPTS - left - 1), wanted.signal);
  }
  return await state.digest.end();
}

/**
 * One response of the server, from where the last one ended.
 * @param {Sink} sink
 * @param {Wanted & {cache: RequestCache}} wanted
 * @param {{digest: Digest}} state
 */
async function append(sink, wanted, state) {
  const { url, file, bytes, signal, cache, onBytes, fetch = globalThis.fetch } = wanted;
  const headers = sink.size ? { Range: `bytes=${sink.size}-` } : undefined;
  const response = await open(url, {
    file,
    fetch: (input, init) => fetch(input, { ...init, headers }),
    signal,
    cache,
  });
  const start = response.status === 206 ? contentStart(response) : 0;
  if (start !== sink.size) {
    onBytes?.(-sink.size);
    sink.restart();
    state.digest = new Digest();
    if (start !== 0) throw brokenOff(file);
  }
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const piece = value.subarray(0, bytes - sink.size); // anything beyond the expected length is ignored
      sink.write(/** @type {Uint8Array<ArrayBuffer>} */ (piece));
      await state.digest.update(piece);
      onBytes?.(piece.length);
      if (sink.size === bytes) return;
    }
  } finally {
    reader.cancel().catch(() => {}); // it has failed already
  }
}

/** Where a partial response starts; a server that does not say so starts at 0. @param {Response} response */
export function contentStart(response) {
  const match = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "");
  return match ? Number(match[1]) : 0;
}

/**
 * Whether to try again: the network may recover; a full file system or an abort will not.
 * @param {unknown} error
 */
export function isTemporary(error) {
  if (error instanceof EngineError) return error.code === "network" || error.code === "http-status";
  const name = /** @type {any} */ (error)?.name;
  return name === "TypeError" || name === "NetworkError"; // what a body throws when its connection breaks
}

/** @param {number} wait @param {AbortSignal} [signal] */
export async function pause(wait, signal) {
  let abort = () => {};
  let timer;
  try {
    await new Promise((resolve, reject) => {
      timer = setTimeout(resolve, wait);
      abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** @param {string} file */
export function brokenOff(file) {
  return interrupted(
    file,
    "Check the connection, then load it again. The download resumes where it stopped.",
  );
}
