/**
 * What a page remembers between visits, in localStorage under this site's own prefix. Where the browser
 * stores nothing (private mode, switched off), nothing is remembered and nothing fails. Readers check what
 * they get.
 */

const PREFIX = "goosequill.";

/** Reads a value; undefined if there is none or it cannot be read. @param {string} key @returns {unknown} */
export function recall(key) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Stores a value as JSON; undefined removes it.
 * @param {string} key
 * @param {unknown} value
 * @returns {boolean} whether it was stored
 */
export function remember(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** A page's settings as strings by name, the form that the page's address has too (address.js). */
export class Memory {
  #key;

  /** @param {string} key */
  constructor(key) {
    this.#key = key;
  }

  /** @returns {Map<string, string>} */
  read() {
    const stored = recall(this.#key);
    const entries = Array.isArray(stored) ? stored.filter(Array.isArray) : [];
    return new Map(entries.map(([name, value]) => [String(name), String(value)]));
  }

  /** @param {Map<string, string>} values */
  write(values) {
    remember(this.#key, [...values]);
  }
}
