/**
 * Whether a stored file is still the published one. Any script of this origin, that of another project on the
 * same host too, can change the file and the record beside it alike. So a file is compared with its published
 * SHA-256: a small one each time; a large one, which WebCrypto cannot hash in pieces, each time with its
 * recorded fingerprint and now and then, at rest, with the published hash.
 */

import { createSHA256 } from "hash-wasm";
import { digestOf, storedFingerprint } from "./fingerprint.js";
import { piecesOf } from "./opfs.js";

/** Bytes up to which WebCrypto may hash a file in one piece. */
export const SMALL = 32 * 1024 * 1024;
/** One use in so many compares a large file with its published hash. It is drawn: a count could be forged. */
export const ONE_IN = 8;
/** How long `hasHash` rests, as a multiple of the time that the last piece took. */
const REST = 4;

/** @typedef {Pick<import("./receive.js").Wanted, "sha256" | "signal" | "onBytes">} Expected */

/**
 * Whether a stored blob has not changed: by its published hash if it is small or has no fingerprint.
 * @param {Blob} blob
 * @param {Expected} expected
 * @param {{fingerprint?: string, folder?: any, small?: number}} [options] `fingerprint` as recorded after the
 *   download to `folder`, where the file is named by its hash
 */
export async function isIntact(
  blob,
  { sha256, signal, onBytes },
  { fingerprint, folder, small = SMALL } = {},
) {
  if (blob.size <= small && globalThis.crypto?.subtle) {
    const digest = await digestOf(await blob.arrayBuffer());
    onBytes?.(blob.size);
    signal?.throwIfAborted();
    return digest === sha256;
  }
  if (fingerprint)
    return (await storedFingerprint(folder, sha256, blob, { signal, onBytes })) === fingerprint;
  const hash = await createSHA256();
  for await (const piece of piecesOf(blob)) {
    hash.update(piece);
    onBytes?.(piece.length);
    signal?.throwIfAborted();
  }
  return hash.digest() === sha256;
}

/**
 * Whether a blob has the published hash, computed beside other work: it takes a fifth of the thread at most.
 * @param {Blob} blob
 * @param {string} sha256
 */
export async function hasHash(blob, sha256) {
  const hash = await createSHA256();
  for await (const piece of piecesOf(blob)) {
    const start = performance.now();
    hash.update(piece);
    const rest = REST * (performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
  return hash.digest() === sha256;
}
