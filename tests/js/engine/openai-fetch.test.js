/** What a `fetch` does with requests and answers, with an engine that the test simulates. */

import assert from "node:assert/strict";
import test from "node:test";
import { createFetch } from "../../../site/engine/openai-fetch.js";
import { EngineError } from "../../../site/engine/protocol.js";

const ADDRESS = "https://any.example/v1/completions?a=1";
const HEAD = { status: 200, headers: { "content-type": "text/event-stream" } };
const DIED = new EngineError({ code: "worker-died", message: "It stopped.", remedy: "Try again." });

/** A fetch whose engine yields given parts or throws them, and what was asked of it. */
function fetchOf(...parts) {
  const asked = [];
  const model = {
    state: { bytes: null },
    engine: { ended: false },
    call: async () => ({ handle: 7 }),
    async *stream(name, args, { signal }) {
      asked.push({ name, ...args, signal, body: new TextDecoder().decode(args.body) });
      for (const part of parts) {
        if (part instanceof Error) throw part;
        yield part;
      }
    },
  };
  return { fetch: createFetch(model), asked };
}

test("the parts of an answer are its head and its body", async () => {
  const { fetch } = fetchOf(
    undefined,
    { status: 404, headers: { "x-y": "z" } },
    "a",
    undefined,
    "ü",
    undefined,
  );
  const answer = await fetch(ADDRESS);
  assert.deepEqual([answer.status, answer.headers.get("x-y"), await answer.text()], [404, "z", "aü"]);
});

test("an address with options is a request, and so is a Request; a body may be all that a fetch takes", async () => {
  const { fetch, asked } = fetchOf(HEAD);
  const post = { method: "POST" };
  const bytes = new TextEncoder().encode("ü");
  const stream = { ...post, body: new Blob([bytes]).stream(), duplex: "half" };
  for (const init of [
    { ...post, body: "ü" },
    { ...post, body: bytes },
    { ...post, body: new Blob(["ü"]) },
    stream,
  ])
    for (const given of [[new URL(ADDRESS), init], [new Request(ADDRESS, init)]]) {
      if (init === stream && given.length === 1) continue; // it is read once
      await fetch(...given);
      const { name, method, path, body } = asked.pop();
      assert.deepEqual([name, method, path, body], ["respond", "POST", "/v1/completions", "ü"]);
    }
  await fetch("http://a/embeddings");
  assert.deepEqual([asked[0].embedder, asked[0].body], [7, ""]);
});

test("of a body that does not end only as much is read as is refused", async () => {
  const { fetch, asked } = fetchOf(HEAD);
  let cancelled = false;
  const piece = new Uint8Array(1 << 20);
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(piece),
    cancel() {
      cancelled = true;
    },
  });
  await fetch(ADDRESS, { method: "POST", body, duplex: "half" });
  assert.equal(asked[0].body.length, 5 << 20);
  assert.ok(cancelled);
});

test("a failure of the engine's is an error object, also in the middle of a stream", async () => {
  const body =
    '{"error":{"message":"It stopped. Try again.","type":"server_error","param":null,"code":"worker-died"}}';
  const early = await fetchOf(DIED).fetch(ADDRESS);
  assert.deepEqual([early.status, await early.text()], [500, body]);
  const late = await fetchOf(HEAD, "data: 1\n\n", DIED).fetch(ADDRESS);
  assert.deepEqual([late.status, await late.text()], [200, `data: 1\n\ndata: ${body}\n\n`]);
  await assert.rejects(fetchOf(new DOMException("", "AbortError")).fetch(ADDRESS), { name: "AbortError" });
});

test("a signal and a stream that is left abort the request", async () => {
  for (const inRequest of [false, true]) {
    const { fetch, asked } = fetchOf(HEAD);
    const work = new AbortController();
    const init = { signal: work.signal };
    await (inRequest ? fetch(new Request(ADDRESS, init)) : fetch(ADDRESS, init));
    assert.ok(!asked[0].signal.aborted);
    work.abort();
    assert.ok(asked[0].signal.aborted);
  }
  const { fetch, asked } = fetchOf(HEAD, "a", "b");
  const body = new ReadableStream(); // nothing ever comes
  const stalled = { method: "POST", body, duplex: "half", signal: AbortSignal.abort() };
  await assert.rejects(fetch(ADDRESS, stalled), { name: "AbortError" });
  await (await fetch(ADDRESS)).body?.cancel();
  assert.ok(asked[0].signal.aborted);
});
