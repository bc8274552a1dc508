/**
 * What the browser keeps: settings in localStorage, files (if the visitor wishes) in IndexedDB. A browser that refuses either is no error.
 * @module
 */

const PREFIX = "goosequill.compare.";
const DATABASE = "goosequill-compare";

/** @param {string} name @returns {unknown} undefined if there is none or it cannot be read */
export function recall(name) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} name @param {unknown} value undefined forgets it @returns {boolean} whether it was kept */
export function remember(name, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** @typedef {{id: string, name: string, blob: Blob}} KeptFile */

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
    request.onblocked = () => reject(new Error("another tab holds the files"));
  });
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("files", mode);
      const request = use(transaction.objectStore("files"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("the browser could not store it"));
      transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<KeptFile[]>} in the order in which they were kept */
export async function keptFiles() {
  return (await withFiles("readonly", (store) => store.getAll())).sort((a, b) => a.id.localeCompare(b.id));
}

/** @param {KeptFile} file */
export async function keepFile(file) {
  await withFiles("readwrite", (store) => store.put(file));
}

/** @param {string} id */
export async function dropFile(id) {
  await withFiles("readwrite", (store) => store.delete(id));
}

export async function dropFiles() {
  await withFiles("readwrite", (store) => store.clear());
}
