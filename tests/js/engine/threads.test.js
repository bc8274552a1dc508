/**
 * Products divided among real threads, with simd.c as compiled for helpers: the bits are the same whichever
 * thread computes them. The test replaces simd.c's `run`, which asks for the next rows.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Worker } from "node:worker_threads";

import { CHUNK, PANEL, PRODUCT, product, STEP_WORDS } from "../../../site/engine/abi.js";
import { Assets } from "../../../site/engine/assets.js";
import { Helpers, startHelpers } from "../../../site/engine/threads.js";
import { padded } from "../../../site/engine/work-queue.js";

const WASM = new URL("../../../py/goosequill/kernels/simd-plain-helper.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(WASM));

/** The parts of a browser's Worker that Helpers uses. */
class Thread {
  static running = new Set();
  onmessage = null;
  onerror = null;
  #worker;

  constructor(file) {
    this.#worker = new Worker(new URL(file, import.meta.url));
    Thread.running.add(this.#worker);
    this.#worker.on("message", (data) => this.onmessage?.({ data }));
    this.#worker.on("error", ({ message }) => this.onerror?.({ message }));
    this.#worker.on("exit", () => Thread.running.delete(this.#worker));
  }

  addEventListener(_type, listener) {
    this.#worker.on("error", listener);
  }

  postMessage(message) {
    this.#worker.postMessage(message);
  }

  terminate() {
    this.#worker.terminate();
  }
}

const start = (count, file = "./helper-thread.js") => new Helpers(count, () => new Thread(file));

/** Forms of a matrix in panels. */
const FORMS = [
  { form: 32, bits: 32 },
  { form: 8, bits: 8 },
  { form: 4, bits: 4 },
];

/** Memory like Python's with matrices of each form, a step for each number of tokens, and joined steps. */
function scene(numbers = [1, 7, CHUNK]) {
  const memory = new WebAssembly.Memory({ initial: 800, maximum: 800, shared: true });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const heap = {
    HEAPU8: new Uint8Array(memory.buffer),
    HEAP32: new Int32Array(memory.buffer),
    HEAPF32: new Float32Array(memory.buffer),
  };
  let end = 65536;
  const take = (bytes) => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at;
  };
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
    return seed / 2 ** 31;
  };
  const floats = (count) => {
    const at = take(4 * count);
    for (let i = 0; i < count; i++) heap.HEAPF32[at / 4 + i] = random();
    return at;
  };
  const write = (step, fields) => {
    for (const [name, index] of Object.entries(product)) {
      heap.HEAP32[step + index] = fields[name];
    }
  };
  const matrices = [];
  const steps = [];
  for (const { form, bits } of FORMS) {
    const joined = [];
    for (const [rows, columns] of [
      [1003, 256],
      [768, 768],
      [128, 256], // with 8 bits or less too small to be divided alone
      [16, 64], // too small to be divided
    ]) {
      const height = padded(rows);
      const scales = form === 8 ? height : 0;
      const size = form === 4 ? (height * columns * 34) / 64 : (height * columns * bits) / 8;
      const firstPart = PANEL * Math.floor(height / PANEL / 2);
      const before = (firstPart * size) / height;
      const weights = take(before);
      take(12345);
      const gap = take(size - before) - weights - before;
      const at = (i) => weights + i + (i < before ? 0 : gap);
      if (bits === 32) for (let i = 0; i < size; i += 4) heap.HEAPF32[at(i) / 4] = random();
      else for (let i = 0; i < size; i++) heap.HEAPU8[at(i)] = 256 * Math.abs(random());
      // With 4 bits each group of columns begins with sixteen scales in 16 bits: here from 1/16 to 1/8.
      for (let group = 0; form === 4 && group < size; group += 544)
        for (let i = 1; i < 32; i += 2) heap.HEAPU8[at(group + i)] = 0x2c | (heap.HEAPU8[at(group + i)] & 3);
      const matrix = {
        weights,
        scales: floats(scales),
        rows,
        columns,
        first_part: firstPart,
        gap,
        panel_bytes: (PANEL * size) / height,
        scale_bytes: (PANEL * 4 * scales) / height,
      };
      matrices.push(matrix);
      for (const tokens of numbers) {
        for (const bias of [0, floats(rows)]) {
          const out = take(4 * rows * tokens);
          const fields = {
            operation: PRODUCT,
            out,
            weights,
            scales: matrix.scales,
            inputs: floats(tokens * columns),
            bias,
            scratch: take(4 * tokens * (columns + 2)),
            tokens,
            columns,
            rows,
            activation: 2,
            form,
            firstRow: 0,
            endRow: 0,
            joined: 1,
            gap,
          };
          const step = take(4 * STEP_WORDS);
          write(step / 4, fields);
          steps.push({ step, out, size: rows * tokens, bytes: size });
          if (tokens === 1) joined.push(fields);
        }
      }
    }
    const step = take(4 * STEP_WORDS * joined.length);
    const size = joined.reduce((sum, { rows }) => sum + rows, 0);
    const out = take(4 * size);
    let results = out;
    for (const [i, fields] of joined.entries()) {
      write(step / 4 + i * STEP_WORDS, { ...fields, out: results, joined: joined.length });
      results += 4 * fields.rows;
    }
    steps.push({ step, out, size, bytes: Number.POSITIVE_INFINITY });
  }
  const run = (team) =>
    steps.map(({ step, out, size }) => {
      heap.HEAPF32.fill(Number.NaN, out / 4, out / 4 + size);
      if (team) {
        let more = team.share(step);
        exports.product_begin(step);
        for (; more; more = team.share(step)) exports.product_rows(step);
      } else {
        for (let i = 0; i < heap.HEAP32[step / 4 + product.joined]; i++) {
          const at = step / 4 + i * STEP_WORDS;
          heap.HEAP32[at + product.firstRow] = 0;
          heap.HEAP32[at + product.endRow] = padded(heap.HEAP32[at + product.rows]);
        }
        exports.product_begin(step);
        exports.product_rows(step);
      }
      return heap.HEAP32.slice(out / 4, out / 4 + size);
    });
  /** Clears the weights, so that only the helpers, which have copies, compute the right results. */
  const forget = () => {
    for (const { weights, rows, first_part, gap, panel_bytes } of matrices) {
      const [before, size] = [first_part, padded(rows)].map((height) => (height / PANEL) * panel_bytes);
      heap.HEAPU8.fill(0, weights, weights + before);
      heap.HEAPU8.fill(0, weights + gap + before, weights + gap + size);
    }
  };
  return { exports, heap, matrices, steps, run, forget };
}

test("a helper writes nothing into memory when it starts", () => {
  const memory = new WebAssembly.Memory({ initial: 400, maximum: 400, shared: true });
  new WebAssembly.Instance(module, { env: { memory } });
  // Not any bytes: one that is not 0 may mean that another helper has written what it has.
  assert.ok(new Uint8Array(memory.buffer).every((byte) => byte === 0));
});

for (const count of [1, 2, 3]) {
  test(`${count + 1} threads give the bits of one`, async () => {
    // The last fit into the room for inputs, but not all of their results into that for these.
    const { heap, matrices, run } = scene([1, 7, CHUNK, 3 * CHUNK]);
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

test("results are complete when helpers have been terminated", async () => {
  const { heap, matrices, run } = scene();
  const helpers = start(2);
  const expected = run(null);
  const team = await helpers.join(module, matrices, heap);
  assert.deepEqual(run(team), expected);
  helpers.end();
  for (let round = 0; round < 8; round++) assert.deepEqual(run(team), expected);
});

test("helpers take part of large products, and of no small ones", async () => {
  const { heap, matrices, steps, run, forget } = scene();
  const helpers = start(1);
  try {
    const team = await helpers.join(module, matrices, heap);
    forget();
    const alone = run(null);
    const helped = new Set();
    const large = steps.flatMap(({ bytes }, i) => (bytes < 64 * 1024 ? [] : [i]));
    for (let round = 0; helped.size < large.length && round < 5_000; round++) {
      for (const [i, numbers] of run(team).entries())
        if (numbers.some((bits, j) => bits !== alone[i][j])) helped.add(i);
    }
    const sorted = [...helped].sort((a, b) => a - b);
    assert.deepEqual(sorted, large);
  } finally {
    helpers.end();
  }
});

test("a waiting thread prefetches no more than it will need", () => {
  const { exports, heap, steps } = scene();
  let most = 0;
  for (const { step } of steps) {
    const words = heap.HEAP32;
    let streams = 0;
    for (let i = 0; i < words[step / 4 + product.joined]; i++) {
      const at = step / 4 + STEP_WORDS * i;
      const rows = words[at + product.rows];
      words[at + product.firstRow] = 0;
      words[at + product.endRow] = rows;
      const bytes = { 32: 4, 8: 1, 4: 34 / 64 }[words[at + product.form]] ?? 0;
      streams += PANEL * Math.floor(rows / (2 * PANEL)) * words[at + product.columns] * bytes;
    }
    let done = 0;
    for (let more = exports.product_ahead(step, 0); more > done; more = exports.product_ahead(step, done))
      done = more;
    assert.equal(done, streams);
    most = Math.max(most, done);
  }
  assert.ok(most > 1_000_000);
});

test("a helper that fails to start reports why, and all are terminated", async () => {
  const { heap, matrices } = scene();
  const helpers = start(2, "./helper-that-is-nowhere.js");
  await assert.rejects(helpers.join(module, matrices, heap), /helper-that-is-nowhere/);
  helpers.end();
  assert.equal(helpers.count, 0);
  while (Thread.running.size) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("weights are not copied if the copies exceed the budget", async () => {
  const { heap, matrices } = scene();
  const helpers = start(1);
  await assert.rejects(helpers.join(module, matrices, heap, 1_000_000), /not enough memory/);
  helpers.end();
});

test("without shared memory there are no helpers", () => {
  assert.equal(startHelpers({ threads: 2 }, new Assets("https://goose.test/")), null);
});
