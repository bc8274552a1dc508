// Threads for a model's products: helper workers compute some rows of each large matrix, of which they
// have copies in a memory that they share with the engine's thread.
//
// The engine's thread never waits for a helper longer than a piece of work takes: it holds all weights, so
// what a helper has not done it does itself. A helper that is slow, asleep or dead costs speed, nothing
// else. Rows are divided, never sums: the numbers are the same to the last bit, whoever computes them.

import { startScript } from "./start.js";
import {
  ASLEEP,
  assign,
  CLAIMED,
  CONTROL,
  COUNT,
  DONE,
  LEAST,
  PAGE,
  PANEL,
  PARTS,
  padded,
  portion,
  REACHED,
  STEP,
  STEP_WORDS,
  TAKEN,
  TICKET,
  TOGETHER,
} from "./work-queue.js";

/**
 * A matrix as it lies in Python's memory (simd_kernel.py): addresses, sizes, and how many bytes of
 * weights and of scales belong to a panel of 16 rows.
 * @typedef {{weights: number, scales: number, rows: number, columns: number, panel_bytes: number, scale_bytes: number}} Matrix
 * @typedef {{HEAPU8: Uint8Array, HEAP32: Int32Array, HEAPF32: Float32Array}} Heap
 * @typedef {{from: number, rows: number, weights: number, scales: number, bytes: number}} Part  a helper's rows; bytes of each
 * @typedef {{parts: Part[], own: number, bytes: number}} Division  the helpers' parts of a matrix, how many rows before them are none's, and its size
 * @typedef {Division & {step: number}} Product  of those in hand: its step, and its matrix's division
 * @typedef {{words: Int32Array, base: number, bias: number, scratch: number, out: number, lost: number, joined: boolean}} Helper
 */

/** Threads beyond these gain little: they wait for the same memory. More than the limit are not even asked for. */
const MOST_THREADS = 4;
const LIMIT = 16;
/** Bytes of weights of products that go together, below which dividing them costs more than it gains. */
const SMALLEST = 64 * 1024;
/** Bytes of a matrix below which it is not worth a helper's while, whatever goes with it. */
const SMALLEST_MATRIX = 16 * 1024;
/**
 * What the engine's thread computes at least, of an equal share: a helper that reads ahead while it waits is the
 * faster one. What is left over goes to whoever comes first.
 */
const OWN = 7 / 8;
/** Tokens that pass through a matrix at once at most (SimdKernel.chunk_size). */
const TOKENS = 40;
/** The work that is worth a look at the other side, 1 or 2 microseconds: bytes of weights, for so few tokens. */
const LEAST_BYTES = 32 * 1024;
const LEAST_TOKENS = 4;
/**
 * How often to look for the end of a helper's last piece before doing it oneself, for as many rows as are worth a
 * look: 1 or 2 microseconds, so that waiting for nothing at most doubles the time. And how often at least, 20 microseconds.
 */
const LOOKS_EACH = 400;
const LOOKS = 5000;
/** For one token, both sides wait for memory and are about as fast: they take long runs. Else the faster takes more. */
const PARTS_OF_ONE = 8;
const PARTS_OF_MANY = 2;
const START_PATIENCE = 10_000;
/** Words of scratch that a product needs at most besides one for each column. */
const SPARE = 2;

/**
 * Helpers for a model that is to be loaded: as many as there are cores to spare, or as were asked for;
 * null where memory cannot be shared, or only one thread is wanted.
 * @param {{threads?: number, kernel?: string}} model
 */
export function startHelpers({ threads, kernel }) {
  if (!globalThis.crossOriginIsolated || kernel === "numpy") return null;
  const count = Math.min(threads ?? Math.min(navigator.hardwareConcurrency, MOST_THREADS), LIMIT);
  return count > 1 ? new Helpers(count - 1) : null;
}

const createHelper = () => startScript(new URL("helper.js", import.meta.url).href, "goosequill-helper");

/** Helper workers on their way, started early to be there when the model is. */
export class Helpers {
  /** @type {Worker[]} */
  #workers = [];
  /** @type {string} why one of them could not start */
  #failure = "";

  /** @param {number} count @param {() => Worker} [create] */
  constructor(count, create = createHelper) {
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
   * Gives each its part of the matrices and waits until all are ready.
   * @param {WebAssembly.Module} module simd.c, as compiled for helpers
   * @param {Matrix[]} matrices
   * @param {Heap} heap
   * @param {number} [room] bytes that copies of the weights may take
   */
  async join(module, matrices, heap, room = Number.POSITIVE_INFINITY) {
    if (this.#failure) throw new Error(this.#failure);
    const team = new Team(this.#workers.length, matrices, heap, room);
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

/** The memory that is shared, and the division of each product. */
export class Team {
  #heap;
  /** @type {Helper[]} */
  #helpers = [];
  /** @type {Map<number, Division>} by the weights' address */
  #divisions = new Map();
  #inputs = 0;
  #inputSize = 0;
  /** @type {Float32Array} */
  #floats;
  // The products in hand that are divided, the helper whose parts it is about, and the next row of those.
  /** @type {Product[]} */
  #products = [];
  #begun = false;
  #turn = 0;
  #row = 0;

  /** @param {number} count @param {Matrix[]} matrices @param {Heap} heap @param {number} room */
  constructor(count, matrices, heap, room) {
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
    this.#inputSize = TOKENS * widest;
    this.#inputs = take(4 * this.#inputSize);
    for (let i = 0; i < count; i++) {
      const sizes = [TOGETHER * longest, TOKENS * (widest + SPARE), TOKENS * longest];
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
    if (end > room) throw new Error("there is no memory for copies of the weights");
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
    /** @param {number} to @param {number} from @param {Part} part @param {number} size of a panel */
    const copy = (to, from, part, size) => {
      const start = from + (part.from / PANEL) * size;
      shared.set(this.#heap.HEAPU8.subarray(start, start + (padded(part.rows) / PANEL) * size), to);
    };
    for (const part of parts) {
      copy(part.weights, matrix.weights, part, matrix.panel_bytes);
      copy(part.scales, matrix.scales, part, matrix.scale_bytes);
    }
    if (parts.length)
      this.#divisions.set(matrix.weights, { parts, own: parts[0].from, bytes: bytesOf(matrix) });
  }

  /**
   * What simd.c asks for products that begin with a step: the first time it hands out tickets; each time it
   * writes from which row to which the engine's thread should compute each next, and in the end it collects the rest.
   * @param {number} address of the first step
   * @returns {number} 0 when all rows are there
   */
  share(address) {
    const step = address >>> 2;
    const end = step + this.#heap.HEAP32[step + 14] * STEP_WORDS;
    if (!this.#begun) return this.#begin(step, end);
    while (this.#products.length && this.#turn < this.#helpers.length) {
      const helper = this.#helpers[this.#turn];
      if (helper.joined ? this.#meet(step, end, helper) : this.#replace(step, end)) return 1;
      this.#turn++;
      this.#row = 0;
    }
    this.#begun = false;
    return 0;
  }

  /** @param {number} first @param {number} end */
  #begin(first, end) {
    const words = this.#heap.HEAP32;
    this.#turn = this.#row = 0;
    this.#begun = true;
    this.#products.length = 0;
    let [inputs, bytes] = [0, 0];
    for (let step = first; step < end; step += STEP_WORDS) {
      words[step + 12] = 0;
      words[step + 13] = words[step + 9];
      const size = words[step + 7] * words[step + 8];
      const found = this.#divisions.get(words[step + 2] >>> 0); // addresses may be beyond 2 GiB
      if (!found || inputs + size > this.#inputSize || this.#products.length === TOGETHER) continue;
      this.#products.push({ step, ...found });
      inputs += size;
      bytes += found.bytes;
    }
    if (bytes < SMALLEST) this.#products.length = 0;
    let to = this.#inputs >> 2;
    for (const { step, own } of this.#products) {
      const size = words[step + 7] * words[step + 8];
      const from = words[step + 4] >>> 2;
      this.#floats.set(this.#heap.HEAPF32.subarray(from, from + size), to);
      words[step + 13] = own;
      to += size;
    }
    if (this.#products.length)
      for (const [number, helper] of this.#helpers.entries()) this.#hand(helper, number);
    return 1;
  }

  /** Hands out a ticket, unless the helper still has not left the one before. @param {Helper} helper @param {number} number */
  #hand(helper, number) {
    const { words } = helper;
    const last = words[TICKET];
    helper.joined = waitFor(words, DONE, last, helper.lost === last ? 1 : LOOKS);
    if (!helper.joined) {
      helper.lost = last;
      return;
    }
    const from = this.#heap.HEAP32;
    let [to, rows, inputs, results, scratch] = [STEP, 0, this.#inputs, helper.out, helper.scratch];
    for (const { step, parts } of this.#products) {
      const part = parts[number];
      const [tokens, columns, bias] = [from[step + 7], from[step + 8], from[step + 5]];
      if (bias) {
        const start = (bias >>> 2) + part.from;
        this.#floats.set(this.#heap.HEAPF32.subarray(start, start + part.rows), (helper.bias >> 2) + rows);
      }
      words[to] = from[step];
      words[to + 1] = results;
      words[to + 2] = part.weights;
      words[to + 3] = part.scales;
      words[to + 4] = inputs;
      words[to + 5] = bias && helper.bias + 4 * rows;
      words[to + 6] = scratch;
      words[to + 7] = tokens;
      words[to + 8] = columns;
      words[to + 9] = part.rows;
      words[to + 10] = from[step + 10];
      words[to + 11] = from[step + 11];
      to += STEP_WORDS;
      rows += padded(part.rows);
      inputs += 4 * tokens * columns;
      results += 4 * tokens * part.rows;
      scratch += 4 * tokens * (columns + SPARE);
    }
    const [{ step, parts }] = this.#products;
    words[COUNT] = words[STEP + 14] = this.#products.length;
    words[TAKEN] = 0;
    words[LEAST] = leastRows(parts[number], from[step + 7]);
    words[PARTS] = from[step + 7] === 1 ? PARTS_OF_ONE : PARTS_OF_MANY;
    words[REACHED] = words[CLAIMED] = rows;
    Atomics.store(words, TICKET, last + 1);
    if (Atomics.load(words, ASLEEP)) Atomics.notify(words, TICKET);
  }

  /** The next rows of a helper's that it has not begun; collects and answers 0 when they have met. @param {number} first @param {number} end @param {Helper} helper */
  #meet(first, end, { words, out }) {
    const row = this.#row;
    for (let looked = 0; ; looked++) {
      const reached = Atomics.load(words, REACHED);
      if (reached <= row) break;
      const claimed = Atomics.load(words, CLAIMED);
      const looks = Math.max(LOOKS, LOOKS_EACH * ((reached - row) / words[LEAST]));
      if (claimed <= row && looked < looks) continue; // it is at the last piece
      this.#row = claimed <= row ? reached : row + portion(claimed - row, words[LEAST], words[PARTS]);
      Atomics.store(words, TAKEN, this.#row);
      this.#assign(first, end, row, this.#row);
      return 1;
    }
    const { HEAP32, HEAPF32 } = this.#heap;
    let [before, results] = [0, out >> 2];
    for (const { step, parts } of this.#products) {
      const part = parts[this.#turn];
      const [tokens, rows, done] = [HEAP32[step + 7], HEAP32[step + 9], Math.max(row - before, 0)];
      for (let token = 0; token < tokens && done < part.rows; token++) {
        const start = results + token * part.rows;
        const to = (HEAP32[step + 1] >>> 2) + token * rows + part.from + done;
        HEAPF32.set(this.#floats.subarray(start + done, start + part.rows), to);
      }
      before += padded(part.rows);
      results += tokens * part.rows;
    }
    return 0;
  }

  /** All rows of a helper that did not come. @param {number} first @param {number} end */
  #replace(first, end) {
    if (this.#row) return 0;
    this.#row = Number.POSITIVE_INFINITY;
    return this.#assign(first, end, 0, this.#row);
  }

  /** Of a helper's rows those from one to another, and of products that are not divided none. @param {number} first @param {number} end @param {number} from @param {number} to */
  #assign(first, end, from, to) {
    const { HEAP32 } = this.#heap;
    for (let step = first; step < end; step += STEP_WORDS) HEAP32[step + 12] = HEAP32[step + 13] = 0;
    let before = 0;
    for (const { step, parts } of this.#products) {
      const part = parts[this.#turn];
      assign(HEAP32, step, before, padded(part.rows), from, to, part.from);
      before += padded(part.rows);
    }
    return 1;
  }
}

/** Whether a word has a value, or gets it while one looks. @param {Int32Array} words @param {number} index @param {number} value @param {number} looks */
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
 * Equal parts of a matrix for the helpers, behind the rows of the engine's thread.
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
