/**
 * A helper thread: computes its rows of each product (work-queue.js) in memory shared with the engine's
 * thread. It runs until it is terminated, or until the worker that started it is.
 */

import { product, STEP_WORDS } from "./abi.js";
import {
  ASLEEP,
  assign,
  CLAIMED,
  CONTROL,
  COUNT,
  DONE,
  ITEM,
  LEAST,
  NEXT_STEPS,
  PAGE,
  PARTS,
  padded,
  pause,
  portion,
  REACHED,
  STEPS,
  TAKEN,
} from "./work-queue.js";

/**
 * Milliseconds without work after which it sleeps. Longer than the time between two tokens, because a
 * sleeping helper misses the beginning of the next one; but short, so that it does not keep a core busy for
 * nothing.
 */
const PATIENCE = 1;
/** Bytes to prefetch at most of each of a product's two streams; they must stay in the second-level cache. */
const PREFETCH = 192 * 1024;
const scope = /** @type {any} */ (globalThis);

/**
 * Assigns a range of a work item's rows to the steps of its products.
 * @param {Int32Array} words
 * @param {number} first index of the first step
 * @param {number} last index behind the last step
 * @param {number} from
 * @param {number} to
 */
function assignRows(words, first, last, from, to) {
  for (let step = first, before = 0; step < last; step += STEP_WORDS) {
    const rows = padded(words[step + product.rows]);
    assign(words, step, before, rows, from, to);
    before += rows;
  }
}

/** @param {Int32Array} control */
function endOfSteps(control) {
  return STEPS + control[COUNT] * STEP_WORDS;
}

/** All rows of the current work item. @param {Int32Array} control */
function rowsOfItem(control) {
  let rows = 0;
  for (let step = STEPS; step < endOfSteps(control); step += STEP_WORDS) {
    rows += padded(control[step + product.rows]);
  }
  return rows;
}

/** How many of the remaining rows to take next. @param {Int32Array} control @param {number} left */
function piece(control, left) {
  return portion(left, control[LEAST], control[PARTS]);
}

/**
 * Prefetches weights while the helper waits: the work items for a token follow each other in the order of the
 * token before, so it reads the first weights of the next item into its cache.
 */
class Prefetcher {
  #control;
  #ahead;
  /**
   * The steps of the work item that followed another, with its first piece assigned, by the address of the
   * other one's first weights.
   * @type {Map<number, Int32Array>}
   */
  #following = new Map();
  /** The address of the last work item's first weights, if it was for one token. */
  #last = 0;
  #done = 0;
  #more = false;

  /** @param {Int32Array} control @param {any} exports of simd.c, as compiled for helpers */
  constructor(control, { product_ahead: ahead }) {
    this.#control = control;
    this.#ahead = ahead;
  }

  /** Records the work item that was just finished, and looks up the one that should come next. */
  advance() {
    const control = this.#control;
    const first = control[STEPS + product.tokens] === 1 ? control[STEPS + product.weights] : 0;
    if (first && this.#last && this.#following.get(this.#last)?.[product.weights] !== first) {
      const steps = control.slice(STEPS, endOfSteps(control));
      const rows = rowsOfItem(control);
      assignRows(steps, 0, steps.length, rows - piece(control, rows), rows);
      this.#following.set(this.#last, steps);
    }
    this.#last = first;
    const next = this.#following.get(first);
    if (next) control.set(next, NEXT_STEPS);
    this.#more = Boolean(next);
    this.#done = 0;
  }

  /** Prefetches for less than a microsecond. @returns {boolean} whether there was anything to read */
  read() {
    if (!this.#more) return false;
    const done = this.#ahead(this.#control.byteOffset + 4 * NEXT_STEPS, this.#done);
    this.#more = done > this.#done && done < PREFETCH;
    this.#done = done;
    return true;
  }
}

/**
 * Waits for the next work item, busy at first, then asleep.
 * @param {Int32Array} control
 * @param {number} last number of the last one
 * @param {Prefetcher} prefetcher
 * @returns {number} its number
 */
function nextItem(control, last, prefetcher) {
  const deadline = performance.now() + PATIENCE;
  for (let turn = 1; ; turn++) {
    const item = Atomics.load(control, ITEM);
    if (item !== last) return item;
    if (!prefetcher.read()) pause();
    if (turn % 256 === 0 && performance.now() > deadline) {
      Atomics.store(control, ASLEEP, 1);
      Atomics.wait(control, ITEM, last);
      Atomics.store(control, ASLEEP, 0);
    }
  }
}

/** @param {Int32Array} control @param {any} exports of simd.c, as compiled for helpers */
function compute(control, { product_begin: begin, product_rows: computeRows }) {
  const first = control.byteOffset + 4 * STEPS;
  begin(first);
  for (let end = rowsOfItem(control); ; ) {
    const taken = Atomics.load(control, TAKEN);
    if (end <= taken) return;
    const start = end - piece(control, end - taken);
    Atomics.store(control, CLAIMED, start);
    assignRows(control, STEPS, endOfSteps(control), start, end);
    computeRows(first);
    end = start;
    Atomics.store(control, REACHED, end);
  }
}

scope.onmessage = (/** @type {MessageEvent} */ { data: { module, memory, number } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  /** @type {any} */ (exports).__stack_pointer.value = (number + 1) * PAGE;
  const control = new Int32Array(memory.buffer, number * PAGE, CONTROL);
  const prefetcher = new Prefetcher(control, exports);
  scope.postMessage("ready");
  for (let item = 0; ; ) {
    item = nextItem(control, item, prefetcher);
    compute(control, exports);
    prefetcher.advance();
    Atomics.store(control, DONE, item);
  }
};
