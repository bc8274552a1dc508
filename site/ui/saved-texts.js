/**
 * Texts of the playground that the visitor has saved under a name, in this browser. A name has one entry;
 * saving under it again replaces that.
 */

import { Database } from "./database.js";
import { SAVED } from "./memory.js";

const BOTH = ["names", "values"];

// The list needs no texts, which are long.
const database = new Database(SAVED, (database) => {
  database.createObjectStore("names", { keyPath: "name" });
  database.createObjectStore("values");
});

/** @typedef {{name: string, time: number, bytes: number}} Saved `time` in milliseconds */

/** What is saved, the newest first; nothing in private mode. @returns {Promise<Saved[]>} */
export async function listSaved() {
  /** @type {Saved[]} */
  const found = await database.run(["names"], "readonly", ({ names }) => names.getAll()).catch(() => []);
  return found.sort((a, b) => b.time - a.time);
}

/**
 * @param {string} name
 * @param {unknown} value which JSON can hold
 * @throws {Error} if the browser has no space or stores nothing
 */
export async function save(name, value) {
  const text = JSON.stringify(value);
  const entry = { name, time: Date.now(), bytes: new Blob([text]).size };
  await database.run(BOTH, "readwrite", ({ names, values }) => {
    values.put(text, name);
    return names.put(entry);
  });
}

/** What `save` was given; undefined if it is gone. @param {string} name @returns {Promise<any>} */
export async function readSaved(name) {
  const text = await database.run(["values"], "readonly", ({ values }) => values.get(name));
  return text === undefined ? undefined : JSON.parse(text);
}

/** @param {string} name */
export async function deleteSaved(name) {
  await database.run(BOTH, "readwrite", ({ names, values }) => {
    values.delete(name);
    return names.delete(name);
  });
}

/** How many there are, and their size. @returns {Promise<{count: number, bytes: number}>} */
export async function savedKept() {
  const all = await listSaved();
  return { count: all.length, bytes: all.reduce((sum, { bytes }) => sum + bytes, 0) };
}

export async function deleteAllSaved() {
  await database.run(BOTH, "readwrite", ({ names, values }) => {
    values.clear();
    return names.clear();
  });
}
