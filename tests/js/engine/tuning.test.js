import assert from "node:assert/strict";
import { test } from "node:test";
import { tune } from "../../../site/engine/tuning.js";

const END = { data: new Uint8Array(3), about: { name: "Pirate" }, held_back: [{ prompt: "", text: "Arr" }] };
const FIRST = { done: 0, total: 0, step: 0, rate: 0, best: 3, seconds_left: 0 };
/** As Python has them: None is undefined. */
const PARTS = [
  { ...FIRST, loss: undefined, held_back: 3, right: undefined, sample: "It is", prompt: "The sea" },
  {
    done: 1,
    total: 9,
    step: 1,
    rate: 0.01,
    loss: 2.5,
    held_back: undefined,
    best: 3,
    seconds_left: 8,
    sample: "",
  },
  {
    done: 2,
    total: 9,
    step: 2,
    rate: 0.01,
    loss: 2.25,
    held_back: 2,
    best: 2,
    seconds_left: 7,
    right: 0,
    sample: "Arr",
  },
];

/** A model whose job has these parts; cancelled, it ends before the next one, with the best so far. */
function fake({ parts = PARTS, fails = /** @type {Error | null} */ (null), threads = 1 } = {}) {
  const asked = /** @type {any[]} */ ([]);
  const model = {
    cancelled: 0,
    info: { threads },
    engine: {
      ended: false,
      forget: async (/** @type {number} */ handle) => void asked.push(["forget", handle]),
    },
    /** @param {string} job @param {any} args */
    async call(job, args) {
      asked.push([job, args]);
      return { handle: 7 };
    },
    /** @param {string} job @param {any} args @param {any} options */
    stream(job, args, { onEnd, ...options }) {
      asked.push([job, args, options]);
      const items = async function* () {
        options.signal?.throwIfAborted();
        for (const part of parts) {
          if (model.cancelled) break;
          yield part;
        }
        if (fails) throw fails;
        onEnd(END);
        yield END;
      };
      return Object.assign(items(), { cancel: () => void model.cancelled++ });
    },
  };
  return { model: /** @type {any} */ (model), asked };
}

test("steps are handed over with what is unknown as null, and the result under the names of JavaScript", async () => {
  const { model, asked } = fake();
  const steps = /** @type {any[]} */ ([]);
  const tuned = await tune(model, "Arr.", {
    method: "state",
    learningRate: 0.01,
    onStep: (step) => steps.push(step),
  });
  assert.deepEqual(tuned, { data: END.data, about: END.about, heldBack: END.held_back });
  assert.equal(asked[0][0], "teach");
  const args = { examples: "Arr.", method: "state", learning_rate: 0.01, gradient: undefined };
  assert.deepEqual(asked[0][1], args);
  const nothing = { step: 0, rate: 0, loss: null, heldBack: null, best: 3, right: null, sample: "" };
  const first = { ...nothing, done: 0, total: 0, heldBack: 3, secondsLeft: 0 };
  assert.deepEqual(steps, [
    { ...first, sample: "It is", prompt: "The sea" },
    { ...nothing, done: 1, total: 9, step: 1, rate: 0.01, loss: 2.5, secondsLeft: 8 },
    {
      ...nothing,
      done: 2,
      total: 9,
      step: 2,
      rate: 0.01,
      loss: 2.25,
      heldBack: 2,
      best: 2,
      right: 0,
      secondsLeft: 7,
      sample: "Arr",
    },
  ]);
});

test("stop ends with the best so far, also when it was pressed before the first step or after the last", async () => {
  const { model } = fake();
  const stop = new AbortController();
  const steps = /** @type {any[]} */ ([]);
  const onStep = (/** @type {any} */ step) => {
    steps.push(step);
    stop.abort();
  };
  assert.equal((await tune(model, "Arr.", { stop: stop.signal, onStep })).data, END.data);
  assert.equal(steps.length, 1);
  const other = fake().model;
  assert.equal((await tune(other, "Arr.", { stop: stop.signal })).data, END.data);
  assert.equal(other.cancelled, 1);

  const late = new AbortController();
  const last = fake().model;
  await tune(last, "Arr.", { stop: late.signal });
  late.abort();
  assert.equal(last.cancelled, 0, "what is over was cancelled");
});

test("an aborted signal rejects, and so does what fails while it learns", async () => {
  const { model } = fake();
  await assert.rejects(tune(model, "Arr.", { signal: AbortSignal.abort() }), { name: "AbortError" });
  const steps = /** @type {any[]} */ ([]);
  const broken = fake({ fails: new Error("The worker ended.") });
  await assert.rejects(tune(broken.model, "Arr.", { onStep: (step) => steps.push(step) }), /worker ended/);
  assert.equal(steps.length, PARTS.length);
});

test("a job that was over before it began rejects as stopped", async () => {
  const model = /** @type {any} */ ({
    info: { threads: 1 },
    // As an engine does: a job that is cancelled before it begins has no end.
    stream: () => Object.assign((async function* () {})(), { cancel() {} }),
  });
  await assert.rejects(tune(model, "Arr.", { stop: AbortSignal.abort() }), { name: "AbortError" });
});

test("where the model has threads, learning has as many, until it ends or fails", async () => {
  for (const fails of [null, new Error("Out of memory.")]) {
    const { model, asked } = fake({ fails, threads: 2 });
    const tuning = tune(model, "Arr.", {});
    await (fails ? assert.rejects(tuning, /Out of memory/) : tuning);
    assert.deepEqual(asked[0], ["open_gradient", { threads: 2 }]);
    const args = { examples: "Arr.", learning_rate: undefined, gradient: 7 };
    assert.deepEqual(asked[1].slice(0, 2), ["teach", args]);
    assert.deepEqual(asked[2], ["forget", 7]);
  }
});
