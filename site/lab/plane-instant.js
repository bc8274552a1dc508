/** Trains a small network on points of a plane, as py/goosequill/lab/plane.py does. */

import { shares, sumsOf } from "./classify.js";
import { Random } from "./random.js";

/** @import { Values } from "./frame.js" */
/** @typedef {{weights: Float64Array[], bias: Float64Array}} Layer weights by inputs, then outputs */
/** @typedef {{x: number[][], labels: number[]}} Points */

export const MOST_STEPS = 1000;
const COUNT = 200;
const BATCH = 10;
/** Steps from one point of the curve to the next. */
const EVERY = 20;

/** A network that learns. */
export class Training {
  step = 0;
  /** Mean losses every 20 steps. @type {{learned: number, unseen: number}[]} */
  curve = [];
  #settings;
  #rates;
  #rate = 0;
  #random;
  /** @type {number[]} */
  #order = [];

  /** @param {Values} settings @param {Iterable<[number, number]>} [rates] that apply from a step on */
  constructor(settings, rates = []) {
    const random = new Random(settings.seed);
    this.points = pointsOf(settings, random);
    this.others = pointsOf(settings, random);
    const sizes = settings.hidden ? [2, settings.hidden, 2] : [2, 2];
    this.layers = sizes
      .slice(1)
      .map((outputs, index) => start(sizes[index], outputs, index < sizes.length - 2 ? 2 : 1, random));
    this.#settings = settings;
    this.#rates = new Map([[0, settings.rate], ...rates]);
    this.#random = random;
    this.#note();
  }

  /** Another learning rate from the next step on. @param {number} rate */
  setRate(rate) {
    for (const step of this.#rates.keys()) if (step > this.step) this.#rates.delete(step);
    this.#rates.set(this.step, rate);
  }

  /** This training after so many steps, or one like it if it has gone further. @param {number} step */
  at(step) {
    const found = step < this.step ? new Training(this.#settings, this.#rates) : this;
    while (found.step < step) found.#next();
    return found;
  }

  #next() {
    const first = (this.step * BATCH) % COUNT;
    if (first === 0) this.#order = shuffled(this.#random);
    const slopes = gradients(this.layers, this.points, this.#order.slice(first, first + BATCH));
    const { decay } = this.#settings;
    this.#rate = this.#rates.get(this.step) ?? this.#rate;
    const rate = this.#rate;
    this.layers.forEach(({ weights, bias }, index) => {
      weights.forEach((row, input) => {
        const slope = slopes[index].weights[input];
        for (let unit = 0; unit < row.length; unit++) row[unit] -= rate * (slope[unit] + decay * row[unit]);
      });
      for (let unit = 0; unit < bias.length; unit++) bias[unit] -= rate * slopes[index].bias[unit];
    });
    this.step++;
    if (this.step % EVERY === 0) this.#note();
  }

  #note() {
    this.curve.push({
      learned: judge(this.layers, this.points).loss,
      unseen: judge(this.layers, this.others).loss,
    });
  }
}

/**
 * The layers after some steps, for tests.
 * @param {Values} settings
 * @param {number} steps
 * @param {[number, number][]} rates
 */
export function trained(settings, steps, rates) {
  const { points, layers } = new Training(settings, rates).at(steps);
  return {
    points: points.x,
    layers: layers.map(({ weights, bias }) => [...weights, bias].map((row) => [...row])),
  };
}

/**
 * The mean loss, and the share of points of the right colour.
 * @param {Layer[]} layers
 * @param {Points} points
 */
export function judge(layers, { x, labels }) {
  let [loss, right] = [0, 0];
  x.forEach((point, index) => {
    const share = shares(layers, point)[labels[index]];
    loss -= Math.log(Math.max(share, Number.MIN_VALUE));
    right += Number(share > 0.5);
  });
  return { loss: loss / COUNT, accuracy: right / COUNT };
}

/** The order of the points until each has been read once. @param {Random} random */
function shuffled(random) {
  const keys = Array.from({ length: COUNT }, () => random.random());
  return [...keys.keys()].sort((one, other) => keys[one] - keys[other]);
}

/**
 * @param {number} inputs @param {number} outputs @param {number} gain @param {Random} random
 * @returns {Layer}
 */
function start(inputs, outputs, gain, random) {
  const scale = Math.sqrt(gain / inputs);
  const row = () => Float64Array.from({ length: outputs }, () => random.normal() * scale);
  return { weights: Array.from({ length: inputs }, row), bias: new Float64Array(outputs) };
}

/** @param {Values} settings @param {Random} random @returns {Points} */
function pointsOf({ data, noise }, random) {
  const [one, other] = [0, 1].map(() => Array.from({ length: COUNT }, () => random.random()));
  const [right, up] = [0, 1].map(() => one.map(() => noise * random.normal()));
  const labels = one.map((_, index) => index % 2);
  const x = labels.map((_, index) => {
    const [a, b] = placed(data, index, one[index], other[index]);
    return [a + right[index], b + up[index]];
  });
  return { x, labels };
}

/** @param {string} data @param {number} index @param {number} one @param {number} other */
function placed(data, index, one, other) {
  const label = index % 2;
  if (data === "spirals" || data === "ring") {
    const ring = label ? 0.65 + 0.35 * one : 0.45 * one;
    const radius = data === "spirals" ? 0.1 + 0.9 * one : ring;
    const angle = 2 * Math.PI * (data === "spirals" ? radius + 0.5 * label : other);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }
  const side = 1 - 2 * label;
  const left = data === "corners" ? 1 - 2 * (Math.floor(index / 2) % 2) : 1;
  return [side * left * (0.1 + 0.8 * one), (data === "corners" ? left : side) * (0.1 + 0.8 * other)];
}

/**
 * The gradient of the mean loss of some points.
 * @param {Layer[]} layers with ReLU between them
 * @param {Points} points
 * @param {number[]} batch
 * @returns {Layer[]}
 */
function gradients(layers, { x, labels }, batch) {
  const found = layers.map(({ weights, bias }) => ({
    weights: weights.map((row) => new Float64Array(row.length)),
    bias: new Float64Array(bias.length),
  }));
  for (const at of batch) {
    const inputs = [Float64Array.from(x[at])];
    for (const layer of layers.slice(0, -1)) inputs.push(sumsOf(layer, inputs[inputs.length - 1]).map(relu));
    const top = layers.length - 1;
    /** @type {ArrayLike<number>} */
    let slope = shares(layers.slice(top), inputs[top]).map(
      (share, label) => (share - Number(label === labels[at])) / batch.length,
    );
    for (let index = top; index >= 0; index--) {
      const { weights, bias } = found[index];
      const back = new Float64Array(weights.length);
      for (let unit = 0; unit < bias.length; unit++) bias[unit] += slope[unit];
      for (let input = 0; input < back.length; input++) {
        const [value, row] = [inputs[index][input], layers[index].weights[input]];
        for (let unit = 0; unit < bias.length; unit++) {
          weights[input][unit] += value * slope[unit];
          if (value > 0) back[input] += row[unit] * slope[unit];
        }
      }
      slope = back;
    }
  }
  return found;
}

/** @param {number} value */
const relu = (value) => Math.max(0, value);
