// A helper thread: computes its rows of each product (work-queue.js) in memory shared with the engine's thread.
// It lives until it is terminated, or with the worker that started it.

import {
  ASLEEP,
  assign,
  CLAIMED,
  CONTROL,
  COUNT,
  DONE,
  LEAST,
  NEXT,
  PAGE,
  PARTS,
  padded,
  pause,
  portion,
  REACHED,
  STEP,
  STEP_WORDS,
  TAKEN,
  TICKET,
} from "./work-queue.js";

/**
 * Milliseconds without a ticket after which it sleeps: longer than from token to token, since the next one's
 * beginning is over before it is awake, but not so long that a busy machine misses the time.
 */
const PATIENCE = 1;
/** Bytes that it reads ahead at most of each of the two streams of a product; they must stay in its second cache. */
const AHEAD = 192 * 1024;
const scope = /** @type {any} */ (globalThis);

/** Assigns rows of a ticket. @param {Int32Array} words @param {number} first of its steps @param {number} last @param {number} from @param {number} to */
function assignRows(words, first, last, from, to) {
  for (let step = first, before = 0; step < last; step += STEP_WORDS) {
    const rows = padded(words[step + 9]);
    assign(words, step, before, rows, from, to);
    before += rows;
  }
}

/** @param {Int32Array} control */
function endOfSteps(control) {
  return STEP + control[COUNT] * STEP_WORDS;
}

/** All rows of the ticket in hand. @param {Int32Array} control */
function rowsInHand(control) {
  let rows = 0;
  for (let step = STEP; step < endOfSteps(control); step += STEP_WORDS) rows += padded(control[step + 9]);
  return rows;
}

/** How many of the rows that are left it takes next. @param {Int32Array} control @param {number} left */
function piece(control, left) {
  return portion(left, control[LEAST], control[PARTS]);
}

/**
 * What a helper does while it waits: tickets for one token follow one another as they did for the last, so it reads
 * the first weights of the next into its cache.
 */
class Foresight {
  #control;
  #ahead;
  /** The steps of what came after a ticket, its first piece assigned; by the address of the ticket's first weights. @type {Map<number, Int32Array>} */
  #after = new Map();
  /** That address of the last ticket, if it was for one token. */
  #last = 0;
  #done = 0;
  #more = false;

  /** @param {Int32Array} control @param {any} product simd.c, as compiled for helpers */
  constructor(control, { product_ahead: ahead }) {
    this.#control = control;
    this.#ahead = ahead;
  }

  /** The ticket in hand is done: what comes next? */
  turn() {
    const control = this.#control;
    const first = control[STEP + 7] === 1 ? control[STEP + 2] : 0;
    if (first && this.#last && this.#after.get(this.#last)?.[2] !== first) {
      const steps = control.slice(STEP, endOfSteps(control));
      const rows = rowsInHand(control);
      assignRows(steps, 0, steps.length, rows - piece(control, rows), rows);
      this.#after.set(this.#last, steps);
    }
    this.#last = first;
    const next = this.#after.get(first);
    if (next) control.set(next, NEXT);
    this.#more = Boolean(next);
    this.#done = 0;
  }

  /** Reads a little of it, less than a microsecond's worth. @returns {boolean} whether there was anything to read */
  read() {
    if (!this.#more) return false;
    const done = this.#ahead(this.#control.byteOffset + 4 * NEXT, this.#done);
    this.#more = done > this.#done && done < AHEAD;
    this.#done = done;
    return true;
  }
}

/** @param {Int32Array} control @param {number} seen @param {Foresight} foresight @returns {number} the next ticket */
function nextTicket(control, seen, foresight) {
  const deadline = performance.now() + PATIENCE;
  for (let turn = 1; ; turn++) {
    const ticket = Atomics.load(control, TICKET);
    if (ticket !== seen) return ticket;
    if (!foresight.read()) pause();
    if (turn % 256 === 0 && performance.now() > deadline) {
      Atomics.store(control, ASLEEP, 1);
      Atomics.wait(control, TICKET, seen);
      Atomics.store(control, ASLEEP, 0);
    }
  }
}

/** @param {Int32Array} control @param {any} product simd.c, as compiled for helpers */
function compute(control, { product_begin: begin, product_rows: rowsOf }) {
  const first = control.byteOffset + 4 * STEP;
  begin(first);
  for (let end = rowsInHand(control); ; ) {
    const taken = Atomics.load(control, TAKEN);
    if (end <= taken) return;
    const start = end - piece(control, end - taken);
    Atomics.store(control, CLAIMED, start);
    assignRows(control, STEP, endOfSteps(control), start, end);
    rowsOf(first);
    end = start;
    Atomics.store(control, REACHED, end);
  }
}

scope.onmessage = (/** @type {MessageEvent} */ { data: { module, memory, number } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  /** @type {any} */ (exports).__stack_pointer.value = (number + 1) * PAGE;
  const control = new Int32Array(memory.buffer, number * PAGE, CONTROL);
  const foresight = new Foresight(control, exports);
  scope.postMessage("ready");
  for (let ticket = 0; ; ) {
    ticket = nextTicket(control, ticket, foresight);
    compute(control, exports);
    foresight.turn();
    Atomics.store(control, DONE, ticket);
  }
};
