// What the engine's thread and a helper thread tell each other, in 32-bit words of the memory that they
// share. A ticket is a product of which a helper has some rows; both work on these at the same time, the
// helper from the last row upwards, the engine's thread from the first row down, until they meet.
//
// Each side writes words of a cache line of its own; a step is what simd.c's product_begin reads.

/** Words of a helper's control block, by who writes them. */
export const TICKET = 0; // engine: the number of the latest ticket
export const TAKEN = 1; // engine: rows before this one it computes itself
export const LEAST = 2; // engine: how many rows are worth a look at the other side
export const CLAIMED = 16; // helper: rows from this one on it computes
export const REACHED = 17; // helper: rows from this one on are computed
export const DONE = 18; // helper: the ticket that it has left
export const ASLEEP = 19; // helper: whether it has to be woken
export const STEP = 32; // engine: the step, 14 words

/** Bytes of a helper's page: its control block, and above it its stack. */
export const PAGE = 65536;

/** Rows of a panel, which is never divided. */
export const PANEL = 16;

/**
 * How many rows one side takes of those that neither has begun: half of them, so that memory is read in
 * long runs and yet both are done at the same time.
 * @param {number} left a multiple of PANEL
 * @param {number} least
 */
export const portion = (left, least) => Math.min(left, Math.max(least, PANEL * Math.ceil(left / PANEL / 2)));

/** A processor that knows that a loop only waits lets its twin run faster. */
export const pause = /** @type {any} */ (Atomics).pause ?? (() => {});
