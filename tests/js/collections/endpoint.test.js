import assert from "node:assert/strict";
import { test } from "node:test";
import { embedTexts } from "../../../site/collections/endpoint.js";

globalThis.location ??= { origin: "http://localhost" };

const server = { base: "http://localhost:11434/v1", model: "m", key: "secret" };
const signal = new AbortController().signal;

/** The engine's two jobs, in brief. */
function engine() {
  const calls = [];
  const run = async (job, args) => {
    calls.push({ job, ...args });
    if (job === "endpoint_request")
      return { url: `${args.address}/embeddings`, body: JSON.stringify(args.texts) };
    return { vectors: { shape: [args.count, 1] }, model: { name: "endpoint:m" }, answer: args.answer };
  };
  return { run, calls };
}

async function all(texts, send, run = engine().run) {
  const found = [];
  for await (const part of embedTexts(run, server, texts, { signal, send })) found.push(part);
  return found;
}

test("texts are sent in batches, in order, and the key stays out of Python", async () => {
  const { run, calls } = engine();
  const sent = [];
  const send = async (url, options) => {
    sent.push({ url, ...options });
    return new Response("the answer");
  };
  const texts = Array.from({ length: 130 }, (_, i) => `text ${i}`);
  const parts = await all(texts, send, run);
  const batches = parts.map(({ first, vectors }) => [first, vectors.shape[0]]);
  assert.deepEqual(batches, [
    [0, 64],
    [64, 64],
    [128, 2],
  ]);
  const bodies = sent.flatMap(({ body }) => JSON.parse(body));
  assert.deepEqual(bodies, texts);
  assert.equal(sent[0].url, "http://localhost:11434/v1/embeddings");
  assert.equal(sent[0].headers.Authorization, "Bearer secret");
  assert.equal(sent[0].credentials, "omit");
  assert.ok(!JSON.stringify(calls).includes("secret"));
  assert.equal(calls[1].answer, "the answer");
});

test("without a key no authorization is sent, and no texts are no request", async () => {
  let headers;
  const send = async (_, options) => {
    headers = options.headers;
    return new Response("x");
  };
  for await (const _ of embedTexts(engine().run, { ...server, key: "" }, ["a"], { signal, send }));
  assert.ok(!("Authorization" in headers));
  assert.deepEqual(await all([], send), []);
});

test("a refusal and a server that cannot be reached say what to do", async () => {
  const refused = async () => new Response('{"error": {"message": "no such model"}}', { status: 404 });
  await assert.rejects(all(["a"], refused), /404, no such model/);
  const lost = async () => {
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(all(["a"], lost), (error) => {
    assert.match(error.message, /localhost:11434 cannot be reached/);
    return /CORS/.test(error.remedy);
  });
});

test("Cancel is not reported as a lost server", async () => {
  const controller = new AbortController();
  const send = async () => {
    controller.abort();
    throw controller.signal.reason;
  };
  const parts = embedTexts(engine().run, server, ["a"], { signal: controller.signal, send });
  await assert.rejects(parts.next(), { name: "AbortError" });
});

test("an answer without end is cut off", async () => {
  const chunk = new TextEncoder().encode("x".repeat(1 << 23));
  const body = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
  await assert.rejects(
    all(["a"], async () => new Response(body())),
    /too long/,
  );
});
