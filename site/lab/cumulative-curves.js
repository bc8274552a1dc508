/** The fits of the cumulative experiment in the page, as py/goosequill/lab/monotone.py makes them. */

import { combine, dot, leastSquares, simplexLeastSquares } from "./least-squares.js";

/** @import { Vector } from "./least-squares.js" */

/**
 * @typedef {{x: number[], y: number[], places: number[], shares: number[]}} Points in increasing order of x;
 *   `shares` of the probability are at `places`
 * @typedef {(at: number) => number} Curve
 */

const sigmoid = (/** @type {number} */ x) => 0.5 * (1 + Math.tanh(0.5 * x));

/** @type {Record<string, (points: Points, degree: number) => Curve>} */
export const CURVES = {
  printed: (points, degree) => polynomial(points, degree, (at) => sigmoid(sigmoid(at))),
  polynomial: (points, degree) => polynomial(points, degree, sigmoid),
  bernstein: ({ x, y }, degree) =>
    mixture(
      simplexLeastSquares(
        columnsOf(x, (at) => steps(at, degree)),
        y,
      ),
    ),
  isotonic: ({ x, y }) => {
    const values = rising(y);
    return (at) => (at < x[0] ? 0 : values[before(x, at, x.length - 1)]);
  },
  pchip: ({ x, y }) => pchip(x, rising(y)),
  likelihood: ({ places, shares }, degree) => {
    const densities = (/** @type {number} */ at) => bernstein(at, degree - 1).map((value) => degree * value);
    return mixture(mixtureWeights(columnsOf(places, densities), shares));
  },
};

/** @param {Points} points @param {number} degree @param {Curve} linear @returns {Curve} */
function polynomial({ x, y }, degree, linear) {
  const terms = (/** @type {number} */ at) =>
    Array.from({ length: degree - 1 }, (_, index) => sigmoid(at) ** (index + 2) - linear(at));
  const rest = y.map((value, index) => value - linear(x[index]));
  const weights = leastSquares(columnsOf(x, terms), rest);
  return (at) => linear(at) + dot(terms(at), weights);
}

/** Functions of x as columns. @param {number[]} x @param {(at: number) => number[]} functions */
function columnsOf(x, functions) {
  const rows = x.map(functions);
  return rows[0].map((_, column) => rows.map((row) => row[column]));
}

/** The Bernstein polynomials of the sigmoid. @param {number} at @param {number} degree */
function bernstein(at, degree) {
  const low = sigmoid(at);
  let binomial = 1;
  return Array.from({ length: degree + 1 }, (_, index) => {
    if (index > 0) binomial *= (degree - index + 1) / index;
    return binomial * low ** index * (1 - low) ** (degree - index);
  });
}

/** Their sums from each to the last; each rises from 0 to 1. @param {number} at @param {number} degree */
function steps(at, degree) {
  let sum = 0;
  const sums = bernstein(at, degree).reverse();
  return sums
    .map((value) => (sum += value))
    .reverse()
    .slice(1);
}

/** @param {Vector} increments @returns {Curve} */
function mixture(increments) {
  return (at) => dot(steps(at, increments.length), increments);
}

/** The non-decreasing values nearest to y, within [0, 1]. @param {number[]} y */
export function rising(y) {
  /** @type {{mean: number, count: number}[]} */
  const pools = [];
  for (const value of y) {
    let [mean, count] = [value, 1];
    for (let last = pools.at(-1); last && last.mean >= mean; last = pools.at(-1)) {
      mean = (last.mean * last.count + mean * count) / (last.count + count);
      count += last.count;
      pools.pop();
    }
    pools.push({ mean, count });
  }
  return pools.flatMap(({ mean, count }) => Array(count).fill(Math.min(1, Math.max(0, mean))));
}

/**
 * The last index whose x is at most a value, from 0 to `most`.
 * @param {number[]} x
 * @param {number} at
 * @param {number} most
 */
function before(x, at, most) {
  let index = 0;
  while (index < most && x[index + 1] <= at) index++;
  return index;
}

/**
 * The monotone cubic interpolant, constant outside the points.
 * @param {number[]} x
 * @param {number[]} y
 * @returns {Curve}
 */
function pchip(x, y) {
  const slopes = slopesOf(x, y);
  return (at) => {
    const inside = Math.min(x[x.length - 1], Math.max(x[0], at));
    const left = before(x, inside, x.length - 2);
    const gap = x[left + 1] - x[left];
    const t = (inside - x[left]) / gap;
    const high = t * t * (3 - 2 * t);
    const bend = gap * t * (1 - t) * (slopes[left] * (1 - t) - slopes[left + 1] * t);
    return y[left] * (1 - high) + y[left + 1] * high + bend;
  };
}

/** @param {number[]} x @param {number[]} y */
function slopesOf(x, y) {
  const gaps = x.slice(1).map((value, index) => value - x[index]);
  const rises = gaps.map((gap, index) => (y[index + 1] - y[index]) / gap);
  const inner = gaps.slice(1).map((gap, index) => {
    const [one, other] = [rises[index], rises[index + 1]];
    if (one * other <= 0) return 0;
    const [first, second] = [2 * gap + gaps[index], gap + 2 * gaps[index]];
    return (first + second) / (first / one + second / other);
  });
  const [last, count] = [rises.length - 1, rises.length - 2];
  return [
    endSlope(gaps[0], gaps[1], rises[0], rises[1]),
    ...inner,
    endSlope(gaps[last], gaps[count], rises[last], rises[count]),
  ];
}

/** @param {number} gap @param {number} next @param {number} rise @param {number} nextRise */
function endSlope(gap, next, rise, nextRise) {
  const slope = ((2 * gap + next) * rise - gap * nextRise) / (gap + next);
  if (Math.sign(slope) !== Math.sign(rise)) return 0;
  const isSteep = Math.sign(rise) !== Math.sign(nextRise) && Math.abs(slope) > 3 * Math.abs(rise);
  return isSteep ? 3 * rise : slope;
}

/**
 * The weights of a mixture for which samples are most likely: Newton's method, each step by least squares.
 * @param {number[][]} densities of each component at each sample
 * @param {number[]} shares how much each sample counts
 */
function mixtureWeights(densities, shares) {
  const roots = shares.map(Math.sqrt);
  const aim = roots.map((root) => 2 * root);
  let weights = densities.map(() => 1 / densities.length);
  for (let round = 0; round < 100; round++) {
    const mixed = combine(densities, weights);
    const ratios = densities.map((column) => column.map((value, row) => value / mixed[row]));
    if (Math.max(...ratios.map((column) => dot(column, shares))) <= 1 + 1e-9) break;
    const weighted = ratios.map((column) => column.map((value, row) => value * roots[row]));
    const target = simplexLeastSquares(weighted, aim);
    const direction = target.map((value, index) => value - weights[index]);
    const change = combine(ratios, direction); // as a share of the mixture
    const size = climb(change, shares);
    weights = weights.map((weight, index) => weight + size * direction[index]);
  }
  return weights;
}

/**
 * The longest of 1, 1/2, 1/4 ... that increases the likelihood enough.
 * @param {Vector} change
 * @param {number[]} shares
 */
function climb(change, shares) {
  const slope = dot(shares, change);
  for (let size = 1; size > 1e-12; size /= 2) {
    const gains = Array.from(change, (value) => Math.log(1 + size * value)); // NaN if nothing is left
    if (dot(shares, gains) >= 0.01 * size * slope) return size;
  }
  return 0;
}
