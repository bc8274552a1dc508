// What the engine's thread and a helper thread tell each other, in 32-bit words of the memory that they
// share. A ticket is a product, or several that need nothing of one another, of which a helper has some rows,
// counted through from product to product. Both work on these at the same time, the helper from the last row
// upwards, the engine's thread from the first row down, until they meet.
//
// Each side writes words of a cache line of its own; steps are what simd.c's product_begin reads, and a ticket's
// belong to the helper until it is done with it.

/** Words of a helper's control block, by who writes them. */
export const TICKET = 0; // engine: the number of the latest ticket
export const TAKEN = 1; // engine: rows before this one it computes itself
export const LEAST = 2; // engine: how many rows are worth a look at the other side
export const PARTS = 3; // engine: into how many parts to think of what neither side has begun
export const COUNT = 4; // engine: how many products the ticket has, one step after the other
export const CLAIMED = 16; // helper: rows from this one on it computes
export const REACHED = 17; // helper: rows from this one on are computed
export const DONE = 18; // helper: the ticket that it has left
export const ASLEEP = 19; // helper: whether it has to be woken
export const STEP = 32; // engine: the steps
export const NEXT = 160; // helper: the steps of the ticket that it expects
export const CONTROL = 288; // all of them

/** Words of a step in simd.c. */
export const STEP_WORDS = 15;
/** Products of a ticket at most; as simd_kernel.py joins them. */
export const TOGETHER = 8;

/** Bytes of a helper's page: its control block, and above it its stack. */
export const PAGE = 65536;

/** Rows of a panel, which is never divided. */
export const PANEL = 16;

/**
 * How many rows one side takes of those that neither has begun: all parts but one, so that memory is read in
 * long runs and yet both are done at about the same time.
 * @param {number} left a multiple of PANEL
 * @param {number} least
 * @param {number} parts
 */
export const portion = (left, least, parts) =>
  Math.min(left, Math.max(least, PANEL * Math.ceil((left / PANEL) * (1 - 1 / parts))));

/** Rows of whole panels. @param {number} rows */
export const padded = (rows) => PANEL * Math.ceil(rows / PANEL);

/**
 * Writes into a product's step which of its rows are among those of a ticket from one to another.
 * @param {Int32Array} words
 * @param {number} step
 * @param {number} before rows of the ticket that come before the product's
 * @param {number} rows of the product in the ticket, whole panels
 * @param {number} from
 * @param {number} to
 * @param {number} [first] where the product's rows in the ticket begin among all its rows
 */
export function assign(words, step, before, rows, from, to, first = 0) {
  words[step + 12] = first + Math.min(Math.max(from - before, 0), rows);
  words[step + 13] = first + Math.min(Math.max(to - before, 0), rows);
}

/** A processor that knows that a loop only waits lets its twin run faster. */
export const pause = /** @type {any} */ (Atomics).pause ?? (() => {});
