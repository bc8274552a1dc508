/**
 * The one place of the engine that fetches: files are counted and verified as they arrive. The result is a
 * Blob, which the browser may keep outside the JavaScript heap. What is kept between visits is decided in
 * store.js.
 */

import { createSHA256 } from "hash-wasm";
import { EngineError, PROGRESS_INTERVAL } from "../protocol.js";

/** Pieces go to the browser's blob store when they reach this many bytes. */
const SPILL_BYTES = 16 * 1024 * 1024;
const RETRY = "Check the connection, then load it again.";

/** @import { Progress } from "../protocol.js" */

/**
 * @typedef {{
 *   file: string, signal?: AbortSignal, onBytes?: (count: number) => void, fetch?: typeof fetch,
 *   cache?: RequestCache, remedy?: string
 * }} FetchOptions `remedy` is what to do if there is no such file
 */

/** Adds up the bytes of several downloads and reports them at most ten times a second. */
export class Meter {
  #loaded = 0;
  #reported = Number.NEGATIVE_INFINITY;

  /**
   * @param {Progress["status"]} status
   * @param {string} file
   * @param {number} total
   * @param {(progress: Progress) => void} onProgress
   * @param {() => number} now
   */
  constructor(status, file, total, onProgress, now = () => performance.now()) {
    this.status = status;
    this.file = file;
    this.total = total;
    this.onProgress = onProgress;
    this.now = now;
  }

  /** @param {number} count */
  add(count) {
    this.#loaded += count;
    const time = this.now();
    const finished = this.total > 0 && this.#loaded >= this.total;
    if (!finished && time - this.#reported < PROGRESS_INTERVAL) return;
    this.#reported = time;
    this.onProgress({ status: this.status, file: this.file, loaded: this.#loaded, total: this.total });
  }
}

/** A file of one version of the site (scripts/versions.py), which is gone when the server has another. */
const VERSIONED = /\/v-\w{16}\//;
const UPDATED = "The site has been updated: reload the page.";

/**
 * Fetches a URL; an unsuccessful response, or none, is an error with a remedy.
 * @param {string} url
 * @param {FetchOptions} options
 */
export async function open(url, { file, signal, cache, fetch = globalThis.fetch, remedy }) {
  let response;
  try {
    response = await fetch(url, { signal, cache });
  } catch (error) {
    throw networkError(error, await unreachable(url, file, { signal, fetch }));
  }
  if (response.ok) return response;
  const missing = response.status === 404;
  throw new EngineError({
    code: missing ? "not-found" : "http-status",
    message: missing
      ? `“${file}” is not on the server: there is nothing at ${url}.`
      : `The server answered ${response.status} for “${file}”.`,
    url,
    remedy: missing
      ? (remedy ?? (VERSIONED.test(url) ? UPDATED : "Check the model's address, or choose another model."))
      : "Try again in a moment.",
  });
}

/**
 * Counts the bytes of a response as they arrive, whether or not anybody reads them yet, and reports an
 * interruption. The response remains the browser's own, so that the browser can cache the code that it
 * compiles from it.
 * @param {Response} response
 * @param {string} file
 * @param {(count: number) => void} onBytes
 * @param {(error: unknown) => void} onError
 */
export function counted(response, file, onBytes, onError) {
  if (!response.body) return response;
  const copy = response.clone();
  const count = async () => {
    for await (const piece of pieces(copy)) onBytes(piece.length);
  };
  count().catch((error) => onError(broken(error, file)));
  return response;
}

/**
 * Downloads a whole file, and verifies its length and SHA-256 where they are known. Of a file with more than
 * `most` bytes the rest is not downloaded.
 * @param {string} url
 * @param {FetchOptions & {bytes?: number, sha256?: string, most?: number}} options
 * @returns {Promise<Blob>}
 */
export async function download(url, options) {
  const { file, bytes, sha256, onBytes, most = Number.POSITIVE_INFINITY } = options;
  const response = await open(url, options);
  const hash = sha256 ? await createSHA256() : null;
  /** @type {BlobPart[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  let pending = [];
  let waiting = 0;
  let size = 0;
  try {
    for await (const piece of pieces(response)) {
      hash?.update(piece);
      pending.push(piece);
      waiting += piece.length;
      size += piece.length;
      onBytes?.(piece.length);
      if (size > most) break;
      if (waiting < SPILL_BYTES) continue;
      parts.push(new Blob(pending));
      pending = [];
      waiting = 0;
    }
  } catch (error) {
    throw broken(error, file);
  }
  verify({ file, size, bytes, digest: hash?.digest(), sha256 });
  return new Blob([...parts, ...pending]);
}

/** What to throw if a response ends early. @param {unknown} error @param {string} file */
export const broken = (error, file) => networkError(error, interrupted(file, RETRY));

/** @param {Pick<Response, "body">} response */
export async function* pieces({ body }) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (body).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // nothing happens at the end
    reader.releaseLock();
  }
}

/** @param {{file: string, size: number, bytes?: number, digest?: string, sha256?: string}} found */
function verify({ file, size, bytes, digest, sha256 }) {
  if (bytes !== undefined && size !== bytes) {
    throw new EngineError({
      code: "download-truncated",
      message: `“${file}” should have ${bytes} bytes, but ${size} arrived.`,
      remedy: CORRUPT,
    });
  }
  if (sha256 && digest !== sha256) throw corrupt(file);
}

const CORRUPT = "Load it again. If this happens again, the copy on the server is corrupt.";

/** The error of a file whose content does not match its SHA-256. @param {string} file */
export function corrupt(file) {
  return new EngineError({
    code: "checksum",
    message: `“${file}” was downloaded, but its content does not match the model's description.`,
    remedy: CORRUPT,
  });
}

/** The error of a download that broke off. @param {string} file @param {string} remedy */
export function interrupted(file, remedy) {
  return new EngineError({ code: "network", message: `The download of “${file}” was interrupted.`, remedy });
}

/**
 * Why there was no answer. Browsers do not say: an answer that may not be read looks like none. So another
 * site is asked once more, in a way that needs no permission and shows nothing but whether it answers.
 * @param {string} url
 * @param {string} file
 * @param {Pick<FetchOptions, "signal"> & {fetch: typeof globalThis.fetch}} options
 */
async function unreachable(url, file, { signal, fetch }) {
  const own = globalThis.origin; // none under Node, where everything may be read
  const asked = { method: "HEAD", mode: /** @type {const} */ ("no-cors"), signal };
  const isForeign = own !== undefined && new URL(url, own === "null" ? undefined : own).origin !== own;
  if (isForeign && (await fetch(url, { ...asked, credentials: "omit" }).catch(() => null))) {
    return new EngineError({
      code: "cors",
      message: `“${file}” could not be fetched: ${new URL(url).host} does not let other sites read it (CORS).`,
      remedy: "Download the file and choose it here, or use a copy on a server that allows it.",
    });
  }
  return new EngineError({ code: "network", message: `“${file}” could not be fetched.`, remedy: RETRY, url });
}

/**
 * An abort remains what it is; any other failure of fetch is `instead`.
 * @param {unknown} error
 * @param {EngineError} instead
 */
function networkError(error, instead) {
  return error instanceof Error && error.name === "AbortError" ? error : instead;
}
