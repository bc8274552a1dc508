/** The model of the Vercel AI SDK, held against the package `ai` itself; node.test.js runs it. */

import assert from "node:assert/strict";
import { APICallError, generateObject, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";
import { thinker } from "./thinker.js";

const greedy = { temperature: 0, maxOutputTokens: 6 };
const prompt = "Good morning.";
const schema = z.object({ bird: z.enum(["goose", "raven"]), eggs: z.number().int().min(0).max(9) });

/** @param {AsyncIterable<any>} stream */
async function all(stream) {
  const found = [];
  for await (const part of stream) found.push(part);
  return found;
}

/**
 * @param {import("node:test").TestContext} t
 * @param {any} loaded
 * @param {{goosequill: any, createChatCompletion: any}} library
 */
export async function testAiSdk(t, loaded, { goosequill, createChatCompletion }) {
  const model = goosequill(loaded);

  await t.test("generateText returns what a chat completion returns, with its usage", async () => {
    const found = await generateText({ model, prompt, system: "You are a goose.", ...greedy });
    const messages = [
      { role: "system", content: "You are a goose." },
      { role: "user", content: prompt },
    ];
    const whole = await createChatCompletion(loaded, { messages, temperature: 0, max_tokens: 6 });
    assert.equal(found.text, whole.choices[0].message.content);
    assert.equal(found.finishReason, "length");
    assert.equal(found.usage.inputTokens, whole.usage.prompt_tokens);
    assert.equal(found.usage.outputTokens, 6);
    assert.equal(found.response.modelId, loaded.info.name);
    assert.deepEqual(found.warnings, []);
  });

  await t.test("streamText streams the same text in parts", async () => {
    const whole = await generateText({ model, prompt, ...greedy });
    const streamed = streamText({ model, prompt, ...greedy });
    const types = (await all(streamed.fullStream)).map(({ type }) => type);
    assert.equal((await streamed.text).trim(), whole.text);
    assert.ok(types.filter((type) => type === "text-delta").length > 1, `${types}`);
    assert.deepEqual(
      types.filter((type) => /^(text-(start|end)|finish)$/.test(type)),
      ["text-start", "text-end", "finish"],
    );
    assert.equal((await streamed.usage).outputTokens, 6);
  });

  await t.test("an answer fits the schema that was asked for, and stop strings stop", async () => {
    for (let seed = 0; seed < 2; seed++) {
      const asked = { model, prompt, seed, maxOutputTokens: 100 };
      schema.parse((await generateObject({ ...asked, schema })).object);
      schema.parse((await generateText({ ...asked, output: Output.object({ schema }) })).output);
    }
    const { text } = await generateText({ model, prompt, ...greedy });
    const at = text.indexOf(" ");
    const stopped = await generateText({ model, prompt, ...greedy, stopSequences: [text.slice(at, at + 3)] });
    assert.equal(stopped.text, text.slice(0, at));
    assert.equal(stopped.finishReason, "stop");
  });

  await t.test("tools are called with arguments that fit, and their results are read", async () => {
    /** @type {number[]} */
    const laid = [];
    const inputSchema = z.object({ eggs: z.number().int().min(0).max(9) });
    const lay = tool({
      description: "Lay eggs.",
      inputSchema,
      execute: async ({ eggs }) => ({ laid: laid.push(inputSchema.parse({ eggs }).eggs) }),
    });
    const asked = {
      model,
      prompt,
      tools: { lay },
      seed: 1,
      maxOutputTokens: 300,
      providerOptions: { goosequill: { parallel_tool_calls: false } },
      stopWhen: stepCountIs(2),
      prepareStep: (/** @type {any} */ { stepNumber }) => ({ toolChoice: stepNumber ? "none" : "required" }),
    };
    const { steps } = await generateText(/** @type {any} */ (asked));
    assert.deepEqual(
      steps.map(({ toolCalls, toolResults }) => [toolCalls.length, toolResults.length]),
      [
        [1, 1],
        [0, 0],
      ],
    );
    assert.equal(steps[0].finishReason, "tool-calls");
    const read = /** @type {any} */ (steps[1].request.body).messages;
    assert.deepEqual(
      read.map((/** @type {any} */ { role }) => role),
      ["user", "assistant", "tool"],
    );
    assert.deepEqual([read[2].name, read[2].content], ["lay", '{"laid":1}']);
    const parts = await all(streamText(/** @type {any} */ (asked)).fullStream);
    const types = parts.map(({ type }) => type).filter((type) => type.startsWith("tool-"));
    assert.deepEqual(
      types.filter((type) => type !== "tool-input-delta"),
      ["tool-input-start", "tool-input-end", "tool-call", "tool-result"],
    );
    const deltas = parts.filter(({ type }) => type === "tool-input-delta").map(({ delta }) => delta);
    assert.deepEqual(JSON.parse(deltas.join("")), parts.find(({ type }) => type === "tool-call").input);
    assert.deepEqual(steps[0].toolCalls[0].input, { eggs: laid[0] });
    assert.deepEqual(laid, [laid[0], laid[0]]);
  });

  await t.test("an abort ends a stream and a text", async () => {
    const work = new AbortController();
    let aborted = false;
    const { fullStream } = streamText({
      model,
      prompt,
      maxOutputTokens: 4000,
      providerOptions: { goosequill: { ignore_end: true } },
      abortSignal: work.signal,
      onAbort: () => {
        aborted = true;
      },
    });
    let deltas = 0;
    for await (const { type } of fullStream) if (type === "text-delta" && ++deltas === 2) work.abort();
    assert.ok(aborted && deltas < 100, `${deltas}`);
    const { signal } = work;
    await assert.rejects(generateText({ model, prompt, abortSignal: signal }), { name: "AbortError" });
  });

  await t.test("an invalid request is our error, which is not tried again", async () => {
    const wrong = { model, prompt, temperature: -1 };
    await assert.rejects(generateText(wrong), (/** @type {any} */ error) => {
      return error.code === "setting-range" && !APICallError.isInstance(error);
    });
    /** @type {any[]} */
    const errors = [];
    await all(streamText({ ...wrong, onError: ({ error }) => void errors.push(error) }).fullStream);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["setting-range"],
    );
    const options = { goosequill: { temprature: 1 } };
    await assert.rejects(generateText({ model, prompt, providerOptions: options }), {
      code: "setting-unknown",
    });
    const image = { type: "file", data: new Uint8Array([1]), mediaType: "image/png" };
    const messages = [{ role: /** @type {const} */ ("user"), content: [/** @type {any} */ (image)] }];
    await assert.rejects(generateText({ model, messages }), { code: "chat-messages", message: /file/ });
  });

  await t.test("a thought is reasoning, before the text and in the next prompt", async () => {
    const thinking = thinker();
    const model = goosequill(thinking.model);
    const { reasoningText, text, response } = await generateText({ model, prompt });
    assert.deepEqual([reasoningText, text], ["It is.", "Yes."]);
    const messages = [...response.messages, { role: /** @type {const} */ ("user"), content: prompt }];
    const { fullStream } = streamText({ model, messages });
    const types = (await all(fullStream))
      .map(({ type }) => type)
      .filter((type) => /-(start|end)$/.test(type));
    assert.deepEqual(types, ["reasoning-start", "reasoning-end", "text-start", "text-end"]);
    assert.deepEqual(thinking.asked[1][0], { role: "assistant", content: "Yes.", thought: "It is." });
  });
}
