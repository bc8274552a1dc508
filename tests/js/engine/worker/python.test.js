/** How Python starts: its files are fetched early. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Assets } from "../../../../site/engine/assets.js";
import { intercept, Python } from "../../../../site/engine/worker/python.js";

const { fetch } = globalThis;
const { instantiateStreaming } = WebAssembly;
afterEach(() => {
  globalThis.fetch = fetch;
});

/** @param {(url: string) => Response} respond */
function serve(respond) {
  const stub = async (/** @type {any} */ url) => respond(String(url));
  globalThis.fetch = /** @type {any} */ (stub);
  return stub;
}

test("each part is fetched once, handed out once, and what was replaced is put back", async () => {
  /** @type {string[]} */
  const requests = [];
  const stub = serve((url) => {
    requests.push(url);
    if (url.endsWith(".gz")) return new Response(gzipSync("unpacked"));
    return new Response(url.endsWith(".wasm") ? Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) : "part");
  });
  const parts = [
    { file: "a/part.zip", bytes: 4 },
    { file: "a/python.wasm", bytes: 8 },
    { file: "a/packed.gz", bytes: 24 },
  ];
  const base = new Assets("https://goose.test/", { "a/part.zip": "https://elsewhere.test/part-1f2e.zip" });
  /** @type {any[]} */
  const lost = [];
  const { unpacked, restore } = intercept(
    parts,
    base,
    () => {},
    (error) => lost.push(error),
  );
  assert.equal(await (await globalThis.fetch("https://goose.test/a/part.zip")).text(), "part");
  const wasm = globalThis.fetch("https://goose.test/a/python.wasm");
  const { module } = await WebAssembly.instantiateStreaming(wasm);
  assert.ok(module instanceof WebAssembly.Module);
  assert.equal(new TextDecoder().decode(await unpacked.get("a/packed.gz")), "unpacked");
  assert.deepEqual(requests, [
    "https://elsewhere.test/part-1f2e.zip",
    "https://goose.test/a/python.wasm",
    "https://goose.test/a/packed.gz",
  ]);
  await globalThis.fetch("https://goose.test/a/part.zip");
  assert.equal(requests.length, 4, "the second time it comes from the network");
  restore();
  assert.equal(globalThis.fetch, stub);
  assert.equal(WebAssembly.instantiateStreaming, instantiateStreaming);
  assert.deepEqual(lost, []);
});

test("a failed start puts fetch and instantiateStreaming back too", async () => {
  const parts = { none: "n", parts: [{ file: "x.wasm", bytes: 8 }] };
  const stub = serve((url) => (url.endsWith("parts.json") ? Response.json(parts) : new Response("no wasm")));
  const python = new Python(new Assets("https://goose.test/"));
  await assert.rejects(
    python.start(
      () => {},
      () => {},
    ),
  ); // Node imports nothing over https
  assert.equal(globalThis.fetch, stub);
  assert.equal(WebAssembly.instantiateStreaming, instantiateStreaming);
});

test("a gzipped part that breaks off is reported as lost", async () => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(gzipSync("unpacked").subarray(0, 12));
      controller.error(new TypeError("connection reset"));
    },
  });
  serve(() => new Response(body));
  /** @type {any} */
  const error = await new Promise((resolve) => {
    const { restore } = intercept(
      [{ file: "a/packed.gz", bytes: 24 }],
      new Assets("https://goose.test/"),
      () => {},
      resolve,
    );
    restore();
  });
  assert.equal(error.code, "network");
  assert.match(error.message, /packed\.gz/);
});
