// Products divided among real threads, with simd.c as it is compiled for helpers: the same bits whoever
// computes. The test stands in for simd.c's `run`, which asks which rows are next.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Worker } from "node:worker_threads";

import { Helpers, startHelpers } from "../../../site/engine/threads.js";
import { PANEL, STEP_WORDS } from "../../../site/engine/work-queue.js";

const WASM = new URL("../../../py/goosequill/kernels/simd-plain-helper.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(WASM));
const PRODUCT = 7;

/** A worker of a browser, as far as Helpers uses it. */
class Thread {
  /** @type {Set<Worker>} */
  static running = new Set();
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onerror = null;
  #worker;

  /** @param {string} file */
  constructor(file) {
    this.#worker = new Worker(new URL(file, import.meta.url));
    Thread.running.add(this.#worker);
    this.#worker.on("message", (data) => this.onmessage?.({ data }));
    this.#worker.on("error", ({ message }) => this.onerror?.({ message }));
    this.#worker.on("exit", () => Thread.running.delete(this.#worker));
  }

  /** @param {string} _type @param {(event: any) => void} listener */
  addEventListener(_type, listener) {
    this.#worker.on("error", listener);
  }

  /** @param {unknown} message */
  postMessage(message) {
    this.#worker.postMessage(message);
  }

  terminate() {
    this.#worker.terminate();
  }
}

/** @param {number} count @param {string} [file] @returns {Helpers} */
const start = (count, file = "./helper-thread.js") =>
  new Helpers(count, () => /** @type {any} */ (new Thread(file)));

/** As simd.c has them; what it calls 1 is a sketch of a head, which is for one token at a time. */
const FORMS = [
  { form: 32, bits: 32 },
  { form: 8, bits: 8 },
  { form: 4, bits: 4 },
  { form: 1, bits: 4 },
];

/** Memory as Python's, with matrices of each kind in it, a step for each number of tokens, and steps that go together. */
function scene() {
  const memory = new WebAssembly.Memory({ initial: 400, maximum: 400, shared: true });
  const exports = /** @type {any} */ (new WebAssembly.Instance(module, { env: { memory } }).exports);
  const heap = {
    HEAPU8: new Uint8Array(memory.buffer),
    HEAP32: new Int32Array(memory.buffer),
    HEAPF32: new Float32Array(memory.buffer),
  };
  let end = 65536;
  const take = (/** @type {number} */ bytes) => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at;
  };
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return seed / 2 ** 31;
  };
  const floats = (/** @type {number} */ count) => {
    const at = take(4 * count);
    for (let i = 0; i < count; i++) heap.HEAPF32[at / 4 + i] = random();
    return at;
  };
  const matrices = [];
  const steps = [];
  for (const { form, bits } of FORMS) {
    const together = [];
    for (const [rows, columns] of [
      [1003, 256],
      [768, 768],
      [128, 256], // with 8 bits or less too small to be divided alone
      [16, 64], // too small to be divided
    ]) {
      const padded = Math.ceil(rows / PANEL) * PANEL;
      const scales = form === 8 || form === 1 ? padded : 0;
      const size = form === 4 ? (padded * columns * 34) / 64 : (padded * columns * bits) / 8;
      const weights = take(size);
      if (bits === 32) heap.HEAPF32.set(Float32Array.from({ length: padded * columns }, random), weights / 4);
      else for (let i = 0; i < size; i++) heap.HEAPU8[weights + i] = 256 * Math.abs(random());
      // With 4 bits each group of columns begins with sixteen scales in 16 bits: here from 1/16 to 1/8.
      for (let group = 0; form === 4 && group < size; group += 544)
        for (let i = 1; i < 32; i += 2)
          heap.HEAPU8[weights + group + i] = 0x2c | (heap.HEAPU8[weights + group + i] & 3);
      const matrix = {
        weights,
        scales: floats(scales),
        rows,
        columns,
        panel_bytes: (PANEL * size) / padded,
        scale_bytes: (PANEL * 4 * scales) / padded,
      };
      matrices.push(matrix);
      for (const tokens of form === 1 ? [1] : [1, 7, 40]) {
        for (const bias of [0, floats(rows)]) {
          const out = take(4 * rows * tokens);
          const operands = [out, weights, matrix.scales, floats(tokens * columns), bias];
          const step = take(64);
          const scratch = take(4 * tokens * (columns + 2));
          const words = [PRODUCT, ...operands, scratch, tokens, columns, rows, 2, form, 0, 0, 1];
          heap.HEAP32.set(words, step / 4);
          steps.push({ step, out, size: rows * tokens, bytes: size });
          if (tokens === 1) together.push({ words, rows });
        }
      }
    }
    const step = take(4 * STEP_WORDS * together.length);
    const size = together.reduce((sum, { rows }) => sum + rows, 0);
    const out = take(4 * size);
    let results = out;
    for (const [i, { words, rows }] of together.entries()) {
      heap.HEAP32.set([words[0], results, ...words.slice(2, 14), together.length], step / 4 + i * STEP_WORDS);
      results += 4 * rows;
    }
    steps.push({ step, out, size, bytes: Number.POSITIVE_INFINITY });
  }
  /** @param {import("../../../site/engine/threads.js").Team | null} team */
  const run = (team) =>
    steps.map(({ step, out, size }) => {
      heap.HEAPF32.fill(Number.NaN, out / 4, out / 4 + size);
      if (team) {
        let more = team.share(step);
        exports.product_begin(step);
        for (; more; more = team.share(step)) exports.product_rows(step);
      } else {
        for (let i = 0; i < heap.HEAP32[step / 4 + 14]; i++) {
          const at = step / 4 + i * STEP_WORDS;
          heap.HEAP32[at + 12] = 0;
          heap.HEAP32[at + 13] = Math.ceil(heap.HEAP32[at + 9] / PANEL) * PANEL;
        }
        exports.product_begin(step);
        exports.product_rows(step);
      }
      return heap.HEAP32.slice(out / 4, out / 4 + size);
    });
  /** Leaves weights to the helpers only: what they compute is not what would be computed here. */
  const forget = () => {
    for (const { weights, rows, panel_bytes } of matrices)
      heap.HEAPU8.fill(0, weights, weights + Math.ceil(rows / PANEL) * panel_bytes);
  };
  return { exports, heap, matrices, steps, run, forget };
}

for (const count of [1, 2, 3]) {
  test(`${count + 1} threads give the bits of one`, async () => {
    const { heap, matrices, run } = scene();
    const helpers = start(count);
    try {
      const expected = run(null);
      const team = await helpers.join(module, matrices, heap);
      for (let round = 0; round < 8; round++) assert.deepEqual(run(team), expected);
    } finally {
      helpers.end();
    }
  });
}

test("helpers that are gone cost no number", async () => {
  const { heap, matrices, run } = scene();
  const helpers = start(2);
  const expected = run(null);
  const team = await helpers.join(module, matrices, heap);
  assert.deepEqual(run(team), expected);
  helpers.end();
  for (let round = 0; round < 8; round++) assert.deepEqual(run(team), expected);
});

test("helpers take a part of the work, but of nothing that is small", async () => {
  const { heap, matrices, steps, run, forget } = scene();
  const helpers = start(1);
  try {
    const team = await helpers.join(module, matrices, heap);
    forget();
    const alone = run(null);
    const helped = new Set();
    const large = steps.flatMap(({ bytes }, i) => (bytes < 64 * 1024 ? [] : [i]));
    for (let round = 0; helped.size < large.length && round < 500; round++) {
      for (const [i, numbers] of run(team).entries())
        if (numbers.some((bits, j) => bits !== alone[i][j])) helped.add(i);
    }
    assert.deepEqual(
      [...helped].sort((a, b) => a - b),
      large,
    );
  } finally {
    helpers.end();
  }
});

test("a thread that waits reads no more ahead than it will need", () => {
  const { exports, heap, steps } = scene();
  let most = 0;
  for (const { step } of steps) {
    const at = step / 4;
    let streams = 0;
    for (let i = 0; i < heap.HEAP32[at + 14]; i++) {
      const [rows, form] = [heap.HEAP32[at + STEP_WORDS * i + 9], heap.HEAP32[at + STEP_WORDS * i + 11]];
      heap.HEAP32[at + STEP_WORDS * i + 12] = 0;
      heap.HEAP32[at + STEP_WORDS * i + 13] = rows;
      const bytes = { 32: 4, 8: 1, 4: 34 / 64, 1: 1 / 2 }[form] ?? 0;
      streams += PANEL * Math.floor(rows / (2 * PANEL)) * heap.HEAP32[at + STEP_WORDS * i + 8] * bytes;
    }
    let done = 0;
    for (let more = exports.product_ahead(step, 0); more > done; more = exports.product_ahead(step, done))
      done = more;
    assert.equal(done, streams);
    most = Math.max(most, done);
  }
  assert.ok(most > 1_000_000);
});

test("a helper that fails to start says why, and all are ended", async () => {
  const { heap, matrices } = scene();
  const helpers = start(2, "./helper-that-is-nowhere.js");
  await assert.rejects(helpers.join(module, matrices, heap), /helper-that-is-nowhere/);
  helpers.end();
  assert.equal(helpers.count, 0);
  while (Thread.running.size) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("copies of the weights that do not fit are not made", async () => {
  const { heap, matrices } = scene();
  const helpers = start(1);
  await assert.rejects(helpers.join(module, matrices, heap, 1_000_000), /no memory/);
  helpers.end();
});

test("without shared memory there are no helpers", () => {
  assert.equal(startHelpers({ threads: 2 }), null);
});
