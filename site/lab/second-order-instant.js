/** One weight that learns by the rule, in the page, by the formulas of py/goosequill/lab/networks.py. */

/** @import { Asked, Instant, Values } from "./frame.js" */

/** What is read, and the answer wanted. Two are the wrong way round, so that no weight fits all. */
const POINTS = [
  [-2, 0],
  [-1, 0],
  [-0.5, 1],
  [0.5, 0],
  [1, 1],
  [2, 1],
];
/** The weight of the output unit, which does not learn. */
const SECOND = 2;
const RATE = 4;
/** Of each step, the share that is taken: so the way is smooth, and leaps over nothing. */
const SHARE = 0.05;
export const STEPS = 200;
/** The settings that the way of the weight depends on. */
const OF_THE_WAY = ["b", "unit", "output"];

/**
 * The last result, to be drawn with the way of other settings.
 * @param {Asked} asked
 * @returns {Instant | null}
 */
export function instant({ settings, data }) {
  if (OF_THE_WAY.every((name) => settings[name] === data.settings[name])) return null;
  return { data: { ...data, ran: data.settings }, isWhole: false };
}

/** @type {Record<string, (z: number) => [number, number, number]>} a unit's value and both derivatives */
const UNITS = {
  linear: (z) => [z, 1, 0],
  relu: (z) => [Math.max(z, 0), Number(z > 0), 0],
  tanh(z) {
    const value = Math.tanh(z);
    const slope = 1 - value * value;
    return [value, slope, -2 * value * slope];
  },
  sigmoid(z) {
    const value = 1 / (1 + Math.exp(-z));
    const slope = value * (1 - value);
    return [value, slope, slope * (1 - 2 * value)];
  },
};

/**
 * The error of a weight, its derivative, and the rule's term: means over the points.
 * @param {number} weight
 * @param {Values} settings
 */
function at(weight, { unit, output }) {
  const found = { error: 0, slope: 0, term: 0 };
  for (const [x, wanted] of POINTS) {
    const [hidden, rise, bend] = UNITS[unit](weight * x);
    const [y, slope, curve] = UNITS[output](SECOND * hidden);
    const first = slope * SECOND * rise * x;
    const second = (curve * (SECOND * rise) ** 2 + slope * SECOND * bend) * x * x;
    found.error += (y - wanted) ** 2 / 2 / POINTS.length;
    found.slope += ((y - wanted) * first) / POINTS.length;
    found.term += (first * second) / POINTS.length;
  }
  return found;
}

/** @param {number} start @param {Values} settings @param {number} b @returns {number[]} a weight per step */
function way(start, settings, b) {
  const found = [start];
  for (let step = 0; step < STEPS; step++) {
    const weight = found[step];
    const { slope, term } = at(weight, settings);
    found.push(weight - SHARE * (RATE * slope + b * term));
  }
  return found;
}

/**
 * The ways of SGD and of the rule from the same start, and the weight with the least error.
 * @param {number} start
 * @param {Values} settings
 */
export function ways(start, settings) {
  const tried = Array.from({ length: 1201 }, (_, index) => index / 200 - 3);
  const errors = tried.map((weight) => at(weight, settings).error);
  const best = tried[errors.indexOf(Math.min(...errors))];
  return { sgd: way(start, settings, 0), rule: way(start, settings, settings.b), best };
}
