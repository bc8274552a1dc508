/** Computes the dilation experiment in the page, as py/goosequill/lab/dilation.py does. */

import { outputSize } from "./dilation-ranges.js";

/** @import { Data } from "./dilation-scene.js" */
/** @import { Geometry } from "./dilation-ranges.js" */

const MOST_WEIGHTS = 81;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/;

/** @param {number} count @param {(index: number) => T} make @returns {T[]} @template T */
const list = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** @param {number} size @param {(row: number, column: number) => number} make */
const square = (size, make) => list(size, (row) => list(size, (column) => make(row, column)));

/**
 * Everything that the page shows, or null if the visitor's weights are not a square of numbers.
 * @param {import("./frame.js").Asked} asked
 * @returns {{data: Data, isWhole: true} | null}
 */
export function instant({ settings }) {
  const { kernel, dilation } = settings;
  const geometry = /** @type {Geometry} */ (settings);
  const out = outputSize(geometry);
  const weights = kernelOf(settings);
  if (out < 1 || !weights) return null;
  const values = patternOf(settings);
  const reads = list(out, (output) => list(kernel, (tap) => place(geometry, output, tap)));
  const span = kernel + (kernel - 1) * (dilation - 1);
  return {
    data: {
      output_size: out,
      effective_kernel: span,
      values,
      weights,
      output: convolve(values, weights, reads),
      reads,
      lattice: latticeOf(geometry, out, span),
      size_formula: formula(geometry, out, span),
      pytorch: call(geometry, out),
    },
    isWhole: true,
  };
}

/**
 * The input index under a weight for an output, or -1.
 * @param {Geometry} geometry
 * @param {number} output
 * @param {number} tap
 */
function place({ size, padding, stride, dilation, transposed }, output, tap) {
  const at = transposed
    ? (output + padding - dilation * tap) / stride
    : output * stride - padding + dilation * tap;
  return Number.isInteger(at) && at >= 0 && at < size ? at : -1;
}

/** @param {Geometry} geometry @param {number} out @param {number} span */
function latticeOf({ size, kernel, padding, stride, dilation, transposed }, out, span) {
  const first = transposed ? span - 1 - padding : padding;
  const spacing = transposed ? stride : 1;
  const taps = list(out, (output) =>
    list(kernel, (tap) =>
      transposed ? output + span - 1 - dilation * tap : output * stride + dilation * tap,
    ),
  );
  const end = first + spacing * (size - 1) + 1 + (transposed ? 0 : padding);
  const last = taps.flat().reduce((one, other) => Math.max(one, other));
  return { low: Math.min(0, first), high: Math.max(end, last + 1), first, spacing, taps };
}

/** @param {number[][]} values @param {number[][]} weights @param {number[][]} reads */
function convolve(values, weights, reads) {
  return square(reads.length, (row, column) => {
    let sum = 0;
    reads[row].forEach((from, i) => {
      if (from < 0) return;
      for (let j = 0; j < weights.length; j++) sum += weights[i][j] * (values[from][reads[column][j]] ?? 0);
    });
    return sum;
  });
}

/** @param {Record<string, any>} settings */
function patternOf({ pattern, size }) {
  const middle = Math.floor(size / 2);
  if (pattern === "impulse")
    return square(size, (row, column) => Number(row === middle && column === middle));
  if (pattern === "edge") return square(size, (_, column) => Number(column >= size / 2));
  return square(size, (row, column) => ((row * size + column) * 7) % 10);
}

/** @param {Record<string, any>} settings @returns {number[][] | null} */
function kernelOf({ filter, kernel, weights }) {
  const count = kernel * kernel;
  const middle = Math.floor(kernel / 2);
  if (filter === "own") return fitted(weights, kernel);
  if (filter === "mean") return square(kernel, () => 1 / count);
  if (filter === "counting") return square(kernel, (row, column) => row * kernel + column + 1);
  if (filter === "ones" || kernel === 1) return square(kernel, () => 1);
  return square(kernel, (row, column) => (row === middle && column === middle ? count - 1 : -1));
}

/**
 * The visitor's square, cut around its middle or surrounded with zeros.
 * @param {string} text
 * @param {number} kernel
 */
function fitted(text, kernel) {
  const words = text
    .slice(0, 4000)
    .trim()
    .split(/[\s,;]+/);
  const size = Math.round(Math.sqrt(words.length));
  const isSquare = size * size === words.length && words.length <= MOST_WEIGHTS;
  if (!isSquare || !words.every((word) => NUMBER.test(word))) return null;
  const shift = Math.floor(size / 2) - Math.floor(kernel / 2);
  const at = (/** @type {number} */ row, /** @type {number} */ column) =>
    Math.min(row, column) >= 0 && Math.max(row, column) < size ? Number(words[row * size + column]) : 0;
  return square(kernel, (row, column) => at(row + shift, column + shift));
}

/** @param {Geometry} geometry @param {number} out @param {number} span */
function formula({ size, padding, stride, transposed }, out, span) {
  const twice = 2 * padding;
  if (transposed) return `${stride} × (${size} − 1) + ${span} − ${twice} = ${out}`;
  return `⌊(${size} + ${twice} − ${span}) / ${stride}⌋ + 1 = ${out}`;
}

/** @param {Geometry} geometry @param {number} out */
function call({ size, kernel, padding, stride, dilation, transposed }, out) {
  const layer = transposed ? "ConvTranspose2d" : "Conv2d";
  return (
    `conv = torch.nn.${layer}(1, 1, kernel_size=${kernel}, stride=${stride}, padding=${padding}, ` +
    `dilation=${dilation}, bias=False)\n` +
    `conv(torch.zeros(1, 1, ${size}, ${size})).shape  # torch.Size([1, 1, ${out}, ${out}])`
  );
}
