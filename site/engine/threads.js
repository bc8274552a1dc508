// Threads for a model's products: helper workers compute some rows of each large matrix, of which they
// have copies in a memory that they share with the engine's thread.
//
// The engine's thread never waits for a helper longer than a piece of work takes: it holds all weights, so
// what a helper has not done it does itself. A helper that is slow, asleep or dead costs speed, nothing
// else. Rows are divided, never sums: the numbers are the same to the last bit, whoever computes them.

import { startScript } from "./start.js";
import {
  ASLEEP,
  CLAIMED,
  DONE,
  LEAST,
  PAGE,
  PANEL,
  portion,
  REACHED,
  STEP,
  TAKEN,
  TICKET,
} from "./tickets.js";

/**
 * A matrix as it lies in Python's memory (simd_kernel.py): addresses, sizes, and how many bytes of
 * weights and of scales belong to a panel of 16 rows.
 * @typedef {{weights: number, scales: number, rows: number, columns: number, panel_bytes: number, scale_bytes: number}} Matrix
 * @typedef {{HEAPU8: Uint8Array, HEAP32: Int32Array, HEAPF32: Float32Array}} Heap
 * @typedef {{from: number, rows: number, weights: number, scales: number, bytes: number}} Part  a helper's rows; bytes of each
 * @typedef {{words: Int32Array, base: number, bias: number, scratch: number, out: number, lost: number, joined: boolean}} Helper
 */

/** Threads beyond these gain little: they wait for the same memory. More than the limit are not even asked for. */
const MOST_THREADS = 4;
const LIMIT = 16;
/** Bytes of weights below which dividing a matrix costs more than it gains. */
const SMALLEST = 64 * 1024;
/** Tokens that pass through a matrix at once at most (SimdKernel.chunk_size). */
const TOKENS = 40;
/** The work that is worth a look at the other side, 1 or 2 microseconds: bytes of weights, for so few tokens. */
const LEAST_BYTES = 32 * 1024;
const LEAST_TOKENS = 4;
/** How often to look for the end of a helper's last piece, about 20 microseconds, before doing it oneself. */
const LOOKS = 5000;
const START_PATIENCE = 10_000;

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
  /** @type {Map<number, {parts: Part[], own: number}>} by the weights' address */
  #parts = new Map();
  #inputs = 0;
  #inputSize = 0;
  /** @type {Float32Array} */
  #floats;
  // The product in hand: its parts, the helper whose part it is about, and the next row of that.
  /** @type {{parts: Part[], own: number} | undefined | null} */
  #open = null;
  #turn = 0;
  #row = 0;

  /** @param {number} count @param {Matrix[]} matrices @param {Heap} heap @param {number} room */
  constructor(count, matrices, heap, room) {
    this.#heap = heap;
    const large = matrices.filter(({ rows, panel_bytes: bytes }) => (rows / PANEL) * bytes >= SMALLEST);
    const parts = large.map((matrix) => divide(matrix, count));
    const widest = large.reduce((most, { columns }) => Math.max(most, columns), 0);
    const longest = Math.max(0, ...parts.flat().map(({ rows }) => rows));
    let end = count * PAGE;
    const take = (/** @type {number} */ bytes) => {
      const start = end;
      end += Math.ceil(bytes / 64) * 64;
      return start;
    };
    this.#inputSize = TOKENS * widest;
    this.#inputs = take(4 * this.#inputSize);
    for (let i = 0; i < count; i++) {
      const [bias, scratch, out] = [longest, TOKENS * (widest + 2), TOKENS * longest].map((n) => take(4 * n));
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
        part.weights = take(panelsOf(part) * matrix.panel_bytes);
        part.scales = take(panelsOf(part) * matrix.scale_bytes);
      }
    }
    if (end > room) throw new Error("there is no memory for copies of the weights");
    const pages = Math.ceil(end / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#floats = new Float32Array(this.memory.buffer);
    for (const helper of this.#helpers) helper.words = new Int32Array(this.memory.buffer, helper.base, 64);
    for (const [i, matrix] of large.entries()) this.#copy(matrix, parts[i]);
  }

  /** @param {Matrix} matrix @param {Part[]} parts */
  #copy(matrix, parts) {
    const shared = new Uint8Array(this.memory.buffer);
    /** @param {number} to @param {number} from @param {Part} part @param {number} size of a panel */
    const copy = (to, from, part, size) => {
      const start = from + (part.from / PANEL) * size;
      shared.set(this.#heap.HEAPU8.subarray(start, start + panelsOf(part) * size), to);
    };
    for (const part of parts) {
      copy(part.weights, matrix.weights, part, matrix.panel_bytes);
      copy(part.scales, matrix.scales, part, matrix.scale_bytes);
    }
    if (parts.length) this.#parts.set(matrix.weights, { parts, own: parts[0].from });
  }

  /**
   * What simd.c asks for a product's step: the first time it hands out tickets; each time it writes from
   * which row to which the engine's thread should compute next, and in the end it collects the rest.
   * @param {number} address of the step
   * @returns {number} 0 when all rows are there
   */
  share(address) {
    const step = address >>> 2;
    if (this.#open === null) return this.#begin(step);
    const found = this.#open;
    while (found && this.#turn < found.parts.length) {
      const part = found.parts[this.#turn];
      const helper = this.#helpers[this.#turn];
      if (helper.joined ? this.#meet(step, helper, part) : this.#replace(step, part)) return 1;
      this.#turn++;
      this.#row = 0;
    }
    this.#open = null;
    return 0;
  }

  /** @param {number} step */
  #begin(step) {
    const words = this.#heap.HEAP32;
    const found = this.#parts.get(words[step + 2] >>> 0); // addresses may be beyond 2 GiB
    const size = words[step + 7] * words[step + 8];
    this.#turn = this.#row = 0;
    words[step + 12] = 0;
    this.#open = size <= this.#inputSize ? found : undefined;
    words[step + 13] = this.#open ? this.#open.own : words[step + 9];
    if (!this.#open) return 1;
    const inputs = words[step + 4] >>> 2;
    this.#floats.set(this.#heap.HEAPF32.subarray(inputs, inputs + size), this.#inputs >> 2);
    for (const [i, part] of this.#open.parts.entries()) this.#hand(step, this.#helpers[i], part);
    return 1;
  }

  /** Hands out a ticket, unless the helper still has not left the one before. @param {number} step @param {Helper} helper @param {Part} part */
  #hand(step, helper, part) {
    const { words } = helper;
    const last = words[TICKET];
    helper.joined = waitFor(words, DONE, last, helper.lost === last ? 1 : LOOKS);
    if (!helper.joined) {
      helper.lost = last;
      return;
    }
    const from = this.#heap.HEAP32;
    const bias = from[step + 5];
    if (bias) {
      const start = (bias >>> 2) + part.from;
      this.#floats.set(this.#heap.HEAPF32.subarray(start, start + part.rows), helper.bias >> 2);
    }
    words[STEP] = from[step];
    words[STEP + 1] = helper.out;
    words[STEP + 2] = part.weights;
    words[STEP + 3] = part.scales;
    words[STEP + 4] = this.#inputs;
    words[STEP + 5] = bias && helper.bias;
    words[STEP + 6] = helper.scratch;
    words[STEP + 7] = from[step + 7];
    words[STEP + 8] = from[step + 8];
    words[STEP + 9] = part.rows;
    words[STEP + 10] = from[step + 10];
    words[STEP + 11] = from[step + 11];
    words[TAKEN] = 0;
    words[LEAST] = leastRows(part, from[step + 7]);
    words[REACHED] = words[CLAIMED] = panelsOf(part) * PANEL;
    Atomics.store(words, TICKET, last + 1);
    if (Atomics.load(words, ASLEEP)) Atomics.notify(words, TICKET);
  }

  /** The next rows of a part that its helper has not begun; collects and answers 0 when they have met. @param {number} step @param {Helper} helper @param {Part} part */
  #meet(step, { words, out }, part) {
    const row = this.#row;
    for (let looks = LOOKS; ; looks--) {
      const reached = Atomics.load(words, REACHED);
      if (reached <= row) break;
      const claimed = Atomics.load(words, CLAIMED);
      if (claimed <= row && looks > 0) continue; // it is at the last piece
      this.#row = claimed <= row ? reached : row + portion(claimed - row, words[LEAST]);
      Atomics.store(words, TAKEN, this.#row);
      this.#assign(step, part, row, this.#row);
      return 1;
    }
    const { HEAP32, HEAPF32 } = this.#heap;
    const tokens = HEAP32[step + 7];
    const rows = HEAP32[step + 9];
    for (let token = 0; token < tokens; token++) {
      const start = (out >> 2) + token * part.rows;
      const to = (HEAP32[step + 1] >>> 2) + token * rows + part.from + row;
      if (row < part.rows) HEAPF32.set(this.#floats.subarray(start + row, start + part.rows), to);
    }
    return 0;
  }

  /** The whole of a part whose helper did not come. @param {number} step @param {Part} part */
  #replace(step, part) {
    if (this.#row) return 0;
    this.#row = part.rows;
    return this.#assign(step, part, 0, panelsOf(part) * PANEL);
  }

  /** @param {number} step @param {Part} part @param {number} from @param {number} to */
  #assign(step, part, from, to) {
    this.#heap.HEAP32[step + 12] = part.from + from;
    this.#heap.HEAP32[step + 13] = part.from + to;
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

/** @param {Part} part */
const panelsOf = (part) => Math.ceil(part.rows / PANEL);

/**
 * Equal parts of a matrix for the engine's thread, which has the first, and the helpers.
 * @param {Matrix} matrix
 * @param {number} helpers
 * @returns {Part[]}
 */
function divide({ rows, panel_bytes: bytes }, helpers) {
  const panels = Math.ceil(rows / PANEL);
  const bound = (/** @type {number} */ i) => Math.min(rows, Math.round((panels * i) / (helpers + 1)) * PANEL);
  return Array.from({ length: helpers }, (_, i) => {
    const from = bound(i + 1);
    const size = bound(i + 2) - from;
    return { from, rows: size, weights: 0, scales: 0, bytes: bytes / PANEL };
  });
}
