// What a page remembers between visits, and what its address says. Both hold strings only, and
// whoever reads them checks them: anybody can write an address.

/** Where the browser stores nothing (private mode, switched off), things last as long as the page. */
export class Memory {
  #key;

  /** @param {string} key */
  constructor(key) {
    this.#key = `goosequill.${key}`;
  }

  /** @returns {Map<string, string>} */
  read() {
    try {
      const stored = JSON.parse(localStorage.getItem(this.#key) ?? "[]");
      return new Map(stored.map((/** @type {unknown[]} */ [name, value]) => [String(name), String(value)]));
    } catch {
      return new Map();
    }
  }

  /** @param {Map<string, string>} values */
  write(values) {
    try {
      localStorage.setItem(this.#key, JSON.stringify([...values]));
    } catch {
      // nothing is remembered
    }
  }
}

/** @param {string} [hash] @returns {Map<string, string>} */
export function readAddress(hash = location.hash) {
  return new Map(new URLSearchParams(hash.replace(/^#/, "")));
}

/** @param {Map<string, string>} values */
export function writeAddress(values) {
  const text = new URLSearchParams([...values]).toString();
  history.replaceState(history.state, "", text ? `#${text}` : location.pathname + location.search);
}
