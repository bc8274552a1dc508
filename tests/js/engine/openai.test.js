import assert from "node:assert/strict";
import test from "node:test";
import { createChatCompletion, createCompletion } from "../../../site/engine/openai.js";
import { EngineError, errorFields } from "../../../site/engine/protocol.js";

const messages = [{ role: "user", content: "Good morning." }];
const WHOLE = { object: "chat.completion", choices: [] };

/** A model whose jobs yield given parts and end, or fail; it notes what it was asked for. */
function modelOf(parts, bytes = null) {
  const asked = [];
  let left = false;
  const failure = parts.find((part) => part instanceof Error);
  const model = {
    state: { bytes },
    call: async (...request) => {
      asked.push(request);
      if (failure) throw failure;
      return WHOLE;
    },
    async *stream(name, args, options) {
      asked.push([name, args, options]);
      try {
        for (const part of parts) {
          if (part instanceof Error) throw part;
          yield part;
        }
        options.onEnd(WHOLE);
        yield WHOLE;
      } finally {
        left = true;
      }
    },
  };
  return { model, asked, left: () => left };
}

test("a request goes to Python as it is, with the model's state", async () => {
  const { model, asked } = modelOf([]);
  const { signal } = new AbortController();
  assert.equal(await createChatCompletion(model, { messages, n: 2, signal }), WHOLE);
  const options = { signal, onProgress: undefined };
  assert.deepEqual(asked[0], ["chat_completion", { request: { messages, n: 2 } }, options]);
  const state = new Uint8Array(3);
  const begun = modelOf([], state);
  await createCompletion(begun.model, { prompt: [1, 2] });
  assert.deepEqual(begun.asked[0].slice(0, 2), ["completion", { request: { prompt: [1, 2] }, state }]);
});

test("a stream has the chunks, without the whole, and starts when it is read", async () => {
  const { model, asked, left } = modelOf([{ a: 1, b: [{ c: undefined }] }, { a: undefined }]);
  const chunks = await createChatCompletion(model, { messages, stream: true });
  assert.equal(asked.length, 0);
  const found = [];
  for await (const chunk of chunks) found.push(chunk);
  assert.deepEqual(found, [{ a: 1, b: [{ c: null }] }, { a: null }]); // as Python has them
  assert.deepEqual(asked[0][1], { request: { messages, stream: true } });
  assert.ok(left());
});

test("leaving the loop ends the job", async () => {
  const { model, left } = modelOf([{ a: 1 }, { a: 2 }]);
  for await (const _ of await createCompletion(model, { prompt: "x", stream: true })) break;
  assert.ok(left());
});

test("an error keeps the type and the field that Python gave it; any other is the server's", async () => {
  const fields = { code: "option", message: "No.", remedy: "Do." };
  const named = { type: "invalid_request_error", param: "n" };
  const refused = new EngineError(errorFields(new EngineError({ ...fields, ...named })));
  await assert.rejects(createChatCompletion(modelOf([refused]).model, { messages }), {
    code: "option",
    ...named,
  });
  const died = () => modelOf([new EngineError({ code: "worker-died", message: "", remedy: "" })]).model;
  const wanted = { code: "worker-died", type: "server_error", param: null };
  await assert.rejects(createChatCompletion(died(), { messages }), wanted);
  const read = async () => {
    for await (const _ of await createChatCompletion(died(), { messages, stream: true }));
  };
  await assert.rejects(read(), wanted);
});
