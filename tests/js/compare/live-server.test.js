import assert from "node:assert/strict";
import { test } from "node:test";
import { window } from "../dom.js";

globalThis.location ??= { origin: "http://localhost" };
const { LiveServer } = await import("../../../site/compare/live-server.js");

const { document } = window;
const PLAIN = { name: "plain", title: "", before: "", between: "", after: "", stop: [] };
const SETTINGS = { temperature: 0.8, top_k: 5, max_new_tokens: 9, seed: 1 };

test("what the server gets is what the report records, without the key", async () => {
  const requests = [];
  globalThis.fetch = async (url, { body }) => {
    requests.push({ url, body: JSON.parse(body) });
    return new Response(`data: ${JSON.stringify({ choices: [{ text: "a", delta: { content: "b" } }] })}\n\n`);
  };
  const box = document.createElement("div");
  document.body.replaceChildren(box);
  const server = new LiveServer(box);
  const get = (name) => document.getElementById(`live-server-${name}`);
  get("address").value = "http://localhost:1/v1";
  get("model").value = "goose";
  get("key").value = "secret";
  const { signal } = new AbortController();

  const writer = server.writer(SETTINGS);
  assert.match(box.textContent, /not every server supports these: top_k\./);
  for (const template of [PLAIN, server.template])
    for await (const _ of writer.write("Hi", template, { ...SETTINGS, seed: 2, signal }));
  assert.deepEqual(writer.params, { temperature: 0.8, max_new_tokens: 9, seed: 1 });
  const [plain, chat] = requests;
  assert.equal(plain.url, "http://localhost:1/v1/completions");
  assert.deepEqual(plain.body, {
    model: "goose",
    prompt: "Hi",
    stream: true,
    max_tokens: 9,
    temperature: 0.8,
    seed: 2,
  });
  assert.equal(chat.url, "http://localhost:1/v1/chat/completions");
  assert.deepEqual(chat.body.messages, [{ role: "user", content: "Hi" }]);

  get("all").checked = true;
  const all = server.writer(SETTINGS);
  assert.equal(all.params.top_k, 5);
  assert.equal(all.source, writer.source);
  assert.ok(!JSON.stringify([all.args, all.params, all.name, all.source]).includes("secret"));
});
