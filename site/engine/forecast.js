/**
 * What a model takes and how fast it would write here, before anything of it is downloaded. The speed follows
 * from how fast this machine reads weights, which is measured once, by a loop like that of the kernel: it is
 * not guessed from the names of hardware. It is an estimate for one thread; what is measured when a text is
 * written replaces it.
 */

import { available } from "./available.js";

/**
 * @typedef {object} Needs bytes
 * @property {number} download that are to be fetched
 * @property {number} [memory] that loading takes at most
 * @property {number} [read] weights that are read for each token
 * @property {number} [multiplied] weights by which a token is multiplied, of a model that only reads texts
 */
/**
 * @typedef {object} Forecast
 * @property {number} tokensPerSecond that are written, or read by a model that only reads; 0 if unknown
 * @property {"" | "memory" | "storage"} lacks what there is too little of: with too little memory the model
 *   does not run, with too little storage it is downloaded again on every visit
 * @property {number} limit bytes that there are of it
 */

/** MiB of the loop's memory, more than most caches have, and milliseconds for which it is read. */
const SIZE = 32;
const DURATION = 50;
const LEAST_ROUNDS = 4;
const LONGEST_WAIT = 250; // milliseconds
/**
 * What a token costs besides its weights (choosing it, Python, sending it), as bytes that could be read
 * meanwhile. Chosen so that the default model's forecast is its published speed
 * (docs/reference/benchmarks.md).
 */
export const OVERHEAD = 10e6;
/**
 * How many multiply-adds are done while a byte could be read, when many tokens are read at once: then the
 * arithmetic is the limit.
 */
export const ARITHMETIC = 1.3;

/**
 * Tokens that a model writes or reads in a second.
 * @param {Pick<Needs, "read" | "multiplied">} needs
 * @param {number} rate bytes that are read in a second
 */
export function tokensPerSecond({ read = 0, multiplied = 0 }, rate) {
  if (multiplied) return (rate * ARITHMETIC) / multiplied;
  return read ? rate / (read + OVERHEAD) : 0;
}

/**
 * As how many tokens that are only read a token counts from which a model learns: forward and back, and what
 * is not a product. Chosen so that the default model learns as fast as it does (scripts/bench/tuning.py).
 */
export const LEARNING = 1.8;
/**
 * The recipe (goosequill.tuning.training): steps at most, tokens of an example, and parameters from which a
 * model is large.
 */
const [STEPS, LONGEST, LARGE] = [190, 256, 5e7];
/** Bytes of English in a token. */
const TOKEN = 3;

/**
 * Seconds that learning takes at most, if what is held back gets better to the end.
 * @param {{examples: number, bytes: number}} given
 * @param {number} parameters of the model
 * @param {number} rate bytes that are read in a second
 */
export function learningSeconds({ examples, bytes }, parameters, rate) {
  const held = Math.max(1, Math.round(examples / 5));
  const tokens = Math.min(LONGEST, bytes / examples / TOKEN);
  const [atOnce, every] = parameters < LARGE ? [4, 5] : [1, 10]; // examples in a step, steps per measurement
  const learned = Math.min(atOnce, examples - held) * tokens * LEARNING;
  const measured = (held * tokens) / every;
  return (STEPS * (learned + measured)) / tokensPerSecond({ multiplied: parameters }, rate);
}

/**
 * @param {Needs} needs
 * @param {{rate: number, memory?: number, storage?: number}} here bytes that are read in a second
 *   (measureRate), that a model may take, and that can be stored
 * @returns {Promise<Forecast>}
 */
export async function forecast({ download, memory = 0, ...work }, here) {
  const speed = tokensPerSecond(work, here.rate);
  const limit = here.memory ?? available();
  if (memory > limit) return { tokensPerSecond: speed, lacks: "memory", limit };
  const storage = here.storage ?? (await freeStorage());
  return { tokensPerSecond: speed, lacks: download > storage ? "storage" : "", limit: storage };
}

/** Bytes that this site can still store; infinite where the browser does not say. */
async function freeStorage() {
  try {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    return quota - usage;
  } catch {
    return Infinity;
  }
}

/**
 * Bytes of weights that one thread reads in a second, measured in steps of a few milliseconds while the page
 * has nothing else to do. Rejects where there is no SIMD.
 * @returns {Promise<number>}
 */
export async function measureRate() {
  const { instance } = await WebAssembly.instantiate(readingLoop());
  const { memory, read } = /** @type {any} */ (instance.exports);
  new Uint8Array(memory.buffer).fill(1); // else every page is the same one, full of zeros
  const half = memory.buffer.byteLength / 2;
  let [spent, fastest] = [0, Infinity];
  for (let round = 0; round < LEAST_ROUNDS || spent < DURATION; round++) {
    await idle();
    const start = performance.now();
    read(0, half);
    const took = performance.now() - start;
    spent += Math.max(took, 1); // some browsers' clocks are coarse
    if (took > 0) fastest = Math.min(fastest, took);
  }
  return (memory.buffer.byteLength / fastest) * 1000;
}

/** A pause in the page's work: a hidden page may have none for long. @returns {Promise<unknown>} */
function idle() {
  if (!globalThis.requestIdleCallback) return new Promise((resolve) => setTimeout(resolve));
  return new Promise((resolve) => requestIdleCallback(resolve, { timeout: LONGEST_WAIT }));
}

/**
 * A module with the inner loop of the kernel's product in 8 bits: two streams, half the memory apart; each
 * vector has the weights of two rows in eight numbers, which are multiplied twice and added up.
 */
export function readingLoop() {
  const leb = (/** @type {number} */ value) => {
    const bytes = [];
    for (let rest = value; ; rest >>>= 7) {
      if (rest < 128) return [...bytes, rest];
      bytes.push((rest & 127) | 128);
    }
  };
  const [at, end, sum, key, weights] = [0, 1, 2, 3, 4];
  const get = (/** @type {number} */ local) => [0x20, local];
  /** @param {number} operation @param {number[]} operands */
  const simd = (operation, ...operands) => [0xfd, ...leb(operation), ...operands];
  const dot = simd(0xba); // i32x4.dot_i16x8_s
  const add = simd(0xae); // i32x4.add
  const multiply = (/** @type {number} */ offset) => [
    ...[...get(at), ...simd(0x00, 4, ...leb(offset)), 0x22, weights], // v128.load, local.tee
    ...[...get(key), ...dot],
    ...[...get(weights), 0x41, 8, ...simd(0x8c), ...get(key), ...dot], // i16x8.shr_s by 8
    ...[...add, ...get(sum), ...add, 0x21, sum],
  ];
  const half = SIZE << 19;
  const body = [
    ...[1, 3, 0x7b], // three locals of v128
    ...[0x41, 3, ...simd(0x10), 0x21, key], // i16x8.splat
    ...[0x03, 0x40], // loop
    ...[0, half, 16, half + 16].flatMap(multiply),
    ...[...get(at), 0x41, 32, 0x6a, 0x22, at, ...get(end), 0x49, 0x0d, 0], // at += 32; br_if at < end
    0x0b,
    ...[...get(sum), ...simd(0x1b, 0), 0x0b], // i32x4.extract_lane 0
  ];
  const section = (/** @type {number} */ id, /** @type {number[]} */ content) => [
    id,
    ...leb(content.length),
    ...content,
  ];
  const name = (/** @type {string} */ text) => [text.length, ...new TextEncoder().encode(text)];
  return Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f]), // (i32, i32) -> i32
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...leb(SIZE * 16)]), // pages of 64 KiB
    ...section(7, [2, ...name("memory"), 2, 0, ...name("read"), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  );
}
