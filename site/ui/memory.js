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

/** What stays in the query: options of the page, which no control shows. */
const OPTIONS = ["kernel"];

/**
 * What an address says, as `?name=value` or as `#name=value`; where both do, the latter counts.
 * @param {{search: string, hash: string}} [address]
 * @returns {Map<string, string>}
 */
export function readAddress({ search, hash } = location) {
  const query = [...new URLSearchParams(search)].filter(([name]) => !OPTIONS.includes(name));
  return new Map([...query, ...new URLSearchParams(hash.replace(/^#/, ""))]);
}

/** Everything goes behind the #, which no server is sent. @param {Map<string, string>} values */
export function writeAddress(values) {
  history.replaceState(history.state, "", addressWith(values));
}

/** This page's address with other values. @param {Map<string, string>} values @param {{pathname: string, search: string}} [address] */
export function addressWith(values, { pathname, search } = location) {
  const options = [...new URLSearchParams(search)].filter(([name]) => OPTIONS.includes(name));
  const query = new URLSearchParams(options).toString();
  const text = new URLSearchParams([...values]).toString();
  return `${pathname}${query && `?${query}`}${text && `#${text}`}`;
}
