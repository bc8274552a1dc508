/** What every reader returns, and how it reports what is wrong: a problem names the path inside the file. */

import { inLine, LONGEST_LINE } from "../ui/unseen.js";
import { t, tn } from "../ui/words.js";

/**
 * @typedef {string | number | boolean | null} Scalar
 * @typedef {string | null} Output null where the file has no text
 *
 * @typedef {Object} Result
 * @property {string} config name of the sampling configuration
 * @property {[name: string, value: Scalar][]} params
 * @property {Output[]} outputs
 *
 * @typedef {Object} Entry
 * @property {string} prompt
 * @property {Result[]} results
 *
 * @typedef {Object} Report
 * @property {string} format
 * @property {string} model
 * @property {string} date
 * @property {[name: string, value: Scalar][]} args
 * @property {Entry[]} entries
 *
 * @typedef {Object} Import
 * @property {Report[]} reports
 * @property {string[]} problems what had to be left out or repaired
 */

/**
 * @typedef {{value: Record<string, unknown>, path: string}} Line an object of a file with several, and where
 *   it is
 * @typedef {{fallbackName: string, truncated?: boolean}} DocumentOptions truncated: only the start of the
 *   file is known
 * @typedef {{fallbackName: string, problems: Problems}} LineOptions
 *
 * @typedef {Object} DocumentFormat a format whose file is one JSON value
 * @property {"document"} kind
 * @property {() => string} title what messages and the page call it
 * @property {string} shape by what it is recognized, for the reference, in English
 * @property {(value: unknown) => boolean} matches
 * @property {(value: unknown, options: DocumentOptions) => Import} read
 *
 * @typedef {Object} LineFormat a format of JSON objects, one per line or in a list
 * @property {"lines"} kind
 * @property {() => string} title
 * @property {string} shape
 * @property {(first: Record<string, unknown>) => boolean} matches
 * @property {(lines: Line[], options: LineOptions) => Import} read
 *
 * @typedef {DocumentFormat | LineFormat} Format
 */

/**
 * A file that cannot be read. The message says what is wrong and what helps; the caller adds the file's name.
 */
export class ImportError extends Error {
  /** @param {string} message @param {string} [remedy] */
  constructor(message, remedy = "") {
    const help = remedy && ` ${inLine(remedy, 200)}`;
    super(inLine(message, LONGEST_LINE - help.length) + help);
    this.name = "ImportError";
  }
}

/** Collects problems, up to a limit. */
export class Problems {
  /** @type {string[]} */
  list = [];
  #left = 0;

  /** @param {string} problem */
  add(problem) {
    if (this.list.length < 8) this.list.push(inLine(problem));
    else this.#left++;
  }

  get done() {
    const rest = tn(this.#left, "{n} more problem of this kind", "{n} more problems of this kind");
    return this.#left ? [...this.list, rest] : this.list;
  }
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object's own member, or undefined. @param {unknown} object @param {string} name @returns {unknown} */
export function member(object, name) {
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** @param {unknown} value */
export function kindOf(value) {
  if (value === undefined) return t("missing");
  if (value === null) return "null";
  if (Array.isArray(value)) return t("a list");
  if (typeof value === "object") return t("an object");
  if (typeof value === "string") return t("text");
  return typeof value === "number" ? t("a number") : t("true or false");
}

/**
 * `path is missing`, `path is null, not text`.
 * @param {string} path
 * @param {unknown} value
 * @param {string} wanted
 */
export function mismatch(path, value, wanted) {
  if (value === undefined) return t("{path} is missing", { path });
  return t("{path} is {kind}, not {wanted}", { path, kind: kindOf(value), wanted });
}

/** @param {unknown} value @returns {Scalar} */
export function scalar(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") return jsonOf(value);
  return /** @type {Scalar} */ (value);
}

/** @param {unknown} object @returns {[string, Scalar][]} */
export function pairs(object) {
  return isObject(object) ? Object.entries(object).map(([name, value]) => [name, scalar(value)]) : [];
}

/** The text of a value that should be text. @param {unknown} value */
export function textOf(value) {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? jsonOf(value, 2) : String(value);
}

const DEEPEST = 100;
const INDENTED = 100_000; // characters

/**
 * A value as JSON. A large or deep one is not indented: that would make it many times as long.
 * @param {object} value
 * @param {number} [indent]
 */
function jsonOf(value, indent = 0) {
  if (deeperThan(value, DEEPEST)) return "(a value that is nested too deeply to show)";
  const compact = JSON.stringify(value);
  const small = compact.length <= INDENTED && !deeperThan(value, 10);
  return indent > 0 && small ? JSON.stringify(value, null, indent) : compact;
}

/**
 * Whether a value has more than `most` levels, found without recursion.
 * @param {object} value
 * @param {number} most
 */
function deeperThan(value, most) {
  let level = [value];
  for (let depth = 0; depth < most && level.length > 0; depth++)
    level = level.flatMap((one) => Object.values(one).filter((inner) => typeof inner === "object" && inner));
  return level.length > 0;
}

/** The name of a file, without the address or path before it. @param {string} name */
export function baseName(name) {
  const last = name.split(/[?#]/)[0]?.split("/").filter(Boolean).at(-1) ?? name;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
