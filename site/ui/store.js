/**
 * A page's state as an event store: views read it and listen to what it announces, and it knows none of them.
 * A page's own store extends it, holds the state, and lists its events.
 */

/** @template {string} Name the names of its events */
export class Store extends EventTarget {
  /** @param {Name} name @param {unknown} [detail] */
  announce(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /**
   * Lets a view listen to one or several events.
   * @param {Name | Name[]} names
   * @param {(detail: any, name: Name) => void} listener
   */
  on(names, listener) {
    const hear = (/** @type {any} */ { detail, type }) => listener(detail, type);
    for (const name of [names].flat()) this.addEventListener(/** @type {string} */ (name), hear);
  }
}
