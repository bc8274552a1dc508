/**
 * The memory through which the engine's thread and a helper thread share work, in 32-bit words. A work item
 * is a product, or several that do not need each other's results, of which a helper has some rows; these are
 * numbered across the products. Both threads compute them at the same time, the helper from the last row
 * upwards, the engine's thread from the first row downwards, until they meet.
 *
 * Each side writes to its own cache lines. The steps are what simd.c's product_begin reads; those of a work
 * item belong to the helper until it has finished the item.
 */

import { MAX_JOINED, PANEL, product, STEP_WORDS } from "./abi.js";

/** Words for the steps of a work item, in whole cache lines. */
const ITEM_WORDS = 16 * Math.ceil((MAX_JOINED * STEP_WORDS) / 16);

// Words of a helper's control block, by who writes them.
export const ITEM = 0; // engine: the number of the latest work item
export const TAKEN = 1; // engine: it computes the rows before this one itself
export const LEAST = 2; // engine: rows that are worth a check of the other side's progress
export const PARTS = 3; // engine: the number of parts to divide the remaining rows into
export const COUNT = 4; // engine: products in the work item, one step after the other
export const CLAIMED = 16; // helper: it computes the rows from this one on
export const REACHED = 17; // helper: the rows from this one on are computed
export const DONE = 18; // helper: the work item that it has finished
export const ASLEEP = 19; // helper: whether it has to be woken
export const STEPS = 32; // engine: the steps of the work item
export const NEXT_STEPS = STEPS + ITEM_WORDS; // helper: the steps of the work item that it expects next
export const CONTROL = NEXT_STEPS + ITEM_WORDS; // length of the control block

/** Bytes of a helper's page: its control block, and above it its stack. */
export const PAGE = 65536;

/**
 * How many rows one side takes of those that neither has begun: all parts but one, so that memory is read in
 * long runs, and still both finish at about the same time.
 * @param {number} left a multiple of PANEL
 * @param {number} least
 * @param {number} parts
 */
export const portion = (left, least, parts) =>
  Math.min(left, Math.max(least, PANEL * Math.ceil((left / PANEL) * (1 - 1 / parts))));

/** Rows including those that pad the last panel. @param {number} rows */
export const padded = (rows) => PANEL * Math.ceil(rows / PANEL);

/**
 * Writes the rows to compute into a product's step: those that are in a range of the work item's rows.
 * @param {Int32Array} words
 * @param {number} step
 * @param {number} before rows of the work item that come before the product's
 * @param {number} rows the product's rows in the work item, in whole panels
 * @param {number} from start of the range
 * @param {number} to end of the range
 * @param {number} [first] the first of the product's rows that belong to the work item
 */
export function assign(words, step, before, rows, from, to, first = 0) {
  words[step + product.firstRow] = first + Math.min(Math.max(from - before, 0), rows);
  words[step + product.endRow] = first + Math.min(Math.max(to - before, 0), rows);
}

/** Tells the processor that a loop only waits, so that the core's other thread runs faster. */
export const pause = /** @type {any} */ (Atomics).pause ?? (() => {});
