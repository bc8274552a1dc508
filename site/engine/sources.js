// Where a model's bytes come from: what Python reads them through, whether the visitor picked the
// files, a server has a folder of them, or one file lies at an address.

import { download, Meter } from "./download.js";
import { EngineError } from "./protocol.js";
import { rangedSize, rangeSource } from "./ranges.js";
import { Store } from "./storage.js";

/** Bytes of a file that is held in memory while a model is loaded from it. */
const SMALL = 32 * 1024 * 1024;

/**
 * @typedef {import("./protocol.js").ModelSource} ModelSource
 * @typedef {import("./protocol.js").Progress} Progress
 * @typedef {import("./ranges.js").Source} Source
 * @typedef {(sources: Source[]) => Promise<void>} Look  looks into a header; throws if it is no use to go on
 * @typedef {{signal: AbortSignal, tell: (progress: Progress) => void}} Options
 * @typedef {{name: string, bytes: number, sha256: string}} Listed
 */

/**
 * A model's files as a whole, downloaded where they must be. What lies at an address is looked into
 * by ranges first, and a folder's description tells how large it is. `notices` takes what the
 * visitor should know of the way it runs here.
 * @param {ModelSource} model
 * @param {Options & {look: Look, available: number, notices: string[]}} options
 * @returns {Promise<Source[]>}
 */
export async function wholeSources(model, { signal, tell, look, available, notices }) {
  if (model.kind === "files") return picked(model.files, model.names);
  if (model.kind === "folder") {
    const { config, folder, files } = await describe(model.url, signal);
    refuseTooLarge(JSON.parse(await config.text()), available);
    const found = await storedFiles(folder, files, { signal, tell });
    for (const { note } of found) if (note && !notices.includes(note)) notices.push(note);
    const sources = found.map(({ blob }, i) => byteSource(blob, files[i].name));
    return await Promise.all([byteSource(config, "config.json"), ...sources]);
  }
  const name = fileName(model.url);
  const size = await readableSize(model.url, signal);
  if (size) await look([rangeSource(model.url, name, size)]);
  return [await downloaded(model.url, name, size ?? undefined, { signal, tell })];
}

/**
 * @param {string} folder
 * @param {Listed[]} files
 * @param {Options} options
 */
async function storedFiles(folder, files, { signal, tell }) {
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const meter = new Meter("model", files[0]?.name ?? "", total, tell);
  const store = await Store.open();
  return await Promise.all(
    files.map(({ name, bytes, sha256 }) => {
      const wanted = { url: new URL(name, folder).href, file: name, bytes, signal };
      const onBytes = (/** @type {number} */ count) => meter.add(count);
      return sha256
        ? store.file({ ...wanted, sha256, onBytes })
        : download(wanted.url, { ...wanted, onBytes }).then((blob) => ({ blob, note: "" }));
    }),
  );
}

/**
 * Length of a file that can be read by ranges here; null under Node, which has no such requests.
 * @param {string} url
 * @param {AbortSignal} signal
 */
async function readableSize(url, signal) {
  return "XMLHttpRequest" in globalThis ? await rangedSize(url, { signal }) : null;
}

/**
 * As much of a model's files as it takes to look into them.
 * @param {ModelSource} model
 * @param {Options} options
 * @returns {Promise<Source[]>}
 */
export async function partSources(model, { signal, tell }) {
  if (model.kind === "files") return picked(model.files, model.names);
  /** @param {string} url @param {string} name */
  const part = async (url, name) => {
    const size = await readableSize(url, signal);
    return size ? rangeSource(url, name, size) : downloaded(url, name, undefined, { signal, tell });
  };
  if (model.kind === "url") return [await part(model.url, fileName(model.url))];
  const { config, folder, files } = await describe(model.url, signal);
  const parts = files.map(({ name }) => part(new URL(name, folder).href, name));
  return await Promise.all([byteSource(config, "config.json"), ...parts]);
}

/** @param {Blob[]} files @param {string[]} names */
function picked(files, names) {
  return Promise.all(files.map((file, i) => byteSource(file, names[i])));
}

/**
 * What Python reads a file through: any range of a blob, at once. A small file is read as a whole, now, while
 * Python starts: each range of a blob is a journey to the browser and back, and a model has hundreds.
 * @param {Blob} blob
 * @param {string} name
 * @returns {Promise<Source>}
 */
async function byteSource(blob, name) {
  const Reader = /** @type {any} */ (globalThis).FileReaderSync; // none under Node
  if (!Reader || blob.size <= SMALL) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return { name, size: blob.size, read: (offset, length) => bytes.subarray(offset, offset + length) };
  }
  const reader = new Reader();
  return {
    name,
    size: blob.size,
    read: (offset, length) => new Uint8Array(reader.readAsArrayBuffer(blob.slice(offset, offset + length))),
  };
}

/**
 * @param {string} url
 * @param {string} name
 * @param {number | undefined} bytes
 * @param {Options} options
 */
async function downloaded(url, name, bytes, { signal, tell }) {
  const meter = new Meter("model", name, bytes ?? 0, tell);
  return byteSource(
    await download(url, { file: name, bytes, signal, onBytes: (count) => meter.add(count) }),
    name,
  );
}

/** The last part of an address, as people write it. @param {string} url */
export function fileName(url) {
  const last = new URL(url).pathname.split("/").at(-1) || "model";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** @param {string} url @param {AbortSignal} signal */
async function describe(url, signal) {
  const folder = new URL(url.endsWith("/") ? url : `${url}/`).href;
  const config = await download(new URL("config.json", folder).href, { file: "config.json", signal });
  return { config, folder, files: listedFiles(await config.text(), folder) };
}

/**
 * The files that config.json lists; only plain names, so that a description cannot reach elsewhere.
 * @param {string} text
 * @param {string} folder
 * @returns {{name: string, bytes: number, sha256: string}[]}
 */
function listedFiles(text, folder) {
  try {
    const { files } = JSON.parse(text);
    if (files.every((/** @type {any} */ file) => /^[\w.-]+$/.test(file.name) && file.bytes >= 0))
      return files;
  } catch {
    // told below
  }
  throw new EngineError({
    code: "model-folder",
    message: `No model was found at ${folder}.`,
    remedy: "A model folder holds a config.json that lists its files, as “goosequill convert” writes it.",
  });
}

/**
 * A folder's description says enough to refuse it before its weights are downloaded.
 * @param {{parameters?: unknown, quantization?: {bits?: unknown}}} description
 * @param {number} available
 */
export function refuseTooLarge({ parameters, quantization }, available) {
  const bits = quantization?.bits === 8 || quantization?.bits === 4 ? quantization.bits : 32;
  const needed = typeof parameters === "number" ? (parameters * bits) / 8 : 0;
  if (needed <= available) return;
  throw new EngineError({
    code: "model-too-large",
    message: `This model needs ${megabytes(needed)} MB of memory, and ${megabytes(available)} MB are there.`,
    remedy: "Quantise it to 8 or 4 bits, or choose a smaller model.",
  });
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Math.round(bytes / 1e6).toLocaleString("en");
}
