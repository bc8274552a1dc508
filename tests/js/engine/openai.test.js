import assert from "node:assert/strict";
import test from "node:test";
import { createChatCompletion, createCompletion } from "../../../site/engine/openai.js";
import { EngineError } from "../../../site/engine/protocol.js";

const END = { text: "", finish_reason: "stop", usage: { prompt_tokens: 3, completion_tokens: 2 }, seed: 1 };
/** A token's number is its first byte. @param {string} text @param {object} [more] */
const chunk = (text, more) => ({
  text,
  token: text.charCodeAt(0),
  logprob: -0.5,
  index: 0,
  top_logprobs: [],
  ...more,
});

/** A model that writes given items, and notes what it was asked for. @param {any[]} items */
function modelOf(items) {
  /** @type {any[]} */
  const asked = [];
  async function* write(/** @type {any} */ prompt, /** @type {any} */ settings) {
    asked.push({ prompt, settings });
    for (const item of items) {
      if (item instanceof Error) throw item;
      yield item;
    }
  }
  const model = {
    info: { name: "goose" },
    chat: write,
    generate: write,
    logprobs: async (/** @type {string} */ text) =>
      [...text].map((one, at) => ({
        token: one.charCodeAt(0),
        text: one,
        logprob: at ? -1 : null,
        top_logprobs: [],
      })),
    call: async (/** @type {string} */ name, /** @type {any} */ { tokens }) => {
      assert.equal(name, "token_bytes");
      return tokens.map((/** @type {number} */ token) => (token < 256 ? [token] : [0xe2, 0x82]));
    },
  };
  return { model: /** @type {any} */ (model), asked };
}

/** @param {Promise<any>} streaming */
async function all(streaming) {
  const found = [];
  for await (const part of await streaming) found.push(part);
  return found;
}

const messages = [{ role: /** @type {const} */ ("user"), content: "Good morning." }];

test("the names of OpenAI become those of the decoder", async () => {
  const { model, asked } = modelOf([chunk("a"), END]);
  await createChatCompletion(model, {
    messages,
    model: "any",
    user: "me",
    max_completion_tokens: 6,
    temperature: 0.5,
    stop: null,
    response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "number" } } },
  });
  const settings = { temperature: 0.5, max_new_tokens: 6, json_schema: { type: "number" } };
  assert.deepEqual(asked, [{ prompt: messages, settings }]);
  const formats = /** @type {[any, object][]} */ ([
    [{ type: "json_object" }, { json_schema: { type: "object" } }],
    [{ type: "regex", regex: "a+" }, { regex: "a+" }],
    [{ type: "text" }, {}],
  ]);
  for (const [response_format, wanted] of formats) {
    await createChatCompletion(model, { messages, response_format });
    assert.deepEqual(asked.at(-1).settings, wanted);
  }
});

test("several answers have seeds of their own, and the prompt counts once", async () => {
  const { model, asked } = modelOf([chunk("a"), chunk("b"), END]);
  const { choices, usage } = await createChatCompletion(model, { messages, n: 3, seed: 7 });
  assert.deepEqual(
    asked.map(({ settings }) => settings.seed),
    [7, 8, 9],
  );
  assert.deepEqual(
    choices.map(({ index, message }) => [index, message.content]),
    [
      [0, "ab"],
      [1, "ab"],
      [2, "ab"],
    ],
  );
  assert.deepEqual(usage, { prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 });
});

test("log-probabilities have each token's bytes, and none of a stop string's tokens", async () => {
  const items = [
    chunk("a", { top_logprobs: [{ token: 98, text: "b", logprob: -2 }] }),
    chunk("", { token: 300 }),
    chunk("c"),
    chunk("", { token: 10 }),
    END,
  ];
  const { model, asked } = modelOf(items);
  const { choices } = await createChatCompletion(model, { messages, logprobs: true, top_logprobs: 1 });
  assert.equal(asked[0].settings.logprobs, 1);
  assert.deepEqual(choices[0].logprobs, {
    content: [
      { token: "a", bytes: [97], logprob: -0.5, top_logprobs: [{ token: "b", bytes: [98], logprob: -2 }] },
      { token: "\ufffd", bytes: [0xe2, 0x82], logprob: -0.5, top_logprobs: [] },
      { token: "c", bytes: [99], logprob: -0.5, top_logprobs: [] },
    ],
    refusal: null,
  });
});

test("a stream has a role first, then texts, an end for each answer, and the usage if it is asked for", async () => {
  const { model } = modelOf([chunk("a"), { ...END, text: "z" }]);
  const options = { include_usage: true };
  const parts = await all(
    createChatCompletion(model, { messages, stream: true, n: 2, logprobs: true, stream_options: options }),
  );
  const seen = parts.map(
    ({ choices: [choice] }) => choice && [choice.index, choice.delta, choice.finish_reason],
  );
  assert.deepEqual(seen, [
    [0, { role: "assistant", content: "" }, null],
    [0, { content: "a" }, null],
    [0, { content: "z" }, null],
    [0, {}, "stop"],
    [1, { role: "assistant", content: "" }, null],
    [1, { content: "a" }, null],
    [1, { content: "z" }, null],
    [1, {}, "stop"],
    undefined,
  ]);
  assert.deepEqual(parts.at(-1).usage, { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 });
  assert.ok(parts.slice(0, -1).every(({ usage }) => usage === null));
  assert.equal(parts[1].choices[0].logprobs.content[0].token, "a");
  const plain = await all(createChatCompletion(model, { messages, stream: true }));
  assert.ok(plain.every((part) => !("usage" in part)));
});

test("texts continue each prompt, with 16 tokens unless more are asked for", async () => {
  const { model, asked } = modelOf([chunk("a"), END]);
  const { object, choices, usage } = await createCompletion(model, { prompt: ["x", "y"], n: 2 });
  assert.equal(object, "text_completion");
  assert.deepEqual(
    asked.map(({ prompt }) => prompt),
    ["x", "x", "y", "y"],
  );
  assert.equal(asked[0].settings.max_new_tokens, 16);
  assert.deepEqual(
    choices.map(({ index }) => index),
    [0, 1, 2, 3],
  );
  assert.deepEqual(usage, { prompt_tokens: 6, completion_tokens: 8, total_tokens: 14 });
  await createCompletion(model, { prompt: "x", max_tokens: 0 });
  assert.equal(asked.at(-1).settings.max_new_tokens, 0);
});

test("an echo has the prompt's probabilities, and offsets count characters", async () => {
  const items = [chunk("a"), chunk("", { token: 300 }), chunk("€", { token: 99 }), END];
  const { model } = modelOf(items);
  const { choices } = await createCompletion(model, { prompt: "hi", echo: true, logprobs: 2 });
  assert.equal(choices[0].text, "hia€");
  assert.deepEqual(choices[0].logprobs, {
    tokens: ["h", "i", "a", "bytes:\\xe2\\x82", "c"],
    token_logprobs: [null, -1, -0.5, -0.5, -0.5],
    top_logprobs: [null, null, null, null, null],
    text_offset: [0, 1, 2, 3, 3],
  });
  const streamed = await all(createCompletion(model, { prompt: "hi", echo: true, stream: true }));
  assert.deepEqual(
    streamed.map((part) => part.choices[0].text),
    ["hi", "a", "€", ""],
  );
  assert.equal(streamed.at(-1).choices[0].finish_reason, "stop");
});

test("a request that cannot be meant says which parameter, and an error of the engine is not the request's", async () => {
  const { model } = modelOf([chunk("a"), END]);
  const wrong = /** @type {[string, any][]} */ ([
    ["n", { n: 0 }],
    ["n", { n: 1e9 }],
    ["logprobs", { logprobs: 3 }],
    ["top_logprobs", { logprobs: true, top_logprobs: 21 }],
    ["top_logprobs", { top_logprobs: 2 }],
    ["response_format", { response_format: { type: "xml" } }],
    ["response_format", { response_format: { type: "json_schema" } }],
  ]);
  for (const [param, more] of wrong) {
    const wanted = { name: "EngineError", code: "option", type: "invalid_request_error", param };
    await assert.rejects(createChatCompletion(model, { messages, ...more }), wanted);
  }
  for (const prompt of [undefined, [], [1, 2], ["a", null]]) {
    const request = /** @type {any} */ ({ prompt });
    await assert.rejects(createCompletion(model, request), { code: "option", param: "prompt" });
  }
  const broken = modelOf([new EngineError({ code: "worker-died", message: "It died.", remedy: "" })]).model;
  const died = { code: "worker-died", type: "server_error", param: null };
  await assert.rejects(createChatCompletion(broken, { messages }), died);
  await assert.rejects(all(createChatCompletion(broken, { messages, stream: true })), died);
});
