/**
 * Where a model's bytes come from, and the sources through which Python reads them: files that the visitor
 * picked, a folder on a server, or a file at an address, which may list shards. What is kept between visits
 * is the business of store.js and copies.js.
 */

import { isLegal, listsShards, looksLikeWeights, shardsIn, weightFiles } from "../file-names.js";
import { resolveId } from "../model-ids.js";
import { EngineError } from "../protocol.js";
import { download, Meter } from "./download.js";
import { preferringPacked } from "./gunzip.js";
import { ask, fileOf, openFolder, RowReader, writeInto } from "./opfs.js";
import { askFor, rangeSource, UNREACHED } from "./ranges.js";
import { Store } from "./store.js";

/** A file up to this many bytes is read into memory as a whole. */
const SMALL = 32 * 1024 * 1024;
/** Bytes of a blob that are read at once: more are faster, but for a moment they are in memory twice. */
const AT_ONCE = 32 * 1024 * 1024;
/** Bytes of a list of shards: one of a model of billions of parameters has a few hundred thousand. */
const LONGEST_LIST = 16 * 1024 * 1024;
/** Of a model's description (goosequill.weights.folder). */
const LONGEST_DESCRIPTION = 1_000_000;
/** Of a tokenizer (goosequill.tokenizers). */
const LONGEST_TOKENIZER = 64_000_000;

/** @import { ModelSource, Progress } from "../protocol.js" */
/** @import { Source } from "./ranges.js" */

/**
 * @typedef {(sources: Source[]) => Promise<{tables: number}>} Look  inspects a header; throws if the model
 *   would not run. `tables` counts the weights in tables of which only single rows are read.
 * @typedef {(sources: Source[]) => Promise<import("./copies.js").Plan | null>} Planning  how Python quantizes
 *   files while they arrive; null if it loads them whole
 * @typedef {{signal: AbortSignal, onProgress: (progress: Progress) => void}} Options
 * @typedef {{startVerifier?: import("./fingerprint.js").StartVerifier}} Verifying
 * @typedef {{name: string, bytes: number, sha256: string, gzip?: number}} Listed  `gzip` is the bytes of a
 *   gzipped copy beside it
 */

/** @import { Quantized } from "./copies.js" */

/**
 * What a model is loaded from: its files; or `copy`, its quantized weights from an earlier load, and the
 * files besides weights. `keeper` keeps what is quantized now. `fleeting` is whether nothing of the weights
 * would be left at the next visit.
 * @typedef {{
 *   refusal: (bytes: number) => Promise<string>,
 *   keep: (quantized: Quantized, pieces: AsyncIterable<Uint8Array>) => Promise<boolean>
 * }} Keeper
 * @typedef {{files: Source[], copy: Source | null, keeper: Keeper | null, fleeting: boolean}} Whole
 */

/**
 * All files of a model, downloaded if necessary. A file at an address is inspected by range requests first,
 * and a folder's description says how large it is. Things that the visitor should know are added to
 * `notices`; `copied` is whether a kept copy may be used.
 * @param {ModelSource} model
 * @param {Options & Verifying & {look: Look, planning: Planning, available: number, notices: string[],
 *   copied: boolean}} options
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
      meter ??= new Meter("model", originals[0].name, total, options.onProgress);
      meter.add(count);
    };
    const { signal, startVerifier } = options;
    const found = await copies.find(originals, model.quantize, { signal, onBytes, startVerifier });
    return found && (await copySource(copies.store, found));
  };
  /** @type {Make} */
  const make = async (originals, sources) => {
    const found = copies && (await copies.makeFrom(originals, sources, options));
    return found && (await copySource(copies.store, found));
  };
  const {
    files,
    copy,
    originals,
    fleeting = false,
  } = await originalsAndOthers(model, find, {
    ...options,
    make,
  });
  /** @type {Keeper | null} */
  const keeper =
    copies && !copy
      ? {
          refusal: (bytes) => copies.refusal(bytes),
          keep: (quantized, pieces) => copies.keep(originals, quantized, pieces),
        }
      : null;
  return { files, copy, keeper, fleeting };
}

/** @typedef {import("./copies.js").Source} Original */
/** @typedef {(originals: Original[]) => Promise<Whole["copy"]>} Find */
/** @typedef {(originals: Original[], sources: Source[]) => Promise<Whole["copy"]>} Make as files arrive */

/** @param {Store} store @param {import("./copies.js").Copy} copy */
async function copySource(store, { sha256, name, blob, intact }) {
  return await storedSource({ store, sha256, blob, intact }, name);
}

/**
 * @param {{store?: Store, sha256?: string, blob: Blob, intact?: Promise<boolean>}} stored
 * @param {string} name
 * @returns {Promise<Source>}
 */
async function storedSource({ store, sha256 = "", blob, intact }, name) {
  const kept = store?.folder && { folder: store.folder, name: sha256 };
  return Object.assign(await byteSource(blob, name, kept), { intact, discard: () => store?.remove(sha256) });
}

/**
 * The files that are needed, the copy that replaces the weights, and the description of these originals.
 * @param {ModelSource} model
 * @param {Find} find
 * @param {Options & Verifying & {look: Look, make: Make, planning: Planning, available: number, notices:
 *   string[]}} options
 * @returns {Promise<{files: Source[], copy: Whole["copy"], originals: Original[], fleeting?: boolean}>}
 */
async function originalsAndOthers(model, find, options) {
  if (model.kind === "id") return await originalsAndOthers(addressed(model), find, options);
  if (model.kind === "files") return await pickedModel(model, find, options);
  if (model.kind === "folder") return await folderModel(model, find, options);
  return await addressModel(model, find, options);
}

/**
 * What an id stands for: a file with the ending of weights or with a checksum, or a folder.
 * @param {import("../protocol.js").IdSource} model
 * @returns {import("../protocol.js").FolderSource | import("../protocol.js").AddressSource}
 */
function addressed({ id, host, ...how }) {
  const { address: url, sha256 } = resolveId(id, host);
  const isFile = looksLikeWeights(url) || sha256;
  return isFile ? { ...how, kind: "url", url, sha256 } : { ...how, kind: "folder", url };
}

/**
 * @param {import("../protocol.js").FilesSource} model
 * @param {Find} find
 * @param {{make: Make}} options
 */
async function pickedModel({ files, names }, find, { make }) {
  const all = names.map((_, i) => i);
  const weights = weightFiles(names).map((name) => names.indexOf(name));
  const originals = weights.map((i) => {
    const blob = files[i];
    const version = "lastModified" in blob ? String(blob.lastModified) : "";
    return { id: "", name: names[i], bytes: blob.size, url: "", version, blob };
  });
  const sources = await picked(files, names);
  let copy = originals.length ? await find(originals) : null; // Python says why none are weights
  const hasChecksums = names.includes("config.json"); // which are compared when the files are loaded
  if (!copy && originals.length && !hasChecksums) {
    copy = await make(
      originals,
      weights.map((i) => sources[i]),
    );
  }
  const needed = all.filter((i) => !copy || !weights.includes(i));
  return { files: needed.map((i) => sources[i]), copy, originals };
}

/**
 * @param {import("../protocol.js").FolderSource} model
 * @param {Find} find
 * @param {Options & Verifying & {look: Look, available: number, notices: string[]}} options
 */
async function folderModel(model, find, options) {
  const { signal, onProgress, look, available, notices } = options;
  const store = Store.open(); // now, since that takes as long as the description's way
  const { config, files: listed, at } = await describe(model, signal);
  refuseTooLarge(JSON.parse(await config.text()), available, model.quantize);
  const weights = weightFiles(listed.map(({ name }) => name));
  const isWeights = (/** @type {Listed} */ { name }) => weights.includes(name);
  const originals = listed.filter(isWeights).map(({ name, bytes, sha256 }) => {
    const id = sha256 ? `sha256:${sha256}` : "";
    return { id, name, bytes, url: at(name), version: "" };
  });
  if (model.tables === "server") {
    const parts = await partSources(model, { signal, onProgress });
    if ((await look(parts)).tables) return { files: parts, copy: null, originals };
  }
  const copy = await find(originals);
  const needed = copy ? listed.filter((file) => !isWeights(file)) : listed;
  const found = await storedFiles(at, needed, options, await store);
  for (const { note } of found) if (note && !notices.includes(note)) notices.push(note);
  const sources = found.map((stored, i) => storedSource(stored, needed[i].name));
  return { files: await Promise.all([byteSource(config, "config.json"), ...sources]), copy, originals };
}

/**
 * @param {import("../protocol.js").AddressSource} model
 * @param {Find} find
 * @param {Options & Verifying & {look: Look, make: Make, planning: Planning, notices: string[]}} options
 * @returns {Promise<{files: Source[], copy: Whole["copy"], originals: Original[], fleeting?: boolean}>}
 */
async function addressModel(model, find, options) {
  const { tables } = model;
  const { signal, onProgress, look, make, planning, notices } = options;
  const { urls, sha256 } = await weightsAt(model, signal);
  const originals = await Promise.all(
    urls.map(async (url) => {
      const { size, bytes, version } = await offerOf(url, signal);
      return { id: sha256 ? `sha256:${sha256}` : "", name: fileName(url), size, bytes, url, version };
    }),
  );
  const copy = await find(originals);
  if (copy) {
    if (originals.some(({ version }) => version === UNREACHED)) notices.push(UNREACHED_NOTICE);
    return { files: [], copy, originals };
  }
  const store = sha256 ? await Store.open() : null;
  const storedAs = async (/** @type {number} */ bytes) => {
    const [{ name, url }] = originals;
    const listed = [{ name, bytes, sha256: sha256 ?? "" }];
    const [stored] = await storedFiles(() => url, listed, options, /** @type {Store} */ (store));
    if (stored.note) notices.push(stored.note);
    return { files: [await storedSource(stored, name)], copy, originals };
  };
  const kept = await store?.size(sha256 ?? "");
  if (kept) return await storedAs(kept);
  const remotes = originals.flatMap(({ url, name, size }) => (size ? [rangeSource(url, name, size)] : []));
  const hasRanges = remotes.length === originals.length;
  const hasTables = hasRanges && (await look(remotes)).tables > 0;
  if (hasTables && tables === "server" && !sha256) return { files: remotes, copy, originals };
  // What is quantized is kept as that, below; what is not, as it was published.
  const isKept = hasRanges && sha256 && (hasTables || !(await planning(remotes)));
  if (isKept) return await storedAs(originals[0].bytes);
  if (hasRanges && !sha256) {
    const made = await make(originals, remotes).catch((error) => {
      if (error.name !== "Changed") throw error;
      if (notices.includes(CHANGED_NOTICE)) return null; // then it is downloaded in one response
      notices.push(CHANGED_NOTICE);
      return undefined;
    });
    if (made === undefined) return await addressModel(model, find, options);
    if (made) return { files: [], copy: made, originals };
  }
  const total = originals.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const meter = new Meter("model", originals[0].name, hasRanges ? total : 0, onProgress);
  const whole = [];
  for (const original of originals) {
    const blob = await downloaded(original.url, original.name, meter, {
      bytes: original.size ?? undefined,
      signal,
      sha256,
    });
    whole.push({ ...original, blob });
  }
  const files = await Promise.all(whole.map(({ blob, name }) => byteSource(blob, name)));
  return { files, copy, originals: whole, fleeting: true };
}

/**
 * The addresses of a model's weights: the address itself, or those of the shards that the file there lists.
 * Only a single file of weights can have a checksum.
 * @param {import("../protocol.js").AddressSource} model
 * @param {AbortSignal} signal
 * @returns {Promise<{urls: string[], sha256?: string}>}
 */
async function weightsAt({ url, sha256 }, signal) {
  const file = fileName(url);
  if (!listsShards(file)) return { urls: [url], sha256 };
  const options = { file, signal, most: LONGEST_LIST };
  const list = await download(url, { ...options, cache: FRESH }).catch((error) => {
    if (error.code !== "network") throw error;
    return download(url, { ...options, cache: "force-cache" }); // the shards may have been kept
  });
  const names = list.size <= LONGEST_LIST ? shardsIn(await list.text()) : null;
  if (names) return { urls: names.map((name) => beside(url, name)) };
  throw new EngineError({
    code: "model-folder",
    message: `“${file}” does not list the shards of a model.`,
    remedy: "Check the model's address, or give that of a single file of weights.",
  });
}

/**
 * The address of another file in the same folder, with the same query.
 * @param {string} url
 * @param {string} name
 */
function beside(url, name) {
  const found = new URL(url);
  found.pathname = found.pathname.replace(/[^/]*$/, name);
  return found.href;
}

/**
 * A tokenizer as Python takes it: its name, or the content of its file.
 * @param {import("../protocol.js").TokenizerSource} [tokenizer]
 * @param {AbortSignal} [signal]
 */
export async function tokenizerOf(tokenizer = "", signal) {
  if (typeof tokenizer === "string") return tokenizer;
  const { id, host, ...at } = /** @type {any} */ (tokenizer);
  const { address: url = at.url, sha256 = at.sha256 } = id ? resolveId(id, host) : at;
  const most = LONGEST_TOKENIZER;
  const file = url ? await download(url, { file: fileName(url), sha256, signal, most }) : tokenizer;
  return new Uint8Array(await /** @type {Blob} */ (file).slice(0, most + 1).arrayBuffer()); // Python refuses it
}

/** Under Node nothing is stored, and there are no synchronous requests. */
const IN_BROWSER = "XMLHttpRequest" in globalThis;
/** The browser asks the server whether what it has cached is still current. */
const FRESH = "no-cache";
const CHANGED_NOTICE = "The file on the server changed during the download, so the download started again.";
const UNREACHED_NOTICE = "The model's server did not respond, so the copy from an earlier visit is used.";

/**
 * @param {(name: string) => string} at the address of a file
 * @param {Listed[]} files
 * @param {Options & Verifying} options
 * @param {Store} store
 */
async function storedFiles(at, files, { signal, onProgress, startVerifier }, store) {
  const total = files.reduce((sum, { bytes, gzip = bytes }) => sum + gzip, 0);
  const meter = new Meter("model", files[0]?.name ?? "", total, onProgress);
  return await Promise.all(
    files.map(({ name, bytes, sha256, gzip = bytes }) => {
      const fetch = sha256 && gzip !== bytes ? preferringPacked() : undefined;
      const wanted = { url: at(name), file: name, bytes, signal, startVerifier, fetch };
      let loaded = 0;
      const onBytes = (/** @type {number} */ count) => {
        const [before, after] = [loaded, loaded + count].map((part) => Math.round((part * gzip) / bytes));
        loaded += count;
        meter.add(after - before);
      };
      return sha256
        ? store.file({ ...wanted, sha256, onBytes }).then((found) => ({ ...found, store, sha256 }))
        : download(wanted.url, { ...wanted, onBytes }).then((blob) => ({ blob, note: "" }));
    }),
  );
}

/**
 * What the server reports of a file before its download.
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<import("./ranges.js").Offer>}
 */
async function offerOf(url, signal) {
  if (IN_BROWSER) return await askFor(url, { signal });
  return { size: null, bytes: 0, version: "" };
}

/**
 * The files of a job. With `whole`, picked files are read into memory at once, since a page may change them
 * while the job's result lives on, and others are downloaded.
 * @param {import("../protocol.js").JobFiles} files
 * @param {Options} options
 * @returns {Promise<Source[]>}
 */
export async function jobSources(files, options) {
  const kept = files.kept ? await keptSources(files.kept) : [];
  return [...(await givenSources(files, options)), ...kept];
}

/** Lets go of the files that were open for a job. @param {Source[]} sources */
export function closeSources(sources) {
  for (const source of sources) source.close?.();
}

/**
 * Files of the browser's private file system, open for reading in place. Where a browser does not allow
 * that they are read as blobs, which takes hundreds of times as long for single rows.
 * @param {import("../protocol.js").KeptFiles} kept
 * @returns {Promise<Source[]>}
 */
async function keptSources({ folder: [first, ...path], names }) {
  let folder = await openFolder(undefined, first);
  for (const name of path) folder = await ask(folder, "getDirectoryHandle", name);
  const sources = [];
  for (const name of names) {
    const source = await RowReader.open(folder, name).catch(() => readAsBlob(folder, name));
    if (source) sources.push(source);
  }
  return sources;
}

/**
 * Null if there is no such file.
 * @param {any} folder
 * @param {string} name
 * @returns {Promise<Source | null>}
 */
async function readAsBlob(folder, name) {
  const file = await fileOf(folder, name);
  return file && (await byteSource(file, name));
}

/** @param {import("../protocol.js").JobFiles} files @param {Options} options @returns {Promise<Source[]>} */
async function givenSources(files, options) {
  if (!files.whole) return await partSources(files, options);
  if (files.kind === "files") {
    return await Promise.all(files.files.map((file, i) => memorySource(file, files.names[i])));
  }
  const every = {
    look: async () => ({ tables: 0 }),
    planning: async () => null,
    available: Number.POSITIVE_INFINITY,
    notices: [],
    copied: false,
  };
  return (await wholeSources(files, { ...options, ...every })).files;
}

/**
 * Enough of a model's files to inspect them.
 * @param {ModelSource} model
 * @param {Options} options
 * @returns {Promise<Source[]>}
 */
export async function partSources(model, { signal, onProgress }) {
  if (model.kind === "id") return await partSources(addressed(model), { signal, onProgress });
  if (model.kind === "files") return picked(model.files, model.names);
  /** @param {string} url @param {string} name */
  const part = async (url, name) => {
    const { size } = await offerOf(url, signal);
    if (size) return rangeSource(url, name, size);
    const meter = new Meter("model", name, 0, onProgress);
    return byteSource(await downloaded(url, name, meter, { signal }), name);
  };
  if (model.kind === "url") {
    const { urls } = await weightsAt(model, signal);
    return await Promise.all(urls.map((url) => part(url, fileName(url))));
  }
  const { config, files, at } = await describe(model, signal);
  const parts = files.map(({ name }) => part(at(name), name));
  return await Promise.all([byteSource(config, "config.json"), ...parts]);
}

/** @param {Blob[]} files @param {string[]} names */
function picked(files, names) {
  return Promise.all(files.map((file, i) => byteSource(file, names[i])));
}

/**
 * A source through which Python reads any range of a blob synchronously. A small file is read as a whole
 * while Python starts, because each range costs a round trip to the browser process, and a model has
 * hundreds. Where the blob is a file of the private file system, `kept` says which: it can be held open then.
 * Fewer bytes are returned if the file has changed or is gone.
 * @param {Blob} blob
 * @param {string} name
 * @param {{folder: any, name: string} | null} [kept]
 * @returns {Promise<Source>}
 */
async function byteSource(blob, name, kept) {
  const Reader = /** @type {any} */ (globalThis).FileReaderSync; // none under Node
  if (!Reader || blob.size <= SMALL) return await memorySource(blob, name);
  const reader = new Reader();
  const bytesOf = (/** @type {Blob} */ part) => {
    try {
      return new Uint8Array(reader.readAsArrayBuffer(part));
    } catch {
      return new Uint8Array(); // Python reports what a missing part means
    }
  };
  /** @type {Source} */
  const source = {
    name,
    size: blob.size,
    read: (offset, length) => bytesOf(blob.slice(offset, offset + length)),
    fill: (array, offset) =>
      writeInto(array, (target) => {
        let filled = 0;
        while (filled < target.length) {
          const at = offset + filled;
          const part = bytesOf(blob.slice(at, at + Math.min(AT_ONCE, target.length - filled)));
          if (!part.length) break;
          target.set(part, filled);
          filled += part.length;
        }
        return filled;
      }),
    pieces(offsets, length) {
      return bytesOf(new Blob([...offsets].map((offset) => blob.slice(offset, offset + length))));
    },
    async open() {
      const held = kept && (await RowReader.open(kept.folder, kept.name, { wait: false }).catch(() => null));
      if (!held) return;
      source.read = (offset, length) => held.read(offset, length);
      source.fill = (array, offset) => held.fill(array, offset);
      source.pieces = (offsets, length) => held.pieces(offsets, length);
      source.close = () => held.close();
    },
  };
  return source;
}

/** @param {Blob} blob @param {string} name @returns {Promise<Source>} */
async function memorySource(blob, name) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { name, size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

/**
 * What was asked of the server (ranges.js) describes the file that it has now, so the browser's own cache may
 * not answer with an earlier one.
 * @param {string} url
 * @param {string} name
 * @param {Meter} meter
 * @param {{signal: AbortSignal, bytes?: number, sha256?: string}} options
 */
async function downloaded(url, name, meter, options) {
  const onBytes = (/** @type {number} */ count) => meter.add(count);
  return await download(url, { ...options, file: name, onBytes, cache: FRESH });
}

/** The last part of an address, decoded. @param {string} url */
export function fileName(url) {
  const last = new URL(url).pathname.split("/").at(-1) || "model";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/**
 * The description of a folder, its files, and the address of each.
 * @param {Pick<import("../protocol.js").FolderSource, "url" | "addresses">} source
 * @param {AbortSignal} signal
 */
async function describe({ url, addresses }, signal) {
  const folder = url.replace(/\/?$/, "/");
  const at = (/** @type {string} */ name) => addresses?.[name] ?? new URL(name, folder).href;
  const options = { file: "config.json", signal, most: LONGEST_DESCRIPTION };
  const config = await download(at("config.json"), { ...options, cache: FRESH });
  return { config, at, files: listedFiles(await config.text(), folder) };
}

/**
 * The files that config.json lists; only plain names, so that a description cannot reach elsewhere.
 * @param {string} text
 * @param {string} folder
 * @returns {Listed[]}
 */
function listedFiles(text, folder) {
  try {
    const { files } = JSON.parse(text);
    const isFile = (/** @type {any} */ { name, bytes, gzip = 1 }) => isLegal(name) && bytes >= 0 && gzip > 0;
    if (files.every(isFile)) return files;
  } catch {
    // the error below
  }
  throw new EngineError({
    code: "model-folder",
    message: `No model was found at ${folder}.`,
    remedy: "A model folder contains a config.json that lists its files, as “goosequill convert” writes it.",
  });
}

/**
 * Refuses a folder before its weights are downloaded, if its description says what memory they take: the
 * estimate that Python made, for each value of `quantize`. Otherwise Python refuses it after the download.
 * @param {{memory?: Record<string, unknown>}} description
 * @param {number} available
 * @param {import("../protocol.js").Rounding} [quantize]
 */
export function refuseTooLarge({ memory }, available, quantize) {
  const needed = quantize === "auto" ? least(memory) : memory?.[quantize ?? "none"];
  if (typeof needed !== "number" || needed <= available) return;
  throw new EngineError({
    code: "model-too-large",
    message: `This model needs ${megabytes(needed)} MB of memory, but ${megabytes(available)} MB are available.`,
    remedy: "Quantize it to 8 or 4 bits, or choose a smaller model.",
  });
}

/** What the engine takes at least: "auto" chooses the bits that fit. @param {any} memory */
const least = (memory) => {
  const sizes = ["auto", "8", "4"].map((bits) => memory?.[bits]).filter((size) => typeof size === "number");
  return sizes.length ? Math.min(...sizes) : undefined;
};

/** @param {number} bytes */
function megabytes(bytes) {
  return Math.round(bytes / 1e6).toLocaleString("en");
}
