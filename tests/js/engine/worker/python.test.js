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

function serve(respond) {
  const stub = async (url) => respond(String(url));
  globalThis.fetch = stub;
  return stub;
}

test("each part is fetched once, handed out once, and what was replaced is put back", async () => {
  const requests = [];
  const stub = serve((url) => {
    requests.push(url);
    if (url.endsWith(".wasm.gz")) return new Response(gzipSync(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)));
    return new Response(url.endsWith(".gz") ? gzipSync("unpacked") : "part");
  });
  const parts = [
    { file: "a/part.zip", bytes: 4 },
    { file: "a/python.wasm.gz", bytes: 28 },
    { file: "a/packed.gz", bytes: 24 },
  ];
  const base = new Assets("https://goose.test/", { "a/part.zip": "https://elsewhere.test/part-1f2e.zip" });
  const lost = [];
  const { unpacked, restore } = intercept(
    parts,
    base,
    () => {},
    (error) => lost.push(error),
  );
  assert.equal(await (await globalThis.fetch("https://goose.test/a/part.zip")).text(), "part");
  for (let start = 0; start < 2; start++) {
    const wasm = globalThis.fetch("https://goose.test/a/python.wasm");
    const { module } = await WebAssembly.instantiateStreaming(wasm);
    assert.ok(module instanceof WebAssembly.Module, "a start without the copy of memory gets it again");
  }
  assert.equal(new TextDecoder().decode(await unpacked.get("a/packed.gz")), "unpacked");
  assert.deepEqual(requests, [
    "https://elsewhere.test/part-1f2e.zip",
    "https://goose.test/a/python.wasm.gz",
    "https://goose.test/a/packed.gz",
  ]);
  await globalThis.fetch("https://goose.test/a/part.zip");
  assert.equal(requests.length, 4, "the second time it comes from the network");
  restore();
  assert.equal(globalThis.fetch, stub);
  assert.equal(WebAssembly.instantiateStreaming, instantiateStreaming);
  assert.deepEqual(lost, []);
});

test("WebAssembly that the service worker has unpacked counts as the bytes that it had", async () => {
  const headers = { "Content-Type": "application/wasm", "x-goosequill-unpacked": "hash" };
  serve(() => new Response(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), { headers }));
  const reports = [];
  const parts = [{ file: "python.wasm.gz", bytes: 28 }];
  const { restore } = intercept(
    parts,
    new Assets("https://goose.test/"),
    ({ status, loaded, total }) => reports.push([status, loaded, total]),
    assert.fail,
  );
  await WebAssembly.instantiateStreaming(globalThis.fetch("https://goose.test/python.wasm"));
  restore();
  assert.deepEqual(reports, [
    ["engine", 28, 28],
    ["start", 0, 0],
  ]);
});

test("a failed start puts fetch and instantiateStreaming back too", async () => {
  const parts = { none: "n", parts: [{ file: "x.wasm.gz", bytes: 8 }] };
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
