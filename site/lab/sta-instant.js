/** Simulates a neuron and averages in the page, as py/goosequill/lab/sta.py and neurons.py do. */

import { cumulative } from "./normal.js";
import { Random } from "./random.js";

/** @import { Asked, Values } from "./frame.js" */

/** More samples times those of a window are left to Python. */
const MOST_PRODUCTS = 30_000_000;
export const LATENCY = 20;
const RATE = 0.1;

/**
 * The average with its spread; null for recordings, and for what takes too long or Python must refuse.
 * @param {Asked} asked
 */
export function instant({ settings, own }) {
  const { neuron, samples, window, dt, gain } = settings;
  const isFiltered = neuron !== "lif";
  const weights = isFiltered ? motionFilter(window, dt) : null;
  if (own || neuron === "grasshopper" || samples * window > MOST_PRODUCTS || samples <= 4 * window)
    return null;
  if (isFiltered && !weights) return null;
  const { stimulus, chances } = stimulusOf(settings);
  const spikes = weights
    ? fired(neuron, gain, { output: driven(stimulus, window, dt), chances })
    : integrated(stimulus, dt);
  const ends = spikes.filter((index) => index >= window);
  if (ends.length < 2) return null;
  const { average, deviation } = averaged(stimulus, ends, window);
  const isKnown = neuron === "lnp" && gain > 0;
  const data = {
    source: { neuron, dt, samples, spikes: ends.length, rate: (1000 * spikes.length) / samples / dt },
    time: average.map((_, index) => -dt * (window - 1 - index)),
    average,
    baseline: stimulus.reduce((sum, value) => sum + value) / samples,
    deviation,
    error: deviation.map((one) => one / Math.sqrt(ends.length)),
    null: null,
    filter: weights,
    predicted: isKnown && weights ? weights.map((weight) => effectiveGain(gain) * weight) : null,
  };
  return { data, isWhole: false };
}

/**
 * Remembers the last result.
 * @param {(...given: A) => T} make
 * @returns {(...given: A) => T}
 * @template {any[]} A
 * @template T
 */
function remembered(make) {
  /** @type {A | undefined} */
  let last;
  /** @type {T} */
  let found;
  return (...given) => {
    if (!last?.every((value, index) => value === given[index])) {
      found = make(...given);
      last = given;
    }
    return found;
  };
}

// ---- Stimuli ----

/** Normal numbers, and then one from 0 to 1 for each sample. */
const drawn = remembered(
  (/** @type {number} */ seed, /** @type {number} */ count, /** @type {number} */ samples) => {
    const random = new Random(seed);
    const [normals, chances] = [new Float64Array(count), new Float64Array(samples)];
    for (let index = 0; index < count; index++) normals[index] = random.normal();
    for (let index = 0; index < samples; index++) chances[index] = random.random();
    return { normals, chances };
  },
);

/** A first-order autoregressive stimulus; the last number is what comes before the first. */
const correlated = remembered((/** @type {Float64Array} */ normals, /** @type {number} */ memory) => {
  const scale = Math.sqrt(1 - memory ** 2);
  let value = normals[normals.length - 1];
  return normals.subarray(0, -1).map((step) => {
    value = memory * value + step * scale;
    return value;
  });
});

/** @param {Values} settings */
function stimulusOf({ neuron, seed, samples, memory }) {
  const isWhite = neuron !== "lnp-correlated";
  const { normals, chances } = drawn(seed, samples + (isWhite ? 0 : 1), samples);
  return { stimulus: isWhite ? normals : correlated(normals, memory), chances };
}

// ---- Neurons ----

/**
 * The neuron's filter, oldest sample first; null if the window is shorter than its latency.
 * @param {number} window
 * @param {number} dt
 */
function motionFilter(window, dt) {
  const shape = Array.from({ length: window }, (_, index) => {
    const age = dt * (window - 1 - index) - LATENCY;
    return age > 0 ? (age / 8) * Math.exp(1 - age / 8) - 0.08 * Math.exp(-age / 60) : 0;
  });
  if (dt * (window - 1) <= LATENCY) return null;
  const norm = Math.sqrt(shape.reduce((sum, weight) => sum + weight * weight, 0));
  return shape.map((weight) => weight / norm);
}

/** The filter's output at each sample; 0 before the first window. */
const driven = remembered(
  (/** @type {Float64Array} */ stimulus, /** @type {number} */ window, /** @type {number} */ dt) => {
    const weights = Float64Array.from(motionFilter(window, dt) ?? []);
    const output = new Float64Array(stimulus.length);
    for (let last = window - 1; last < output.length; last++) {
      let sum = 0;
      for (let index = 0, first = last - window + 1; index < window; index++)
        sum += stimulus[first + index] * weights[index];
      output[last] = sum;
    }
    return output;
  },
);

/**
 * The samples at which a neuron with a random generator fires.
 * @param {string} neuron
 * @param {number} gain
 * @param {{output: Float64Array, chances: Float64Array}} driven
 */
function fired(neuron, gain, { output, chances }) {
  const square = gain * gain;
  const spikes = [];
  for (let index = 0; index < output.length; index++) {
    const drive = output[index];
    const probability =
      neuron === "squaring"
        ? (RATE * (1 + square * drive * drive)) / (1 + square)
        : RATE * Math.exp(gain * drive - square / 2);
    if (chances[index] < probability) spikes.push(index);
  }
  return spikes;
}

/** The samples at which a leaky membrane fires. @param {Float64Array} stimulus @param {number} dt */
function integrated(stimulus, dt) {
  const keep = Math.exp(-dt / 20);
  const scale = 1.4 * Math.sqrt(2 / dt);
  const spikes = [];
  let membrane = 0;
  for (let index = 0; index < stimulus.length; index++) {
    membrane = keep * membrane + (1 - keep) * (0.5 + scale * stimulus[index]);
    if (membrane < 1) continue;
    spikes.push(index);
    membrane = 0;
  }
  return spikes;
}

/** What an average shows of a gain, since no probability exceeds 1. @param {number} gain */
export function effectiveGain(gain) {
  if (gain <= 0) return 0;
  const limit = ((gain * gain) / 2 - Math.log(RATE)) / gain;
  const below = RATE * cumulative(limit - gain);
  return (gain * below) / (below + 1 - cumulative(limit));
}

// ---- The average ----

/** @param {Float64Array} stimulus @param {number[]} ends @param {number} window */
function averaged(stimulus, ends, window) {
  const [total, squares] = [new Float64Array(window), new Float64Array(window)];
  for (const end of ends) {
    for (let index = 0, first = end - window + 1; index < window; index++) {
      const value = stimulus[first + index];
      total[index] += value;
      squares[index] += value * value;
    }
  }
  const count = ends.length;
  const average = Array.from(total, (sum) => sum / count);
  const deviation = average.map((mean, index) =>
    Math.sqrt(Math.max(0, squares[index] - count * mean * mean) / (count - 1)),
  );
  return { average, deviation };
}
