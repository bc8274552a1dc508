/**
 * The fingerprint of a large file: the SHA-256 of the SHA-256s of its pieces. WebCrypto computes it on
 * another thread, faster than WebAssembly can on this one, but only in secure contexts, where the private
 * file system is available too. Published files are identified by their plain SHA-256 instead.
 */

import { RowReader } from "./opfs.js";

export const PIECE = 4 * 1024 * 1024; // bytes
const WORTH_IT = 8 * PIECE; // bytes of a file for which a thread is started
const AT_ONCE = 3; // pieces that are read or hashed at a time, each with a copy of its bytes

/** Cuts what is added into pieces of PIECE bytes; the last one may be shorter. */
export class Pieces {
  #piece = new Uint8Array(PIECE);
  #onPiece;
  /** Bytes of the next piece that are there already. */
  filled = 0;

  /** @param {(piece: Uint8Array<ArrayBuffer>) => void} onPiece uses the bytes, or copies them, at once */
  constructor(onPiece) {
    this.#onPiece = onPiece;
  }

  /** @param {Uint8Array} bytes */
  add(bytes) {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + PIECE - this.filled);
      this.#piece.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === PIECE) this.end();
    }
  }

  /** Makes a piece of what there is. */
  end() {
    if (this.filled) this.#onPiece(this.#piece.subarray(0, this.filled));
    this.filled = 0;
  }
}

export class Fingerprint {
  /** @type {Promise<ArrayBuffer>[]} */
  #digests = [];
  // The browser copies what it is given before it returns.
  #pieces = new Pieces((piece) => this.#digests.push(crypto.subtle.digest("SHA-256", piece)));

  /** Adds bytes, and waits if hashing does not keep up. @param {Uint8Array} bytes */
  async update(bytes) {
    this.#pieces.add(bytes);
    await this.#digests.at(-AT_ONCE);
  }

  /** The fingerprint in hexadecimal; the object cannot be used afterwards. */
  async hex() {
    this.#pieces.end();
    return await digestOf(await new Blob(await Promise.all(this.#digests)).arrayBuffer());
  }
}

/** @typedef {{signal?: AbortSignal, onBytes?: (count: number) => void}} Options */
/** Starts the script engine/verifier.js. @typedef {() => Worker} StartVerifier */
/** Reads a piece. @typedef {(at: number) => BufferSource | Promise<BufferSource>} ReadPiece */

/**
 * The fingerprint of a file of the private file system. It is read in place, many times as fast as a blob,
 * unless the browser or another tab's use of the file does not allow that.
 * @param {any} folder
 * @param {string} name
 * @param {Blob} blob the file
 * @param {Options} [options]
 */
export async function storedFingerprint(folder, name, blob, options) {
  const reader = await RowReader.open(folder, name, { wait: false }).catch(() => null);
  if (!reader) return await fingerprint(blob, options);
  const piece = new Uint8Array(PIECE); // once: the browser copies what it hashes
  try {
    return await fingerprint(blob, options, (at) => piece.subarray(0, reader.readInto(piece, at)));
  } finally {
    reader.close();
  }
}

/**
 * Whether two threads may read one file of the private file system in place. Where a handle has no modes it
 * excludes every other one, which must then read the file as a blob.
 */
function canBeShared() {
  const { FileSystemSyncAccessHandle: Handle } = /** @type {any} */ (globalThis);
  return Handle !== undefined && "mode" in Handle.prototype;
}

/**
 * The same, computed by a thread of its own, so that the file can be loaded meanwhile. It returns when that
 * thread runs, because none can start while this one is busy. Null if that is not possible or not worth it.
 * @param {any} folder
 * @param {string} name
 * @param {Blob} blob
 * @param {{signal?: AbortSignal, startVerifier?: StartVerifier}} options
 * @returns {Promise<{fingerprint: Promise<string>} | null>}
 */
export async function fingerprintBeside(folder, name, blob, { signal, startVerifier }) {
  if (!startVerifier || blob.size < WORTH_IT || !canBeShared()) return null;
  const worker = started(startVerifier);
  if (!worker) return null;
  const found = new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => "fingerprint" in data && resolve(data.fingerprint));
    worker.addEventListener("error", (event) => {
      event.preventDefault?.();
      resolve(null); // its script could not be loaded
    });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  const begun = new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
  worker.postMessage({ folder, name, blob });
  const fingerprint = found
    .then((value) => value ?? storedFingerprint(folder, name, blob, { signal }))
    .finally(() => worker.terminate());
  fingerprint.catch(() => {}); // whoever waits for it hears of it
  await Promise.race([begun, fingerprint]);
  return { fingerprint };
}

/** @param {StartVerifier} startVerifier */
function started(startVerifier) {
  try {
    return startVerifier();
  } catch {
    return null; // the page's policy forbids it
  }
}

/**
 * The fingerprint of a blob. Several pieces are read and hashed at once.
 * @param {Blob} blob
 * @param {Options} [options]
 * @param {ReadPiece} [read]
 * @returns {Promise<string>}
 */
export async function fingerprint(
  blob,
  { signal, onBytes } = {},
  read = (at) => blob.slice(at, at + PIECE).arrayBuffer(),
) {
  const digests = new Array(Math.ceil(blob.size / PIECE));
  let next = 0;
  const work = async () => {
    while (next < digests.length) {
      const index = next++;
      const found = read(index * PIECE);
      const piece = found instanceof Promise ? await found : found; // at once: the next piece replaces it
      const length = piece.byteLength;
      digests[index] = await crypto.subtle.digest("SHA-256", piece);
      onBytes?.(length);
      signal?.throwIfAborted();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return await digestOf(await new Blob(digests).arrayBuffer());
}

/** SHA-256 in hexadecimal. @param {BufferSource} bytes @returns {Promise<string>} */
export async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
