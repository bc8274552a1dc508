/**
 * Threads for a model's products: helper workers compute some rows of each large matrix, of which they have
 * copies in a memory that they share with the engine's thread.
 *
 * The engine's thread never waits for a helper longer than the work itself takes: it has all weights, so it
 * computes what a helper has not done. A helper that is slow, asleep or dead costs speed, nothing else. Rows
 * are divided, never sums, so the results are the same to the last bit, whichever thread computes them.
 */

import { CHUNK, MAX_JOINED, PANEL, product, STEP_WORDS } from "./abi.js";
import { startScript } from "./start.js";
import {
  ASLEEP,
  assign,
  CLAIMED,
  CONTROL,
  COUNT,
  DONE,
  ITEM,
  LEAST,
  PAGE,
  PARTS,
  padded,
  portion,
  REACHED,
  STEPS,
  TAKEN,
} from "./work-queue.js";

/**
 * A matrix in Python's memory (SimdKernel.division): addresses, sizes, and how many bytes of weights and of
 * scales belong to a panel of 16 rows. The weights after the first part's rows are `gap` bytes further than
 * if all were in one place.
 * @typedef {object} Matrix
 * @property {number} weights
 * @property {number} scales
 * @property {number} rows
 * @property {number} columns
 * @property {number} first_part
 * @property {number} gap
 * @property {number} panel_bytes
 * @property {number} scale_bytes
 */
/** @typedef {{HEAPU8: Uint8Array, HEAP32: Int32Array, HEAPF32: Float32Array}} Heap */
/**
 * A helper's rows of a matrix: the first and their number, the addresses of its copies, and the bytes of a
 * row.
 * @typedef {{from: number, rows: number, weights: number, scales: number, bytes: number}} Part
 */
/**
 * The helpers' parts of a matrix, how many rows before them belong to the engine's thread, and the size in
 * bytes.
 * @typedef {{parts: Part[], own: number, bytes: number}} Division
 */
/**
 * A product of the current work item: its step, and the division of its matrix.
 * @typedef {Division & {step: number}} Product
 */
/**
 * A helper's control block and buffers; `lost` is the number of a work item that it did not finish in time,
 * and `joined` whether it works on the current one.
 * @typedef {object} Helper
 * @property {Int32Array} words
 * @property {number} base
 * @property {number} bias
 * @property {number} scratch
 * @property {number} out
 * @property {number} lost
 * @property {boolean} joined
 */

/** More threads than these gain little, because they wait for the same memory. */
const MOST_THREADS = 4;
/** More threads than these are not started even on request. */
const LIMIT = 16;
/** Bytes of weights of joined products below which dividing them costs more than it gains. */
const SMALLEST = 64 * 1024;
/** Bytes below which a matrix is not divided, even in joined products. */
const SMALLEST_MATRIX = 16 * 1024;
/**
 * The engine's thread's own rows, as a part of an equal share. A helper is faster, because it prefetches
 * while it waits; the rest goes to whoever comes first.
 */
const OWN = 7 / 8;
/**
 * Bytes of weights that are worth a check of the other side's progress, for up to LEAST_TOKENS: 1 or 2
 * microseconds of work.
 */
const LEAST_BYTES = 32 * 1024;
const LEAST_TOKENS = 4;
/**
 * How often to check whether a helper has finished its last piece before computing it here, per LEAST rows: 1
 * or 2 microseconds, so that a wait in vain at most doubles the time. And the minimum, 20 microseconds.
 */
const LOOKS_EACH = 400;
const LOOKS = 5000;
/**
 * For one token both sides wait for memory and are about as fast, so they take long runs. Else the faster
 * takes more.
 */
const PARTS_OF_ONE = 8;
const PARTS_OF_MANY = 2;
/** Milliseconds for a helper to start. */
const START_PATIENCE = 10_000;
/** Words of scratch memory that a product needs at most in addition to one per column. */
const SPARE = 2;

/**
 * Starts helpers for a model that is about to be loaded: as many as the machine has cores to spare, or as
 * requested. Returns null if memory cannot be shared, or only one thread is wanted.
 * @param {{threads?: number, kernel?: string}} model
 * @param {import("./assets.js").Assets} assets the engine's files
 */
export function startHelpers({ threads, kernel }, assets) {
  if (!globalThis.crossOriginIsolated || kernel === "numpy") return null;
  const count = Math.min(threads ?? Math.min(navigator.hardwareConcurrency, MOST_THREADS), LIMIT);
  const create = () => startScript(assets.locate("engine/helper.js"), "goosequill-helper");
  return count > 1 ? new Helpers(count - 1, create) : null;
}

/** Helper workers, started early so that they are ready when the model is. */
export class Helpers {
  /** @type {Worker[]} */
  #workers = [];
  /** @type {string} why one of them failed to start */
  #failure = "";

  /** @param {number} count @param {() => Worker} create */
  constructor(count, create) {
    try {
      for (let i = 0; i < count; i++) this.#start(create());
    } catch (error) {
      this.#failure = String(error);
    }
  }

  get count() {
    return this.#workers.length;
  }

  /** @param {Worker} worker */
  #start(worker) {
    this.#workers.push(worker);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.#failure = event.message || "its script could not be loaded";
    };
  }

  /**
   * Copies each helper's part of the matrices, and waits until all are ready.
   * @param {WebAssembly.Module} module simd.c, as compiled for helpers
   * @param {Matrix[]} matrices
   * @param {Heap} heap
   * @param {number} [budget] bytes that the copies of the weights may take
   */
  async join(module, matrices, heap, budget = Number.POSITIVE_INFINITY) {
    if (this.#failure) throw new Error(this.#failure);
    const team = new Team(this.#workers.length, matrices, heap, budget);
    const ready = this.#workers.map((worker, number) =>
      this.#ready(worker, { module, memory: team.memory, number }),
    );
    await Promise.all(ready);
    return team;
  }

  /** @param {Worker} worker @param {Record<string, unknown>} message @returns {Promise<void>} */
  #ready(worker, message) {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(this.#failure || "it did not answer"));
      const timer = setTimeout(fail, START_PATIENCE);
      worker.addEventListener("error", fail);
      worker.onmessage = ({ data }) => {
        if (data !== "ready") return;
        clearTimeout(timer);
        resolve();
      };
      worker.postMessage(message);
    });
  }

  end() {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }
}

/** The shared memory, and the division of each product among the threads. */
export class Team {
  #heap;
  /** @type {Helper[]} */
  #helpers = [];
  /** @type {Map<number, Division>} by the weights' address */
  #divisions = new Map();
  #inputs = 0;
  #inputSize = 0;
  /** Numbers that a helper's part of a result has room for. */
  #outSize = 0;
  /** @type {Float32Array} */
  #floats;
  /** The divided products of the current work item. @type {Product[]} */
  #products = [];
  #begun = false;
  /**
   * Index of the helper whose rows are next, and the first of its rows that is neither computed nor assigned.
   */
  #current = 0;
  #row = 0;

  /** @param {number} count @param {Matrix[]} matrices @param {Heap} heap @param {number} budget */
  constructor(count, matrices, heap, budget) {
    this.#heap = heap;
    const large = matrices.filter((matrix) => bytesOf(matrix) >= SMALLEST_MATRIX);
    const parts = large.map((matrix) => divide(matrix, count));
    const widest = large.reduce((most, { columns }) => Math.max(most, columns), 0);
    const longest = Math.max(0, ...parts.flat().map(({ rows }) => padded(rows)));
    let end = count * PAGE;
    const take = (/** @type {number} */ bytes) => {
      const start = end;
      end += Math.ceil(bytes / 64) * 64;
      return start;
    };
    this.#inputSize = CHUNK * widest;
    this.#outSize = CHUNK * longest;
    this.#inputs = take(4 * this.#inputSize);
    for (let i = 0; i < count; i++) {
      const sizes = [MAX_JOINED * longest, CHUNK * (widest + SPARE), this.#outSize];
      const [bias, scratch, out] = sizes.map((words) => take(4 * words));
      this.#helpers.push({
        words: new Int32Array(),
        base: i * PAGE,
        bias,
        scratch,
        out,
        lost: -1,
        joined: false,
      });
    }
    for (const [i, matrix] of large.entries()) {
      for (const part of parts[i]) {
        part.weights = take((padded(part.rows) / PANEL) * matrix.panel_bytes);
        part.scales = take((padded(part.rows) / PANEL) * matrix.scale_bytes);
      }
    }
    if (end > budget) throw new Error("there is not enough memory for copies of the weights");
    const pages = Math.ceil(end / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#floats = new Float32Array(this.memory.buffer);
    for (const helper of this.#helpers) {
      helper.words = new Int32Array(this.memory.buffer, helper.base, CONTROL);
    }
    for (const [i, matrix] of large.entries()) this.#copy(matrix, parts[i]);
  }

  /** @param {Matrix} matrix @param {Part[]} parts */
  #copy(matrix, parts) {
    const shared = new Uint8Array(this.memory.buffer);
    /** @param {number} to @param {number} from @param {Part} part @param {number} size bytes of a panel */
    const copy = (to, from, part, size) => {
      const start = from + (part.from / PANEL) * size;
      shared.set(this.#heap.HEAPU8.subarray(start, start + (padded(part.rows) / PANEL) * size), to);
    };
    const { weights, gap, first_part: first, panel_bytes: size } = matrix;
    for (const part of parts) {
      const { from, rows } = part;
      const before = Math.min(Math.max(first - from, 0), rows);
      copy(part.weights, weights, { ...part, rows: before }, size);
      const after = { ...part, from: from + before, rows: rows - before };
      copy(part.weights + (before / PANEL) * size, (weights + gap) >>> 0, after, size);
      copy(part.scales, matrix.scales, part, matrix.scale_bytes);
    }
    if (parts.length)
      this.#divisions.set(matrix.weights, { parts, own: parts[0].from, bytes: bytesOf(matrix) });
  }

  /**
   * Divides joined products; simd.c calls it until it returns 0. The first call gives the helpers their work
   * items. Each call writes into the steps which rows the engine's thread should compute next, and the last
   * one collects the helpers' results.
   * @param {number} address of the first step
   * @returns {number} 0 when all rows are computed
   */
  share(address) {
    const step = address >>> 2;
    const end = step + this.#heap.HEAP32[step + product.joined] * STEP_WORDS;
    if (!this.#begun) return this.#begin(step, end);
    while (this.#products.length && this.#current < this.#helpers.length) {
      const helper = this.#helpers[this.#current];
      if (helper.joined ? this.#meet(step, end, helper) : this.#replace(step, end)) return 1;
      this.#current++;
      this.#row = 0;
    }
    this.#begun = false;
    return 0;
  }

  /** @param {number} first @param {number} end */
  #begin(first, end) {
    const words = this.#heap.HEAP32;
    this.#current = this.#row = 0;
    this.#begun = true;
    this.#products.length = 0;
    let [inputs, bytes] = [0, 0];
    for (let step = first; step < end; step += STEP_WORDS) {
      words[step + product.firstRow] = 0;
      words[step + product.endRow] = words[step + product.rows];
      const tokens = words[step + product.tokens];
      const size = tokens * words[step + product.columns];
      const found = this.#divisions.get(words[step + product.weights] >>> 0); // an address may exceed 2 GiB
      if (!found || inputs + size > this.#inputSize || this.#products.length === MAX_JOINED) continue;
      if (found.parts.some(({ rows }) => tokens * rows > this.#outSize)) continue;
      this.#products.push({ step, ...found });
      inputs += size;
      bytes += found.bytes;
    }
    if (bytes < SMALLEST) this.#products.length = 0;
    let to = this.#inputs >> 2;
    for (const { step, own } of this.#products) {
      const size = words[step + product.tokens] * words[step + product.columns];
      const from = words[step + product.inputs] >>> 2;
      this.#floats.set(this.#heap.HEAPF32.subarray(from, from + size), to);
      words[step + product.endRow] = own;
      to += size;
    }
    if (this.#products.length) {
      for (const [number, helper] of this.#helpers.entries()) this.#dispatch(helper, number);
    }
    return 1;
  }

  /**
   * Gives a helper its work item, unless it has not finished the last one yet.
   * @param {Helper} helper
   * @param {number} number
   */
  #dispatch(helper, number) {
    const { words } = helper;
    const last = words[ITEM];
    helper.joined = waitFor(words, DONE, last, helper.lost === last ? 1 : LOOKS);
    if (!helper.joined) {
      helper.lost = last;
      return;
    }
    const from = this.#heap.HEAP32;
    let [to, rows, inputs, results, scratch] = [STEPS, 0, this.#inputs, helper.out, helper.scratch];
    for (const { step, parts } of this.#products) {
      const part = parts[number];
      const tokens = from[step + product.tokens];
      const columns = from[step + product.columns];
      const bias = from[step + product.bias];
      if (bias) {
        const start = (bias >>> 2) + part.from;
        this.#floats.set(this.#heap.HEAPF32.subarray(start, start + part.rows), (helper.bias >> 2) + rows);
      }
      words[to + product.operation] = from[step + product.operation];
      words[to + product.out] = results;
      words[to + product.weights] = part.weights;
      words[to + product.scales] = part.scales;
      words[to + product.inputs] = inputs;
      words[to + product.bias] = bias && helper.bias + 4 * rows;
      words[to + product.scratch] = scratch;
      words[to + product.tokens] = tokens;
      words[to + product.columns] = columns;
      words[to + product.rows] = part.rows;
      words[to + product.activation] = from[step + product.activation];
      words[to + product.form] = from[step + product.form];
      to += STEP_WORDS;
      rows += padded(part.rows);
      inputs += 4 * tokens * columns;
      results += 4 * tokens * part.rows;
      scratch += 4 * tokens * (columns + SPARE);
    }
    const [{ step, parts }] = this.#products;
    const tokens = from[step + product.tokens];
    words[COUNT] = words[STEPS + product.joined] = this.#products.length;
    words[TAKEN] = 0;
    words[LEAST] = leastRows(parts[number], tokens);
    words[PARTS] = tokens === 1 ? PARTS_OF_ONE : PARTS_OF_MANY;
    words[REACHED] = words[CLAIMED] = rows;
    Atomics.store(words, ITEM, last + 1);
    if (Atomics.load(words, ASLEEP)) Atomics.notify(words, ITEM);
  }

  /**
   * Assigns the next rows that the current helper has not begun. When both sides have met, collects the
   * helper's results and returns 0.
   * @param {number} first
   * @param {number} end
   * @param {Helper} helper
   */
  #meet(first, end, { words, out }) {
    const row = this.#row;
    for (let looked = 0; ; looked++) {
      const reached = Atomics.load(words, REACHED);
      if (reached <= row) break;
      const claimed = Atomics.load(words, CLAIMED);
      const looks = Math.max(LOOKS, LOOKS_EACH * ((reached - row) / words[LEAST]));
      if (claimed <= row && looked < looks) continue; // it computes its last piece
      this.#row = claimed <= row ? reached : row + portion(claimed - row, words[LEAST], words[PARTS]);
      Atomics.store(words, TAKEN, this.#row);
      this.#assign(first, end, row, this.#row);
      return 1;
    }
    const { HEAP32, HEAPF32 } = this.#heap;
    let [before, results] = [0, out >> 2];
    for (const { step, parts } of this.#products) {
      const part = parts[this.#current];
      const [tokens, rows] = [HEAP32[step + product.tokens], HEAP32[step + product.rows]];
      const done = Math.max(row - before, 0);
      for (let token = 0; token < tokens && done < part.rows; token++) {
        const start = results + token * part.rows;
        const to = (HEAP32[step + product.out] >>> 2) + token * rows + part.from + done;
        HEAPF32.set(this.#floats.subarray(start + done, start + part.rows), to);
      }
      before += padded(part.rows);
      results += tokens * part.rows;
    }
    return 0;
  }

  /** Assigns all rows of a helper that did not join. @param {number} first @param {number} end */
  #replace(first, end) {
    if (this.#row) return 0;
    this.#row = Number.POSITIVE_INFINITY;
    return this.#assign(first, end, 0, this.#row);
  }

  /**
   * Assigns a range of the current helper's rows, and no rows of products that are not divided.
   * @param {number} first
   * @param {number} end
   * @param {number} from
   * @param {number} to
   */
  #assign(first, end, from, to) {
    const { HEAP32 } = this.#heap;
    for (let step = first; step < end; step += STEP_WORDS) {
      HEAP32[step + product.firstRow] = HEAP32[step + product.endRow] = 0;
    }
    let before = 0;
    for (const { step, parts } of this.#products) {
      const part = parts[this.#current];
      assign(HEAP32, step, before, padded(part.rows), from, to, part.from);
      before += padded(part.rows);
    }
    return 1;
  }
}

/**
 * Whether a word has a value, or gets it within a number of checks.
 * @param {Int32Array} words
 * @param {number} index
 * @param {number} value
 * @param {number} looks
 */
function waitFor(words, index, value, looks) {
  for (; looks > 0; looks--) if (Atomics.load(words, index) === value) return true;
  return false;
}

/** @param {Part} part @param {number} tokens */
function leastRows({ bytes }, tokens) {
  const panels = LEAST_BYTES / (PANEL * bytes) / Math.max(1, tokens / LEAST_TOKENS);
  return PANEL * Math.ceil(panels);
}

/** @param {Matrix} matrix */
function bytesOf({ rows, panel_bytes: bytes }) {
  return Math.ceil(rows / PANEL) * bytes;
}

/**
 * Equal parts of a matrix for the helpers, after the rows of the engine's thread.
 * @param {Matrix} matrix
 * @param {number} helpers
 * @returns {Part[]}
 */
function divide({ rows, panel_bytes: bytes }, helpers) {
  const panels = Math.ceil(rows / PANEL);
  const own = (OWN * panels) / (helpers + 1);
  const bound = (/** @type {number} */ i) =>
    Math.min(rows, Math.round(own + ((panels - own) * i) / helpers) * PANEL);
  return Array.from({ length: helpers }, (_, i) => {
    const from = bound(i);
    const size = bound(i + 1) - from;
    return { from, rows: size, weights: 0, scales: 0, bytes: bytes / PANEL };
  });
}
