/** A database of the browser's (IndexedDB) of one version, open only while a transaction runs. */

import { t } from "./words.js";

/** @typedef {Record<string, IDBObjectStore>} Stores by their names */

export class Database {
  #name;
  #create;

  /** @param {string} name @param {(database: IDBDatabase) => void} create makes its stores when it is new */
  constructor(name, create) {
    this.#name = name;
    this.#create = create;
  }

  /**
   * Uses stores in one transaction: all that `use` asks for is done, or nothing.
   * @template T
   * @param {string[]} names of the stores
   * @param {IDBTransactionMode} mode
   * @param {(stores: Stores) => IDBRequest<T>} use
   * @returns {Promise<T>} the result of the request that `use` returned
   */
  async run(names, mode, use) {
    const database = await this.#open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(names, mode);
        const request = use(Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = () =>
          reject(transaction.error ?? new Error(t("the browser could not store it")));
      });
    } finally {
      database.close();
    }
  }

  /** @returns {Promise<IDBDatabase>} */
  #open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(this.#name, 1);
      request.onupgradeneeded = () => this.#create(request.result);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error(t("another tab is using the files")));
    });
  }
}
