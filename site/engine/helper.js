// A helper thread: computes its rows of each product (tickets.js) in memory shared with the engine's thread.
// It lives until it is terminated, or with the worker that started it.

import {
  ASLEEP,
  CLAIMED,
  DONE,
  LEAST,
  PAGE,
  PANEL,
  pause,
  portion,
  REACHED,
  STEP,
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
  const step = control.byteOffset + 4 * STEP;
  const least = control[LEAST];
  begin(step);
  let end = Math.ceil(control[STEP + 9] / PANEL) * PANEL;
  for (;;) {
    const taken = Atomics.load(control, TAKEN);
    if (end <= taken) return;
    const start = end - portion(end - taken, least);
    Atomics.store(control, CLAIMED, start);
    rowsOf(step, start, end);
    end = start;
    Atomics.store(control, REACHED, end);
  }
}

scope.onmessage = (/** @type {MessageEvent} */ { data: { module, memory, number } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  /** @type {any} */ (exports).__stack_pointer.value = (number + 1) * PAGE;
  const control = new Int32Array(memory.buffer, number * PAGE, 64);
  scope.postMessage("ready");
  for (let ticket = 0; ; ) {
    ticket = nextTicket(control, ticket);
    compute(control, exports);
    Atomics.store(control, DONE, ticket);
  }
};
