/**
 * What a page of this tab keeps until the tab is closed: texts of any length, which session storage could not
 * hold. Each visit writes a record of its own in IndexedDB, whose name is in session storage, so that a
 * duplicated tab begins with a copy and the two do not disturb each other. Records of closed tabs are deleted
 * after a week. A page that may end keeps its last value in session storage too, which is written at once,
 * where it has space. While the visitor does not allow that prompts are remembered (memory.js), the record
 * is in session storage alone, as far as it has space. Where nothing can be stored, nothing fails.
 */

import { Database } from "./database.js";
import { isRemembering, TABS } from "./memory.js";

const SESSION = "goosequill.tab.";
/** Milliseconds that a record is kept after its last change. */
const AGE = 7 * 24 * 3600 * 1000;
/** Records of all pages that are kept at most. */
const MOST = 24;

const records = new Database(TABS, (database) => {
  database.createObjectStore("tabs", { keyPath: "id" }).createIndex("time", "time");
});

/** @typedef {{id: string, time: number, value: unknown}} TabRecord */

export class TabStore {
  #key;
  #id = crypto.randomUUID();
  /** The write that runs, and the value to write after it. @type {Promise<void> | null} */
  #writing = null;
  #next = /** @type {{value: unknown} | null} */ (null);

  /** @param {string} page its name */
  constructor(page) {
    this.#key = SESSION + page;
  }

  /** What this tab's last visit to the page kept; undefined if nothing. @returns {Promise<unknown>} */
  async read() {
    const kept = this.#session();
    const value = kept.value ?? (await this.#copyOf(kept.id ?? ""));
    try {
      // Only now, when this visit has a record: one that changes nothing must not lose the last one's.
      this.#setSession(kept);
    } catch {
      // no session storage: nothing is kept
    }
    return value;
  }

  /** The value of another visit's record, which becomes this one's too. @param {string} id */
  async #copyOf(id) {
    try {
      const record = await records.run(["tabs"], "readwrite", ({ tabs }) => {
        prune(tabs);
        const request = tabs.get(id);
        request.addEventListener("success", () => {
          if (request.result) tabs.put({ ...request.result, id: this.#id, time: Date.now() });
        });
        return request;
      });
      return record?.value;
    } catch {
      return undefined;
    }
  }

  /**
   * Keeps a value, which can be cloned; of several in a row the last.
   * @param {unknown} value
   * @returns {Promise<void>} settles when it is stored, or could not be
   */
  write(value) {
    this.#next = { value };
    this.#writing ??= this.#drain();
    return this.#writing;
  }

  /**
   * Keeps a value of a page that may end at any moment: at once, in session storage, if it has space there.
   * @param {unknown} value which JSON can hold
   * @returns {Promise<void>} as `write`
   */
  writeNow(value) {
    try {
      this.#setSession({ value });
    } catch {
      // too long, or no session storage: what is written below may still be in time
    }
    return this.write(value);
  }

  async #drain() {
    while (this.#next) {
      const { value } = this.#next;
      this.#next = null;
      try {
        await this.#store(value);
      } catch {
        // private mode, or no space left: it lives only as long as the page
      }
    }
    this.#writing = null;
  }

  /** @param {unknown} value */
  async #store(value) {
    if (!isRemembering()) return this.#setSession({ value });
    await records.run(["tabs"], "readwrite", ({ tabs }) =>
      tabs.put({ id: this.#id, time: Date.now(), value }),
    );
    if (!this.#next && this.#session().value !== undefined) this.#setSession({});
  }

  /** @param {{value?: unknown}} kept */
  #setSession(kept) {
    sessionStorage.setItem(this.#key, JSON.stringify({ ...kept, id: this.#id }));
  }

  /** @returns {{id?: string, value?: unknown}} */
  #session() {
    try {
      const found = JSON.parse(sessionStorage.getItem(this.#key) ?? "{}");
      return typeof found === "object" && found !== null ? found : {};
    } catch {
      return {};
    }
  }
}

/**
 * How many visits have something kept, and its size. What this tab wrote last may be in its session storage
 * only.
 * @returns {Promise<{count: number, bytes: number}>}
 */
export async function tabsKept() {
  const ids = new Set();
  let bytes = 0;
  await records
    .run(["tabs"], "readonly", ({ tabs }) => {
      const request = tabs.openCursor(); // one at a time: they can be long
      request.addEventListener("success", () => {
        const cursor = request.result;
        if (!cursor) return;
        ids.add(cursor.value.id);
        bytes += new Blob([JSON.stringify(cursor.value.value)]).size;
        cursor.continue();
      });
      return request;
    })
    .catch(() => {}); // private mode: nothing is kept there
  for (const [key, text] of Object.entries(sessionStorage)) {
    if (!key.startsWith(SESSION) || !text.includes('"value":')) continue;
    ids.add(JSON.parse(text).id);
    bytes += text.length;
  }
  return { count: ids.size, bytes };
}

/** Deletes the records of all tabs; a tab that is open writes its own again when it changes. */
export async function deleteTabs() {
  await records.run(["tabs"], "readwrite", ({ tabs }) => tabs.clear());
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(SESSION)) sessionStorage.removeItem(key);
}

/** Deletes old records, and the oldest of too many. @param {IDBObjectStore} store */
function prune(store) {
  const request = store.index("time").getAllKeys(IDBKeyRange.upperBound(Date.now() - AGE));
  request.onsuccess = () => {
    for (const key of request.result) store.delete(key);
  };
  const all = store.index("time").getAllKeys(); // the oldest first
  all.onsuccess = () => {
    for (const key of all.result.slice(0, Math.max(0, all.result.length - MOST))) store.delete(key);
  };
}
