/**
 * `createFetch` as the `fetch` of the openai client, the Vercel AI SDK and LangChain.js, with a real model;
 * node.test.js runs it.
 */

import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool as langChainTool } from "@langchain/core/tools";
import { concat } from "@langchain/core/utils/stream";
import { ChatOpenAI } from "@langchain/openai";
import {
  APICallError,
  DirectChatTransport,
  embedMany,
  generateText,
  Output,
  stepCountIs,
  streamText,
  ToolLoopAgent,
  tool,
} from "ai";
import OpenAI from "openai";
import { z } from "zod";
import { pluck } from "../pluck.js";

const prompt = "Good morning.";
const system = "You are a goose.";
const messages = [
  { role: "system", content: system },
  { role: "user", content: prompt },
];
const baseURL = "http://goosequill/v1";
const endless = { max_tokens: 1_000_000, ignore_end: true };
const bird = z.object({ bird: z.enum(["goose", "raven"]), eggs: z.number().int().min(0).max(9) });
const laying = z.object({ eggs: z.number().int().min(0).max(9) });

async function all(stream) {
  const found = [];
  for await (const part of stream) found.push(part);
  return found;
}

/** Or it would write on. */
async function isFree({ engine }) {
  while ((await engine.status()).running);
}

export async function testClients(t, model, { createFetch, createChatCompletion }) {
  const fetch = createFetch(model);
  const id = model.info.name;
  const greedy = { model: id, messages, temperature: 0, max_tokens: 6 };
  const whole = await createChatCompletion(model, greedy);
  const [{ message, finish_reason }] = whole.choices;
  const client = new OpenAI({ baseURL, apiKey: "none", fetch, maxRetries: 0 });

  await t.test("openai: the same text whole and streamed, with usage and probabilities", async () => {
    const { choices, usage } = await client.chat.completions.create({ ...greedy, logprobs: true });
    assert.deepEqual([choices[0].message.content, usage], [message.content, whole.usage]);
    const streamed = { ...greedy, logprobs: true, stream: true, stream_options: { include_usage: true } };
    const chunks = await all(await client.chat.completions.create(streamed));
    assert.deepEqual(chunks.at(-1).usage, usage);
    const parts = chunks.flatMap((chunk) => chunk.choices);
    assert.equal(
      parts
        .map(({ delta }) => delta.content ?? "")
        .join("")
        .trim(),
      message.content,
    );
    const tokens = (found) => found.flatMap(({ logprobs }) => logprobs?.content ?? []);
    assert.deepEqual(tokens(parts), tokens(choices));
    assert.equal(tokens(parts).length, 6);
    const text = await client.completions.create({ prompt: ["Once", "The"], max_tokens: 3, seed: 1, n: 2 });
    assert.equal(text.choices.length, 4);
  });

  await t.test("openai: schemas, stops, forced calls, models and embeddings", async () => {
    const schema = z.toJSONSchema(bird);
    const response_format = { type: "json_schema", json_schema: { name: "bird", schema } };
    const fitting = await client.chat.completions.create({ messages, response_format, seed: 1 });
    bird.parse(JSON.parse(fitting.choices[0].message.content));
    const at = message.content.indexOf(" ");
    const stop = [message.content.slice(at, at + 3)];
    const { choices } = await client.chat.completions.create({ ...greedy, stop });
    const stopped = [choices[0].message.content, choices[0].finish_reason];
    assert.deepEqual(stopped, [message.content.slice(0, at), "stop"]);
    const lay = { type: "function", function: { name: "lay", parameters: z.toJSONSchema(laying) } };
    const forced = { type: "function", function: { name: "lay" } };
    const asked = { messages, tools: [lay], tool_choice: forced, parallel_tool_calls: false, seed: 1 };
    const called = (await client.chat.completions.create(asked)).choices[0];
    assert.equal(called.finish_reason, "tool_calls");
    laying.parse(JSON.parse(called.message.tool_calls[0].function.arguments));
    assert.deepEqual(pluck(await all(await client.models.list()), "id"), [id]);
    const input = [prompt, "Good day.", prompt];
    const { data, usage } = await client.embeddings.create({ model: id, input });
    const { length } = (await Promise.all(input.map((text) => model.tokenize(text)))).flat();
    assert.deepEqual(usage, { prompt_tokens: length, total_tokens: length });
    assert.equal(data[0].embedding.length, model.info.width);
    assert.deepEqual(data[0].embedding, data[2].embedding);
    assert.notDeepEqual(data[0].embedding, data[1].embedding);
  });

  await t.test("openai: responses, whole, as events, and continued", async () => {
    const asked = { input: prompt, instructions: system, max_output_tokens: 6, temperature: 0 };
    const found = await client.responses.create(asked);
    assert.equal(found.output_text, message.content);
    const events = await all(await client.responses.create({ ...asked, stream: true }));
    assert.equal(pluck(events, "delta").join("").trim(), message.content);
    const next = await client.responses.create({ ...asked, previous_response_id: found.id });
    assert.ok(next.usage.input_tokens > found.usage.input_tokens);
  });

  await t.test("openai: errors have their class, status, code and field", async () => {
    const ask = (more) => client.chat.completions.create({ ...greedy, ...more });
    await assert.rejects(ask({ model: "gpt-5" }), (error) => {
      return error instanceof OpenAI.NotFoundError && error.code === "model_not_found";
    });
    for (const stream of [false, true]) {
      const wrong = {
        status: 400,
        code: "setting-range",
        param: "temperature",
        type: "invalid_request_error",
      };
      await assert.rejects(ask({ temperature: -1, stream }), wrong);
    }
    const { response } = await ask({ user: "me", store: true }).withResponse();
    assert.equal(response.headers.get("ignored-fields"), "user, store");
  });

  await t.test("openai: requests at once get what each would get alone", async () => {
    const ask = (seed) => client.completions.create({ prompt: "Two geese", max_tokens: 8, seed });
    const texts = (found) => found.map(({ choices }) => choices[0].text);
    const alone = [await ask(1), await ask(2), await ask(3)];
    assert.deepEqual(texts(await Promise.all([ask(1), ask(2), ask(3)])), texts(alone));
  });

  await t.test("openai: what is aborted or not read any more is not written", async () => {
    const work = new AbortController();
    const options = { signal: work.signal };
    const ask = { ...greedy, ...endless, stream: true };
    let chunks = 0;
    for await (const _ of await client.chat.completions.create(ask, options))
      if (++chunks === 3) work.abort();
    assert.ok(chunks < 100, `${chunks}`);
    await isFree(model);
    for await (const _ of await client.chat.completions.create(ask)) break;
    await isFree(model);
    await assert.rejects(client.chat.completions.create(greedy, options), OpenAI.APIUserAbortError);
    const whole = new AbortController();
    const body = JSON.stringify({ ...greedy, ...endless });
    const answer = fetch(`${baseURL}/chat/completions`, { method: "POST", body, signal: whole.signal });
    whole.abort();
    await assert.rejects(answer, { name: "AbortError" });
    await isFree(model);
  });

  const provider = createOpenAICompatible({
    name: "goosequill",
    baseURL,
    fetch,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
  const ai = { model: provider(id), prompt };

  await t.test("AI SDK: an agent is the transport of useChat", async () => {
    const model = provider(id);
    const agent = new ToolLoopAgent({ model, instructions: system, temperature: 0, maxOutputTokens: 6 });
    const transport = new DirectChatTransport({ agent });
    const parts = [{ type: "text", text: prompt }];
    const sent = await transport.sendMessages({ messages: [{ id: "1", role: "user", parts }] });
    const deltas = (await all(sent)).filter(({ type }) => type === "text-delta");
    assert.equal(pluck(deltas, "delta").join("").trim(), message.content.trim());
  });

  await t.test("AI SDK: a text, whole and streamed, with its usage", async () => {
    const short = { ...ai, system, temperature: 0, maxOutputTokens: 6 };
    const found = await generateText(short);
    assert.deepEqual([found.text, found.finishReason, found.warnings], [message.content, "length", []]);
    assert.equal(found.usage.inputTokens, whole.usage.prompt_tokens);
    assert.equal(found.response.modelId, id);
    const streamed = streamText(short);
    const types = (await all(streamed.fullStream)).map(({ type }) => type);
    assert.equal((await streamed.text).trim(), found.text);
    assert.ok(types.filter((type) => type === "text-delta").length > 1, `${types}`);
    assert.equal((await streamed.usage).outputTokens, 6);
    const values = ["A goose.", "A bird."];
    assert.equal((await embedMany({ model: provider.embeddingModel(id), values })).embeddings.length, 2);
  });

  await t.test("AI SDK: objects fit their schema, and tools are called with arguments that fit", async () => {
    const output = Output.object({ schema: bird });
    bird.parse((await generateText({ ...ai, seed: 1, maxOutputTokens: 100, output })).output);
    const laid = [];
    const lay = tool({ inputSchema: laying, execute: async ({ eggs }) => ({ laid: laid.push(eggs) }) });
    const asked = {
      ...ai,
      tools: { lay },
      seed: 1,
      maxOutputTokens: 300,
      providerOptions: { goosequill: { parallel_tool_calls: false } },
      stopWhen: stepCountIs(2),
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber ? "none" : "required" }),
    };
    const { steps } = await generateText(asked);
    const counts = steps.map(({ toolCalls, toolResults }) => [toolCalls.length, toolResults.length]);
    assert.deepEqual(counts, [
      [1, 1],
      [0, 0],
    ]);
    assert.deepEqual([steps[0].finishReason, steps[0].toolCalls[0].input], ["tool-calls", { eggs: laid[0] }]);
    const parts = await all(streamText(asked).fullStream);
    assert.deepEqual(parts.find(({ type }) => type === "tool-call").input, { eggs: laid[0] });
    assert.equal(parts.filter(({ type }) => type === "tool-result").length, 1);
  });

  await t.test("AI SDK: an abort ends a stream, and an invalid request is not tried again", async () => {
    const work = new AbortController();
    const long = { ...ai, providerOptions: { goosequill: endless }, abortSignal: work.signal };
    let aborted = 0;
    let deltas = 0;
    const { fullStream } = streamText({ ...long, onAbort: () => void aborted++ });
    for await (const { type } of fullStream) if (type === "text-delta" && ++deltas === 2) work.abort();
    assert.ok(aborted === 1 && deltas < 100, `${deltas}`);
    await isFree(model);
    const wrong = [{ temperature: -1 }, { providerOptions: { goosequill: { temprature: 1 } } }];
    for (const [at, code] of ["setting-range", "setting-unknown"].entries())
      await assert.rejects(generateText({ ...ai, ...wrong[at] }), (error) => {
        assert.ok(APICallError.isInstance(error) && !error.isRetryable);
        return JSON.parse(error.responseBody ?? "").error.code === code;
      });
  });

  const chatOf = (more) =>
    new ChatOpenAI({ model: id, apiKey: "none", configuration: { baseURL, fetch }, ...more });
  const chat = chatOf({ temperature: 0, maxTokens: 6 });

  await t.test("LangChain.js: a chain writes, streams the same, and has its usage", async () => {
    const found = await chat.invoke([new SystemMessage(system), new HumanMessage(prompt)]);
    assert.equal(found.text, message.content);
    assert.equal(found.usage_metadata?.total_tokens, whole.usage.total_tokens);
    assert.equal(found.response_metadata.finish_reason, finish_reason);
    const template = ChatPromptTemplate.fromMessages([
      ["system", "You are a {bird}."],
      ["human", prompt],
    ]);
    const chain = template.pipe(chat).pipe(new StringOutputParser());
    const parts = await all(await chain.stream({ bird: "goose" }));
    assert.ok(parts.filter(Boolean).length > 1);
    assert.equal(parts.join("").trim(), message.content);
    const sum = (await all(await chat.stream(prompt))).reduce((sum, chunk) => concat(sum, chunk));
    assert.equal(sum.text.trim(), (await chat.invoke(prompt)).text);
    assert.equal(sum.usage_metadata.output_tokens, 6);
  });

  await t.test("LangChain.js: answers fit a schema, and tools are called", async () => {
    const free = chatOf({ maxTokens: 300, modelKwargs: { seed: 1, parallel_tool_calls: false } });
    bird.parse(await free.withStructuredOutput(bird).invoke(prompt));
    const lay = langChainTool(({ eggs }) => `${eggs} laid`, { name: "lay", schema: laying });
    const bound = free.bindTools([lay], { tool_choice: "lay" });
    const reply = await bound.invoke(prompt);
    const [call, ...more] = reply.tool_calls ?? [];
    assert.deepEqual([call.name, more], ["lay", []]);
    laying.parse(call.args);
    const sum = (await all(await bound.stream(prompt))).reduce((sum, chunk) => concat(sum, chunk));
    assert.deepEqual(sum.tool_calls[0].args, call.args);
    const result = await lay.invoke(call);
    const before = await chat.invoke(prompt);
    const next = await chat.invoke([new HumanMessage(prompt), reply, result]);
    const read = ({ usage_metadata }) => usage_metadata.input_tokens;
    assert.ok(read(next) > read(before) + 10);
  });

  await t.test(
    "LangChain.js: a signal ends a stream, and what the model cannot read is refused",
    async () => {
      const work = new AbortController();
      const long = chatOf({ modelKwargs: endless });
      let chunks = 0;
      await assert.rejects(async () => {
        for await (const { text } of await long.stream(prompt, { signal: work.signal }))
          if (text && ++chunks === 2) work.abort();
      });
      assert.ok(chunks < 100, `${chunks}`);
      await isFree(model);
      const content = [{ type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }];
      await assert.rejects(chat.invoke([new HumanMessage({ content })]), {
        code: "chat-messages",
        status: 400,
      });
    },
  );

  await t.test("a thought is reasoning for the AI SDK and in LangChain's additional_kwargs", async () => {
    const about = { id: "1", created: 1, model: id, usage: whole.usage };
    const fields = { role: "assistant", content: "Yes.", reasoning_content: "It is." };
    const answer = { ...about, choices: [{ index: 0, finish_reason: "stop", message: fields }] };
    const head = { status: 200, headers: { "content-type": "application/json" } };
    const parts = [head, JSON.stringify(answer)];
    const fetch = createFetch({ state: { bytes: null }, stream: () => parts.values() });
    const thinking = createOpenAICompatible({ name: "goosequill", baseURL, fetch });
    const { reasoningText, text } = await generateText({ model: thinking(id), prompt });
    assert.deepEqual([reasoningText, text], ["It is.", "Yes."]);
    const reply = await chatOf({ configuration: { baseURL, fetch } }).invoke(prompt);
    assert.deepEqual([reply.additional_kwargs.reasoning_content, reply.text], ["It is.", "Yes."]);
  });
}
