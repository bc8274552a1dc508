/**
 * Everything that was written on a page in this tab, by the page's parts. It survives a reload, Back, and a
 * visit to another page (tab-store.js).
 */

import { TabStore } from "./tab-store.js";

/** Milliseconds between two writes. */
const WAIT = 500;

/**
 * Whether this is a reload, Back or Forward: the visitor expects what was here, not what an address brings.
 */
export function isReturn() {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && entry.type !== "navigate";
}

/**
 * A part of the page; `toValue` returns undefined for nothing to keep, `fromValue` throws if it cannot use
 * the value.
 * @typedef {{toValue: () => unknown, fromValue: (value: any) => void}} Part
 */

export class TabState {
  #store;
  #parts;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  /** Nothing is written before what was kept is read. */
  #ready = false;

  /** @param {string} page its name @param {Record<string, Part>} parts by their names in the record */
  constructor(page, parts) {
    this.#store = new TabStore(page);
    this.#parts = parts;
    const last = () => this.#ready && this.#store.writeNow(this.#values());
    addEventListener("pagehide", last);
    document.addEventListener("visibilitychange", () => document.hidden && last());
    document.addEventListener("freeze", last); // a hidden tab that has gone on working may be discarded next
  }

  /** Notes that something has changed; while it goes on changing, too, it is written from time to time. */
  changed() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#ready) this.#store.write(this.#values());
    }, WAIT);
  }

  /** Gives the parts what was kept; returns whether there was anything. @returns {Promise<boolean>} */
  async restore() {
    const kept = /** @type {any} */ (await this.#store.read());
    this.#ready = true;
    if (typeof kept !== "object" || kept === null) return false;
    for (const [name, part] of Object.entries(this.#parts)) {
      try {
        if (kept[name] !== undefined) part.fromValue(kept[name]);
      } catch {
        // a record of another version of the page: the other parts are restored all the same
      }
    }
    return true;
  }

  #values() {
    return Object.fromEntries(Object.entries(this.#parts).map(([name, part]) => [name, part.toValue()]));
  }
}
