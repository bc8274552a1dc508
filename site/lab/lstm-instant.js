/** Computes the cells that are set by hand in the page, as by_hand of py/goosequill/lab/lstm.py does. */

/** @import { Asked, Instant } from "./frame.js" */

/** The weights of inputs that open or close a gate by hand. */
const GAIN = 30;
/** Of the steps, how many are drawn: one in so many. */
const THIN = 4;
/** The first input of a cell, the second, or none. */
const READ = "().";

/**
 * Everything that the bias of the cells set by hand decides, if nothing else has changed.
 * @param {Asked} asked
 * @returns {Instant | null}
 */
export function instant({ settings, data }) {
  const { strength } = settings;
  const changed = Object.keys(settings).filter((name) => settings[name] !== data.settings?.[name]);
  if (changed.join() !== "strength") return null;
  const { ages, kept } = data.decay;
  const latch = ages.map((/** @type {number} */ age) => Math.max(sigmoid(strength) ** age, 1e-12));
  return {
    data: {
      ...data,
      decay: { ages, kept: { ...kept, latch } },
      latch: asLatch(data.latch.read, strength),
      counter: asCounter(data.counter.read, strength),
    },
    isWhole: true,
    parts: ["decay", "hand"],
  };
}

/** @param {number} value */
const sigmoid = (value) => 1 / (1 + Math.exp(-value));

/**
 * The outputs of one unit that does not read its own last one.
 * @param {string} read
 * @param {Record<"i" | "f" | "o" | "g", [number, number, number]>} weights of both inputs, and the bias
 */
function outputs(read, { i, f, o, g }) {
  let memory = 0;
  return Array.from(read, (one) => {
    const at = READ.indexOf(one);
    const sum = (/** @type {number[]} */ row) => (row[at] ?? 0) * Number(at < 2) + row[2];
    memory = sigmoid(sum(f)) * memory + sigmoid(sum(i)) * Math.tanh(sum(g));
    return sigmoid(sum(o)) * Math.tanh(memory);
  });
}

/** Keeps a bit that its inputs set and reset. @param {string} read @param {number} strength */
function asLatch(read, strength) {
  const shut = -2 * GAIN - strength;
  const found = outputs(read, {
    i: [2 * GAIN, 2 * GAIN, -GAIN],
    f: [shut, shut, strength],
    o: [0, 0, GAIN],
    g: [GAIN, -GAIN, 0],
  }).map((value) => value / Math.tanh(1));
  let bit = 0;
  const wanted = Array.from(read, (one) => {
    if (one !== READ[2]) bit = one === READ[0] ? 1 : -1;
    return bit;
  });
  return made(read, found, wanted, (value, right) => value * right < 0.5);
}

/** Counts brackets that are open. @param {string} read @param {number} strength */
function asCounter(read, strength) {
  const unit = Math.atanh(1 / read.length);
  const found = outputs(read, {
    i: [2 * GAIN, 2 * GAIN, -GAIN],
    f: [0, 0, strength],
    o: [0, 0, GAIN],
    g: [unit, -unit, 0],
  }).map((value) => Math.atanh(value) * read.length);
  let depth = 0;
  const wanted = Array.from(read, (one) => (depth += one === READ[0] ? 1 : one === READ[1] ? -1 : 0));
  return made(read, found, wanted, (value, right) => Math.abs(value - right) > 0.5);
}

/**
 * @param {string} read
 * @param {number[]} found
 * @param {number[]} wanted
 * @param {(value: number, right: number) => boolean} isWrong
 */
function made(read, found, wanted, isWrong) {
  const drawn = (/** @type {number[]} */ values) =>
    values.filter((_, step) => step % THIN === 0).map((value) => Number(value.toFixed(3)));
  return {
    read,
    value: drawn(found),
    wanted: drawn(wanted),
    wrong: found.filter((value, step) => isWrong(value, wanted[step])).length,
    error: Math.max(...found.map((value, step) => Math.abs(value - wanted[step]))),
    steps: drawn(found.map((_, step) => step + 1)),
  };
}
