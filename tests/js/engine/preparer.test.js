/** The worker that prepares parts, outside a browser: the test provides its environment. */

import assert from "node:assert/strict";
import test from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { FILES } from "../../../site/engine/root.js";

const PACKED = gzipSync("content");
const PROGRAM = gzipSync(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
const URLS = ["vendor/pyodide/pyodide.asm.wasm.gz", "python/first.tar.gz", "python/snapshot.bin.gz"].map(
  (path) => FILES + path,
);
/** What the server has. */
const files = new Map();

let close = () => {};
Object.assign(globalThis, {
  close: () => close(),
  fetch: async (url) => {
    const file = files.get(url);
    if (file instanceof Response) return file;
    return file ? new Response(file) : new Response(null, { status: 404 });
  },
});
await import("../../../site/engine/preparer.js");
/** Lets the worker fetch from a server with these files, and returns what it sends of each of URLS. */
async function prepare(context, served) {
  files.clear();
  for (const [url, file] of served) files.set(url, file);
  const { port1, port2 } = new MessageChannel();
  context.after(() => port1.close());
  const found = new Map(URLS.map((url) => [url, { content: undefined, bytes: 0 }]));
  const ended = new Promise((resolve) => {
    close = () => resolve(undefined);
  });
  const all = new Promise((resolve) => {
    port1.onmessage = ({ data: { url, bytes = 0, content } }) => {
      const part = found.get(url);
      part.bytes += bytes;
      part.content = content;
      if ([...found.values()].every((each) => each.content !== undefined)) resolve(undefined);
    };
  });
  globalThis.onmessage({ data: { addresses: null, port: port2 } });
  await Promise.all([ended, all]);
  return [...found.values()];
}

test("each part is sent with its pieces, null for what is missing, and then the worker ends", async (context) => {
  const [program, first, snapshot] = await prepare(context, [
    [URLS[0], PROGRAM],
    [URLS[1], PACKED],
  ]);
  assert.ok(program.content instanceof WebAssembly.Module);
  assert.equal(program.bytes, PROGRAM.length);
  assert.equal(new TextDecoder().decode(first.content), "content");
  assert.equal(first.bytes, PACKED.length);
  assert.deepEqual(snapshot, { content: null, bytes: 0 });
});

test("what cannot be compiled or unpacked is null, too", async (context) => {
  const [program, first] = await prepare(context, [
    [URLS[0], Uint8Array.of(1, 2, 3)],
    [URLS[1], PACKED.subarray(0, 12)],
  ]);
  assert.deepEqual([program.content, first.content], [null, null]);
});

test("it outlives the compiling of what a browser may keep the code of", async (context) => {
  const headers = { "Content-Type": "application/wasm", "x-goosequill-unpacked": "hash" };
  const timers = context.mock.method(globalThis, "setTimeout", (end) => end());
  const [program] = await prepare(context, [[URLS[0], new Response(gunzipSync(PROGRAM), { headers })]]);
  assert.ok(program.content instanceof WebAssembly.Module);
  assert.equal(timers.mock.callCount(), 1);
});
