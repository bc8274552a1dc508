/**
 * Which prompts pass a search and the filters. All words of a search must occur in one text, in any order and
 * case; words in double quotes must occur exactly as written.
 */

import { differs } from "../reports/collate.js";

/** @import { Column, Row } from "../reports/collate.js" */

/**
 * @param {string} query
 * @param {{expression: boolean}} options
 * @returns {(text: string) => boolean}
 * @throws {SyntaxError} if the regular expression is invalid
 */
export function matcher(query, { expression }) {
  if (expression) {
    const pattern = compile(query);
    return (text) => pattern.test(text);
  }
  const words = wordsOf(query);
  return (text) => {
    const folded = text.toLowerCase();
    return words.every((word) => folded.includes(word));
  };
}

/** @param {string} query */
export function wordsOf(query) {
  return (query.match(/"[^"]+"|[^\s"]+/g) ?? []).map((word) => word.replaceAll('"', "").toLowerCase());
}

/**
 * Ignores case unless the expression has a capital; `^` and `$` match at line ends, which `.` does not.
 * @param {string} source
 */
export function compile(source) {
  const flags = /\p{Lu}/u.test(source.replace(/\\[pPSDWB]/g, "")) ? "mu" : "imu";
  try {
    return new RegExp(source, flags);
  } catch {
    return new RegExp(source, flags.replace("u", ""));
  }
}

/**
 * The ranges that a search found in a text, for highlighting.
 * @param {string} text
 * @param {string} query
 * @param {{expression: boolean}} options
 * @returns {[start: number, end: number][]} at most 200
 */
export function matchRanges(text, query, { expression }) {
  const source = expression
    ? query
    : wordsOf(query)
        .map((word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"))
        .join("|");
  if (source === "") return [];
  const pattern = compile(source);
  const all = new RegExp(pattern.source, `${expression ? pattern.flags : "imu"}g`);
  /** @type {[number, number][]} */
  const ranges = [];
  for (const match of text.matchAll(all)) {
    if (match[0].length > 0) ranges.push([match.index, match.index + match[0].length]);
    if (ranges.length >= 200) break;
  }
  return ranges;
}

/**
 * Whether a row passes the filters other than the search.
 * @param {Row} row
 * @param {{columns: Column[], config: string, sample: number, differ: boolean, coverage: string}} view
 *   columns: the visible ones
 */
export function passes(row, { columns, config, sample, differ, coverage }) {
  const ids = columns.map(({ id }) => id);
  const held = ids.filter((id) => row.cells.has(id)).length;
  if (held === 0) return false;
  if (coverage === "all" && held < ids.length) return false;
  if (coverage === "some" && held === ids.length) return false;
  const lacking = columns.find(({ letter }) => letter === coverage);
  if (lacking && row.cells.has(lacking.id)) return false;
  return !differ || differs(row, ids, { config, sample });
}
