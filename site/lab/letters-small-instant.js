/** Fits logistic regression to few small letters, as py/goosequill/lab/letters.py does. */

import { sumsOf } from "./classify.js";
import { dot } from "./least-squares.js";

/**
 * @typedef {{weights: Float64Array[], bias: Float64Array}} Model weights by pixels, then letters
 * @typedef {{train: number, validation: number}} Accuracies
 * @typedef {Record<keyof Accuracies, string> & {
 *   exponents: number[], curves: Record<keyof Accuracies, number[]>
 * }} Case letters as digits, A to J in turn; C as exponents of 10, and the accuracies for each, of the fit to
 *   all letters
 */

const CLASSES = 10;
const PIXELS = 100;
const INK = 2; // the darkest digit
const MEMORY = 10;
const MOST_STEPS = 500;
/** A fit has no larger element of the gradient of its mean loss. */
const TOLERANCE = 2e-6;

/** @param {string} digits */
function lettersOf(digits) {
  return Array.from({ length: digits.length / PIXELS }, (_, index) =>
    Float64Array.from(digits.slice(index * PIXELS, (index + 1) * PIXELS), (digit) => Number(digit) / INK),
  );
}

/** The fits to the first letters of a case for each C; each starts from the nearest one. */
export class Fits {
  /** By the place of C. @type {Map<number, Model>} */
  #models = new Map();
  /** The accuracies that are known, by the place of C. @type {Map<number, Accuracies>} */
  judged = new Map();

  /** @param {Case} given @param {number} size */
  constructor({ train, validation, exponents }, size) {
    this.size = size;
    this.exponents = exponents;
    this.letters = { train: lettersOf(train).slice(0, size), validation: lettersOf(validation) };
  }

  /** @param {number} place of C @returns {Model} */
  at(place) {
    const known = this.#models.get(place);
    if (known) return known;
    const [nearest] = [...this.#models.keys()].sort((one, other) => apart(one, place) - apart(other, place));
    const { train, validation } = this.letters;
    const model = fit(train, 10 ** this.exponents[place], this.#models.get(nearest));
    this.#models.set(place, model);
    this.judged.set(place, { train: accuracy(model, train), validation: accuracy(model, validation) });
    return model;
  }

  /** The place of the C nearest to another whose accuracies are not known. @param {number} place */
  missing(place) {
    const unknown = [...this.exponents.keys()].filter((each) => !this.judged.has(each));
    return unknown.sort((one, other) => apart(one, place) - apart(other, place)).at(0);
  }
}

/** @param {number} one @param {number} other */
const apart = (one, other) => Math.abs(one - other);

/**
 * Models with their accuracies, for tests.
 * @param {Case} given @param {number} size @param {number[]} places
 */
export function fitted(given, size, places) {
  const fits = new Fits(given, size);
  return places.map((place) => {
    const { weights, bias } = fits.at(place);
    return { weights: weights.map((row) => [...row]), bias: [...bias], ...fits.judged.get(place) };
  });
}

/** @param {Model} model @param {Float64Array[]} letters A to J in turn */
function accuracy(model, letters) {
  const right = letters.filter((pixels, index) => {
    const found = sumsOf(model, pixels);
    return found.indexOf(Math.max(...found)) === index % CLASSES;
  });
  return right.length / letters.length;
}

/** Weights and biases, in a table one after another. @param {Float64Array} table @returns {Model} */
function modelOf(table) {
  const row = (/** @type {number} */ index) => table.subarray(index * CLASSES, (index + 1) * CLASSES);
  return { weights: Array.from({ length: PIXELS }, (_, index) => row(index)), bias: row(PIXELS) };
}

/** @param {Float64Array[]} letters @param {number} c @param {Model} [start] @returns {Model} */
function fit(letters, c, start) {
  const mean = new Float64Array(PIXELS);
  for (const letter of letters) for (let at = 0; at < PIXELS; at++) mean[at] += letter[at] / letters.length;
  const table = new Float64Array((PIXELS + 1) * CLASSES);
  if (start) {
    for (const [at, row] of start.weights.entries()) table.set(row, at * CLASSES);
    table.set(moved(start, mean, 1), PIXELS * CLASSES);
  }
  const found = modelOf(lowest(table, (at) => objective(at, mean, letters, 1 / (c * letters.length))));
  return { weights: found.weights, bias: moved(found, mean, -1) };
}

/**
 * The biases for pixels of another origin.
 * @param {Model} model @param {Float64Array} mean @param {number} sign
 */
function moved({ weights, bias }, mean, sign) {
  const found = bias.slice();
  weights.forEach((row, at) => {
    for (let label = 0; label < CLASSES; label++) found[label] += sign * mean[at] * row[label];
  });
  return found;
}

/**
 * The mean loss with its penalty, and the gradient. The biases are those for pixels around their mean, which
 * has the same optimum, found in fewer steps.
 * @param {Float64Array} table @param {Float64Array} mean
 * @param {Float64Array[]} letters @param {number} ridge
 */
function objective(table, mean, letters, ridge) {
  const model = modelOf(table);
  const bias = moved(model, mean, -1);
  const gradient = table.map((value) => ridge * value);
  const sums = modelOf(gradient).bias.fill(0);
  let loss = dot(gradient, table) / 2; // without the biases
  const slopes = new Float64Array(CLASSES);
  letters.forEach((letter, index) => {
    slopes.set(bias);
    for (let at = 0, to = 0; at < PIXELS; at++, to += CLASSES) {
      const value = letter[at];
      if (value) for (let each = 0; each < CLASSES; each++) slopes[each] += value * table[to + each];
    }
    loss += toSlopes(slopes, index % CLASSES, letters.length);
    for (let each = 0; each < CLASSES; each++) sums[each] += slopes[each];
    for (let at = 0, to = 0; at < PIXELS; at++, to += CLASSES) {
      const value = letter[at];
      if (value) for (let each = 0; each < CLASSES; each++) gradient[to + each] += value * slopes[each];
    }
  });
  for (let at = 0; at < PIXELS; at++)
    for (let each = 0; each < CLASSES; each++) gradient[at * CLASSES + each] -= mean[at] * sums[each];
  return { loss, gradient };
}

/**
 * Turns logits into the gradient of a letter's loss by them, which is returned; both are shares of the mean.
 * @param {Float64Array} logits @param {number} label @param {number} count
 */
function toSlopes(logits, label, count) {
  const most = logits.reduce((one, other) => Math.max(one, other));
  const chosen = logits[label] - most;
  let total = 0;
  for (let each = 0; each < CLASSES; each++) total += logits[each] = Math.exp(logits[each] - most);
  for (let each = 0; each < CLASSES; each++) logits[each] /= total * count;
  logits[label] -= 1 / count;
  return (Math.log(total) - chosen) / count;
}

/**
 * Where a convex function is lowest, by L-BFGS (Nocedal & Wright 2006, algorithms 3.1, 7.4 and 7.5).
 * @param {Float64Array} table the start
 * @param {(table: Float64Array) => {loss: number, gradient: Float64Array}} evaluate
 */
function lowest(table, evaluate) {
  /** @type {{step: Float64Array, change: Float64Array}[]} */
  let history = [];
  let { loss, gradient } = evaluate(table);
  const size = (/** @type {number} */ most, /** @type {number} */ value) => Math.max(most, Math.abs(value));
  for (let steps = 0; steps < MOST_STEPS && gradient.reduce(size, 0) > TOLERANCE; steps++) {
    const direction = twoLoops(gradient, history);
    const slope = dot(gradient, direction);
    let length = history.length ? 1 : 1 / Math.max(1, Math.sqrt(-slope));
    const tried = () => table.map((value, at) => value + length * direction[at]);
    let next = tried();
    let found = evaluate(next);
    while (found.loss > loss + 1e-4 * length * slope + 2e-16 * loss && length >= 1e-8) {
      length /= 2;
      next = tried();
      found = evaluate(next);
    }
    const step = next.map((value, at) => value - table[at]);
    const before = gradient;
    const change = found.gradient.map((value, at) => value - before[at]);
    if (dot(step, change) <= 0) break; // only rounding is left
    history = [...history.slice(1 - MEMORY), { step, change }];
    [table, loss, gradient] = [next, found.loss, found.gradient];
  }
  return table;
}

/**
 * The direction down, by the estimate of the inverse Hessian.
 * @param {Float64Array} gradient
 * @param {{step: Float64Array, change: Float64Array}[]} history
 */
function twoLoops(gradient, history) {
  let found = gradient.map((value) => -value);
  const add = (/** @type {Float64Array} */ other, /** @type {number} */ times) => {
    for (let at = 0; at < found.length; at++) found[at] += times * other[at];
  };
  const parts = history.toReversed().map(({ step, change }) => {
    const rho = 1 / dot(step, change);
    const alpha = rho * dot(step, found);
    add(change, -alpha);
    return { rho, alpha };
  });
  const last = history.at(-1);
  if (last) {
    const scale = dot(last.step, last.change) / dot(last.change, last.change);
    found = found.map((value) => scale * value);
  }
  history.forEach(({ step, change }, index) => {
    const { rho, alpha } = parts[history.length - 1 - index];
    add(step, alpha - rho * dot(change, found));
  });
  return found;
}
