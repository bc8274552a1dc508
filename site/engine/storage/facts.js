/**
 * The facts about a stored file: name, address, dates, and for a quantized copy what it was made of. They are
 * read from a file that anyone could have changed, so every field is converted to its type.
 */

import { ask, fileOf } from "./opfs.js";

/**
 * A file that a copy was made of: `id` identifies its content, or `version` stands in for that; `url` is a
 * hash of its address, if it has one.
 * @typedef {{id: string, name: string, bytes: number, url: string, version: string}} Original
 */
/**
 * What a quantized copy is: the version of its layout, whether "auto" chooses its bits too, and its
 * fingerprint.
 * @typedef {{layout: number, bits: 8 | 4, auto: boolean, digest: string, of: Original[]}} Made
 */
/**
 * `fingerprint` is that of a download whose SHA-256 was correct, with which it is verified several times as
 * fast from then on. In the stored JSON it is named `print`.
 * @typedef {{name: string, url: string, bytes: number, saved: number, used: number, fingerprint?: string,
 *   made?: Made}} Facts
 */

/** @param {any} folder @param {string} sha256 */
export async function readFacts(folder, sha256) {
  const file = await fileOf(folder, `${sha256}.json`);
  return parseFacts((await file?.text().catch(() => "")) ?? ""); // it may be removed in between
}

/** @param {any} folder @param {string} sha256 @param {Facts} facts */
export async function writeFacts(folder, sha256, { name, url, bytes, saved, used, fingerprint, made }) {
  try {
    const handle = await ask(folder, "getFileHandle", `${sha256}.json`, { create: true });
    const access = await ask(handle, "createSyncAccessHandle");
    access.truncate(0);
    const text = JSON.stringify({ name, url, bytes, saved, used, print: fingerprint, made });
    access.write(new TextEncoder().encode(text), { at: 0 });
    access.close();
  } catch {
    // the storage page shows no details then, and a copy is made again
  }
}

/** @param {string} text @returns {Facts | null} */
export function parseFacts(text) {
  try {
    const { name, url, bytes, saved, used, print, made } = JSON.parse(text);
    return {
      name: String(name),
      url: String(url),
      bytes: Number(bytes),
      saved: Number(saved),
      used: Number(used),
      ...(typeof print === "string" && { fingerprint: print }),
      ...(Array.isArray(made?.of) && { made }),
    };
  } catch {
    return null;
  }
}

/** @param {number} time @returns {Facts} */
export function unknownFacts(time) {
  return { name: "a model file", url: "", bytes: 0, saved: time, used: time };
}
