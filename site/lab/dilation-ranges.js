/** The limits of each setting given all others: controls need them before Python has been loaded. */

/**
 * @typedef {{
 *   size: number, kernel: number, padding: number, stride: number, dilation: number, transposed: boolean
 * }} Geometry
 */

/** @type {Record<string, [number, number]>} */
const LIMITS = { size: [1, 32], kernel: [1, 9], padding: [0, 9], stride: [1, 9], dilation: [1, 32] };

/** The rows of the output; 0 or less if the setting is impossible. @param {Geometry} setting */
export function outputSize({ size, kernel, padding, stride, dilation, transposed }) {
  const span = kernel + (kernel - 1) * (dilation - 1);
  if (transposed) return stride * (size - 1) + span - 2 * padding;
  return Math.floor((size + 2 * padding - span) / stride) + 1;
}

/**
 * @param {Record<string, any>} settings
 * @returns {Record<string, [number, number]>}
 */
export function ranges(settings) {
  const entries = Object.entries(LIMITS).map(([name, [low, high]]) => {
    const all = Array.from({ length: high - low + 1 }, (_, index) => low + index);
    const valid = all.filter((value) => outputSize(/** @type {any} */ ({ ...settings, [name]: value })) >= 1);
    return [name, valid.length ? [valid[0], valid[valid.length - 1]] : [low, low]];
  });
  return Object.fromEntries(entries);
}
