/**
 * The kernel's interface, as helper threads need it.
 * Written by scripts/abi.py from py/goosequill/kernels/abi.py; do not edit.
 */

export const STEP_WORDS = 17;
export const PANEL = 16;
export const GROUP = 64;
export const CHUNK = 64;
export const KEPT = 16;
export const MAX_JOINED = 8;

/** The operation number of a product. */
export const PRODUCT = 9;

/** Index of each field in the words of a product's step. */
export const product = Object.freeze({
  operation: 0,
  out: 1,
  weights: 2,
  scales: 3,
  inputs: 4,
  bias: 5,
  scratch: 6,
  tokens: 7,
  columns: 8,
  rows: 9,
  activation: 10,
  form: 11,
  firstRow: 12,
  endRow: 13,
  joined: 14,
  gap: 15,
});
