/** Local reports that the browser keeps between visits, in IndexedDB, if the visitor asked for it. */

import { refuseInFrame } from "../ui/framed.js";
import { t } from "../ui/words.js";

const DATABASE = "goosequill-compare";

/** @typedef {{id: string, name: string, blob: Blob}} KeptFile */

/** @returns {Promise<KeptFile[]>} in the order in which they were opened */
export async function keptFiles() {
  const files = await withFiles("readonly", (store) => store.getAll());
  return files.sort((a, b) => a.id.localeCompare(b.id));
}

/** @param {KeptFile} file */
export async function keepFile(file) {
  await withFiles("readwrite", (store) => store.put(file));
}

/** @param {string} id */
export async function dropFile(id) {
  refuseInFrame();
  await withFiles("readwrite", (store) => store.delete(id));
}

export async function dropFiles() {
  refuseInFrame();
  await withFiles("readwrite", (store) => store.clear());
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} use
 * @returns {Promise<T>}
 */
async function withFiles(mode, use) {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("files", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error(t("another tab is using the files")));
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("files", mode);
      const request = use(transaction.objectStore("files"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error(t("the browser could not store it")));
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}
