/** What a model would take and how fast it would be, before it is downloaded. */

import assert from "node:assert/strict";
import test from "node:test";
import {
  forecast,
  LEARNING,
  learningSeconds,
  measureRate,
  OVERHEAD,
  readingLoop,
  tokensPerSecond,
} from "../../../site/engine/forecast.js";

const AMPLE = { rate: 20e9, memory: 4e9, storage: 10e9 };

test("a token takes the reading of its weights, and what it costs besides", () => {
  const read = 190e6;
  assert.equal(tokensPerSecond({ read }, 20e9), 20e9 / (read + OVERHEAD));
  assert.equal(tokensPerSecond({ read }, 40e9), 2 * tokensPerSecond({ read }, 20e9));
  assert.ok(tokensPerSecond({ read: 1e6 }, 20e9) < 20e9 / OVERHEAD, "a tiny model is not infinitely fast");
  const perByte = 2e9 * tokensPerSecond({ read: 2e9 }, 1);
  assert.ok(perByte > 0.98 && perByte < 1, "of a large one only the weights count");
});

test("a model that only reads is limited by its multiplications", () => {
  const [small, large] = [10e6, 40e6].map((multiplied) => tokensPerSecond({ multiplied }, 20e9));
  assert.equal(small, 4 * large);
});

test("learning takes longer with more to learn from in a step, and with what is held back", () => {
  const [model, rate] = [10.6e6, 20e9];
  const seconds = (/** @type {number} */ examples, /** @type {number} */ bytes) =>
    learningSeconds({ examples, bytes }, model, rate);
  assert.equal(learningSeconds({ examples: 50, bytes: 1e4 }, 2 * model, rate), 2 * seconds(50, 1e4));
  assert.equal(learningSeconds({ examples: 50, bytes: 1e4 }, model, rate / 2), 2 * seconds(50, 1e4));
  assert.ok(seconds(50, 2e4) > 1.9 * seconds(50, 1e4), "longer ones");
  assert.ok(seconds(100, 2e4) > seconds(50, 1e4), "more that are held back");
  assert.equal(seconds(50, 1e7), seconds(50, 1e8), "a long text is learned in pieces");
  assert.equal(learningSeconds({ examples: 50, bytes: 1e4 }, model, 0), Infinity);
  const large = learningSeconds({ examples: 50, bytes: 1e4 }, 10 * model, rate);
  const share = (LEARNING + 1) / (4 * LEARNING + 2); // an example and a tenth of ten, of four and a fifth
  assert.ok(Math.abs(large / seconds(50, 1e4) - 10 * share) < 1e-9, "a large model takes smaller steps");
});

test("what is unknown is not guessed", async () => {
  assert.equal(tokensPerSecond({}, 20e9), 0);
  assert.equal(tokensPerSecond({ read: 1e6 }, 0), 0);
  assert.deepEqual(await forecast({ download: 5e6 }, AMPLE), { tokensPerSecond: 0, lacks: "", limit: 10e9 });
});

test("a model too large for the memory or for the storage is found before it is downloaded", async () => {
  const needs = { download: 3e9, memory: 2e9, read: 1e9 };
  assert.equal((await forecast(needs, AMPLE)).lacks, "");
  const full = await forecast(needs, { ...AMPLE, memory: 1.9e9, storage: 1e9 });
  assert.deepEqual([full.lacks, full.limit], ["memory", 1.9e9]);
  const unstored = await forecast(needs, { ...AMPLE, storage: 2e9 });
  assert.deepEqual([unstored.lacks, unstored.limit], ["storage", 2e9]);
  assert.equal(unstored.tokensPerSecond, tokensPerSecond(needs, AMPLE.rate));
});

test("the loop that is timed reads every byte of its memory, in two streams", async () => {
  const { instance } = await WebAssembly.instantiate(readingLoop());
  const { memory, read } = /** @type {any} */ (instance.exports);
  const bytes = new Uint8Array(memory.buffer);
  const half = bytes.length / 2;
  assert.equal(read(0, half), 0);
  for (const at of [0, half - 16, half, bytes.length - 16]) {
    bytes[at] = 1; // the lower of two rows: the number itself times three
    assert.equal(read(0, half), 3, `at ${at}`);
    bytes[at] = 0;
  }
});

test("the rate is what the clock says", async (context) => {
  let now = 0;
  context.mock.method(performance, "now", () => (now += 5)); // 32 MiB in 5 ms
  assert.equal(await measureRate(), 2 ** 25 / 0.005);
});
