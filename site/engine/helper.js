// A helper thread: computes its rows of each product (tickets.js) in memory shared with the engine's thread.
// It lives until it is terminated, or with the worker that started it.

import {
  ASLEEP,
  assign,
  CLAIMED,
  CONTROL,
  COUNT,
  DONE,
  LEAST,
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
} from "./tickets.js";

/**
 * Milliseconds without a ticket after which it sleeps: longer than from product to product, but not so long
 * that on a busy machine it takes the time of the thread for which it waits.
 */
const PATIENCE = 0.2;
const scope = /** @type {any} */ (globalThis);

/** @param {Int32Array} control @param {number} seen @returns {number} the next ticket */
function nextTicket(control, seen) {
  const deadline = performance.now() + PATIENCE;
  for (let turn = 1; ; turn++) {
    const ticket = Atomics.load(control, TICKET);
    if (ticket !== seen) return ticket;
    pause();
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
  const last = STEP + control[COUNT] * STEP_WORDS;
  const least = control[LEAST];
  const parts = control[PARTS];
  begin(first);
  let end = 0;
  for (let step = STEP; step < last; step += STEP_WORDS) end += padded(control[step + 9]);
  for (;;) {
    const taken = Atomics.load(control, TAKEN);
    if (end <= taken) return;
    const start = end - portion(end - taken, least, parts);
    Atomics.store(control, CLAIMED, start);
    for (let step = STEP, before = 0; step < last; step += STEP_WORDS) {
      const rows = padded(control[step + 9]);
      assign(control, step, before, rows, start, end);
      before += rows;
    }
    rowsOf(first);
    end = start;
    Atomics.store(control, REACHED, end);
  }
}

scope.onmessage = (/** @type {MessageEvent} */ { data: { module, memory, number } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  /** @type {any} */ (exports).__stack_pointer.value = (number + 1) * PAGE;
  const control = new Int32Array(memory.buffer, number * PAGE, CONTROL);
  scope.postMessage("ready");
  for (let ticket = 0; ; ) {
    ticket = nextTicket(control, ticket);
    compute(control, exports);
    Atomics.store(control, DONE, ticket);
  }
};
