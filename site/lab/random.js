/**
 * Random numbers as numpy's `default_rng` draws them, for pages that draw the same data as Python at once.
 */

/** The multiplier 0x2360ed051fc65da44385df649fccf645, its lowest 16 bits first. */
const [A, B, C, D] = [0xf645, 0x9fcc, 0xdf64, 0x4385];
const [E, F, G, H] = [0x5da4, 0x1fc6, 0xed05, 0x2360];
const LIMB = 0x1_0000;
const STEPS = 2 ** 52;
/** Where the ziggurat's tail begins, and the area of each of its 256 layers. */
const TAIL = 3.6541528853610088;
const AREA = 0.004928673233974658;

/** @param {bigint} value of 128 bits @returns {Float64Array} sixteen bits each, the lowest first */
function limbs(value) {
  return Float64Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(16 * index)) & 0xffffn));
}

/** PCG64, seeded through numpy's SeedSequence. */
export class Random {
  #state = new Float64Array(8);
  #next = new Float64Array(8);
  #increment;
  /** The halves of the last 64 bits. */
  #high = 0;
  #low = 0;

  /** @param {number} seed a whole number from 0 to 2 ** 32 - 1 */
  constructor(seed) {
    const [state, increment] = seeded(seed);
    this.#increment = limbs((increment << 1n) | 1n);
    this.#step();
    let carry = 0;
    limbs(state).forEach((limb, index) => {
      const sum = this.#state[index] + limb + carry;
      this.#state[index] = sum % LIMB;
      carry = Math.floor(sum / LIMB);
    });
    this.#step();
  }

  /** A number from 0 to 1. */
  random() {
    this.#draw();
    return ((this.#high >>> 0) + (this.#low >>> 11) / 2 ** 21) / 2 ** 32;
  }

  /** A standard normal number. */
  normal() {
    for (;;) {
      this.#draw();
      const low = this.#low;
      const layer = low & 255;
      const size = (this.#high & 0x1fff_ffff) * 2 ** 23 + (low >>> 9);
      const x = (low & 256 ? -size : size) * widths[layer];
      if (size < inside[layer]) return x;
      if (layer === 0) return (low & 0x2_0000 ? -1 : 1) * this.#tail(); // its sign is another bit
      const height = heights[layer] + (heights[layer - 1] - heights[layer]) * this.random();
      if (height < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** A number beyond the ziggurat. */
  #tail() {
    for (;;) {
      const beyond = -Math.log1p(-this.random()) / TAIL;
      const height = -Math.log1p(-this.random());
      if (2 * height > beyond * beyond) return TAIL + beyond;
    }
  }

  /** Multiplies and adds, modulo 2 ** 128; written out, because most of the time goes into it. */
  #step() {
    const [s, n, plus] = [this.#state, this.#next, this.#increment];
    let sum = plus[0] + s[0] * A;
    n[0] = sum & 0xffff;
    sum = (sum - n[0]) / LIMB + plus[1] + s[0] * B + s[1] * A;
    n[1] = sum & 0xffff;
    sum = (sum - n[1]) / LIMB + plus[2] + s[0] * C + s[1] * B + s[2] * A;
    n[2] = sum & 0xffff;
    sum = (sum - n[2]) / LIMB + plus[3] + s[0] * D + s[1] * C + s[2] * B + s[3] * A;
    n[3] = sum & 0xffff;
    sum = (sum - n[3]) / LIMB + plus[4] + s[0] * E + s[1] * D + s[2] * C + s[3] * B + s[4] * A;
    n[4] = sum & 0xffff;
    sum = (sum - n[4]) / LIMB + plus[5] + s[0] * F + s[1] * E + s[2] * D + s[3] * C + s[4] * B + s[5] * A;
    n[5] = sum & 0xffff;
    sum =
      (sum - n[5]) / LIMB +
      plus[6] +
      s[0] * G +
      s[1] * F +
      s[2] * E +
      s[3] * D +
      s[4] * C +
      s[5] * B +
      s[6] * A;
    n[6] = sum & 0xffff;
    sum =
      (sum - n[6]) / LIMB +
      plus[7] +
      s[0] * H +
      s[1] * G +
      s[2] * F +
      s[3] * E +
      s[4] * D +
      s[5] * C +
      s[6] * B +
      s[7] * A;
    n[7] = sum & 0xffff;
    this.#state = n;
    this.#next = s;
  }

  /** Folds the state into 64 bits and turns them to the right by its highest six. */
  #draw() {
    this.#step();
    const state = this.#state;
    const low = (state[0] ^ state[4]) | ((state[1] ^ state[5]) << 16);
    const high = (state[2] ^ state[6]) | ((state[3] ^ state[7]) << 16);
    const turn = state[7] >> 10;
    const [one, other] = turn & 32 ? [low, high] : [high, low];
    const rest = turn & 31;
    this.#high = rest ? (one >>> rest) | (other << (32 - rest)) : one;
    this.#low = rest ? (other >>> rest) | (one << (32 - rest)) : other;
  }
}

/** State and sequence from a seed: numpy's SeedSequence. @param {number} seed */
function seeded(seed) {
  let constant = 0x43b0d7e5;
  const spread = (/** @type {number} */ value, /** @type {number} */ factor) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, factor);
    const product = Math.imul(mixed, constant);
    return product ^ (product >>> 16);
  };
  const pool = [seed, 0, 0, 0].map((word) => spread(word, 0x931e8875));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) {
      if (from === to) continue;
      const other = spread(pool[from], 0x931e8875);
      const mixed = Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, other);
      pool[to] = mixed ^ (mixed >>> 16);
    }
  }
  constant = 0x8b51f9dd;
  const words = Array.from({ length: 8 }, (_, index) => BigInt(spread(pool[index % 4], 0x58f38ded) >>> 0));
  const [a, b, c, d] = [0, 2, 4, 6].map((index) => words[index] | (words[index + 1] << 32n));
  return [(a << 64n) | b, (c << 64n) | d];
}

// ---- The ziggurat of Marsaglia and Tsang ----

/** Of each layer: its width for each of `STEPS`, the density at its end, and the steps inside. */
const [widths, heights, inside] = [0, 1, 2].map(() => new Float64Array(256));
{
  const density = (/** @type {number} */ x) => Math.exp(-0.5 * x * x);
  const base = AREA / density(TAIL);
  widths[0] = base / STEPS;
  heights[0] = 1;
  inside[0] = (TAIL / base) * STEPS;
  let x = TAIL;
  for (let layer = 255; layer > 0; layer--) {
    widths[layer] = x / STEPS;
    heights[layer] = density(x);
    const above = layer > 1 ? Math.sqrt(-2 * Math.log(AREA / x + density(x))) : 0;
    inside[layer] = (above / x) * STEPS;
    x = above;
  }
}
