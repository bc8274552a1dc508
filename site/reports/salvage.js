/**
 * Reads as much as possible of corrupt JSON: everything before the first fault. Python's NaN and Infinity,
 * which are not JSON, become null.
 */

import { t } from "../ui/words.js";

/**
 * @typedef {{position: number, line: number, column: number, what: string, atEnd: boolean}} Found
 * @typedef {{value: unknown, fault: Found | null}} Salvaged
 */

const WORDS = /** @type {const} */ ([
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", null],
  ["Infinity", null],
  ["-Infinity", null],
]);

class Fault extends Error {
  /** @param {string} what @param {number} position @param {{atEnd?: boolean}} [options] */
  constructor(what, position, { atEnd = false } = {}) {
    super(what);
    this.position = position;
    this.atEnd = atEnd;
  }
}

/**
 * @param {string} text
 * @returns {Salvaged}
 */
export function salvage(text) {
  const parser = new JsonParser(text);
  try {
    parser.run();
    return { value: parser.root[0], fault: null };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const before = text.slice(0, error.position).split("\n");
    const fault = {
      position: error.position,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      what: error.message,
      atEnd: error.atEnd,
    };
    return { value: parser.root[0], fault };
  }
}

/** A parser without recursion: partial values stay in `root`, so nothing is lost when it stops. */
class JsonParser {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** @type {unknown[]} */
    this.root = [];
    /** @type {(unknown[] | Record<string, unknown>)[]} */
    this.stack = [this.root];
    /** The list or object being read is still empty. */
    this.fresh = true;
  }

  run() {
    this.value();
    while (this.stack.length > 1) {
      const holder = /** @type {unknown[] | Record<string, unknown>} */ (this.stack.at(-1));
      const list = Array.isArray(holder);
      const mark = this.peek();
      if (mark === (list ? "]" : "}")) {
        this.at++;
        this.stack.pop();
        this.fresh = false;
        continue;
      }
      if (!this.fresh) this.expect(",");
      this.fresh = false;
      if (list) this.value();
      else this.pair();
    }
    this.peek(true);
    if (this.at < this.text.length) throw new Fault(t("text after the end"), this.at);
  }

  pair() {
    if (this.peek() !== '"') throw new Fault(t("a name in quotes was expected"), this.at);
    const name = this.string();
    this.expect(":");
    this.value(name);
  }

  /** @param {string} [name] */
  value(name) {
    const mark = this.peek();
    if (mark === "{" || mark === "[") {
      const holder = mark === "{" ? {} : [];
      this.at++;
      this.put(holder, name);
      this.stack.push(holder);
      this.fresh = true;
      return;
    }
    if (mark === '"') return this.put(this.string(), name);
    this.put(this.word(), name);
  }

  /** @param {unknown} value @param {string} [name] */
  put(value, name) {
    const holder = this.stack.at(-1);
    if (Array.isArray(holder)) holder.push(value);
    else if (holder)
      Object.defineProperty(holder, name ?? "", {
        value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
  }

  word() {
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
    number.lastIndex = this.at;
    const found = number.exec(this.text);
    if (!found) throw new Fault(t("a value was expected"), this.at);
    this.at = number.lastIndex;
    if (this.at >= this.text.length && this.stack.length > 1) throw this.end();
    return Number(found[0]);
  }

  string() {
    const start = this.at;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    if (end >= this.text.length) throw new Fault(t("the file ends inside a text"), start, { atEnd: true });
    this.at = end + 1;
    const quoted = this.text.slice(start, this.at);
    try {
      return JSON.parse(quoted);
    } catch {
      return this.loose(quoted, start);
    }
  }

  /**
   * Accepts a text with raw line ends or tabs, but not one with an invalid escape.
   * @param {string} quoted
   * @param {number} start
   */
  loose(quoted, start) {
    const escaped = quoted.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
    try {
      return JSON.parse(escaped);
    } catch {
      throw new Fault(t("a text with an invalid escape"), start);
    }
  }

  /** @param {string} mark */
  expect(mark) {
    if (this.peek() !== mark)
      throw new Fault(t("{mark} was expected", { mark: JSON.stringify(mark) }), this.at);
    this.at++;
  }

  end() {
    return new Fault(t("the file ends here"), this.at, { atEnd: true });
  }

  /** The next character that is not white space. @param {boolean} [atEnd] the text may end here */
  peek(atEnd = false) {
    while (this.at < this.text.length && " \n\r\t\ufeff".includes(this.text[this.at] ?? "")) this.at++;
    if (this.at >= this.text.length && !atEnd) throw this.end();
    return this.text[this.at];
  }
}
