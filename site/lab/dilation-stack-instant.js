/** Computes a stack of dilated layers in the page, as py/goosequill/lab/dilation_stack.py does. */

const MOST_LAYERS = 8;
const LARGEST_DILATION = 32;
const SHARE = 0.95 - 1e-12;

/**
 * Everything that the figures of a stack show, or null if its dilations are not whole numbers from 1 to 32.
 * @param {{settings: Record<string, any>}} asked
 * @returns {{data: import("./dilation-stack.js").Stack, isWhole: true} | null}
 */
export function instant({ settings: { width, dilations: text } }) {
  /** @type {string[]} */
  const words = text.slice(0, 200).match(/[^\s,;]+/g) ?? [];
  const dilations = words.map(Number);
  const isValid = (/** @type {string} */ word) =>
    /^\d{1,4}$/.test(word) && Number(word) >= 1 && Number(word) <= LARGEST_DILATION;
  if (!words.length || words.length > MOST_LAYERS || !words.every(isValid)) return null;
  const reached = dilations.map((_, layer) => trace(width, dilations.slice(0, layer + 1)).at(-1) ?? []);
  const influence = dilations.reduce((shares, dilation) => spread(shares, width, dilation), [1]);
  const squares = dilations.reduce((sum, dilation) => sum + dilation * dilation, 0);
  let field = 1;
  const data = {
    dilations,
    width,
    fields: dilations.map((dilation) => {
      field += (width - 1) * dilation;
      return field;
    }),
    spans: reached.map((cells) => (cells.at(-1) ?? 0) - cells[0] + 1),
    touched: reached.map((cells) => cells.length),
    levels: trace(width, dilations),
    influence,
    deviation: Math.sqrt(((width * width - 1) / 12) * squares),
    central: central(influence),
  };
  return { data, isWhole: true };
}

/** The cells that output 0 reads at each level. @param {number} kernel @param {number[]} dilations */
function trace(kernel, dilations) {
  const levels = [[0]];
  for (const dilation of dilations.toReversed()) {
    const cells = (levels.at(-1) ?? []).flatMap((cell) =>
      Array.from({ length: kernel }, (_, tap) => cell + dilation * tap),
    );
    levels.push([...new Set(cells)].sort((one, other) => one - other));
  }
  return levels;
}

/**
 * One more layer of equal weights.
 * @param {number[]} shares
 * @param {number} kernel
 * @param {number} dilation
 */
function spread(shares, kernel, dilation) {
  const found = new Array(shares.length + (kernel - 1) * dilation).fill(0);
  shares.forEach((share, at) => {
    for (let tap = 0; tap < kernel; tap++) found[at + tap * dilation] += share / kernel;
  });
  return found;
}

/** The cells in the middle that have most of the influence. @param {number[]} shares */
function central(shares) {
  for (let edge = Math.floor((shares.length - 1) / 2); edge >= 0; edge--) {
    const inside = shares.slice(edge, shares.length - edge);
    if (inside.reduce((sum, share) => sum + share, 0) >= SHARE) return inside.length;
  }
  return shares.length;
}
