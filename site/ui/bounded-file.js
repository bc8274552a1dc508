/** Files of visitors, which are read whole only if they are within a bound. */

import { problem } from "./status.js";
import { megabytes, t } from "./words.js";

/**
 * A file, unless it is too large to be read whole.
 * @template {Blob} F
 * @param {F} file
 * @param {number} most bytes
 * @param {string} remedy
 */
export function withinBound(file, most, remedy) {
  if (file.size <= most) return file;
  throw problem(t("The file is too large: the limit is {most}.", { most: megabytes(most) }), remedy);
}
