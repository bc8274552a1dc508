// The one place of the engine that fetches: files as they arrive, counted and verified.
// What is fetched becomes a Blob, which the browser may keep outside the heap of JavaScript.

import { EngineError, PROGRESS_INTERVAL } from "./protocol.js";
import { Sha256 } from "./sha256.js";

const SPILL_BYTES = 16 * 1024 * 1024; // pieces are handed to the browser's blob store at this size
const MIDDLE = "stopped in the middle of its download";

/**
 * @typedef {import("./protocol.js").Progress} Progress
 * @typedef {{file: string, signal?: AbortSignal, onBytes?: (count: number) => void, fetch?: typeof fetch}} FetchOptions
 */

/** Adds up the bytes of several downloads and tells of them at most ten times a second. */
export class Meter {
  #loaded = 0;
  #told = Number.NEGATIVE_INFINITY;

  /**
   * @param {Progress["status"]} status
   * @param {string} file
   * @param {number} total
   * @param {(progress: Progress) => void} tell
   * @param {() => number} now
   */
  constructor(status, file, total, tell, now = () => performance.now()) {
    this.status = status;
    this.file = file;
    this.total = total;
    this.tell = tell;
    this.now = now;
  }

  /** @param {number} count */
  add(count) {
    this.#loaded += count;
    const time = this.now();
    const finished = this.total > 0 && this.#loaded >= this.total;
    if (!finished && time - this.#told < PROGRESS_INTERVAL) return;
    this.#told = time;
    this.tell({ status: this.status, file: this.file, loaded: this.#loaded, total: this.total });
  }
}

/**
 * Opens a URL; an answer other than success, and no answer, are errors that say what to do.
 * @param {string} url
 * @param {FetchOptions} options
 */
export async function open(url, { file, signal, fetch = globalThis.fetch }) {
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    throw interrupted(error, file, "could not be fetched");
  }
  if (response.ok) return response;
  const missing = response.status === 404;
  throw new EngineError({
    code: missing ? "not-found" : "http-status",
    message: missing
      ? `“${file}” is not on the server.`
      : `The server answered ${response.status} for “${file}”.`,
    remedy: missing ? "Check the address of the model, or choose another model." : "Try again in a moment.",
  });
}

/**
 * Counts the bytes of a response as they arrive, whether or not anybody reads them yet, and tells of an
 * interruption. The response stays the browser's own, so that what it has compiled of it can be kept.
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
  count().catch((error) => onError(interrupted(error, file, MIDDLE)));
  return response;
}

/**
 * A whole file, its length and SHA-256 held to what is expected where that is known.
 * @param {string} url
 * @param {FetchOptions & {bytes?: number, sha256?: string}} options
 * @returns {Promise<Blob>}
 */
export async function download(url, options) {
  const { file, bytes, sha256, onBytes } = options;
  const response = await open(url, options);
  const hash = sha256 ? new Sha256() : null;
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
      if (waiting < SPILL_BYTES) continue;
      parts.push(new Blob(pending));
      pending = [];
      waiting = 0;
    }
  } catch (error) {
    throw interrupted(error, file, MIDDLE);
  }
  verify({ file, size, bytes, digest: hash?.hex(), sha256 });
  return new Blob([...parts, ...pending]);
}

/** @param {Response} response */
async function* pieces(response) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}

/** @param {{file: string, size: number, bytes?: number, digest?: string, sha256?: string}} found */
function verify({ file, size, bytes, digest, sha256 }) {
  if (bytes !== undefined && size !== bytes) {
    throw new EngineError({
      code: "download-truncated",
      message: `“${file}” should hold ${bytes} bytes, but ${size} arrived.`,
      remedy: "Load it once more; if it happens again, the copy on the server is damaged.",
    });
  }
  if (sha256 && digest !== sha256) {
    throw new EngineError({
      code: "checksum",
      message: `“${file}” arrived, but its content is not what the model's description promises.`,
      remedy: "Load it once more; if it happens again, the copy on the server is damaged.",
    });
  }
}

/** @param {unknown} error @param {string} file @param {string} what */
function interrupted(error, file, what) {
  if (error instanceof Error && error.name === "AbortError") return error;
  return new EngineError({
    code: "network",
    message: `“${file}” ${what}.`,
    remedy: "Check the connection, then load it once more.",
  });
}
