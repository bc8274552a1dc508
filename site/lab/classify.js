/**
 * A trained network in the page: turns strokes into a picture as those in training, computes the ten
 * probabilities, and finds the nearest training letters. It draws nothing and fetches nothing.
 */

/** @import { Stroke } from "../ui/pad.js" */

/**
 * @typedef {{weights: ArrayLike<ArrayLike<number>>, bias: ArrayLike<number>, scale?: number}} Layer weights
 *   by inputs, then outputs, to be multiplied by `scale`
 * @typedef {{images: Uint8Array, labels: ArrayLike<number>, members: ArrayLike<number>}} Letters images of
 *   784 numbers each, 0 to 15; `members` are the indices of those in training
 */

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const LETTERS = "ABCDEFGHIJ";

/** The larger side of a letter in the data, and the width of its strokes, in pixels. */
const SIZE = 20;
const PEN = 3.2;
/** A drawing smaller than this share of the pad is not enlarged further: a dot is no letter. */
const SMALLEST = 0.12;

/**
 * Strokes as 784 numbers, 0 (paper) to 1 (ink): centred, and as large as the letters in training.
 * @param {readonly Stroke[]} strokes
 */
export function rasterize(strokes) {
  const points = strokes.flat();
  const picture = new Float32Array(PIXELS);
  if (!points.length) return picture;
  const ends = (/** @type {number[]} */ values) => [
    values.reduce((one, other) => Math.min(one, other)),
    values.reduce((one, other) => Math.max(one, other)),
  ];
  const [left = 0, right = 0] = ends(points.map(({ x }) => x));
  const [top = 0, bottom = 0] = ends(points.map(({ y }) => y));
  const scale = (SIZE - PEN) / Math.max(right - left, bottom - top, SMALLEST);
  const middle = (SIDE - 1) / 2;
  for (const stroke of strokes) {
    const placed = stroke.map(({ x, y }) => ({
      x: (x - (left + right) / 2) * scale + middle,
      y: (y - (top + bottom) / 2) * scale + middle,
    }));
    placed.forEach((end, index) => {
      ink(picture, placed[index - 1] ?? end, end);
    });
  }
  return picture;
}

/** @typedef {{x: number, y: number}} Place */

/**
 * Draws a line with round ends and smooth edges.
 * @param {Float32Array} picture
 * @param {Place} a
 * @param {Place} b
 */
function ink(picture, a, b) {
  const reach = PEN / 2 + 1;
  const first = (/** @type {number} */ value) => Math.max(0, Math.floor(value - reach));
  const last = (/** @type {number} */ value) => Math.min(SIDE - 1, Math.ceil(value + reach));
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  for (let row = first(Math.min(a.y, b.y)); row <= last(Math.max(a.y, b.y)); row++)
    for (let column = first(Math.min(a.x, b.x)); column <= last(Math.max(a.x, b.x)); column++) {
      const along = length ? ((column - a.x) * dx + (row - a.y) * dy) / length : 0;
      const at = Math.min(1, Math.max(0, along));
      const distance = Math.hypot(column - a.x - at * dx, row - a.y - at * dy);
      const value = Math.min(1, Math.max(0, PEN / 2 + 0.5 - distance));
      const index = row * SIDE + column;
      picture[index] = Math.max(picture[index] ?? 0, value);
    }
}

/**
 * The probability of each letter.
 * @param {readonly Layer[]} layers with ReLU between them
 * @param {ArrayLike<number>} ink 784 numbers, 0 to 1
 * @returns {number[]}
 */
export function classify(layers, ink) {
  const values = Float64Array.from(ink, (value) => value - 0.5);
  return shares(layers, values);
}

/**
 * The probability of each class.
 * @param {readonly Layer[]} layers with ReLU between them
 * @param {ArrayLike<number>} inputs
 * @returns {number[]}
 */
export function shares(layers, inputs) {
  let values = inputs;
  layers.forEach((layer, index) => {
    const sums = sumsOf(layer, values);
    const isLast = index === layers.length - 1;
    for (let unit = 0; unit < sums.length && !isLast; unit++) if (sums[unit] < 0) sums[unit] = 0;
    values = sums;
  });
  let most = -Infinity;
  for (let label = 0; label < values.length; label++) most = Math.max(most, values[label]);
  const exponentials = [];
  let total = 0;
  for (let label = 0; label < values.length; label++)
    total += exponentials[label] = Math.exp(values[label] - most);
  return exponentials.map((value) => value / total);
}

/** A layer's outputs before any ReLU. @param {Layer} layer @param {ArrayLike<number>} values */
export function sumsOf({ weights, bias, scale = 1 }, values) {
  const sums = new Float64Array(bias.length);
  for (let input = 0; input < values.length; input++) {
    const value = values[input] * scale;
    const row = weights[input];
    if (value && row) for (let unit = 0; unit < sums.length; unit++) sums[unit] += value * row[unit];
  }
  for (let unit = 0; unit < sums.length; unit++) sums[unit] += bias[unit];
  return sums;
}

/**
 * The training letters nearest to a picture, by Euclidean distance.
 * @param {Letters} letters
 * @param {ArrayLike<number>} ink 784 numbers, 0 to 1
 * @param {number} count
 */
export function nearest({ images, labels, members }, ink, count) {
  const wanted = Float32Array.from(ink, (value) => 15 * value);
  const found = Array.from(members, (member) => {
    let sum = 0;
    for (let pixel = 0, at = member * PIXELS; pixel < PIXELS; pixel++, at++) {
      const apart = (images[at] ?? 0) - (wanted[pixel] ?? 0);
      sum += apart * apart;
    }
    return { member, sum };
  });
  found.sort((one, other) => one.sum - other.sum || one.member - other.member);
  return found.slice(0, count).map(({ member }) => ({
    letter: LETTERS[labels[member] ?? 0] ?? "",
    pixels: images.subarray(member * PIXELS, (member + 1) * PIXELS),
  }));
}
