import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, knownSettings, listModels } from "../../../site/ui/openai-server.js";

globalThis.location ??= { origin: "http://localhost" };

const request = {
  base: "http://localhost:11434/v1/",
  model: "m",
  key: "secret",
  prompt: "Q",
  settings: { temperature: 0.4, top_k: 3, max_new_tokens: 7 },
  signal: new AbortController().signal,
};

function server(chunks, init) {
  const calls = [];
  const send = async (url, options) => {
    calls.push({ url, ...options });
    const body = new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
    return new Response(body, init);
  };
  return { send, calls };
}

async function text(send, changes = {}) {
  let found = "";
  for await (const piece of complete({ ...request, ...changes }, send)) found += piece;
  return found;
}

const delta = (content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;

test("a stream is read, however it is cut", async () => {
  const whole = `${delta("Ä b")}: comment\r\n${delta(" c\nd")}data: [DONE]\n\n`;
  for (const size of [1, 7, whole.length]) {
    const chunks = whole.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
    assert.equal(await text(server(chunks).send), "Ä b c\nd", `pieces of ${size}`);
  }
});

test("a server that does not stream is read too", async () => {
  const { send } = server([JSON.stringify({ choices: [{ message: { content: "All at once." } }] })]);
  assert.equal(await text(send), "All at once.");
});

test("the request has what such servers know, the key, and no cookies", async () => {
  const { send, calls } = server([delta("x")]);
  await text(send);
  const [{ url, headers, credentials, body }] = calls;
  assert.equal(url, "http://localhost:11434/v1/chat/completions");
  assert.equal(headers.Authorization, "Bearer secret");
  assert.equal(credentials, "omit");
  assert.deepEqual(JSON.parse(body), {
    model: "m",
    messages: [{ role: "user", content: "Q" }],
    stream: true,
    max_tokens: 7,
    temperature: 0.4,
  });
});

test("a text is continued as it is, and on request with every setting", async () => {
  const { send, calls } = server([`data: ${JSON.stringify({ choices: [{ text: " x" }] })}\n\n`]);
  assert.equal(await text(send, { continues: true, sendsAll: true }), " x");
  const [{ url, body }] = calls;
  assert.equal(url, "http://localhost:11434/v1/completions");
  assert.deepEqual(JSON.parse(body), {
    model: "m",
    prompt: "Q",
    stream: true,
    max_tokens: 7,
    temperature: 0.4,
    top_k: 3,
  });
  assert.deepEqual(knownSettings(request.settings), { known: { temperature: 0.4 }, others: ["top_k"] });
});

test("the names of the models are listed, whatever else is in the list", async () => {
  const data = [{ id: "a" }, null, { id: 3 }, { id: "x".repeat(1e5) }, { id: "b" }];
  const { send, calls } = server([JSON.stringify({ object: "list", data })]);
  const options = { signal: request.signal, send };
  assert.deepEqual(await listModels(request, options), ["a", "b"]);
  assert.equal(calls[0].url, "http://localhost:11434/v1/models");
  assert.equal(calls[0].method, "GET");
  assert.equal(calls[0].headers.Authorization, "Bearer secret");
  const many = Array.from({ length: 5000 }, (_, id) => ({ id: String(id) }));
  const long = server([JSON.stringify({ data: many })]);
  assert.equal((await listModels(request, { ...options, send: long.send })).length, 1000);
  for (const reply of ["<html>", "{}", '{"data": 1}', "null"]) {
    const { send } = server([reply]);
    await assert.rejects(listModels(request, { ...options, send }), /cannot be read/);
  }
  const flood = server(Array.from({ length: 50 }, () => "x".repeat(100_000)));
  await assert.rejects(listModels(request, { ...options, send: flood.send }), /too long/);
});

test("an error within a stream ends it", async () => {
  const event = `data: ${JSON.stringify({ error: { message: "out of memory." } })}\n\n`;
  await assert.rejects(text(server([delta("a"), event]).send), /The server stopped: out of memory\./);
});

test("what can go wrong says what to do", async () => {
  const refused = server([JSON.stringify({ error: { message: "no such key." } })], { status: 401 });
  await assert.rejects(text(refused.send), (error) => {
    assert.match(String(error), /401, no such key\./);
    const { remedy, field } = error;
    return remedy === "Check the key." && field === "key";
  });
  const down = async () => Promise.reject(new TypeError("Failed to fetch"));
  await assert.rejects(text(down), /localhost:11434 cannot be reached/);
  for (const reply of ["<html>", "data: 3\n\n"])
    await assert.rejects(text(server([reply]).send), /cannot be read/);
  for (const content of [3, {}, [{ toString: "" }]])
    await assert.rejects(text(server([delta(content)]).send), /cannot be read/);
  for (const base of ["", "localhost", "javascript:alert(1)", "file:///etc"]) {
    await assert.rejects(text(server([]).send, { base }), /not the address of a server/);
  }
});

test("a reply without end is cut off", async () => {
  const flood = server(Array.from({ length: 20 }, () => "x".repeat(1_000_000)));
  await assert.rejects(text(flood.send), /too long/);
});
