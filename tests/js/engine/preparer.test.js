/** The worker that prepares parts, outside a browser: the test provides its environment. */

import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";

const ROOT = "https://goose.test/";
const PACKED = gzipSync("content");
const PROGRAM = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const FILES = new Map([
  [`${ROOT}a.gz`, PACKED],
  [`${ROOT}b.wasm`, PROGRAM],
  [`${ROOT}bad.wasm`, Uint8Array.of(1, 2, 3)],
]);

/** @type {() => void} */
let close = () => {};
Object.assign(globalThis, {
  close: () => close(),
  fetch: async (/** @type {string} */ url) => {
    const file = FILES.get(url);
    const headers = { "Content-Type": url.endsWith(".wasm") ? "application/wasm" : "" };
    return file ? new Response(file, { headers }) : new Response(null, { status: 404 });
  },
});
await import("../../../site/engine/preparer.js");
const worker = /** @type {any} */ (globalThis);

test("each part is sent with its pieces, null for what fails, and then the worker ends", async (context) => {
  const { port1, port2 } = new MessageChannel();
  context.after(() => port1.close());
  /** @type {any[]} */
  const received = [];
  const urls = ["a.gz", "b.wasm", "bad.wasm", "none.gz"].map((name) => ROOT + name);
  const ended = new Promise((resolve) => {
    close = () => resolve(undefined);
  });
  const all = new Promise((resolve) => {
    port1.onmessage = ({ data }) => {
      received.push(data);
      if (received.filter((each) => "content" in each).length === urls.length) resolve(undefined);
    };
  });
  worker.onmessage({ data: { urls, port: port2 } });
  await Promise.all([ended, all]);
  const contentOf = (/** @type {string} */ url) =>
    received.find((each) => each.url === url && "content" in each).content;
  const bytesOf = (/** @type {string} */ url) =>
    received.filter((each) => each.url === url).reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  assert.equal(new TextDecoder().decode(contentOf(urls[0])), "content");
  assert.ok(contentOf(urls[1]) instanceof WebAssembly.Module);
  assert.deepEqual([contentOf(urls[2]), contentOf(urls[3])], [null, null]);
  assert.deepEqual(urls.map(bytesOf), [PACKED.length, PROGRAM.length, 3, 0]);
});
