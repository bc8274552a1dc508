/** What every reader returns, and how it reports what is wrong: a problem names the path inside the file. */

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
 * @property {string} title what messages call it
 * @property {(value: unknown) => boolean} matches
 * @property {(value: unknown, options: DocumentOptions) => Import} read
 *
 * @typedef {Object} LineFormat a format of JSON objects, one per line or in a list
 * @property {"lines"} kind
 * @property {string} title
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
    super(remedy ? `${message} ${remedy}` : message);
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
    if (this.list.length < 8) this.list.push(problem);
    else this.#left++;
  }

  get done() {
    return this.#left ? [...this.list, `${this.#left} more problems of this kind`] : this.list;
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
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return "text";
  return typeof value === "number" ? "a number" : "true or false";
}

/**
 * `path is missing`, `path is null, not text`.
 * @param {string} path
 * @param {unknown} value
 * @param {string} wanted
 */
export function mismatch(path, value, wanted) {
  return value === undefined ? `${path} is missing` : `${path} is ${kindOf(value)}, not ${wanted}`;
}

/** @param {unknown} value @returns {Scalar} */
export function scalar(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "object") return JSON.stringify(value);
  return /** @type {Scalar} */ (value);
}

/** @param {unknown} object @returns {[string, Scalar][]} */
export function pairs(object) {
  return isObject(object) ? Object.entries(object).map(([name, value]) => [name, scalar(value)]) : [];
}

/** The text of a value that should be text. @param {unknown} value */
export function textOf(value) {
  if (typeof value === "string") return value;
  return value === null || value === undefined
    ? ""
    : typeof value === "object"
      ? JSON.stringify(value, null, 2)
      : String(value);
}

/**
 * Groups (prompt, config, output) rows into entries: one entry per prompt, in order of first appearance.
 */
export class Gatherer {
  /** @type {Map<string, Map<string, Result>>} */
  #prompts = new Map();

  /**
   * @param {string} prompt
   * @param {string} config
   * @param {Output} output
   * @param {[string, Scalar][]} [params]
   */
  add(prompt, config, output, params = []) {
    let results = this.#prompts.get(prompt);
    if (!results) {
      results = new Map();
      this.#prompts.set(prompt, results);
    }
    let result = results.get(config);
    if (!result) {
      result = { config, params, outputs: [] };
      results.set(config, result);
    }
    result.outputs.push(output);
  }

  get size() {
    return this.#prompts.size;
  }

  /** @returns {Entry[]} */
  get entries() {
    return [...this.#prompts].map(([prompt, results]) => ({ prompt, results: [...results.values()] }));
  }
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
