/** Changes of the small network in the page, as py/goosequill/lab/relu_symmetries.py makes them. */

/**
 * @typedef {{first: number[], bias: number[], second: number[], offset: number}} Weights
 * @typedef {Weights & {x: number[], y: number[], kept: [number, number][], share: number}} Step
 * @typedef {[Step, Step, Step]} Steps
 * @typedef {[[number, number], [number, number]]} Block what units 1 and 2 become
 */

/**
 * The network before a change, with its incoming weights changed, and with its outgoing ones changed too.
 * @param {string} name
 * @param {number} amount degrees of "rotate", the factor of "scale" and "negative"
 * @param {{start: Weights, reach: number}} network
 * @returns {Steps}
 */
export function stepsOf(name, amount, { start, reach }) {
  const [incoming, outgoing] = blocks(name, amount);
  const half = { ...start, first: mixed(incoming, start.first), bias: mixed(incoming, start.bias) };
  const whole = { ...half, second: mixed(outgoing, start.second) };
  return [step(start, start, reach), step(half, start, reach), step(whole, start, reach)];
}

/**
 * How units 1 and 2 are mixed, before the ReLU and after it.
 * @param {string} name
 * @param {number} amount
 * @returns {[Block, Block]}
 */
function blocks(name, amount) {
  if (name === "scale" || name === "negative") return [scaling(amount), scaling(1 / amount)];
  const radians = (amount * Math.PI) / 180;
  const block = name === "swap" ? mirror(0, 1) : mirror(Math.cos(radians), Math.sin(radians));
  return [block, block];
}

/** @param {number} factor @returns {Block} */
const scaling = (factor) => [
  [factor, 0],
  [0, 1],
];

/** @param {number} cosine @param {number} sine @returns {Block} */
const mirror = (cosine, sine) => [
  [cosine, sine],
  [sine, -cosine],
];

/** @param {Block} block @param {number[]} values of the units */
function mixed([[a, b], [c, d]], [one, other, ...rest]) {
  return [a * one + b * other, c * one + d * other, ...rest];
}

/** @param {Weights} weights @param {Weights} start @param {number} reach @returns {Step} */
function step({ first, bias, second, offset }, start, reach) {
  const weights = { first, bias, second, offset };
  const x = corners([weights], reach);
  const kept = keptBy(weights, start, reach);
  const share = kept.reduce((sum, [from, to]) => sum + to - from, 0) / (2 * reach);
  return { ...weights, x, y: x.map((at) => answer(weights, at)), kept, share };
}

/** @param {Weights} weights @param {number} x */
function answer({ first, bias, second, offset }, x) {
  return first.reduce(
    (sum, weight, unit) => sum + second[unit] * Math.max(0, weight * x + bias[unit]),
    offset,
  );
}

/** Where outputs may bend, with both ends of the range. @param {Weights[]} several @param {number} reach */
function corners(several, reach) {
  const bends = several.flatMap(({ first, bias }) => first.map((weight, unit) => -bias[unit] / weight));
  const inside = bends.filter((bend) => Math.abs(bend) < reach).map((bend) => Number(bend.toFixed(9)));
  return [...new Set([-reach, ...inside, reach])].sort((one, other) => one - other);
}

/**
 * The intervals on which two networks answer the same; between corners both are straight.
 * @param {Weights} one
 * @param {Weights} other
 * @param {number} reach
 */
function keptBy(one, other, reach) {
  const all = corners([one, other], reach);
  /** @type {[number, number][]} */
  const kept = [];
  all.slice(1).forEach((high, index) => {
    const low = all[index];
    const differs = (/** @type {number} */ x) => Math.abs(answer(one, x) - answer(other, x)) > 1e-6;
    if ([low, (low + high) / 2, high].some(differs)) return;
    const last = kept.at(-1);
    if (last?.[1] === low) last[1] = high;
    else kept.push([low, high]);
  });
  return kept;
}
