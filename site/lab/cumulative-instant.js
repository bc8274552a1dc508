/**
 * Computes the cumulative experiment without its study in the page, as py/goosequill/lab/cumulative.py
 * does.
 */

import { CURVES, rising } from "./cumulative-curves.js";
import { cumulative, density } from "./normal.js";
import { Random } from "./random.js";

/** @import { Points } from "./cumulative-curves.js" */
/** @import { Asked, Values } from "./frame.js" */

/** Points whose fits follow a pointer; more are left to Python. */
export const MOST_LIVE = 400;
export const MOST_Y = 100;
const LIMIT = 4;
const GRID = spaced(LIMIT, 401);
const TOLERANCE = 1e-9;
const drawn = (/** @type {number[]} */ values) => values.filter((_, index) => index % 2 === 0);
const TRUTH = GRID.map(cumulative);

/**
 * As numpy's `linspace` rounds them, since a step is at one side of a point.
 * @param {number} end
 * @param {number} count
 */
function spaced(end, count) {
  const step = (2 * end) / (count - 1);
  return Array.from({ length: count }, (_, index) => (index < count - 1 ? index * step - end : end));
}

/**
 * Every fit of the settings' or the visitor's data; null for data that Python must refuse, or that take too
 * long. Only the visitor's data and no runs leave nothing for the study.
 * @param {Asked} asked
 */
export function instant({ settings, own, data }) {
  const kind = (own ? own.samples : settings.data === "samples") ? "samples" : "points";
  const points = own ? ownPoints(/** @type {any} */ (own)) : generated(settings);
  const scaled = points && rescale(points);
  if (!points || !scaled || points.x.length > MOST_LIVE) return null;
  const isKnown = !own || own.moved;
  const { center, scale } = isKnown ? { center: 0, scale: 1 } : scaled;
  const fitted = isKnown ? points : scaled.points;
  const values = byFit((name) => GRID.map(CURVES[name](fitted, settings.degree)));
  const { isotonic: _, ...smooth } = values;
  const found = {
    x: fitted.x.map((x) => x * scale + center),
    y: points.y,
    grid: drawn(GRID.map((x) => x * scale + center)),
    truth: isKnown ? drawn(TRUTH) : null,
    true_density: isKnown ? drawn(GRID.map(density)) : null,
    curves: byFit((name) => drawn(values[name])),
    densities: Object.fromEntries(
      Object.entries(smooth).map(([name, each]) => [name, drawn(slopes(each, scale))]),
    ),
    judgements: byFit((name) => judge(values[name], isKnown)),
    study: {},
    kind,
    map: data.map,
  };
  return { data: found, isWhole: own !== null || settings.runs === 0 };
}

/** @param {(name: string) => T} make @returns {Record<string, T>} @template T */
function byFit(make) {
  return Object.fromEntries(Object.keys(CURVES).map((name) => [name, make(name)]));
}

/** @param {number[]} values @param {number} scale */
function slopes(values, scale) {
  return values.map((_, index) => {
    const [low, high] = [Math.max(0, index - 1), Math.min(GRID.length - 1, index + 1)];
    return (values[high] - values[low]) / (GRID[high] - GRID[low]) / scale;
  });
}

/** @param {number[]} values on the grid @param {boolean} isKnown whether the truth is known */
function judge(values, isKnown) {
  const squares = values.map((value, index) => (value - TRUTH[index]) ** 2);
  return {
    decreases: values.some((value, index) => index > 0 && value - values[index - 1] < -TOLERANCE),
    leaves: values.some((value) => value < -TOLERANCE || value > 1 + TOLERANCE),
    rmse: isKnown ? Math.sqrt(squares.reduce((sum, square) => sum + square) / squares.length) : null,
  };
}

// ---- Data ----

/** @param {Values} settings @returns {Points} */
function generated({ data, points: count, noise, bin_width: isScaled, bin_ends: atEnds, seed }) {
  const random = new Random(seed);
  if (data === "samples") return fromSamples(Array.from({ length: count }, () => random.normal()));
  const x = spaced(3, count);
  const width = x[1] - x[0];
  const noisy = x.map((value) => density(value) * (1 + (2 * noise * random.random() - noise)));
  const sums = running(noisy);
  return {
    x: x.map((value) => value + (atEnds ? width / 2 : 0)),
    y: sums.map((sum) => sum * (isScaled ? width : 1)),
    places: x,
    shares: noisy.map((value) => value / sums[count - 1]),
  };
}

/**
 * The empirical distribution function, in the middle of each of its steps.
 * @param {number[]} samples
 * @returns {Points}
 */
export function fromSamples(samples) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const sample of samples) counts.set(sample, (counts.get(sample) ?? 0) + 1);
  const x = [...counts.keys()].sort((one, other) => one - other);
  const shares = x.map((value) => (counts.get(value) ?? 0) / samples.length);
  return { x, y: running(shares).map((sum, index) => sum - shares[index] / 2), places: x, shares };
}

/**
 * Points from outside, in order; null if a number is beyond bounds.
 * @param {{x: number[], y: number[]} | {samples: number[]}} own
 * @returns {Points | null}
 */
export function ownPoints(own) {
  const isSamples = "samples" in own;
  if ((isSamples ? own.samples : own.x).some((value) => Math.abs(value) > 1e15)) return null;
  if (isSamples) return fromSamples(own.samples);
  if (own.y.some((value) => Math.abs(value) > MOST_Y)) return null;
  const order = own.x.map((_, index) => index).sort((one, other) => own.x[one] - own.x[other]);
  const [x, y] = [order.map((index) => own.x[index]), order.map((index) => own.y[index])];
  const values = rising(y);
  const total = values[values.length - 1];
  const shares = values.map((value, index) =>
    total > 0 ? (value - (values[index - 1] ?? 0)) / total : 1 / values.length,
  );
  return { x, y, places: x, shares };
}

/** Points between -3 and 3; null without three x that differ. @param {Points} points */
export function rescale(points) {
  const [low, high] = [points.x[0], points.x[points.x.length - 1]];
  const [center, scale] = [(low + high) / 2, (high - low) / 6];
  const x = points.x.map((value) => (value - center) / scale);
  const isApart = x.every((value, index) => index === 0 || value - x[index - 1] >= 1e-9);
  if (x.length < 3 || !isApart) return null; // a scale of 0 makes NaN
  return { points: { ...points, x, places: x }, center, scale };
}

/** @param {number[]} values */
function running(values) {
  let sum = 0;
  return values.map((value) => (sum += value));
}
