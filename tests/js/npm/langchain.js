/** The chat model of LangChain.js, held against @langchain/core itself; node.test.js runs it. */

import assert from "node:assert/strict";
import { AIMessage, HumanMessage, SystemMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { tool } from "@langchain/core/tools";
import { concat } from "@langchain/core/utils/stream";
import { z } from "zod";
import { thinker } from "./thinker.js";

const settings = { temperature: 0, max_new_tokens: 6 };
const prompt = "Good morning.";
const schema = z.object({ bird: z.enum(["goose", "raven"]), eggs: z.number().int().min(0).max(9) });

/**
 * @param {import("node:test").TestContext} t
 * @param {any} model
 * @param {{ChatGoosequill: any, createChatCompletion: any}} library
 */
export async function testLangChain(t, model, { ChatGoosequill, createChatCompletion }) {
  const chat = new ChatGoosequill({ model, settings });
  const messages = [
    { role: "system", content: "You are a goose." },
    { role: "user", content: prompt },
  ];
  const whole = await createChatCompletion(model, { messages, temperature: 0, max_tokens: 6 });
  const [{ message, finish_reason }] = whole.choices;

  await t.test("invoke returns what a chat completion returns, with its usage", async () => {
    const found = await chat.invoke([new SystemMessage("You are a goose."), new HumanMessage(prompt)]);
    assert.ok(AIMessage.isInstance(found));
    assert.equal(found.text, message.content);
    assert.equal(found.usage_metadata?.input_tokens, whole.usage.prompt_tokens);
    assert.equal(found.usage_metadata?.output_tokens, 6);
    assert.equal(found.response_metadata.model_name, model.info.name);
    assert.equal(found.response_metadata.finish_reason, finish_reason);
  });

  await t.test("a chain writes, and streams the same text in parts", async () => {
    const template = ChatPromptTemplate.fromMessages([
      ["system", "You are a {bird}."],
      ["human", prompt],
    ]);
    const chain = template.pipe(chat).pipe(new StringOutputParser());
    assert.equal(await chain.invoke({ bird: "goose" }), message.content);
    const parts = [];
    for await (const part of await chain.stream({ bird: "goose" })) parts.push(part);
    assert.ok(parts.filter(Boolean).length > 1);
    assert.equal(parts.join("").trim(), message.content);
  });

  await t.test("the chunks of a stream add up to the message, and callbacks see each", async () => {
    let sum = /** @type {any} */ (null);
    /** @type {string[]} */
    const seen = [];
    const callbacks = [{ handleLLMNewToken: (/** @type {string} */ token) => void seen.push(token) }];
    for await (const chunk of await chat.stream(prompt, { callbacks }))
      sum = sum ? concat(sum, chunk) : chunk;
    const found = await chat.invoke(prompt);
    assert.equal(sum.text.trim(), found.text);
    assert.equal(seen.join(""), sum.text);
    assert.equal(sum.usage_metadata.total_tokens, found.usage_metadata.total_tokens);
    assert.equal(sum.response_metadata.finish_reason, found.response_metadata.finish_reason);
  });

  await t.test("an answer fits the schema that was asked for, and stop strings stop", async () => {
    const free = new ChatGoosequill({ model, settings: { max_new_tokens: 100 } });
    for (const seed of [0, 1]) {
      const options = { settings: { seed } };
      schema.parse(await free.withStructuredOutput(schema).invoke(prompt, options));
      const json = z.toJSONSchema(schema);
      const both = await free.withStructuredOutput(json, { includeRaw: true }).invoke(prompt, options);
      assert.deepEqual(schema.parse(both.parsed), JSON.parse(both.raw.text));
    }
    const { text } = await chat.invoke(prompt);
    const at = text.indexOf(" ");
    const stopped = await chat.invoke(prompt, { stop: [text.slice(at, at + 3)] });
    assert.equal(stopped.text, text.slice(0, at));
    assert.equal(stopped.response_metadata.finish_reason, "stop");
  });

  await t.test("tools are called with arguments that fit, and their results are read", async () => {
    const eggs = z.object({ eggs: z.number().int().min(0).max(9) });
    const lay = tool(({ eggs }) => `${eggs} laid`, { name: "lay", description: "Lay eggs.", schema: eggs });
    const free = new ChatGoosequill({
      model,
      settings: { max_new_tokens: 300, seed: 1, parallel_tool_calls: false },
    });
    const bound = free.bindTools([lay], { tool_choice: "lay" });
    const reply = await bound.invoke(prompt);
    const [call, ...more] = reply.tool_calls;
    assert.deepEqual([call.name, more, reply.response_metadata.finish_reason], ["lay", [], "tool_calls"]);
    eggs.parse(call.args);
    let sum = /** @type {any} */ (null);
    for await (const chunk of await bound.stream(prompt)) sum = sum ? concat(sum, chunk) : chunk;
    assert.deepEqual(sum.tool_calls[0].args, call.args);
    const result = await lay.invoke(call);
    const before = await chat.invoke([new HumanMessage(prompt)]);
    const next = await chat.invoke([new HumanMessage(prompt), reply, result]);
    assert.ok(next.usage_metadata.input_tokens > before.usage_metadata.input_tokens + 10);
    const cut = await bound.invoke(prompt, { settings: { max_new_tokens: 3 } });
    assert.deepEqual([cut.tool_calls, cut.response_metadata.finish_reason], [[], "length"]);
  });

  await t.test("a signal ends a stream and a text", async () => {
    const work = new AbortController();
    const long = { settings: { max_new_tokens: 1_000_000, ignore_end: true }, signal: work.signal };
    let chunks = 0;
    await assert.rejects(async () => {
      for await (const { text } of await chat.stream(prompt, long)) if (text && ++chunks === 2) work.abort();
    });
    assert.ok(chunks < 100, `${chunks}`);
    await assert.rejects(chat.invoke(prompt, { signal: work.signal }), { name: "AbortError" });
    while ((await model.engine.status()).running); // or it would write on
  });

  await t.test("an invalid request is our error", async () => {
    await assert.rejects(chat.invoke(prompt, { settings: { temprature: 1 } }), { code: "setting-unknown" });
    const content = [{ type: "image_url", image_url: "data:image/png;base64,AA==" }];
    const refused = { code: "chat-messages", message: /image_url/ };
    await assert.rejects(chat.invoke([new HumanMessage({ content })]), refused);
  });

  await t.test("a thought is in additional_kwargs, and in the next prompt", async () => {
    const { model: thinking, asked } = thinker();
    const model = new ChatGoosequill({ model: thinking });
    const reply = await model.invoke(prompt);
    assert.deepEqual([reply.additional_kwargs.reasoning_content, reply.text], ["It is.", "Yes."]);
    let sum = /** @type {any} */ (null);
    for await (const chunk of await model.stream([reply])) sum = sum ? concat(sum, chunk) : chunk;
    assert.deepEqual([sum.additional_kwargs.reasoning_content, sum.text], ["It is.", "Yes."]);
    assert.deepEqual(asked[1], [{ role: "assistant", content: "Yes.", thought: "It is." }]);
  });
}
