/** A visitor's files, which are read whole only if they are within a bound. */

import { problem } from "./status.js";
import { megabytes, t } from "./words.js";

/**
 * @param {File} file
 * @param {number} most bytes
 * @param {string} remedy what to do about a larger one
 */
function within(file, most, remedy) {
  if (file.size <= most) return file;
  const values = { name: file.name, most: megabytes(most) };
  throw problem(t("{name} is too large: the limit is {most}.", values), remedy);
}

/** @type {(...asked: Parameters<typeof within>) => Promise<Uint8Array<ArrayBuffer>>} */
export const fileBytes = async (...asked) => new Uint8Array(await within(...asked).arrayBuffer());

/** @type {(...asked: Parameters<typeof within>) => Promise<string>} */
export const fileText = async (...asked) => await within(...asked).text();
