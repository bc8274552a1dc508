/**
 * How much memory a model may take. Pages ask it too, to say which models are too large before anything is
 * downloaded.
 */

/** GiB that WebAssembly can address, and bytes of them that Python itself takes. */
const ADDRESSABLE = 4;
export const OWN_MEMORY = 150_000_000;

/** Bytes that a model may take. */
export function available() {
  const device = /** @type {any} */ (globalThis.navigator)?.deviceMemory ?? ADDRESSABLE;
  return Math.min(ADDRESSABLE, device) * 2 ** 30 - OWN_MEMORY;
}

/** @typedef {{16: number, 8: number, 4: number}} Sizes bytes by bits of a weight */

/**
 * The bits that a model fits with: 8, as large models have by default, else 4, else 0.
 * @param {Sizes} memory that loading takes
 * @param {number} [limit] in bytes
 */
export function bitsThatFit(memory, limit = available()) {
  if (memory["8"] <= limit) return 8;
  return memory["4"] <= limit ? 4 : 0;
}
