/**
 * The part of IndexedDB and of channels that what a visitor keeps uses, in memory, which counts its
 * transactions and requests. Import it before what keeps it, and before a document.
 */

/** Node's own, which a document replaces. */
const { Event } = globalThis;

/** How often what was asked for, such as "transaction" and "put". @type {Map<string, number>} */
export const asked = new Map();
/** Bytes of JSON that may be kept; beyond that a transaction is aborted. */
export const quota = { bytes: Infinity };

const count = (name) => asked.set(name, (asked.get(name) ?? 0) + 1);

/** Records by the first part of their key, and then by its second, if it has one. */
class Store {
  groups = new Map();

  constructor(keyPath) {
    this.path = keyPath && [keyPath].flat(); // none: keys are given beside the values
  }

  group(first) {
    return this.groups.get(first) ?? new Map();
  }

  get([first, second = ""]) {
    return this.group(first).get(second);
  }

  put(value, key) {
    const [first, second = ""] = this.path ? this.path.map((name) => value[name]) : [key];
    if (!this.groups.has(first)) this.groups.set(first, new Map());
    this.groups.get(first).set(second, structuredClone(value));
  }

  delete([first, second = ""]) {
    this.groups.get(first)?.delete(second);
  }

  /** In the order of the second parts, as IndexedDB has them. */
  all(groups = [...this.groups.values()]) {
    return groups.flatMap((group) => [...group.keys()].sort().map((key) => group.get(key)));
  }
}

class Transaction {
  #waiting = [];
  #before;
  error = null;

  constructor(stores) {
    count("transaction");
    this.stores = stores;
    if (quota.bytes < Infinity) {
      this.#before = new Map([...stores.values()].map((store) => [store, structuredClone(store.groups)]));
    }
    setImmediate(() => this.#run());
  }

  objectStore(name) {
    const store = this.stores.get(name);
    return {
      get: (key) => this.#ask("get", () => store.get([key].flat())),
      getAll: () => this.#ask("getAll", () => store.all()),
      put: (value, key) => this.#ask("put", () => store.put(value, key)),
      delete: (key) =>
        this.#ask("delete", () =>
          key.lower ? store.groups.delete(key.lower[0]) : store.delete([key].flat()),
        ),
      count: () => this.#ask("count", () => store.all().length),
      clear: () => this.#ask("clear", () => store.groups.clear()),
      index: () => ({
        getAll: (first) => this.#ask("getAll", () => store.all([store.group(first)])),
        getAllKeys: () => this.#ask("getAllKeys", () => []), // nothing here is old
      }),
    };
  }

  #ask(name, act) {
    count(name);
    const request = Object.assign(new EventTarget(), { result: undefined });
    this.#waiting.push(() => {
      request.result = structuredClone(act());
      request.dispatchEvent(new Event("success"));
    });
    return request;
  }

  #run() {
    for (const act of this.#waiting) act(); // also those that are added meanwhile
    const bytes = this.#before ? [...this.stores.values()].flatMap((store) => store.all()) : [];
    if (JSON.stringify(bytes).length <= quota.bytes) return this.oncomplete?.();
    this.onerror?.(); // as in Firefox, where a request fails before the transaction has an error
    for (const [store, groups] of this.#before) store.groups = groups;
    this.error = new DOMException("full", "QuotaExceededError");
    this.onabort?.();
  }
}

const databases = new Map();
const channels = new Set();

globalThis.indexedDB = {
  open(name) {
    const request = {};
    setImmediate(() => {
      const isNew = !databases.has(name);
      if (isNew) databases.set(name, new Map());
      const stores = databases.get(name);
      request.result = {
        close() {},
        createObjectStore(store, { keyPath } = {}) {
          stores.set(store, new Store(keyPath));
          return { createIndex() {} };
        },
        transaction: (names) => new Transaction(new Map(names.map((store) => [store, stores.get(store)]))),
      };
      if (isNew) request.onupgradeneeded?.();
      request.onsuccess();
    });
    return request;
  },
};
globalThis.IDBKeyRange = {
  bound: (lower, upper) => ({ lower, upper }),
  upperBound: (upper) => ({ upper }),
};

/** Forgets everything. */
export function empty() {
  for (const stores of databases.values()) for (const store of stores.values()) store.groups.clear();
  channels.clear();
  asked.clear();
  quota.bytes = Infinity;
}

/** Node's own keeps the process running. */
globalThis.BroadcastChannel = class extends EventTarget {
  constructor() {
    super();
    channels.add(this);
  }

  postMessage(data) {
    for (const other of channels) {
      if (other !== this) setImmediate(() => other.dispatchEvent(new MessageEvent("message", { data })));
    }
  }

  close() {
    channels.delete(this);
  }
};
