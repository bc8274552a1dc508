// Where a model's bytes come from: what Python reads them through, whether the visitor picked the
// files, a server has a folder of them, or one file lies at an address.

import { download, Meter } from "./download.js";
import { isLegal, weightFiles } from "./file-names.js";
import { EngineError } from "./protocol.js";
import { askFor, rangeSource, UNREACHED } from "./ranges.js";
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
 * What a model is loaded from: its files; or `copy`, what was made of its weights the last time, and the files
 * besides. `keeper` keeps what is made of them now.
 * @typedef {import("./copies.js").Rounded} Rounded
 * @typedef {{
 *   refusal: (bytes: number) => Promise<string>,
 *   keep: (rounded: Rounded, pieces: AsyncIterable<Uint8Array>) => Promise<boolean>
 * }} Keeper
 * @typedef {{files: Source[], copy: (Source & {discard: () => Promise<unknown>}) | null, keeper: Keeper | null}} Whole
 */

/**
 * A model's files as a whole, downloaded where they must be. What lies at an address is looked into
 * by ranges first, and a folder's description tells how large it is. `notices` takes what the
 * visitor should know of the way it runs here; `copied` is whether a copy that was kept will do.
 * @param {ModelSource} model
 * @param {Options & {look: Look, available: number, notices: string[], copied: boolean}} options
 * @returns {Promise<Whole>}
 */
export async function wholeSources(model, { copied, ...options }) {
  const wanted = copied && model.quantize && IN_BROWSER;
  const copies = wanted ? await (await import("./copies.js")).Copies.open() : null;
  /** @type {Find} */
  const find = async (originals) => {
    if (!copies || !model.quantize) return null;
    /** @type {Meter | undefined} */
    let meter;
    const onBytes = (/** @type {number} */ count, /** @type {number} */ total) => {
      meter ??= new Meter("model", originals[0].name, total, options.tell);
      meter.add(count);
    };
    const found = await copies.find(originals, model.quantize, { signal: options.signal, onBytes });
    if (!found) return null;
    const discard = () => copies.store.remove(found.sha256);
    return { ...(await byteSource(found.blob, found.name)), discard };
  };
  const { files, copy, originals } = await originalsAndOthers(model, find, options);
  /** @type {Keeper | null} */
  const keeper =
    copies && !copy
      ? {
          refusal: (bytes) => copies.refusal(bytes),
          keep: (rounded, pieces) => copies.keep(originals, rounded, pieces),
        }
      : null;
  return { files, copy, keeper };
}

/** @typedef {import("./copies.js").Source} Original */
/** @typedef {(originals: Original[]) => Promise<Whole["copy"]>} Find */

/**
 * The files that are needed, the copy that stands in for those of weights, and what is known of these.
 * @param {ModelSource} model
 * @param {Find} find
 * @param {Options & {look: Look, available: number, notices: string[]}} options
 * @returns {Promise<{files: Source[], copy: Whole["copy"], originals: Original[]}>}
 */
async function originalsAndOthers(model, find, options) {
  if (model.kind === "files") return await pickedModel(model, find);
  if (model.kind === "folder") return await folderModel(model, find, options);
  return await addressModel(model, find, options);
}

/** @param {import("./protocol.js").FilesSource} model @param {Find} find */
async function pickedModel({ files, names }, find) {
  const all = names.map((_, i) => i);
  const weights = weightFiles(names).map((name) => names.indexOf(name));
  const originals = weights.map((i) => {
    const blob = files[i];
    const version = "lastModified" in blob ? String(blob.lastModified) : "";
    return { id: "", name: names[i], bytes: blob.size, url: "", version, blob };
  });
  const copy = originals.length ? await find(originals) : null; // Python says why none are weights
  const needed = all.filter((i) => !copy || !weights.includes(i));
  return { files: await Promise.all(needed.map((i) => byteSource(files[i], names[i]))), copy, originals };
}

/**
 * @param {import("./protocol.js").FolderSource} model
 * @param {Find} find
 * @param {Options & {available: number, notices: string[]}} options
 */
async function folderModel({ url, quantize }, find, { signal, tell, available, notices }) {
  const { config, folder, files: listed } = await describe(url, signal);
  refuseTooLarge(JSON.parse(await config.text()), available, quantize);
  const weights = weightFiles(listed.map(({ name }) => name));
  const isWeights = (/** @type {Listed} */ { name }) => weights.includes(name);
  const originals = listed.filter(isWeights).map(({ name, bytes, sha256 }) => {
    const id = sha256 ? `sha256:${sha256}` : "";
    return { id, name, bytes, url: new URL(name, folder).href, version: "" };
  });
  const copy = await find(originals);
  const needed = copy ? listed.filter((file) => !isWeights(file)) : listed;
  const found = await storedFiles(folder, needed, { signal, tell });
  for (const { note } of found) if (note && !notices.includes(note)) notices.push(note);
  const sources = found.map(({ blob }, i) => byteSource(blob, needed[i].name));
  return { files: await Promise.all([byteSource(config, "config.json"), ...sources]), copy, originals };
}

/**
 * @param {import("./protocol.js").AddressSource} model
 * @param {Find} find
 * @param {Options & {look: Look, notices: string[]}} options
 */
async function addressModel({ url }, find, { signal, tell, look, notices }) {
  const name = fileName(url);
  const { size, bytes, version } = await offerOf(url, signal);
  const original = { id: "", name, bytes, url, version };
  const copy = await find([original]);
  if (copy) {
    if (version === UNREACHED) notices.push(UNASKED);
    return { files: [], copy, originals: [original] };
  }
  if (size) await look([rangeSource(url, name, size)]);
  const blob = await downloaded(url, name, size ?? undefined, { signal, tell });
  return { files: [await byteSource(blob, name)], copy, originals: [{ ...original, blob }] };
}

/** Not under Node, which keeps nothing, and cannot wait for a range. */
const IN_BROWSER = "XMLHttpRequest" in globalThis;
const UNASKED = "The model's server did not answer, so what was kept of it the last time is used.";

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
 * What can be known of a file before its download.
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<import("./ranges.js").Offer>}
 */
async function offerOf(url, signal) {
  if (IN_BROWSER) return await askFor(url, { signal });
  return { size: null, bytes: 0, version: "" };
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
    const { size } = await offerOf(url, signal);
    if (size) return rangeSource(url, name, size);
    return byteSource(await downloaded(url, name, undefined, { signal, tell }), name);
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
  return await download(url, { file: name, bytes, signal, onBytes: (count) => meter.add(count) });
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
    if (files.every((/** @type {any} */ file) => isLegal(file.name) && file.bytes >= 0)) return files;
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
 * Refuses a folder before its weights are downloaded, if its description says what memory they take: the
 * estimate that Python made, for each value of `quantize`. Otherwise Python refuses it after the download.
 * @param {{memory?: Record<string, unknown>}} description
 * @param {number} available
 * @param {import("./protocol.js").Rounding} [quantize]
 */
export function refuseTooLarge({ memory }, available, quantize) {
  const needed = memory?.[quantize ?? "none"];
  if (typeof needed !== "number" || needed <= available) return;
  throw new EngineError({
    code: "model-too-large",
    message: `This model needs ${megabytes(needed)} MB of memory, but ${megabytes(available)} MB are available.`,
    remedy: "Quantize it to 8 or 4 bits, or choose a smaller model.",
  });
}

/** @param {number} bytes */
function megabytes(bytes) {
  return Math.round(bytes / 1e6).toLocaleString("en");
}
