/**
 * One collection on disk: a folder with the files of an index, which Python describes (goosequill.search).
 * What Python yields is written in such an order that a page that is closed at any moment leaves a valid
 * index: data first, beyond what index.json counts, and index.json last, in one step.
 */

import { ask, FileSink, fileOf, rename, takeFile } from "../engine/storage/opfs.js";

/**
 * What a job asks to have written. `append` overwrites what an interrupted run left beyond the offset; an
 * `index` that is empty or left out stays as it is.
 * @typedef {{
 *   append?: Record<string, {at: number, data: Uint8Array<ArrayBuffer>}>,
 *   replace?: Record<string, Uint8Array<ArrayBuffer>>, index?: string
 * }} Part
 */
/**
 * What a list of collections shows; `model` is the name of the model that made its vectors, "" without any.
 * @typedef {{name: string, documents: number, passages: number, model: string}} Summary
 */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {(folder: any, name: string, at: number, data: Bytes) => Promise<void>} Write */

export const INDEX = "index.json";
/** A file that is the page's own: Python does not know it, and it is in no export. */
export const ABOUT = "page.json";
const TEMPORARY = ".new";
/** Names of an index's files, which come from Python or from a file that the visitor imports. */
const LEGAL = /^[a-z0-9-]+(\.[a-z0-9]+)?$/;
/** Bytes; a longer index.json is not one. */
const LONGEST_INDEX = 64 * 1024 * 1024;
/** Bytes of what the page keeps. */
const LONGEST_ABOUT = 64 * 1024;

/**
 * @param {any} folder
 * @param {Part} part
 * @param {Write} [write] how files are written here; where that is not possible in place, as a stream
 */
export async function writePart(folder, { append = {}, replace = {}, index }, write = writeAt) {
  for (const [name, { at, data }] of Object.entries(append)) await write(folder, legal(name), at, data);
  for (const [name, data] of Object.entries(replace)) await replaceFile(folder, legal(name), data, write);
  if (index) await replaceFile(folder, INDEX, new TextEncoder().encode(index), write);
}

/** @param {any} folder @param {string} name @param {Uint8Array<ArrayBuffer>} data */
export async function replaceFile(folder, name, data, write = writeAt) {
  const temporary = `${name}${TEMPORARY}`;
  await write(folder, temporary, 0, data);
  const handle = await ask(folder, "getFileHandle", temporary);
  if (handle.move) return await rename(folder, handle, name);
  await write(folder, name, 0, data); // an old browser: not in one step, but as short as possible
  await ask(folder, "removeEntry", temporary);
}

/** @type {Write} */
async function writeAt(folder, name, at, data) {
  const free = await takeFile(folder, name); // a question may be reading it
  try {
    await writeInPlace(folder, name, at, data);
  } finally {
    free();
  }
}

/** @param {any} folder @param {string} name @param {number} at @param {Uint8Array<ArrayBuffer>} data */
async function writeInPlace(folder, name, at, data) {
  const sink = await FileSink.open(folder, name);
  try {
    if (at > sink.size) throw new Error(`${name} is shorter than its index says`);
    sink.truncate(at);
    sink.write(data);
  } finally {
    sink.close();
  }
}

/** @type {Write} */
export async function writeStream(folder, name, at, data) {
  const handle = await ask(folder, "getFileHandle", name, { create: true });
  const stream = await ask(handle, "createWritable", { keepExistingData: at > 0 });
  await stream.truncate(at);
  await stream.write({ type: "write", position: at, data });
  await stream.close();
}

/**
 * The index's files that are there.
 * @param {any} folder
 * @param {string[]} [without] names to leave out
 * @returns {Promise<{names: string[], files: File[]}>}
 */
export async function readFiles(folder, without = []) {
  const found = { names: /** @type {string[]} */ ([]), files: /** @type {File[]} */ ([]) };
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory" || !LEGAL.test(name) || without.includes(name)) continue;
    found.names.push(name);
    found.files.push(await ask(handle, "getFile"));
  }
  return found;
}

/** What index.json says of a collection; null if there is none that can be read. @param {any} folder */
export async function readSummary(folder) {
  const file = await fileOf(folder, INDEX);
  if (!file || file.size > LONGEST_INDEX) return null;
  try {
    return summary(JSON.parse(await file.text()));
  } catch {
    return null;
  }
}

/** @param {any} index @returns {Summary} */
function summary({ name, documents, passages, live = passages, deleted, model }) {
  const removed = Array.isArray(deleted) ? deleted.length : 0;
  return {
    name: String(name).slice(0, 200),
    documents: (Number(documents) || 0) - removed,
    passages: Number(live) || 0,
    model: String(model?.name ?? "").slice(0, 200),
  };
}

/**
 * What the page itself keeps of a collection: its first name, and how its embedder is reached.
 * @typedef {{name?: unknown, embedder?: unknown}} About
 */

/** @param {any} folder @returns {Promise<About | null>} null if there is nothing */
export async function readAbout(folder) {
  const file = await fileOf(folder, ABOUT);
  if (!file || file.size > LONGEST_ABOUT) return null;
  try {
    return Object(JSON.parse(await file.text()));
  } catch {
    return null;
  }
}

/** Bytes of a collection, with what waits to be read. @param {any} folder @returns {Promise<number>} */
export async function sizeOf(folder) {
  let bytes = 0;
  for await (const [, handle] of folder.entries()) {
    if (handle.kind === "directory") bytes += await sizeOf(handle);
    else bytes += (await ask(handle, "getFile").catch(() => ({ size: 0 }))).size; // removed meanwhile
  }
  return bytes;
}

/** @param {string} name */
function legal(name) {
  if (!LEGAL.test(name)) throw new Error(`“${name}” cannot be the name of an index's file`);
  return name;
}
