/**
 * Copies of quantized models. What Python quantized while loading a model is kept beside the downloads
 * (store.js), in the form in which the kernel computes: the next load quantizes nothing, and fetches no
 * weights if they are known to be the same. A copy is named by what it was made of, and verified each time it
 * is read.
 */

import { Arrival, Changed, fromAddress, fromBlob } from "./arrival.js";
import { Meter } from "./download.js";
import { digestOf, Fingerprint, fingerprint, fingerprintBeside, storedFingerprint } from "./fingerprint.js";
import { ask, FileSink, fileOf, removeFrom } from "./opfs.js";
import { Part } from "./part.js";
import { UNREACHED } from "./ranges.js";
import { Store } from "./store.js";

/** @import { Made, Original } from "./facts.js" */
/** @import { Rounding } from "../protocol.js" */
/** A file of weights, whose content may not be known yet. @typedef {Original & {blob?: Blob}} Source */
/**
 * `intact` is whether the copy has not changed, which may not be known before it has been loaded.
 * @typedef {{sha256: string, name: string, blob: Blob, intact: Promise<boolean>}} Copy
 */
/** What Python reports of a file to keep. @typedef {{bytes: number, bits: 8 | 4, auto: boolean}} Quantized */

/**
 * How Python quantizes files while they arrive. A step names the bytes that are needed next, by the index of
 * the file, or has the copy's next bytes, and bytes that are held until the copy contains them.
 * @typedef {{need: [number, number, number], data?: undefined, held?: undefined} |
 *   {need?: undefined, data: Uint8Array, held: Uint8Array}} Step
 * @typedef {Quantized & {notice: string, steps: (start: number, held: Uint8Array) => Iterable<Step>}} Plan
 */

/** VERSION of weights/packing.py: an older copy is made again. */
export const LAYOUT = 3;

/** Why a copy is not kept. */
export const NOTES = {
  none:
    "The browser has no private file system for models here, so the weights will be quantized again " +
    "next time.",
  full: "There is not enough space to keep the quantized weights, so they will be quantized again next time.",
};

export class Copies {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
  }

  static async open() {
    return new Copies(await Store.open());
  }

  /**
   * The copy of these files with the wanted bits, if there is one. A large one is verified by another thread
   * while it is loaded, where that is possible; else only an intact one is returned.
   * @param {Source[]} files
   * @param {Rounding} quantize
   * @param {{
   *   signal?: AbortSignal, onBytes?: (count: number, total: number) => void,
   *   startVerifier?: import("./fingerprint.js").StartVerifier
   * }} [options]
   * @returns {Promise<Copy | null>}
   */
  async find(files, quantize, { signal, onBytes, startVerifier } = {}) {
    // Without a file system there may be no WebCrypto either.
    if (!this.store.folder || !files.length) return null;
    const entry = await this.#match(await hideAddresses(files), quantize, signal);
    if (!entry) return null;
    const { sha256, bytes, made } = entry;
    const { folder } = this.store;
    const blob = await fileOf(folder, sha256);
    const options = { signal, onBytes: (/** @type {number} */ count) => onBytes?.(count, bytes) };
    if (!blob) {
      await this.store.remove(sha256);
      return null;
    }
    const beside = await fingerprintBeside(folder, sha256, blob, { signal, startVerifier });
    const intact = this.#judge(
      { ...entry, made },
      beside?.fingerprint ?? storedFingerprint(folder, sha256, blob, options),
    );
    intact.catch(() => {}); // who has loaded the copy hears of it
    if (!beside && !(await intact)) {
      await this.store.remove(sha256);
      return null;
    }
    return { sha256, name: files.map(({ name }) => name).sort()[0], blob, intact };
  }

  /**
   * Whether a copy has the fingerprint that it should have; if so, notes that it is used.
   * @param {import("./facts.js").Facts & {sha256: string, made: Made}} entry
   * @param {Promise<string>} fingerprint
   */
  async #judge(entry, fingerprint) {
    const { sha256, made } = entry;
    const isIntact = (await fingerprint) === made.digest;
    if (isIntact) await this.store.writeFacts(sha256, { ...entry, used: this.store.now() });
    return isIntact;
  }

  /** @param {Source[]} files @param {Rounding} quantize @param {AbortSignal} [signal] */
  async #match(files, quantize, signal) {
    const fitting = [];
    for (const entry of await this.store.list()) {
      const { made, complete, sha256 } = entry;
      if (!made || !complete) continue;
      if (made.layout !== LAYOUT) await this.store.remove(sha256);
      else if (hasBits(made, quantize) && made.of.length === files.length) fitting.push({ ...entry, made });
    }
    const known = fitting.find(({ made }) => matches(made.of, files, isSame));
    const sized = fitting.filter(({ made }) => matches(made.of, files, (a, b) => a.bytes === b.bytes));
    if (known || !sized.length || !files.every(({ blob }) => blob)) return known;
    const of = await identify(files, signal);
    const found = sized.find(({ made }) => matches(made.of, of, isSame));
    // Next time they are recognized without reading.
    return found && { ...found, made: { ...found.made, of } };
  }

  /**
   * Why a file of this size cannot be kept; "" if it can. Browsers do not report reliably how much space is
   * left, so it is tried.
   * @param {number} bytes
   */
  async refusal(bytes) {
    const { folder } = this.store;
    if (!folder) return NOTES.none;
    const name = `space-${crypto.randomUUID()}`;
    try {
      const access = await ask(
        await ask(folder, "getFileHandle", name, { create: true }),
        "createSyncAccessHandle",
      );
      try {
        access.truncate(bytes);
        return access.getSize() === bytes ? "" : NOTES.full;
      } finally {
        access.close();
      }
    } catch {
      return NOTES.full;
    } finally {
      await ask(folder, "removeEntry", name).catch(() => {});
    }
  }

  /**
   * Writes a copy as its pieces arrive. A failure leaves nothing behind: the model runs without a copy.
   * @param {Source[]} files
   * @param {Quantized} quantized
   * @param {AsyncIterable<Uint8Array> | Iterable<Uint8Array>} pieces
   * @returns {Promise<boolean>} whether it is kept
   */
  async keep(files, { bytes, bits, auto }, pieces) {
    if (!this.store.folder) return false;
    const of = await identify(await hideAddresses(files));
    const ids = of.map(({ id }) => id).sort();
    if (ids.includes("")) return false;
    const sha256 = await digestOf(new TextEncoder().encode(JSON.stringify([LAYOUT, bits, ids])));
    const time = this.store.now();
    const { name, url } = files[0];
    const made = { layout: LAYOUT, bits, auto, digest: "", of };
    const facts = { name, url: url.split(/[?#]/)[0], bytes, saved: time, used: time, made };
    const write = () => this.#write(sha256, facts, pieces);
    const locks = globalThis.navigator?.locks;
    if (!locks) return await write();
    const options = { ifAvailable: true }; // if another tab is writing it, that one keeps it
    return await locks.request(`goosequill-store-${sha256}`, options, (lock) => (lock ? write() : false));
  }

  /**
   * Makes the copy of files at addresses, or of picked ones, while they arrive; null if they must be loaded
   * whole, have no versions, or their copy cannot be kept.
   * @param {Source[]} originals
   * @param {import("./ranges.js").Source[]} sources the same files, as Python reads them
   * @param {{
   *   signal: AbortSignal, onProgress: (progress: import("../protocol.js").Progress) => void,
   *   planning: (sources: any[]) => Promise<Plan | null>, notices: string[]
   * }} options
   */
  async makeFrom(originals, sources, { signal, onProgress, planning, notices }) {
    if (!this.store.folder || !originals.every(({ version }) => version)) return null;
    const arrivals = originals.map(({ name, url, version, blob }, i) => {
      const { size } = sources[i];
      const open = blob ? fromBlob(blob) : fromAddress(url, { name, size, version, signal });
      return new Arrival(sources[i], open, signal);
    });
    const plan = await planning(arrivals);
    if (!plan || (await this.refusal(plan.bytes))) return null;
    const total = arrivals.reduce((sum, { size }) => sum + size, 0);
    const meter = new Meter("model", arrivals[0].name, total, onProgress);
    let loaded = 0;
    const onLoaded = (/** @type {number} */ count) => {
      meter.add(count - loaded);
      loaded = count;
    };
    const found = await this.make(originals, plan, arrivals, { signal, onLoaded });
    if (found && plan.notice) notices.push(plan.notice);
    return found;
  }

  /**
   * Makes a copy while the originals arrive, or continues one that was interrupted; null if the file system
   * refuses. The originals need versions: whether they are still the same is not known otherwise.
   * @param {Source[]} files
   * @param {Plan} plan
   * @param {Arrival[]} arrivals
   * @param {{signal: AbortSignal, onLoaded: (count: number) => void}} options
   * @returns {Promise<Copy | null>}
   */
  async make(files, plan, arrivals, { signal, onLoaded }) {
    const hidden = await hideAddresses(files);
    const of = hidden.map(({ id, name, bytes, url, version }) => ({ id, name, bytes, url, version }));
    const key = await digestOf(new TextEncoder().encode(JSON.stringify([LAYOUT, plan.bits, of])));
    const make = () => this.#make(key, files, of, plan, arrivals, { signal, onLoaded });
    const locks = globalThis.navigator?.locks;
    // When two tabs want one copy, the second waits and then finds it.
    return locks ? await locks.request(`goosequill-store-${key}`, { signal }, make) : await make();
  }

  /**
   * @param {string} key
   * @param {Source[]} files
   * @param {Original[]} of
   * @param {Plan} plan
   * @param {Arrival[]} arrivals
   * @param {{signal: AbortSignal, onLoaded: (count: number) => void}} options
   * @returns {Promise<Copy | null>}
   */
  async #make(key, files, of, { bits, auto, bytes, steps }, arrivals, { signal, onLoaded }) {
    const { folder } = this.store;
    const found = await this.find(files, bits, { signal });
    if (found) return found;
    const time = this.store.now();
    const { name, url } = files[0];
    const made = { layout: LAYOUT, bits, auto, digest: "", of };
    const facts = { name, url: url.split(/[?#]/)[0], bytes, saved: time, used: time, made };
    let part;
    try {
      part = await Part.open(folder, key);
      await this.store.writeFacts(key, facts); // so that the storage page can name it
      if (part.size > bytes) part.restart();
      for (const { need, data, held } of steps(part.size, part.held)) {
        signal.throwIfAborted();
        if (data) await part.write(data, held);
        else {
          const before = arrivals.slice(0, need[0]).reduce((sum, { size }) => sum + size, 0);
          await arrivals[need[0]].need(need[1], need[2]);
          onLoaded(before + need[2]);
        }
      }
      const digest = await part.end();
      if (part.size !== bytes) throw new DOMException("the written copy differs", "DataError");
      await this.store.writeFacts(key, { ...facts, made: { ...made, digest } });
      await part.commit(key);
      await removeFrom(folder, `${key}.log`);
      await this.#removeEarlier(key, made);
      const blob = /** @type {Blob} */ (await fileOf(folder, key));
      return {
        sha256: key,
        name: files.map((file) => file.name).sort()[0],
        blob,
        intact: Promise.resolve(true),
      };
    } catch (error) {
      await part?.close().catch(() => {});
      const refused = error instanceof DOMException && error.name !== "AbortError";
      if (refused || error instanceof Changed) await this.store.remove(key);
      if (refused) return null;
      throw error;
    } finally {
      await Promise.all(arrivals.map((arrival) => arrival.close()));
    }
  }

  /** Removes what was made of earlier versions of the same files. @param {string} key @param {Made} made */
  async #removeEarlier(key, { bits, of }) {
    const isOf = (/** @type {Original} */ one, /** @type {Original} */ other) => one.url === other.url;
    for (const { sha256, made } of await this.store.list()) {
      if (sha256 === key || made?.bits !== bits || made.of.length !== of.length) continue;
      if (of.every(({ url }) => url) && matches(made.of, of, isOf)) await this.store.remove(sha256);
    }
  }

  /**
   * @param {string} sha256
   * @param {import("./facts.js").Facts & {made: Made}} facts
   * @param {AsyncIterable<Uint8Array> | Iterable<Uint8Array>} pieces
   */
  async #write(sha256, facts, pieces) {
    const { folder } = this.store;
    const part = `${sha256}.part`;
    const before = (await this.store.list()).find((entry) => entry.sha256 === sha256 && entry.complete);
    if (before?.made) {
      const made = { ...facts.made, digest: before.made.digest };
      await this.store.writeFacts(sha256, { ...facts, made }); // the same content with another name
      return true;
    }
    let sink;
    try {
      sink = await FileSink.open(folder, part);
      sink.restart();
      await this.store.writeFacts(sha256, facts); // so that the storage page can name it
      const digester = new Fingerprint();
      for await (const piece of pieces) {
        sink.write(piece);
        await digester.update(piece);
      }
      sink.close();
      const digest = await digester.hex();
      const written = await fileOf(folder, part);
      if (written?.size !== facts.bytes || (await storedFingerprint(folder, part, written)) !== digest) {
        throw new Error("the written copy differs");
      }
      await this.store.writeFacts(sha256, { ...facts, made: { ...facts.made, digest } });
      await sink.commit(sha256);
      return true;
    } catch {
      sink?.close();
      await this.store.remove(sha256);
      return false;
    }
  }
}

/** Whether a copy has the wanted bits. @param {Made} made @param {Rounding} quantize */
function hasBits({ bits, auto }, quantize) {
  return quantize === bits || (quantize === "auto" && auto);
}

/**
 * Whether each file has a counterpart among as many others.
 * @template {Original} T
 * @param {Original[]} originals
 * @param {T[]} files
 * @param {(original: Original, file: T) => boolean} same
 */
function matches(originals, files, same) {
  return files.every((file) => originals.some((original) => same(original, file)));
}

/**
 * By content, if that is known of both; else by name or address, length and version. If the server did not
 * respond, the version that it had last time counts.
 * @param {Original} one
 * @param {Original} other
 */
function isSame(one, other) {
  if (one.id && one.id === other.id) return true;
  if (one.name !== other.name || one.url !== other.url) return false;
  if (other.version === UNREACHED) return Boolean(one.url);
  return Boolean(other.version) && one.version === other.version && one.bytes === other.bytes;
}

/** The part of an address after ? may be a secret, so no address is stored. @param {Source[]} files */
function hideAddresses(files) {
  const hide = async (/** @type {string} */ url) => url && (await digestOf(new TextEncoder().encode(url)));
  return Promise.all(files.map(async (file) => ({ ...file, url: await hide(file.url) })));
}

/**
 * The same files with their content identified.
 * @param {Source[]} files
 * @param {AbortSignal} [signal]
 * @returns {Promise<Original[]>}
 */
async function identify(files, signal) {
  const found = [];
  for (const { id, name, bytes, url, version, blob } of files) {
    const content = id || (blob ? `pieces:${await fingerprint(blob, { signal })}` : "");
    found.push({ id: content, name, bytes, url, version });
  }
  return found;
}
