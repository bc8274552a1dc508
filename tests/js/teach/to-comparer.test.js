import assert from "node:assert/strict";
import { test } from "node:test";
import { reportsOf } from "../../../site/teach/to-comparer.js";

/** A model that writes its name after each prompt. @param {string} name @returns {any} */
const writer = (name) => ({
  name,
  model: {
    /** @param {string} prompt @param {{signal: AbortSignal}} options */
    async *generate(prompt, { signal }) {
      signal.throwIfAborted();
      yield { text: name };
      yield { text: prompt.slice(-1) };
    },
  },
});
const WRITERS = [writer("Before"), writer("After")];
const signal = new AbortController().signal;
const onText = () => {};

test("both write with one seed for the prompts that were held back, each once and a bounded number", async () => {
  const texts = Array.from({ length: 50 }, (_, at) => ({ prompt: `Prompt ${at % 20}`, text: "Arr." }));
  const seen = /** @type {number[][]} */ ([]);
  const reports = await reportsOf(WRITERS, texts, { signal, onText: (...at) => seen.push(at) });
  const found = reports.map(({ name, text }) => ({ name, ...JSON.parse(text) }));
  assert.deepEqual(
    found.map(({ name, model_name }) => [name, model_name]),
    [
      ["Before.json", "Before"],
      ["After.json", "After"],
    ],
  );
  for (const { prompts, model_name } of found) {
    assert.equal(prompts.length, 12);
    assert.equal(prompts[3].prompt, "Prompt 3");
    assert.deepEqual(prompts[3].results[0].outputs, [`${model_name}3`]);
    assert.equal(prompts[3].results[0].sampling_params.seed, 1);
  }
  assert.deepEqual([seen.length, seen[0], seen.at(-1)], [24, [0, 24], [23, 24]]);
});

test("a text without a prompt is begun with whole words and whole characters", async () => {
  const begin = async (/** @type {string} */ text) => {
    const [{ text: report }] = await reportsOf(WRITERS, [{ prompt: "", text }], { signal, onText });
    return JSON.parse(report).prompts[0].prompt;
  };
  assert.equal(await begin("Arr."), "Arr.");
  assert.equal(await begin(`${"x".repeat(39)} yz and so on`), `${"x".repeat(39)} yz`);
  assert.ok((await begin(`${"🪿".repeat(15)}x${"🪿".repeat(30)}`)).isWellFormed());
});

test("it can be stopped", async () => {
  const stopped = reportsOf(WRITERS, [{ prompt: "a", text: "" }], { signal: AbortSignal.abort(), onText });
  await assert.rejects(stopped, { name: "AbortError" });
});
